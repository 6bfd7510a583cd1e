"""How well networks read recordings: whole ones, and windows that run over them as over a call that never ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.evaluation.figures import Figures, figures
from hoovik_inference.evaluation.voices import WINDOWS_S, windows
from hoovik_inference.training.voice.data import Copy
from hoovik_inference.training.voice.fit import Fitted, predict
from hoovik_inference.training.voice.rows import remembered
from hoovik_inference.types import EMOTIONS, Floats

WHOLE = 0
"The window that is all of a recording; the others are named by their seconds."
LENGTHS = (WHOLE, *WINDOWS_S)


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one kind of window of n recordings."""

    recordings: NDArray[np.int64]
    "(rows,) place of the recording that each window is of."
    logits: Floats
    "(rows, 7 + 1); nan where too little speech was heard."


def read(fitted: Sequence[Fitted], one: Copy, chosen: NDArray[np.int64]) -> dict[int, Read]:
    """What the networks read of the recordings `chosen` of a copy, for each of LENGTHS."""
    out = {}
    for seconds in LENGTHS:
        owners: list[int] = []
        made: list[Floats | None] = []
        for number in chosen.tolist():
            values, said = one.of(number)
            spans = [(0, len(said))] if seconds == WHOLE else windows(said, seconds)
            for start, end in spans or [(0, 0)]:  # one without speech is missed once
                owners.append(number)
                made.append(remembered(values[start:end], said[start:end]))
        logits = np.full((len(made), len(EMOTIONS) + 1), np.nan, np.float32)
        there = [row for row, found in enumerate(made) if found is not None]
        if there:
            logits[there] = predict(fitted, np.stack([found for found in made if found is not None]))
        out[seconds] = Read(np.array(owners, np.int64), logits)
    return out


def joined(parts: Sequence[Read]) -> Read:
    """What was read in several folds."""
    return Read(np.concatenate([part.recordings for part in parts]), np.concatenate([part.logits for part in parts]))


def scored(one: Read, labels: NDArray[np.int64], temperature: float = 1.0) -> Figures:
    """The figures of what was read.

    Args:
        one: What was read.
        labels: (n,) of all recordings, places in EMOTIONS.
        temperature: Logits are divided by it.
    """
    logits = one.logits[:, :-1] / temperature
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    return figures(labels[one.recordings], (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32))


def strength(one: Read, strong: NDArray[np.bool_], labels: NDArray[np.int64]) -> float:
    """0…1: mean share of strong and of normal recordings told rightly; neutral ones are left out. nan without both."""
    said, true = one.logits[:, -1] > 0.0, strong[one.recordings]
    asked = (labels[one.recordings] != EMOTIONS.index("neutral")) & ~np.isnan(one.logits[:, -1])
    rows = [asked & (true == which) for which in (False, True)]
    return sum(float((said == true)[row].mean()) if row.any() else math.nan for row in rows) / 2


def calibrated(parts: Sequence[Read], labels: NDArray[np.int64]) -> float:
    """The temperature that makes what was read of others' voices most likely (Guo et al., ICML 2017)."""
    logits = np.concatenate([part.logits[:, :-1] for part in parts]).astype(np.float64)
    truth = np.concatenate([labels[part.recordings] for part in parts])
    seen = ~np.isnan(logits).any(axis=1)
    logits, truth = logits[seen], truth[seen]

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        top = scaled.max(axis=1)
        total = np.log(np.exp(scaled - top[:, None]).sum(axis=1)) + top
        return float((total - scaled[np.arange(len(truth)), truth]).mean())

    tried: list[float] = np.exp(np.linspace(np.log(0.3), np.log(3.0), 93)).tolist()
    return min(tried, key=loss)
