"""How often a label changes because a modality goes out or comes back, while face and voice stay as they are.

    .venv/bin/python -m tests.bench.switches [--bundle B] [--people 300] [--spread 1.0]

Each person is one vector of a face and one of a voice, drawn around the bundle's training mean, with a little noise
from step to step; whole calls are played through windows, model and smoothing. Made-up vectors say how far the bundle's
models agree on vectors of this kind; not how often labels change on people.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion import Aligner
from hoovik_inference.emotion.reference import Bundle, ReferenceEngine, ReferenceModel, load
from hoovik_inference.emotion.reference.live import STEP_MS
from hoovik_inference.types import EmotionEstimate, Floats, Modality, Window
from tests import fakes

PARTS: tuple[tuple[str, Modality, int], ...] = (
    ("both", "both", 15), ("both, steady", "both", 15), ("voice out", "video_only", 15), ("voice back", "both", 15),
    ("face out", "audio_only", 15), ("face back", "both", 15),
)  # fmt: skip
"What happens, which modality is live then, and steps of 0.3 s."
NOISE = 0.1
"From step to step, in the training's standard deviations."


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bundle", type=Path, help="a bundle's folder; a stand-in of random weights otherwise")
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--spread", type=float, default=1.0, help="of people, in the training's standard deviations")
    options = parser.parse_args()
    engine = ReferenceEngine(load(options.bundle) if options.bundle else _stand_in())
    played = play(ReferenceModel(engine, "x"), engine.bundle, options.people, options.spread)
    print(f"{options.people} people, threshold {engine.bundle.threshold}")  # noqa: T201  # a command's answer
    for (name, _, _), (changed, whole) in zip(PARTS, played, strict=True):
        print(f"{name:14} label other than before: {changed:5.1%}, the likeliest class: {whole:5.1%}")  # noqa: T201


def play(model: ReferenceModel, bundle: Bundle, people: int, spread: float) -> list[tuple[float, float]]:
    """Of each part, the share of people whose label, and likeliest class, was ever another than just before it."""
    rng = np.random.default_rng(0)
    norm = bundle.normaliser
    faces = _drawn(rng, people, spread, norm.face_mean, norm.face_std)
    voices = _drawn(rng, people, spread, norm.audio_mean, norm.audio_std)
    aligners, holders = [Aligner(STEP_MS) for _ in range(people)], [model.holder() for _ in range(people)]
    said: list[EmotionEstimate] = []
    best: NDArray[np.int64] = np.zeros(people, np.int64)
    out, at = [], 0.0
    for number, (_, modality, steps) in enumerate(PARTS):
        before, before_best = [one.emotion for one in said], best.copy()
        moved = [Counter[int](), Counter[int]()]
        for step in range(steps):
            at += STEP_MS
            windows: list[Window] = []
            for person in range(people):
                face = _noisy(rng, faces[person], norm.face_std)
                voice = _noisy(rng, voices[person], norm.audio_std)
                aligner = aligners[person]
                window = aligner.without(modality) if number and step == 0 and modality != "both" else None
                window = window or aligner.step(
                    dataclasses.replace(fakes.face(at), vector=face) if modality != "audio_only" else None,
                    dataclasses.replace(fakes.voice(at), embedding=voice) if modality != "video_only" else None,
                    modality,
                )
                assert window is not None
                windows.append(window)
            estimates = model.infer(windows)
            said = [
                holder.hold(dataclasses.replace(one, time_ms=at))
                for holder, one in zip(holders, estimates, strict=True)
            ]
            best = np.array([int(np.nanargmax(one.scores)) for one in estimates])
            if number:
                moved[0].update(p for p in range(people) if said[p].emotion != before[p])
                moved[1].update(p for p in range(people) if best[p] != before_best[p])
        out.append((len(moved[0]) / people, len(moved[1]) / people))
    return out


def _drawn(
    rng: np.random.Generator,
    people: int,
    spread: float,
    mean: NDArray[np.floating[Any]],
    std: NDArray[np.floating[Any]],
) -> Floats:
    drawn: Floats = (mean + spread * std * rng.standard_normal((people, len(mean)))).astype(np.float32)
    return drawn


def _noisy(rng: np.random.Generator, vector: Floats, std: NDArray[np.floating[Any]]) -> Floats:
    noisy: Floats = (vector + NOISE * std * rng.standard_normal(len(vector))).astype(np.float32)
    return noisy


def _stand_in() -> Bundle:
    from tests.unit.inference import reference_folder  # torch, XGBoost, scikit-learn

    with tempfile.TemporaryDirectory() as folder:
        return reference_folder.bundle(Path(folder))[0]


if __name__ == "__main__":
    main()
