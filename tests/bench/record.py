"""What one participant of the load noted, as it travels from the sender's process to the figures."""

from __future__ import annotations

from typing import Any

import msgspec


class Record(msgspec.Struct):
    """One participant. All times are Unix ms on the sender's clock."""

    named: list[float] = []
    "For each video frame the capture time that messages will name (roughly, see figures.match)."
    sent: list[float] = []
    "When each of them was handed to the sender's stack: its capture."
    frames: list[tuple[float, float]] = []
    "(timestamp named, arrival) of each measured avatar frame."
    avatar: list[float] = []
    "Arrival of each avatar frame, measured or predicted."
    emotion: list[float] = []
    "Arrival of each emotion update."
    sounds: list[tuple[float, float]] = []
    "(audio_ms named, arrival) of each emotion update that names one: the newest sound that was read for it."
    audio: list[tuple[float, float]] = []
    "(audio_ms named, arrival) of each avatar frame that names one: which moment its visemes are about."
    audio_ahead_ms: float = 0.0
    "How far ahead of the microphone `audio_ms` runs, see webrtc_player."
    control: dict[str, int] = {}
    "Control messages by type; notices as `notice:code`."
    bytes_sent: int = 0
    "Sent in the window, as the network carries it above UDP or TCP."
    consent_to_first_ms: float | None = None
    "From consent to the first measured avatar frame."
    lost: bool = False
    "The connection ended before the window did."


class Usage(msgspec.Struct):
    """What the service used in the window."""

    cpu_percent: float
    "Of one core, its whole process tree."
    main_thread_percent: float
    "Of it, the thread of the event loop."
    rss_mib: float
    "Resident memory at the end."


class Outcome(msgspec.Struct):
    """One run of the load."""

    start_ms: float = 0.0
    end_ms: float = 0.0
    fps: float = 0.0
    "Video frames a second that each participant sent."
    wanted: int = 0
    "Participants that were to join."
    records: list[Record] = []
    "Those who joined."
    refused: str | None = None
    "What the service said to the first one that it did not let in."
    sender_cpu_percent: float = 0.0
    "CPU of the load itself, of one core."
    usage: Usage | None = None
    others_cpu_percent: float = 0.0
    "CPU of everything else on the machine in the window, of one core."
    stats: dict[str, Any] = {}
    "/stats/json of the window's seconds."


class Head(msgspec.Struct):
    """What the load reads of a payload; the rest of it is skipped, not decoded."""

    measured: bool = False
    audio_ms: float | None = None
    code: str | None = None


class Heard(msgspec.Struct):
    """What the load reads of a message."""

    type: str
    timestamp_ms: float = 0.0
    payload: Head = msgspec.field(default_factory=Head)


def note(record: Record, heard: Heard, at: float) -> None:
    """Sort one message into the record."""
    kind = heard.type
    if kind == "avatar_frame":
        record.avatar.append(at)
        if heard.payload.measured:
            record.frames.append((heard.timestamp_ms, at))
        if heard.payload.audio_ms is not None:
            record.audio.append((heard.payload.audio_ms, at))
    elif kind == "emotion_update":
        record.emotion.append(at)
        if heard.payload.audio_ms is not None:
            record.sounds.append((heard.payload.audio_ms, at))
    else:
        name = kind if heard.payload.code is None else f"{kind}:{heard.payload.code}"
        record.control[name] = record.control.get(name, 0) + 1
