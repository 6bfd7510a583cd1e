"""What passes between tap, assembler and decoder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaPacket:
    """One RTP packet of a primary stream, after SRTP, RTX unwrapping and depayloading."""

    ssrc: int
    "Synchronisation source."
    sequence: int
    "RTP sequence number, 0…65535."
    timestamp: int
    "RTP timestamp, 0…2³²−1, in units of the clock rate (90 kHz video, 48 kHz Opus)."
    marker: bool
    "RTP marker: the last packet of a video frame."
    payload: bytes
    "RTP payload as it was sent, payload descriptor included."
    data: bytes
    "The codec's own bytes; empty in padding-only packets."
    arrival_ms: float
    "When it came, Unix ms on the bot's clock."


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One whole VP8 frame."""

    data: bytes
    "VP8 bitstream."
    timestamp: int
    "RTP timestamp, 90 kHz."
    ssrc: int
    "The stream it belongs to."
    keyframe: bool
    "Decodable on its own."
    discardable: bool
    "No later frame refers to it (N bit of RFC 7741)."
    arrival_ms: float
    "When its last packet came, Unix ms."
    capture_ms: float = 0.0
    "When it was captured, Unix ms; set from the timeline before decoding."


@dataclass(frozen=True, slots=True)
class EncodedSound:
    """One Opus packet, or the hole where packets were given up."""

    data: bytes
    "Opus packet; for a hole the packet right behind it, where that repeats what is lost, else empty."
    timestamp: int
    "RTP timestamp of its first sample, 48 kHz."
    ssrc: int
    "The stream it belongs to."
    lost_samples: int
    "0 for a packet; the length of a hole in samples at 48 kHz."
    arrival_ms: float
    "When it came, or when the hole was given up, Unix ms."
    capture_ms: float = 0.0
    "When its first sample was captured, Unix ms; set from the timeline before decoding."
    silent: bool = False
    "The hole is silence that the sender did not send (DTX), not loss."

    @property
    def recoverable(self) -> bool:
        """A hole whose sound the packet behind it carries once more."""
        return bool(self.lost_samples and self.data)
