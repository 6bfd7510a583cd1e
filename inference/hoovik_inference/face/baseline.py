"""A participant's resting face, learnt while they are watched; kept in memory only."""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import BLENDSHAPES, Floats, HeadPose

QUICK_MS = 1_000.0
"Time constant at first: a call begins with a face that mostly rests."
SLOW_MS = 120_000.0
"Time constant later: a smile of half a minute must not become the resting face."
LEARN_MS = 5_000.0
"Watched capture time after which learning is slow."
UPWARDS = 0.35
"""How much slower what lies above the learnt rest is learnt than what lies below: who talks, blinks and greets in the
first seconds is at rest in between."""
STRAIGHT_DEG = 15.0
"Turn of the head beyond which nothing is learnt: depth is least certain there."
SHARE = 0.7
"Part of the learnt rest that is taken off: resting faces do differ in expression."
CALIBRATE_MS = 500.0
"Capture time over which the face that is said to be neutral is averaged: one picture may be in mid-blink."
LEAST_LEFT = 0.2
"What is left above rest is stretched to 1, but no less than this: the rest of it would be noise."
_LARGEST_GAP_MS = 200.0
"Capture time that one frame can stand for."

RESTS: dict[str, float] = {
    "browDown": 0.4, "browInnerUp": 0.4, "browOuterUp": 0.4,
    "cheekPuff": 0.1, "cheekSquint": 0.1,
    "eyeBlink": 0.25, "eyeSquint": 0.5, "eyeWide": 0.4,
    "jawForward": 0.1, "jawLeft": 0.1, "jawOpen": 0.05, "jawRight": 0.1,
    "mouthClose": 0.1, "mouthDimple": 0.15, "mouthFrown": 0.3, "mouthFunnel": 0.15, "mouthLeft": 0.15,
    "mouthLowerDown": 0.1, "mouthPress": 0.25, "mouthPucker": 0.3, "mouthRight": 0.15, "mouthRollLower": 0.25,
    "mouthRollUpper": 0.25, "mouthShrugLower": 0.3, "mouthShrugUpper": 0.3, "mouthSmile": 0.15, "mouthStretch": 0.15,
    "mouthUpperUp": 0.1, "noseSneer": 0.1,
}  # fmt: skip
"""Largest rest of each channel that is learnt without being told: beyond it is expression, not build. Brows, lids and
lips sit differently from one person to the next; an open mouth or a smile that lasts is none. Where the eyes look
(`eyeLook…`) has no rest: it is direction, not build."""

LIMIT = np.array([RESTS.get(name.removesuffix("Left").removesuffix("Right"), RESTS.get(name, 0.0))
                  for name in BLENDSHAPES], np.float32)  # fmt: skip
"(52,): RESTS in the order of BLENDSHAPES; 0 where there is no rest."
_HAS_REST = (LIMIT > 0.0).astype(np.float32)
_LIDS = [BLENDSHAPES.index("eyeBlinkLeft"), BLENDSHAPES.index("eyeBlinkRight")]


class Baseline:
    """What this participant's channels score at rest."""

    def __init__(self) -> None:
        self._rest: Floats = np.zeros(len(BLENDSHAPES), np.float32)
        self._watched_ms = 0.0
        self._last_ms: float | None = None
        self._asked = False
        self._told_ms: float | None = None
        self._shown = 0

    def calibrate(self) -> None:
        """The face is neutral from the next scores on, for CALIBRATE_MS."""
        self._asked = True

    def apply(self, scores: Floats, head: HeadPose, time_ms: float, trusted: bool = True) -> Floats:
        """(52,) scores 0…1 beyond this person's rest, learning from `scores` (52,) on the way.

        The learnt rest follows a low-pass of the scores, quick in the first seconds and slow after them. Once
        calibrated, the rest stays what was shown. Scores at rest come out as 0, and 1 stays 1 unless rest is near it.

        Args:
            scores: As the head gives them, for any face.
            head: Nothing is learnt from a head that is turned away.
            time_ms: Capture time.
            trusted: Whether the face is seen well enough to be learnt from.
        """
        if self._asked:
            self._asked, self._told_ms, self._shown = False, time_ms, 0
        if self._told_ms is None:
            if trusted:
                self._learn(scores, head, time_ms)
        elif self._shown == 0 or 0.0 < time_ms - self._told_ms <= CALIBRATE_MS:
            self._be_told(scores)
        self._last_ms = time_ms
        rest = self._rest * np.float32(SHARE if self._told_ms is None else 1.0)
        beyond = scores - rest
        np.maximum(beyond, 0.0, out=beyond)
        beyond /= np.maximum(1.0 - rest, np.float32(LEAST_LEFT))
        return beyond

    def _be_told(self, scores: Floats) -> None:
        """The mean of what is shown; of the lids the most open, for somebody may blink meanwhile."""
        shown = scores * _HAS_REST
        lids = np.minimum(shown[_LIDS], self._rest[_LIDS]) if self._shown else shown[_LIDS]
        self._shown += 1
        if self._shown == 1:
            self._rest = shown
        else:
            self._rest += (shown - self._rest) / self._shown
        self._rest[_LIDS] = lids

    def _learn(self, scores: Floats, head: HeadPose, time_ms: float) -> None:
        if self._last_ms is None or abs(head.yaw) > STRAIGHT_DEG or abs(head.pitch) > STRAIGHT_DEG:
            return
        step = min(max(time_ms - self._last_ms, 0.0), _LARGEST_GAP_MS)
        constant = QUICK_MS if self._watched_ms < LEARN_MS else SLOW_MS
        self._watched_ms += step
        change = np.minimum(scores, LIMIT)
        change -= self._rest
        change *= step / (constant + step)
        change *= np.where(change > 0.0, np.float32(UPWARDS), np.float32(1.0))
        self._rest += change
