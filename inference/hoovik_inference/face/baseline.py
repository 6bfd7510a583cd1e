"""A participant's resting face, learnt while they are watched; kept in memory only."""

from __future__ import annotations

import numpy as np

from hoovik_inference.face.blendshapes import NEUTRAL
from hoovik_inference.face.measures import MEASURES
from hoovik_inference.types import Floats, HeadPose

QUICK_MS = 2_000.0
"Time constant at first: a call begins with a face that mostly rests."
SLOW_MS = 120_000.0
"Time constant later: a smile of half a minute must not become the resting face."
LEARN_MS = 4_000.0
"Watched capture time after which learning is slow."
STRAIGHT_DEG = 15.0
"Turn of the head beyond which nothing is learnt: depth is least certain there."
SHARE = 0.7
"Part of the learnt difference that is taken off: resting faces do differ in expression."
_LARGEST_GAP_MS = 200.0
"Capture time that one frame can stand for."

LIMIT = np.array(
    [
        0.5 if name.startswith("brow") else max(0.12 * abs(float(rest)), 0.12)
        for name, rest in zip(MEASURES, NEUTRAL, strict=True)
    ],
    np.float32,
)
"""Largest difference learnt without being told (`calibrate` has no limit): beyond it is expression, not build.
Brows sit half a centimetre higher or lower from one person to the next, more than anything else differs."""


class Baseline:
    """What this participant's measures are at rest, as a difference from the neutral face's."""

    def __init__(self) -> None:
        self._offset = np.zeros_like(NEUTRAL)
        self._watched_ms = 0.0
        self._last_ms: float | None = None
        self._told = False
        self._asked = False

    def calibrate(self) -> None:
        """The next measures are those of rest."""
        self._asked = True

    def apply(self, measures: Floats, head: HeadPose, time_ms: float) -> Floats:
        """`measures` (len(MEASURES),) as a neutral-faced person's would be, learning from them on the way.

        The learnt part follows a low-pass of the measures, quick in the first seconds and slow after them.
        Once calibrated, the resting face stays what it was told.
        """
        if self._asked:
            self._asked, self._told = False, True
            self._offset = measures - NEUTRAL
        elif not self._told:
            self._learn(measures, head, time_ms)
        self._last_ms = time_ms
        return measures - (self._offset if self._told else SHARE * self._offset)

    def _learn(self, measures: Floats, head: HeadPose, time_ms: float) -> None:
        if self._last_ms is None or abs(head.yaw) > STRAIGHT_DEG or abs(head.pitch) > STRAIGHT_DEG:
            return
        step = min(max(time_ms - self._last_ms, 0.0), _LARGEST_GAP_MS)
        constant = QUICK_MS if self._watched_ms < LEARN_MS else SLOW_MS
        self._watched_ms += step
        change = measures - NEUTRAL
        np.maximum(change, -LIMIT, out=change)
        np.minimum(change, LIMIT, out=change)
        change -= self._offset
        change *= step / (constant + step)
        self._offset += change
