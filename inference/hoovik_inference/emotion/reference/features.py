"""What XGBoost is given of a window: 8,149 numbers, in the reference's order."""

from __future__ import annotations

import numpy as np

from hoovik_inference.emotion.reference.projection import Reals
from hoovik_inference.emotion.reference.steps import Steps
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

_POINTS = 2 * len(LANDMARKS)
_FIRST = {name: _POINTS + index for index, name in enumerate(BLENDSHAPES)}
_SMALL = 1e-6


def xgb_features(normal: Windows) -> Floats:
    """(N, 8149) of normalised windows.

    Only steps with mask 1 count. Of a modality that has none, all is nan but the indicators; what needs two steps is
    nan where there is but one.
    """
    face, audio = Steps.of(normal.face, normal.face_mask), Steps.of(normal.audio, normal.audio_mask)
    blocks = [
        *_spread(face),
        *_spread(audio),
        _two(face, face.travelled()),
        _two(audio, audio.travelled()),
        _two(face, face.slopes()),
        _two(audio, audio.slopes()),
        *_blendshapes(face),
        *_pose(face),
        _rhythm(audio),
        _two(face, _motion(face)),
        _indicators(normal),
    ]
    return np.concatenate(blocks, axis=1, dtype=np.float32, casting="same_kind")


def _needs(steps: Steps, least: int, values: Reals) -> Reals:
    """`values` (N, D), with nan where fewer steps count."""
    out: Reals = np.where((steps.count >= least)[:, None], values, np.nan)
    return out


def _one(steps: Steps, values: Reals) -> Reals:
    return _needs(steps, 1, values)


def _two(steps: Steps, values: Reals) -> Reals:
    return _needs(steps, 2, values)


def _spread(steps: Steps) -> list[Reals]:
    return [_one(steps, values) for values in (*steps.moments(), *steps.extremes())]


def _columns(steps: Steps, columns: list[int]) -> Steps:
    return Steps.of(steps.values[..., columns], steps.mask)


def _blendshapes(face: Steps) -> list[Reals]:
    """15 means, 15 maxima, two mean differences between sides."""
    told = _columns(face, [_FIRST[name] for name in SCORES])
    left, right = (face.values[..., [_FIRST[pair[side]] for pair in UNEVEN]] for side in (0, 1))
    apart = Steps.of(np.abs(left - right), face.mask)
    return [_one(face, values) for values in (told.moments()[0], told.extremes()[1], apart.moments()[0])]


def _pose(face: Steps) -> list[Reals]:
    """Means of pitch, yaw and roll, then their standard deviations."""
    return [_one(face, values) for values in _columns(face, [FACE - 3, FACE - 2, FACE - 1]).moments()]


def _rhythm(audio: Steps) -> Reals:
    """(N, 3) of the vectors' lengths by their mean: standard deviation, slope, place of the largest by the ten steps.

    The slope's time counts from the first step that counts, in standard deviations, and is not centred.
    """
    lengths = np.sqrt((audio.joined.astype(np.float64) ** 2).sum(axis=2))
    at = np.arange(SEQ_LEN)
    there = at < audio.count[:, None]
    number = np.maximum(audio.count, 1)[:, None]
    mean = (lengths * there).sum(axis=1, keepdims=True) / number
    heard = (mean >= _SMALL) & (audio.count > 0)[:, None]
    lengths = np.where(there, lengths / np.where(heard, mean, 1.0), 0.0)
    apart = (lengths - lengths.sum(axis=1, keepdims=True) / number) * there
    spread = np.sqrt((apart**2).sum(axis=1, keepdims=True) / number)
    since = (audio.places - audio.places[:, :1]) * there
    away = (since - since.sum(axis=1, keepdims=True) / number) * there
    t = since / (np.sqrt((away**2).sum(axis=1, keepdims=True) / number) + _SMALL)
    slope = (t * lengths).sum(axis=1, keepdims=True) / ((t**2).sum(axis=1, keepdims=True) + _SMALL)
    loudest = np.argmax(np.where(there, lengths, -1.0), axis=1)[:, None]
    peak = np.take_along_axis(audio.places, loudest, axis=1) / SEQ_LEN
    values = np.concatenate((spread, _two(audio, slope), peak), axis=1)
    out: Reals = np.where(heard, values, np.nan)
    return out


def _motion(face: Steps) -> Reals:
    """(N, 1) mean square of what the landmarks move from step to step."""
    changes, there = _columns(face, list(range(_POINTS))).changes()
    number = np.maximum(there.sum(axis=1), 1.0) * _POINTS
    mean: Reals = ((changes.astype(np.float64) ** 2).sum(axis=(1, 2)) / number)[:, None]
    return mean


def _indicators(normal: Windows) -> Reals:
    """(N, 7) face there, voice there, shares of steps with each, then one of three: voice only, face only, both."""
    masks = (normal.face_mask, normal.audio_mask)
    there = [mask.any(axis=1) for mask in masks]
    shares = [mask.mean(axis=1) for mask in masks]
    flags = [normal.modality == flag for flag in range(len(MODALITIES))]
    out: Reals = np.stack([*there, *shares, *flags], axis=1).astype(np.float32)
    return out
