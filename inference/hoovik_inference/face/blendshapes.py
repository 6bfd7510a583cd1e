"""52 ARKit scores from measures of the face's geometry."""

from __future__ import annotations

import numpy as np

from hoovik_inference.face.blendshape_table import NEUTRAL_MEASURES, ROWS
from hoovik_inference.face.measures import MEASURES, SIDED
from hoovik_inference.types import BLENDSHAPES, Floats

_MEASURE = {name: index for index, name in enumerate(MEASURES)}
_TO_THE_LEFT = ("lips_x", "chin_x")
"Measures of the middle that point to the own left: they count the other way round for a right channel."


def _channels(row: str) -> list[tuple[str, str]]:
    """The channels of a row and the side that each belongs to."""
    if row.endswith("*"):
        return [(row[:-1] + "Left", "left"), (row[:-1] + "Right", "right")]
    if "|" in row:
        left, right = row.split("|")
        return [(left, "left"), (right, "right")]
    return [(row, "left")]


def _places(name: str, side: str) -> list[tuple[int, float]]:
    """Where a row's measure lies in MEASURES, and what it counts there."""
    other = "right" if side == "left" else "left"
    if name.startswith("+"):
        return [(_MEASURE[f"{name[1:]}_left"], 0.5), (_MEASURE[f"{name[1:]}_right"], 0.5)]
    if name.startswith("~"):
        return [(_MEASURE[f"{name[1:]}_{other}"], 1.0)]
    if name in SIDED:
        return [(_MEASURE[f"{name}_{side}"], 1.0)]
    return [(_MEASURE[name], -1.0 if name in _TO_THE_LEFT and side == "right" else 1.0)]


def _matrix() -> tuple[Floats, Floats]:
    weights = np.zeros((len(BLENDSHAPES), len(MEASURES)), np.float32)
    bias = np.full(len(BLENDSHAPES), -np.inf, np.float32)
    for row, (constant, terms) in ROWS.items():
        for channel, side in _channels(row):
            at = BLENDSHAPES.index(channel)
            bias[at] = constant
            for name, weight in terms.items():
                for place, share in _places(name, side):
                    weights[at, place] += weight * share
    return weights, bias


_WEIGHTS, _BIAS = _matrix()
_MEASURED = np.isfinite(_BIAS)

UNMEASURED: tuple[str, ...] = tuple(name for name, measured in zip(BLENDSHAPES, _MEASURED, strict=True) if not measured)
"""Channels that the landmarks don't show; they stay 0. Cheeks puff where the mesh has no depth of its own, the
tongue is no part of the mesh, and the teacher never scores a squinting cheek."""

NEUTRAL = np.array([NEUTRAL_MEASURES[name.removesuffix("_left").removesuffix("_right")]
                    for name in MEASURES], np.float32)  # fmt: skip
"(len(MEASURES),) of a resting face."

_NOISE = 0.02
"Scores above rest that are noise of the landmarks."


def blendshapes(measures: Floats) -> Floats:
    """(52,) scores 0…1 in the order of BLENDSHAPES from (len(MEASURES),) measures; UNMEASURED stay 0.

    A logistic of a weighted sum per channel, of which what a resting face scores is taken off: half-open
    lids are no squint.

    Raises:
        ValueError: Another shape than (len(MEASURES),).
    """
    if measures.shape != NEUTRAL.shape:
        raise ValueError(f"measures are {measures.shape}; expected ({len(MEASURES)},), those of `measure`")
    scores = _bent(measures)
    scores *= _GAIN
    scores += _SHIFT
    np.maximum(scores, 0.0, out=scores)
    return np.minimum(scores, 1.0, out=scores)


def _bent(measures: Floats) -> Floats:
    """The logistics of the weighted sums, as hyperbolic tangents of half the sums: (1 + tanh(x/2)) / 2."""
    sums: Floats = _HALF_WEIGHTS @ measures
    sums += _HALF_BIAS
    np.tanh(sums, out=sums)
    return sums


_HALF_WEIGHTS = _WEIGHTS / 2
_HALF_BIAS = np.where(_MEASURED, _BIAS, np.float32(0)) / 2
_REST = (1.0 + _bent(NEUTRAL)) / 2 + _NOISE
"Scores at rest; unmeasured channels are always there, and thus come out as 0."
_GAIN = np.float32(0.5) / (1.0 - _REST)
_SHIFT = (np.float32(0.5) - _REST) / (1.0 - _REST)
"From a tangent to a score: what lies between rest and 1, as 0…1."
