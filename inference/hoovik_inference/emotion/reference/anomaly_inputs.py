"""What the anomaly detectors are given of a window: 9,452 numbers, in the reference's order."""

from __future__ import annotations

import numpy as np

from hoovik_inference.emotion.reference.steps import Steps
from hoovik_inference.emotion.reference.windows import AUDIO, FACE, Windows
from hoovik_inference.types import Floats

COUNT = (6 * FACE + 1) + (6 * AUDIO + 1) + FACE + AUDIO
"9,452."
_THREE = 3
"Steps that quartiles and the spread of changes need."


def anomaly_features(normal: Windows) -> Floats:
    """(N, 9452) of normalised windows: face, audio, then of both the last step less the first.

    Only steps with mask 1 count; what cannot be said is 0.
    """
    face, audio = Steps.of(normal.face, normal.face_mask), Steps.of(normal.audio, normal.audio_mask)
    blocks = [*_stream(face), *_stream(audio), face.travelled(), audio.travelled()]
    return np.concatenate(blocks, axis=1, dtype=np.float32)


def _stream(steps: Steps) -> list[Floats]:
    """Mean, std, min, max, range of the quartiles, share of steps that count, std of the changes."""
    enough = (steps.count >= _THREE)[:, None]
    there = (steps.count > 0)[:, None]
    extremes = (np.where(there, values, 0) for values in steps.extremes())
    quartiles = np.where(enough, steps.quartile_range(), 0) if enough.any() else np.zeros_like(steps.values[:, 0])
    spread = np.where(enough, steps.change_spread(), 0)
    share = steps.mask.mean(axis=1)[:, None]
    return [*steps.moments(), *extremes, quartiles, share, spread]
