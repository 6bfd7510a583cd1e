"""What XGBoost is given of a window: of the reference's vectors 8,149 numbers, in its order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.projection import Reals
from hoovik_inference.emotion.reference.steps import Measured, Steps, moments
from hoovik_inference.emotion.reference.windows import AUDIO, FACE, MODALITIES, Windows
from hoovik_inference.face.vector import LANDMARKS
from hoovik_inference.types import BLENDSHAPES, SEQ_LEN, Floats

SCORES: tuple[str, ...] = (
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "browDownLeft", "browDownRight",
    "browInnerUp", "jawOpen", "noseSneerLeft", "noseSneerRight", "eyeWideLeft", "eyeWideRight", "cheekPuff",
    "mouthPucker", "mouthFunnel",
)  # fmt: skip
"Blendshapes that are told apart from the others."
UNEVEN = (("mouthSmileLeft", "mouthSmileRight"), ("browDownLeft", "browDownRight"))
"Pairs of which it is told how far their sides differ."
LAYOUT: tuple[tuple[str, int], ...] = (
    ("face mean", FACE), ("face std", FACE), ("face min", FACE), ("face max", FACE),
    ("audio mean", AUDIO), ("audio std", AUDIO), ("audio min", AUDIO), ("audio max", AUDIO),
    ("face last-first", FACE), ("audio last-first", AUDIO), ("face slope", FACE), ("audio slope", AUDIO),
    ("blendshapes", 2 * len(SCORES) + len(UNEVEN)), ("pose", 6), ("rhythm", 3), ("motion", 1), ("indicators", 7),
)  # fmt: skip
"Blocks and how many numbers each has, in order."
COUNT = sum(width for _, width in LAYOUT)
"8,149."
INDICATORS = 7

_POINTS = 2 * len(LANDMARKS)
_FIRST = {name: _POINTS + index for index, name in enumerate(BLENDSHAPES)}
_TOLD = [_FIRST[name] for name in SCORES]
_SMALL = 1e-6


def xgb_features(measured: Measured) -> Floats:
    """(N, 8149) of normalised windows; of vectors that are not the reference's (N, `count` of their sizes).

    What is told of blendshapes, pose, rhythm and motion is told of the reference's vectors alone, as only there it is
    known where they lie. Only steps with mask 1 count. Of a modality that has none, all is nan but the indicators; what
    needs two steps is nan where there is but one.
    """
    face, audio = measured.face, measured.audio
    sizes = measured.sizes
    out = np.empty((len(measured.windows), count(*sizes)), np.float32)
    start = 0
    blocks: list[tuple[Steps, int, Reals]] = [
        *((face, 1, values) for values in (*face.moments, *face.extremes)),
        *((audio, 1, values) for values in (*audio.moments, *audio.extremes)),
        (face, 2, face.travelled),
        (audio, 2, audio.travelled),
        (face, 2, face.slopes),
        (audio, 2, audio.slopes),
    ]
    if sizes == (FACE, AUDIO):
        blocks += [
            (face, 1, _blendshapes(face)), (face, 1, _pose(face)), (audio, 1, _rhythm(audio)), (face, 2, _motion(face))
        ]  # fmt: skip
    for steps, least, values in blocks:
        block = out[:, start : start + values.shape[1]]
        block[:] = values
        block[steps.count < least] = np.nan
        start += values.shape[1]
    out[:, start:] = _indicators(measured.windows)
    return out


def count(face: int, audio: int) -> int:
    """Features of a window of so many numbers of a face and of a voice a step."""
    return COUNT if (face, audio) == (FACE, AUDIO) else 6 * (face + audio) + INDICATORS


def _blendshapes(face: Steps) -> Reals:
    """(N, 32) 15 means, 15 maxima, two mean differences between sides."""
    left, right = (face.values[..., [_FIRST[pair[side]] for pair in UNEVEN]] for side in (0, 1))
    apart = moments(np.abs(left - right), face.mask)[0]
    return np.concatenate((face.moments[0][:, _TOLD], face.extremes[1][:, _TOLD], apart), axis=1)


def _pose(face: Steps) -> Reals:
    """(N, 6) means of pitch, yaw and roll, then their standard deviations."""
    return np.concatenate([values[:, FACE - 3 :] for values in face.moments], axis=1)


def _rhythm(audio: Steps) -> Reals:
    """(N, 3) of the vectors' lengths by their mean: standard deviation, slope, place of the largest by the ten steps.

    The slope's time counts from the first step that counts, in standard deviations, and is not centred.
    """
    lengths: Reals = np.sqrt(np.einsum("ntd,ntd->nt", audio.joined, audio.joined, dtype=np.float64))
    there = np.arange(SEQ_LEN) < audio.count[:, None]
    number = np.maximum(audio.count, 1)[:, None]
    mean = (lengths * there).sum(axis=1, keepdims=True) / number
    heard = mean >= _SMALL
    lengths = np.where(there, lengths / np.where(heard, mean, 1.0), 0.0)
    at = audio.places.astype(np.float64)
    since: Reals = np.where(there, at - at[:, :1], 0.0)
    t = since / (_spread(since, there, number) + _SMALL)
    slope = (t * lengths).sum(axis=1, keepdims=True) / ((t**2).sum(axis=1, keepdims=True) + _SMALL)
    slope[audio.count < 2] = np.nan
    loudest = np.argmax(np.where(there, lengths, -1.0), axis=1)
    peak = audio.places[np.arange(len(loudest)), loudest][:, None] / SEQ_LEN
    values: Reals = np.concatenate((_spread(lengths, there, number), slope, peak), axis=1)
    values[~heard[:, 0]] = np.nan
    return values


def _spread(x: Reals, there: NDArray[np.bool_], number: NDArray[np.int64]) -> Reals:
    """(N, 1) population standard deviation of (N, 10) with zeros where nothing counts."""
    apart = (x - x.sum(axis=1, keepdims=True) / number) * there
    spread: Reals = np.sqrt((apart**2).sum(axis=1, keepdims=True) / number)
    return spread


def _motion(face: Steps) -> Reals:
    """(N, 1) mean square of what the landmarks move from step to step."""
    changes, there = face.changes
    number = np.maximum(there.sum(axis=1), 1.0) * _POINTS
    points = changes[..., :_POINTS]
    squares = np.einsum("ntd,ntd->n", points, points, dtype=np.float64)
    mean: Reals = (squares / number)[:, None]
    return mean


def _indicators(normal: Windows) -> Reals:
    """(N, 7) face there, voice there, shares of steps with each, then one of three: voice only, face only, both."""
    masks = (normal.face_mask, normal.audio_mask)
    there = [mask.any(axis=1) for mask in masks]
    shares = [mask.mean(axis=1) for mask in masks]
    flags = [normal.modality == flag for flag in range(len(MODALITIES))]
    out: Reals = np.stack([*there, *shares, *flags], axis=1).astype(np.float32)
    return out
