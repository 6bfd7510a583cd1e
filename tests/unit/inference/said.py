"""Estimates as models make them, by their scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from hoovik_inference.types import EMOTIONS, EmotionEstimate, Modality

THRESHOLD = 0.45


def estimate(time_ms: float, modality: Modality = "both", *, unread: bool = False, **scores: Any) -> EmotionEstimate:
    """What a model says of these scores; the rest to 1 is shared by the other classes. `unread`: there was nothing."""
    rest = (1.0 - sum(scores.values())) / max(1, len(EMOTIONS) - len(scores))
    values = np.array([scores.get(name, rest) for name in EMOTIONS], np.float32)
    best = int(np.nanargmax(values))
    confidence = float(values[best])
    abstained = unread or confidence < THRESHOLD
    label = "neutral" if abstained else EMOTIONS[best]
    return EmotionEstimate(
        time_ms, label, confidence, values, 0.1, 0.2, 0.3, modality, abstained, False, 0.0, "x", THRESHOLD
    )
