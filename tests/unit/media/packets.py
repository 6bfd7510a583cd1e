"""Packets for tests of the assemblers, made by hand."""

from __future__ import annotations

from dataclasses import replace

from hoovik_rtc.media.packets import MediaPacket

KEY = b"\x10\x00\x00\x9d\x01\x2a\x80\x02\xe0\x01"  # a keyframe header, 640×480
DELTA = b"\x11\x00\x00"


def frame(
    first: int,
    timestamp: int,
    parts: int = 1,
    *,
    key: bool = False,
    at: float = 0.0,
    ssrc: int = 1,
    marker: bool = True,
) -> list[MediaPacket]:
    """The packets of one VP8 frame; each carries its own number, so that joined data can be checked."""
    out = []
    for part in range(parts):
        head = b"\x10" if part == 0 else b"\x00"
        body = (KEY if key else DELTA) if part == 0 else b""
        data = body + bytes([part])
        out.append(
            MediaPacket(
                ssrc=ssrc,
                sequence=(first + part) & 0xFFFF,
                timestamp=timestamp,
                marker=marker and part == parts - 1,
                payload=head + data,
                data=data,
                arrival_ms=at,
            )
        )
    return out


def sound(sequence: int, at: float = 0.0, ssrc: int = 2, step: int = 960) -> MediaPacket:
    """One Opus packet of 20 ms (first byte 0x08: SILK, one frame) whose data is its number."""
    data = b"\x08" + (sequence & 0xFFFF).to_bytes(2, "big")
    return MediaPacket(ssrc, sequence & 0xFFFF, (sequence * step) & 0xFFFFFFFF, False, data, data, at)


def late(packet: MediaPacket, at: float) -> MediaPacket:
    """The same packet at another time."""
    return replace(packet, arrival_ms=at)
