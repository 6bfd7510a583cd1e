"""What the face does while no new one comes: go on, hold, ease to rest."""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import BLENDSHAPES, Floats

EXTRAPOLATE_MS = 100.0
"Speeds are carried on for at most this long, ms: three frames at 30 Hz. Faces turn around after that."
HOLD_MS = 400.0
"From then to here the face is held, ms; a face not seen for this long counts as gone (the 0.4 s rule)."
EASE_MS = 700.0
"Easing to rest takes this long, ms."
LID_HOLD_MS, LID_EASE_MS = 100.0, 150.0
"Lids are not held shut: a blink takes 100 to 400 ms, and the end of one was missed."
SURE_MS = 50.0
"Confidence stays whole for this long, ms (a frame and a half at 30 Hz), then fades until the face is at rest."

SHAPE_REACH, DEGREE_REACH = 0.15, 5.0
"The most that extrapolation may add: weight, degrees. A guess must not be louder than what was seen."

_LIDS = [BLENDSHAPES.index("eyeBlinkLeft"), BLENDSHAPES.index("eyeBlinkRight")]


def carry_on(value: Floats, speed: Floats, reach: Floats, age_ms: float) -> Floats:
    """Values `age_ms` after they were measured with `speed` per second, moved by at most `reach`; then held."""
    seconds = min(max(age_ms, 0.0), EXTRAPOLATE_MS) / 1000
    if seconds == 0.0:
        return value.copy()
    result: Floats = value + np.minimum(np.maximum(speed * seconds, -reach), reach)
    return result


def presence(age_ms: float, gone_after_ms: float) -> float:
    """How much of the face is left, 1…0, `age_ms` after it was measured; easing starts at `gone_after_ms`."""
    return 1.0 - _smooth((age_ms - gone_after_ms) / EASE_MS)


def confidence(measured: float, age_ms: float, gone_after_ms: float) -> float:
    """Confidence of a face measured `age_ms` ago with confidence `measured`, 0…1."""
    return measured * (1.0 - _smooth((age_ms - SURE_MS) / (gone_after_ms + EASE_MS - SURE_MS)))


def open_lids(blendshapes: Floats, age_ms: float) -> None:
    """Let the blinks in `blendshapes` (52,) end, in place."""
    if age_ms > LID_HOLD_MS:
        blendshapes[_LIDS] *= 1.0 - _smooth((age_ms - LID_HOLD_MS) / LID_EASE_MS)


def _smooth(x: float) -> float:
    """0 below 0, 1 above 1, and a soft way between (3x² - 2x³)."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)
