"""Where the network leans: all mouths alike, and to closed lips so far that most closures show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from hoovik_inference.evaluation.visemes import Track, detections_of, hits
from hoovik_inference.training.visemes.fit import Recipe
from hoovik_inference.training.visemes.material import Stretch
from hoovik_inference.training.visemes.mix import Batch, balance
from hoovik_inference.training.visemes.net import VisemeNet
from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice.viseme_features import STEP_MS

WANTED = 0.9
"Share of the closures held back that shall be hit: lips that stay open where they close are what is seen first."
STEPS = tuple(0.2 * step for step in range(11))
"Leanings to closed lips that are tried, in nats."

_PP = VISEMES.index("PP")


@dataclass(frozen=True, slots=True)
class Lean:
    """What is added to the logits."""

    bias: Floats
    "(15,) nats."
    closed: float
    "Of it, that to closed lips."
    recall: float
    "0…1, closures held back that are hit then."
    precision: float
    "0…1, closures read there that are ones."


def lean(net: VisemeNet, stretches: tuple[Stretch, ...], held: Batch, recipe: Recipe) -> Lean:
    """Find it.

    Trained with weights of the classes' shares to the minus `recipe.balance`, the network leans to frequent mouths by
    what is left to the minus 1; that is taken off. Then to closed lips by the least that hits WANTED of the closures.

    Args:
        net: As trained.
        stretches: What it was trained on, for the shares.
        held: What is held back, for the closures.
        recipe: How it was trained.
    """
    bias = np.log(balance(stretches, 1.0) / balance(stretches, recipe.balance)).astype(np.float32)
    with torch.no_grad():
        logits = net.eval()(torch.from_numpy(held.inputs)).numpy() + bias
    times = np.arange(logits.shape[1]) * STEP_MS
    for closed in STEPS:
        shifted = logits.copy()
        shifted[:, :, _PP] += closed
        weights = np.exp(shifted - shifted.max(axis=2, keepdims=True))
        weights /= weights.sum(axis=2, keepdims=True)
        counts = [_hits(times, *one) for one in zip(weights, held.targets, strict=True)]
        closures, detected, right = (sum(column) for column in zip(*counts, strict=True))
        recall, precision = right / max(1, closures), right / max(1, detected)
        if recall >= WANTED:
            break
    bias[_PP] += closed
    return Lean(bias, closed, recall, precision)


def _hits(times: NDArray[np.float64], weights: Floats, targets: Floats) -> tuple[int, int, int]:
    """Closures, detections, hits of one stretch."""
    closed = np.concatenate([[False], targets[:, _PP] > 0.5, [False]])
    edges = np.flatnonzero(closed[1:] != closed[:-1])
    closures = [(begin * STEP_MS - STEP_MS / 2, end * STEP_MS - STEP_MS / 2)
                for begin, end in zip(edges[::2], edges[1::2], strict=True)]  # fmt: skip
    detections = detections_of(Track(times, weights))
    return len(closures), len(detections), hits(closures, detections)
