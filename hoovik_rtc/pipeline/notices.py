"""What a person should be told: once, and only when it has lasted. No clock: times are arguments."""

from __future__ import annotations

from collections.abc import Callable

from hoovik_inference.types import FaceQuality
from hoovik_rtc.pipeline.voice_engine import NOBODY, VoiceEngine

LASTED_MS = 1000.0
"A change that lasts this long is worth a notice. Messages themselves change at once; people read these."

AWAY_MS = 30_000.0
"""Who comes after so long without a face is not called another one, though they have another number: nobody knows, and
nobody else was there. From there on it is only said that what was learnt is forgotten."""

UNCLEAR, CLEAR = 0.35, 0.6
"A measure of a face's quality below the first is worth a notice when it lasts; above the second it is well again."
UNCLEAR_MS = 2000.0
"A hand before the face for a moment is not worth one."

_UNCLEAR = {
    "size": "Your face is small in the picture: come nearer to the camera.",
    "inside": "Part of your face is outside the picture: move to its middle.",
    "sharpness": "Your face is blurred: clean the camera, or hold still.",
    "light": "Your face is too dark or too bright: change the light.",
    "visible": "Something covers your face.",
}
"What a person can do something about; who turns away does so on purpose."

_MODALITY = {
    "both": "Face and voice are followed.",
    "audio_only": "No face for 0.4 s: the voice alone is followed.",
    "video_only": "No sound for 0.4 s: the face alone is followed.",
    "none": "Neither face nor voice: nothing is analysed until one is back.",
}


_ENGINE = {
    "behind": "The large voice model is too slow here: the light one reads voices meanwhile.",
    "missing": "The large voice model cannot be loaded here: the light one reads voices.",
    "failed": "The large voice model failed: the light one reads voices.",
    "": "The large voice model reads voices again.",
}
_ENGINE_ALONE = {
    "behind": "The voice model is too slow here: the face alone is read meanwhile.",
    "failed": "The voice model failed: the face alone is read.",
}
"The same where nothing stands in for it."


class Notices:
    """The notices of one participant.

    Args:
        tell: called with a code for programs and a sentence for people.
    """

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._missing_since: float | None = None
        self._said_missing = False
        self._said_several = False
        self._track: int | None = None
        self._face_ms = 0.0  # when a face was measured last
        self._unclear: float | None = None  # since when
        self._said_unclear = False
        self._said_modality = "both"
        self._said_engine = ""
        self._modality = ("both", 0.0)  # and since when

    def anew(self) -> None:
        """Whoever measures faces knows nobody any more, and counts from 1 again."""
        self._track = None

    def reconnected(self) -> None:
        """Whoever is told may not know what was said before."""
        self._said_engine = ""

    def face(self, faces: int, track: int, now_ms: float) -> None:
        """A face was measured, the one of that number; `faces` are in the picture."""
        self._missing_since = None
        other = self._track is not None and track != self._track
        away = now_ms - self._face_ms > AWAY_MS
        if other and away:
            self._tell("face_found", "A face is seen again; what was learnt of the one before is forgotten.")
        elif self._said_missing:
            self._tell("face_found", "Your face is seen again.")
        self._said_missing = False
        if faces > 1 and not self._said_several:
            self._tell("several_faces", f"{faces} faces are in the picture; one of them is followed.")
        self._said_several = faces > 1
        if other and not away:
            self._tell("another_face", "Another face is followed now; what was learnt of the one before is forgotten.")
        self._track, self._face_ms = track, now_ms

    def quality(self, quality: FaceQuality, now_ms: float) -> None:
        """How well the face is seen that was measured."""
        worst = min(_UNCLEAR, key=lambda name: getattr(quality, name))
        value = getattr(quality, worst)
        if value >= CLEAR:
            self._unclear = None
            if self._said_unclear:
                self._said_unclear = False
                self._tell("face_clear", "Your face is seen well again.")
        elif value >= UNCLEAR:
            self._unclear = None
        else:
            since = self._unclear if self._unclear is not None else now_ms
            self._unclear = since
            if now_ms - since > UNCLEAR_MS and not self._said_unclear:
                self._said_unclear = True
                self._tell("face_unclear", _UNCLEAR[worst])

    def no_face(self, now_ms: float) -> None:
        """A picture without a face."""
        if self._missing_since is None:
            self._missing_since = now_ms
        elif now_ms - self._missing_since > LASTED_MS and not self._said_missing:
            self._said_missing = True
            self._tell("no_face", "No face is seen. Look at the camera, and have light on your face.")

    def voice_engine(self, engine: VoiceEngine) -> None:
        """Which engine reads voices: said where another than the chosen one has to, and when that ends."""
        if engine.reason != self._said_engine:
            self._said_engine = engine.reason
            alone = _ENGINE_ALONE.get(engine.reason) if engine.serving == NOBODY else None
            self._tell(f"voice_engine_{engine.reason or 'back'}", alone or _ENGINE[engine.reason])

    def modality(self, live: str | None, now_ms: float, since_ms: float) -> None:
        """Which modalities are live; nothing is said within LASTED_MS of `since_ms`, when the senses opened."""
        live = live or "none"
        if live != self._modality[0]:
            self._modality = (live, now_ms)
        if live != self._said_modality and now_ms - max(self._modality[1], since_ms) > LASTED_MS:
            self._said_modality = live
            self._tell(f"modality_{live}", _MODALITY[live])
