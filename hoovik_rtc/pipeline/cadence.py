"""When an avatar frame leaves; no clock: times are arguments, so the live service and recordings share it.

One frame per measured face, at once. Where none came for 43 ms, predicted ones at 30 a second. Once the face counts
as gone, frames ride on the sound; without sound, predicted ones go on until the avatar has come to rest.
"""

from __future__ import annotations

PREDICT_AFTER_MS = 43.0
"Where no face came for this long, a predicted frame leaves."
PREDICT_EVERY_MS = 1000 / 30
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

    def face(self, now_ms: float) -> None:
        """A face was measured: a frame leaves now."""
        self.face_at = now_ms
        self.due = now_ms + PREDICT_AFTER_MS

    def predict(self, now_ms: float) -> bool:
        """At `due`: whether a predicted frame leaves (True), or the avatar is at rest (False)."""
        if now_ms - self.face_at > REST_MS:
            self.due = None
            return False
        self.due = now_ms + PREDICT_EVERY_MS
        return True

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
