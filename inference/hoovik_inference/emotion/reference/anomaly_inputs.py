"""What the anomaly detectors are given of a window: of the reference's vectors 9,452 numbers, in its order."""

from __future__ import annotations

import numpy as np

from hoovik_inference.emotion.reference.steps import Measured, Steps
from hoovik_inference.emotion.reference.windows import AUDIO, FACE
from hoovik_inference.types import Floats

_THREE = 3
"Steps that quartiles and the spread of changes need."


def count(face: int, audio: int) -> int:
    """Features of a window of so many numbers of a face and of a voice a step."""
    return 7 * (face + audio) + 2


COUNT = count(FACE, AUDIO)
"9,452."


def anomaly_features(measured: Measured) -> Floats:
    """(N, 9452) of normalised windows: face, audio, then of both the last step less the first.

    Of other vectors than the reference's they are `count` of their sizes. Only steps with mask 1 count; what cannot be
    said is 0.
    """
    face, audio = measured.face, measured.audio
    out = np.empty((len(measured.windows), count(*measured.sizes)), np.float32)
    start = 0
    for steps, least, values in (
        *_stream(face),
        *_stream(audio),
        (face, 1, face.travelled),
        (audio, 1, audio.travelled),
    ):
        block = out[:, start : start + values.shape[1]]
        block[:] = values
        block[steps.count < least] = 0.0
        start += values.shape[1]
    return out


def _stream(steps: Steps) -> list[tuple[Steps, int, Floats]]:
    """Mean, std, min, max, range of the quartiles, share of steps that count, std of the changes; steps they need."""
    share = steps.mask.mean(axis=1)[:, None]
    spread = [(steps, 1, values) for values in (*steps.moments, *steps.extremes)]
    return [*spread, (steps, _THREE, steps.quartile_range), (steps, 1, share), (steps, _THREE, steps.change_spread)]
