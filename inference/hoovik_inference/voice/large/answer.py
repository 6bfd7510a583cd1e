"""What a large encoder read of a voice, in the terms of this package."""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import EMOTIONS, Affect, Floats
from hoovik_inference.voice.large.encoded import Encoded

NAMED = 0.5
"""Probability of the class that an encoder names without saying how sure it is; the others share the rest. How often
SenseVoice is right on calls was not measured here, where its weights cannot be had: it is believed by half."""


def expression(encoded: Encoded) -> Floats | None:
    """(7,) probabilities in the order of EMOTIONS; None where the encoder neither gives them nor names a class."""
    if encoded.expression is not None:
        return encoded.expression
    if encoded.emotion is None:
        return None
    out = np.full(len(EMOTIONS), (1.0 - NAMED) / (len(EMOTIONS) - 1), np.float32)
    out[EMOTIONS.index(encoded.emotion)] = NAMED
    return out


def affect(encoded: Encoded) -> Affect | None:
    """Valence, arousal and dominance on the scale of -1…1, held to it; None where the encoder gives none."""
    if encoded.valence is None or encoded.arousal is None or encoded.dominance is None:
        return None
    return Affect(*(_scaled(value) for value in (encoded.valence, encoded.arousal, encoded.dominance)))


def _scaled(value: float) -> float:
    return max(-1.0, min(1.0, 2.0 * value - 1.0))
