"""Packets to frames, without I/O and without a clock: arrival times come with the packets.

Laws: a frame leaves once, whole, in order, at its last packet (the marker bit). What is missing is asked for again.
A hole is left behind where nothing that follows builds on what is in it, or at a whole keyframe behind it; else a
keyframe is asked for. Everything held is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hoovik_rtc.media import descriptor
from hoovik_rtc.media.layers import Layers
from hoovik_rtc.media.missing import Missing
from hoovik_rtc.media.packets import EncodedFrame, MediaPacket

MAX_HELD = 1024
"Video packets held at most; at 720p30 and 2.5 Mbit/s that is about 4 s."
MAX_JUMP = 3000
"A sequence number farther away than this is another stream or an attack."
ASKS_PER_S = 200.0
"Packets asked for per second: a third of a 720p stream, and once more."
GIVE_UP_MS = 250.0
"A hole older than this (and older than packets lately came late by themselves) needs a keyframe."
GIVE_UP_TRIPS = 4.0
"…and than so many round trips: it was asked for three or four times."
PLI_EVERY_MS = 300.0
"A keyframe is asked for at most this often, and not before an answer can have come."
KEYFRAME_MS = 600.0
"A keyframe that has begun to arrive is not asked for again for so long: it is being repaired."


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
        self._missing = Missing(ASKS_PER_S, count, "video")
        self._layers = Layers(count)
        self._held: dict[int, MediaPacket] = {}
        self._keys: list[int] = []  # those held that begin a keyframe, ascending
        self._ssrc: int | None = None
        self._highest = 0
        self._next: int | None = None  # extended number of the first packet of the next frame; None: out of sync
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
        self._missing.arrived(number, packet.arrival_ms)
        if number in self._held or number <= self._delivered or (self._next is not None and number < self._next):
            self._count("video_duplicate_or_late")
        else:
            self._hold(number, packet)
            self._bound(packet.arrival_ms, out)
            self._drain(packet.arrival_ms, out)
        self._mind_the_hole(packet.arrival_ms, out)
        out.resend = self._missing.due(packet.arrival_ms)
        return out

    def request_keyframe(self) -> None:
        """The decoder lost its way: nothing but a keyframe helps."""
        self._next = None

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
        self._forget_before(None)
        self._missing.clear()
        self._next = None

    def _extend(self, sequence: int) -> int | None:
        """The 16-bit number extended beyond wrap-around, or None where it is absurd."""
        difference = ((sequence - self._highest + 0x8000) & 0xFFFF) - 0x8000
        if abs(difference) > MAX_JUMP:
            return None
        number = self._highest + difference
        self._highest = max(self._highest, number)
        return number

    def _hold(self, number: int, packet: MediaPacket) -> None:
        self._held[number] = packet
        if _starts_keyframe(packet):
            self._keys = sorted([*self._keys, number])

    def _bound(self, now_ms: float, out: Assembled) -> None:
        behind = 0 if self._next is None else self._highest - self._next
        if len(self._held) > MAX_HELD or behind > MAX_HELD:
            self._count("video_assembler_overflow")
            self._forget_before(None)
            self._next = None
            self._ask(now_ms, out)

    def _drain(self, now_ms: float, out: Assembled) -> None:
        if self._next is None and self._keys:
            self._go_on_at(self._keys[-1])  # the newest; what lies before it is forgotten
        while self._next is not None:
            last = self._end_of_frame(self._next)
            if last is None:
                break
            first, self._next, self._delivered = self._next, last + 1, last
            frame = self._take(first, last, now_ms)
            if frame is not None:
                out.frames.append(frame)

    def _go_on_at(self, number: int) -> None:
        self._next = number
        self._forget_before(number)

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
        if self._keys and self._keys[0] <= last:
            self._keys = [key for key in self._keys if key > last]
        packets = [packet for packet in packets if packet.data]
        if not packets:
            return None  # padding only (bandwidth probes)
        head = packets[0]
        place = descriptor.read(head.payload)
        if not place.starts:
            self._count("video_frame_without_start")
            self._next = None
            return None
        keyframe = _starts_keyframe(head)
        if not self._layers.take(place, keyframe):
            return None
        return EncodedFrame(
            data=packets[0].data if len(packets) == 1 else b"".join(packet.data for packet in packets),
            timestamp=head.timestamp,
            ssrc=head.ssrc,
            keyframe=keyframe,
            discardable=place.discardable,
            arrival_ms=now_ms,
        )

    def _mind_the_hole(self, now_ms: float, out: Assembled) -> None:
        if self._next is None:
            self._forget_before(self._highest - MAX_HELD // 2)
            self._ask(now_ms, out)
            return
        if self._highest < self._next:
            return
        first = next((n for n in range(self._next, self._highest) if n not in self._held), None)
        if first is None:
            return
        since = self._missing.since(first)
        late_ms = self._missing.hold_ms(now_ms)
        age_ms = float("inf") if since is None else now_ms - since  # too many to be asked for: they will not come
        if age_ms < late_ms:
            return
        ahead = self._past(first)
        if ahead is not None:
            self._count("video_hole_skipped")
            self._go_on_at(ahead)
            self._drain(now_ms, out)
        elif age_ms > max(GIVE_UP_MS, GIVE_UP_TRIPS * self._missing.round_trip_ms) + late_ms:
            key = next((key for key in self._keys if key > self._next), None)
            if key is not None and (self._next not in self._keys or age_ms > KEYFRAME_MS):
                self._count("video_hole_skipped")
                self._go_on_at(key)  # not whole yet: it is what is asked for from now on
            self._ask(now_ms, out)

    def _past(self, hole: int) -> int | None:
        """Where to go on behind a hole without what is in it; None where that cannot be known or done."""
        for key in reversed(self._keys):
            if key > hole and self._end_of_frame(key) is not None:
                return key
        begun = None
        for number in range(self._next or hole, self._highest + 1):
            packet = self._held.get(number)
            if packet is None or not packet.data:
                continue
            place = descriptor.read(packet.payload)
            if number > hole and place.starts:
                return number if self._layers.skip_to(place, begun) else None
            begun = place
        return None

    def _ask(self, now_ms: float, out: Assembled) -> None:
        if self._keys and now_ms - self._held[self._keys[-1]].arrival_ms < KEYFRAME_MS:
            return
        if now_ms - self._pli_at >= max(PLI_EVERY_MS, 1.2 * self._missing.round_trip_ms):
            self._pli_at = now_ms
            out.want_keyframe = True

    def _forget_before(self, number: int | None) -> None:
        for old in [held for held in self._held if number is None or held < number]:
            del self._held[old]
        self._keys = [key for key in self._keys if key in self._held]
        self._missing.settle(0, self._highest + 1 if number is None else number)


def _starts_keyframe(packet: MediaPacket) -> bool:
    """The P bit of the VP8 payload header is 0 in keyframes (RFC 7741, 4.3)."""
    if not packet.data or packet.data[0] & 0x01:
        return False
    return bool(packet.payload[0] & 0x10) and not packet.payload[0] & 0x07
