"""Mouth shapes from sound, all readers that this project had in one table.

    python -m tests.bench.visemes PATH [--codec opus:16k --loss 0.05] [--cost]

PATH: a recording with a TextGrid of the same name, or a tree of them. With --cost also what the network takes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from hoovik_inference.evaluation.energy_visemes import by_hops, energy
from hoovik_inference.evaluation.visemes import Track
from hoovik_inference.types import Floats
from hoovik_inference.voice import HOP, RATE, VisemeReader
from hoovik_rtc.evaluate.visemes import ENERGY, evaluate_visemes
from tests.bench.formant_visemes import FormantReader

HOPS = 2000


def formants(samples: Floats) -> Track:
    return by_hops(FormantReader(), samples)


def cost_ms() -> float:
    """Milliseconds of one core for 20 ms of sound: the median hop, by its share of 32 ms."""
    hops = np.random.default_rng(0).normal(0.0, 0.05, (HOPS, HOP)).astype(np.float32)
    reader = VisemeReader()
    took = []
    with threadpool_limits(1):
        for hop in hops:
            start = time.perf_counter()
            reader.read(hop)
            took.append(time.perf_counter() - start)
    return float(np.median(took)) * 1000.0 * 20.0 / (HOP * 1000.0 / RATE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--codec")
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--cost", action="store_true")
    given = parser.parse_args()
    others = {"formants": formants, ENERGY: energy}
    evaluate_visemes(given.data, codec=given.codec, loss=given.loss, others=others)
    if given.cost:
        print(f"the network: {cost_ms():.3f} ms of one core for 20 ms of sound (median of {HOPS} hops)")


if __name__ == "__main__":
    main()
