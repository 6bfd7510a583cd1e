"""Packets to frames, without I/O and without a clock: arrival times come with the packets.

Laws: a frame leaves once, whole, in order, at its last packet (the marker bit). What cannot be completed in
time is given up, counted, and a keyframe is asked for. Everything held is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hoovik_rtc.media.packets import EncodedFrame, MediaPacket

MAX_HELD = 1024
"Video packets held at most; at 720p30 and 2.5 Mbit/s that is about 4 s."
MAX_JUMP = 3000
"A sequence number farther away than this is another stream or an attack."
REPEAT_NACK_MS = 100.0
"A hole still open after this is asked for again (aiortc asks once)."
GIVE_UP_MS = 250.0
"A hole older than this is skipped at the next keyframe behind it."
PLI_EVERY_MS = 300.0
"A keyframe is asked for at most this often."


@dataclass(slots=True)
class Assembled:
    """What one packet brought about."""

    frames: list[EncodedFrame] = field(default_factory=list)
    "Frames that are whole now, in order."
    want_keyframe: bool = False
    "Send a PLI."
    resend: list[int] = field(default_factory=list)
    "Sequence numbers to ask for again (NACK), 0…65535."


class VideoAssembler:
    """Puts the VP8 packets of one track together (RFC 7741).

    Args:
        count: called with the name of each drop.
    """

    def __init__(self, count: Callable[[str], None]) -> None:
        self._count = count
        self._held: dict[int, MediaPacket] = {}
        self._ssrc: int | None = None
        self._highest = 0
        self._next: int | None = None  # extended number of the first packet of the next frame; None: out of sync
        self._hole_since: float | None = None
        self._nacked_at = 0.0
        self._pli_at = float("-inf")
        self._delivered = -1  # nothing up to this number leaves again
        self._jumped_to: int | None = None

    def push(self, packet: MediaPacket) -> Assembled:
        """Take one packet in any order; padding-only and duplicate packets are fine."""
        out = Assembled()
        if packet.ssrc != self._ssrc:
            self._restart(packet)
        number = self._extend(packet.sequence)
        if number is None:
            # One packet far away is an error or an attack, two in a row are a stream that goes on (RFC 3550, A.1).
            confirmed = packet.sequence == self._jumped_to
            self._jumped_to = (packet.sequence + 1) & 0xFFFF
            if not confirmed:
                self._count("video_sequence_jump")
                return out
            self._restart(packet)
            number = self._highest
        if number in self._held or number <= self._delivered or (self._next is not None and number < self._next):
            self._count("video_duplicate_or_late")
        else:
            self._held[number] = packet
            self._bound(packet.arrival_ms, out)
            self._drain(packet.arrival_ms, out)
        self._mind_the_hole(packet.arrival_ms, out)
        return out

    def request_keyframe(self) -> None:
        """The decoder lost its way: nothing but a keyframe helps."""
        self._lose_sync()

    @property
    def waits_for_keyframe(self) -> bool:
        """Whether frames are dropped until a keyframe comes."""
        return self._next is None

    def _restart(self, packet: MediaPacket) -> None:
        if self._ssrc is not None:
            self._count("video_stream_restarted")
        self._ssrc = packet.ssrc
        self._highest = packet.sequence + (1 << 16)
        self._delivered = -1
        self._jumped_to = None
        self._held.clear()
        self._lose_sync()

    def _lose_sync(self) -> None:
        self._next = None
        self._hole_since = None

    def _extend(self, sequence: int) -> int | None:
        """The 16-bit number extended beyond wrap-around, or None where it is absurd."""
        difference = ((sequence - self._highest + 0x8000) & 0xFFFF) - 0x8000
        if abs(difference) > MAX_JUMP:
            return None
        number = self._highest + difference
        self._highest = max(self._highest, number)
        return number

    def _bound(self, now_ms: float, out: Assembled) -> None:
        behind = 0 if self._next is None else self._highest - self._next
        if len(self._held) > MAX_HELD or behind > MAX_HELD:
            self._count("video_assembler_overflow")
            self._held.clear()
            self._lose_sync()
            self._ask(now_ms, out)

    def _drain(self, now_ms: float, out: Assembled) -> None:
        if self._next is None:
            self._seek_keyframe()
        while self._next is not None:
            last = self._end_of_frame(self._next)
            if last is None:
                break
            first, self._next, self._delivered = self._next, last + 1, last
            frame = self._take(first, last, now_ms)
            if frame is not None:
                out.frames.append(frame)

    def _seek_keyframe(self) -> None:
        """Continue at the newest keyframe whose beginning is here; forget what lies before it."""
        starts = [number for number, packet in self._held.items() if _starts_keyframe(packet)]
        if starts:
            self._next = max(starts)
            self._forget_before(self._next)
            self._hole_since = None

    def _end_of_frame(self, first: int) -> int | None:
        """The last packet of the frame that begins at `first`, where all of it is here."""
        number = first
        timestamp: int | None = None
        while (packet := self._held.get(number)) is not None:
            if packet.data:
                if timestamp is None:
                    timestamp = packet.timestamp
                elif packet.timestamp != timestamp:
                    return number - 1  # a sender that sets no marker: the next frame ends this one
            if packet.marker:
                return number
            number += 1
        return None

    def _take(self, first: int, last: int, now_ms: float) -> EncodedFrame | None:
        packets = [self._held.pop(number) for number in range(first, last + 1)]
        packets = [packet for packet in packets if packet.data]
        if not packets:
            return None  # padding only (bandwidth probes)
        head = packets[0]
        if not _starts_frame(head):
            self._count("video_frame_without_start")
            self._lose_sync()
            return None
        data = packets[0].data if len(packets) == 1 else b"".join(packet.data for packet in packets)
        return EncodedFrame(
            data=data,
            timestamp=head.timestamp,
            ssrc=head.ssrc,
            keyframe=_starts_keyframe(head),
            discardable=bool(head.payload[0] & 0x20),
            arrival_ms=now_ms,
        )

    def _mind_the_hole(self, now_ms: float, out: Assembled) -> None:
        if self._next is None:
            self._forget_before(self._highest - MAX_HELD // 2)
            self._ask(now_ms, out)
            return
        if not self._missing():
            self._hole_since = None
            return
        if self._hole_since is None:
            self._hole_since = self._nacked_at = now_ms  # aiortc has just sent the first NACK
            return
        if now_ms - self._hole_since > GIVE_UP_MS:
            behind = [n for n, packet in self._held.items() if n > self._next and _starts_keyframe(packet)]
            if behind:
                self._count("video_hole_skipped")
                self._next = max(behind)
                self._forget_before(self._next)
                self._hole_since = None
                self._drain(now_ms, out)
                return
            self._ask(now_ms, out)
        if now_ms - self._nacked_at >= REPEAT_NACK_MS:
            self._nacked_at = now_ms
            out.resend = [number & 0xFFFF for number in self._missing()[:64]]
            self._count("video_nack_repeated")

    def _missing(self) -> list[int]:
        if self._next is None:
            return []
        return [number for number in range(self._next, self._highest) if number not in self._held]

    def _ask(self, now_ms: float, out: Assembled) -> None:
        if now_ms - self._pli_at >= PLI_EVERY_MS:
            self._pli_at = now_ms
            out.want_keyframe = True

    def _forget_before(self, number: int) -> None:
        for old in [held for held in self._held if held < number]:
            del self._held[old]


def _starts_frame(packet: MediaPacket) -> bool:
    """S bit with partition 0 (RFC 7741, 4.2)."""
    return bool(packet.data) and bool(packet.payload[0] & 0x10) and not packet.payload[0] & 0x07


def _starts_keyframe(packet: MediaPacket) -> bool:
    """The P bit of the VP8 payload header is 0 in keyframes (RFC 7741, 4.3)."""
    return _starts_frame(packet) and not packet.data[0] & 0x01
