"""Small signs of life where only a voice is there: blinks and a head that moves a little with the speech.

Without them an avatar on sound alone stares. Deterministic: the same times give the same life.
"""

from __future__ import annotations

import math

BLINK_EVERY_MS = 4000.0
"One blink in each stretch of this length, ms: about 17 a minute at rest (Bentivoglio, Movement Disorders 1997)."
BLINK_MS = 220.0
"Closing takes a third of this, opening the rest."
SWAY_DEGREES, NOD_DEGREES = 1.5, 2.0
"How far the idle head sways, and how far it nods with the voice."


def blink(elapsed_ms: float, seed: int) -> float:
    """Lid weight 0…1, `elapsed_ms` after life began."""
    stretch, inside = divmod(max(elapsed_ms, 0.0), BLINK_EVERY_MS)
    phase = (inside - _scatter(int(stretch) + seed) * (BLINK_EVERY_MS - BLINK_MS)) / BLINK_MS
    if not 0.0 < phase < 1.0:
        return 0.0
    return math.sin(math.pi / 2 * (phase * 3 if phase < 1 / 3 else (1 - phase) * 1.5)) ** 2


def sway(elapsed_ms: float, voice: float) -> tuple[float, float, float]:
    """(yaw, pitch, roll) in degrees; `voice` 0…1 is how much is being spoken."""
    t = max(elapsed_ms, 0.0) / 1000
    yaw = SWAY_DEGREES * (math.sin(0.7 * t) + 0.5 * math.sin(1.7 * t)) * (0.5 + 0.5 * voice)
    pitch = NOD_DEGREES * math.sin(4.3 * t) * math.sin(1.1 * t) * voice
    return yaw, pitch, 0.4 * SWAY_DEGREES * math.sin(0.5 * t)


def _scatter(number: int) -> float:
    """0…1, looks random (Knuth's multiplicative hash)."""
    return ((number * 2654435761) & 0xFFFFFFFF) / 2**32
