"""Which modalities of a participant are live."""

from __future__ import annotations

from hoovik_inference.types import Modality

OUT_AFTER_MS = 400.0
"A modality without a usable measurement for longer is out (the reference's figure)."

DIGITAL_SILENCE_DB = -100.0
"Level at or below which sound is no media: nothing but zeros arrives, a muted track as some clients send it."


def modality(
    now_ms: float,
    last_face_ms: float | None,
    last_voice_ms: float | None,
    mic_on: bool = True,
    camera_on: bool = True,
) -> Modality | None:
    """What is live at `now_ms`; None where neither is.

    Silence keeps the voice: estimates go on arriving while nobody speaks and count, unless they are digital
    silence (`usable_voice`). Switching the microphone or camera off takes effect at once.

    Args:
        now_ms: Now, on the clock of the other two.
        last_face_ms: When the newest face was measured; None (or minus infinity) where none was.
        last_voice_ms: When the newest usable voice was measured; None (or minus infinity) where none was.
        mic_on: The participant's own microphone switch.
        camera_on: The participant's own camera switch.
    """
    face = camera_on and last_face_ms is not None and now_ms - last_face_ms <= OUT_AFTER_MS
    voice = mic_on and last_voice_ms is not None and now_ms - last_voice_ms <= OUT_AFTER_MS
    if face and voice:
        return "both"
    if face:
        return "video_only"
    return "audio_only" if voice else None


def usable_voice(level_db: float) -> bool:
    """Whether sound of this level counts as media: anything but digital silence."""
    return level_db > DIGITAL_SILENCE_DB
