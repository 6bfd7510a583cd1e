"""Session, participant and sequence around a payload: one counter over both kinds of messages."""

from __future__ import annotations

from hoovik_rtc.wire.messages import AvatarFrame, AvatarPayload, EmotionPayload, EmotionUpdate


class Envelope:
    """Addresses the messages of one session."""

    def __init__(self, session_id: str, participant_id: str) -> None:
        self.session_id = session_id
        self.participant_id = participant_id
        self.sequence = 0

    def avatar(self, timestamp_ms: float, payload: AvatarPayload) -> AvatarFrame:
        """The next message, an `avatar_frame` of `timestamp_ms`."""
        return AvatarFrame(self.session_id, self.participant_id, max(0, round(timestamp_ms)), self._next(), payload)

    def emotion(self, timestamp_ms: float, payload: EmotionPayload) -> EmotionUpdate:
        """The next message, an `emotion_update` of `timestamp_ms`."""
        return EmotionUpdate(self.session_id, self.participant_id, max(0, round(timestamp_ms)), self._next(), payload)

    def _next(self) -> int:
        self.sequence += 1
        return self.sequence
