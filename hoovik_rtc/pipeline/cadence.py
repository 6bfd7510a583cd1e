"""When an avatar frame leaves; no clock: times are arguments, so the live service and recordings share it.

One frame per measured face, at once. Faces that come less often than 30 a second have predicted ones between them, at
even distances, and the last of them well before the next face, so that none is doubled. Where a face is late, predicted
ones go on at 30 a second. Once the face counts as gone, frames ride on the sound; without sound, predicted ones go on
until the avatar has come to rest.
"""

from __future__ import annotations

import math
import statistics
from collections import deque

PREDICT_EVERY_MS = 1000 / 30
LATE_MS = 10.0
"A face that is later than this is not waited for: a predicted frame leaves, 43 ms after the last one at 30 Hz."
SPARSE_LATE_MS = PREDICT_EVERY_MS / 2
"The same where predicted frames stand between faces: there a doubled frame is worse than one that is late."
ONE_MORE = 1.66
"Faces this many times 33 ms apart (18 Hz) have a frame between them: those of 20 Hz and more are enough alone."
GAPS = 5
"The time between faces is the median of so many."
GONE_MS = 400.0
"A face not seen for this long is gone (the 0.4 s rule)."
REST_MS = 1200.0
"The avatar is at rest this long after its last face."
MIN_INTERVAL_MS = 25.0
"Pictures closer to the last one looked at are not: 30 Hz is the most that leaves (of 60 fps, every other)."


class Cadence:
    """The avatar output of one participant."""

    def __init__(self) -> None:
        self.face_at = float("-inf")
        "When the last face was measured, ms."
        self.due: float | None = None
        "When to ask `predict`, ms; None where nothing is to be predicted."
        self._gaps: deque[float] = deque(maxlen=GAPS)
        self._period = PREDICT_EVERY_MS
        self._frame = 1  # the next one after the last face

    def face(self, now_ms: float) -> None:
        """A face was measured: a frame leaves now."""
        gap = now_ms - self.face_at
        if 0 < gap < GONE_MS:
            self._gaps.append(gap)
            self._period = max(PREDICT_EVERY_MS, statistics.median(self._gaps))
        else:
            self._gaps.clear()
            self._period = PREDICT_EVERY_MS
        self.face_at = now_ms
        self._frame = 1
        self.due = self._at(1)

    def predict(self, now_ms: float) -> bool:
        """At `due`: whether a predicted frame leaves (True), or the avatar is at rest (False)."""
        if now_ms - self.face_at > REST_MS:
            self.due = None
            return False
        while self._at(self._frame) < now_ms + PREDICT_EVERY_MS / 2:  # where it was asked late, frames fall out
            self._frame += 1
        self.due = self._at(self._frame)
        return True

    def _at(self, frame: int) -> float:
        """When the n-th frame after the last face leaves if no other face comes before."""
        between = max(1, math.floor(self._period / PREDICT_EVERY_MS + 2 - ONE_MORE))
        if frame < between:
            return self.face_at + frame * self._period / between
        late = SPARSE_LATE_MS if between > 1 else LATE_MS
        return self.face_at + self._period + late + (frame - between) * PREDICT_EVERY_MS

    def gone(self, now_ms: float) -> bool:
        """Whether the face counts as gone."""
        return now_ms - self.face_at > GONE_MS

    def sound(self, now_ms: float) -> bool:
        """A voice was measured: whether a frame rides on it. Where it does, nothing is predicted any more."""
        if self.gone(now_ms):
            self.due = None
            return True
        return False

    def lose(self, now_ms: float) -> None:
        """The camera went off: the face is gone at once, the avatar comes to rest from here."""
        if self.due is not None:
            self.face_at = min(self.face_at, now_ms - GONE_MS - 1)
            self.due = now_ms

    def stop(self) -> None:
        """Nothing is to be predicted any more."""
        self.face_at = float("-inf")
        self.due = None
