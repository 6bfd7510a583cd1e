"""Opus packets in order, without I/O and without a clock: at once when in order, after 60 ms with a hole.

A hole is not waited for longer than that: it is handed on as lost, for the decoder to conceal. The wait ends
with the hole, so a burst of loss leaves no delay behind.
"""

from __future__ import annotations

from collections.abc import Callable

from hoovik_rtc.media.packets import EncodedSound, MediaPacket

MAX_WAIT_MS = 60.0
"How long a hole is waited for."
MAX_HELD = 32
"Packets held at most: 640 ms of 20 ms packets."
MAX_JUMP = 3000
"A sequence number farther away than this is another stream or an attack."
MAX_CONCEAL = 48_000
"A hole longer than this many samples (1 s) is a pause, not a loss: nothing is concealed."


class AudioReorderer:
    """Orders the packets of one Opus track.

    Args:
        count: called with the name of each drop.
    """

    def __init__(self, count: Callable[[str], None]) -> None:
        self._count = count
        self._held: dict[int, MediaPacket] = {}
        self._ssrc: int | None = None
        self._next = 0
        self._due_timestamp: int | None = None  # where the last packet handed on ends
        self._hole_since: float | None = None
        self._jumped_to: int | None = None

    def push(self, packet: MediaPacket) -> list[EncodedSound]:
        """Take one packet in any order; what is in order now comes back, holes included."""
        out: list[EncodedSound] = []
        if not packet.data:
            self._count("audio_empty_packet")
            return out
        if packet.ssrc != self._ssrc:
            self._restart(packet)
        difference = ((packet.sequence - self._next + 0x8000) & 0xFFFF) - 0x8000
        if abs(difference) > MAX_JUMP:
            # One packet far away is an error or an attack, two in a row are a stream that goes on (RFC 3550, A.1).
            confirmed = packet.sequence == self._jumped_to
            self._jumped_to = (packet.sequence + 1) & 0xFFFF
            if not confirmed:
                self._count("audio_sequence_jump")
                return out
            self._restart(packet)
            difference = 0
        if difference < 0 or packet.sequence in self._held:
            self._count("audio_duplicate_or_late")
            return out
        self._held[packet.sequence] = packet
        self._drain(out)
        if self._held:
            if self._hole_since is None:
                self._hole_since = packet.arrival_ms
            waited = packet.arrival_ms - self._hole_since
            if waited >= MAX_WAIT_MS or len(self._held) > MAX_HELD:
                self._give_up(packet.arrival_ms, out)
        return out

    def _restart(self, packet: MediaPacket) -> None:
        if self._ssrc is not None:
            self._count("audio_stream_restarted")
        self._ssrc = packet.ssrc
        self._next = packet.sequence
        self._jumped_to = None
        self._held.clear()
        self._hole_since = None
        self._due_timestamp = None

    def _drain(self, out: list[EncodedSound]) -> None:
        while (packet := self._held.pop(self._next, None)) is not None:
            # No packet is missing, yet time may have passed: a silent sender sends nothing (Opus DTX).
            self._fill(packet, packet.arrival_ms, True, out)
            out.append(
                EncodedSound(
                    data=packet.data,
                    timestamp=packet.timestamp,
                    ssrc=packet.ssrc,
                    lost_samples=0,
                    arrival_ms=packet.arrival_ms,
                )
            )
            self._due_timestamp = (packet.timestamp + opus_samples(packet.data)) & 0xFFFFFFFF
            self._next = (self._next + 1) & 0xFFFF
            self._hole_since = None

    def _fill(self, packet: MediaPacket, now_ms: float, silent: bool, out: list[EncodedSound]) -> None:
        """The time between the last packet handed on and this one, as a hole."""
        if self._due_timestamp is None:
            return
        samples = (packet.timestamp - self._due_timestamp) & 0xFFFFFFFF
        if 0 < samples <= MAX_CONCEAL:
            out.append(EncodedSound(b"", self._due_timestamp, packet.ssrc, samples, now_ms, silent=silent))

    def _give_up(self, now_ms: float, out: list[EncodedSound]) -> None:
        first = min(self._held, key=lambda number: (number - self._next) & 0xFFFF)
        lost = (first - self._next) & 0xFFFF
        self._count("audio_packets_lost")
        packet = self._held[first]
        if lost:
            self._fill(packet, now_ms, False, out)
        self._next = first
        self._due_timestamp = packet.timestamp
        self._hole_since = None
        self._drain(out)
        if self._held:
            self._hole_since = now_ms


def opus_samples(data: bytes) -> int:
    """Length of an Opus packet in samples at 48 kHz, from its first bytes (RFC 6716, 3.1 and 3.2); at most 120 ms."""
    config, code = data[0] >> 3, data[0] & 0x03
    if config < 12:
        frame = (480, 960, 1920, 2880)[config & 3]  # SILK
    elif config < 16:
        frame = (480, 960)[config & 1]  # hybrid
    else:
        frame = (120, 240, 480, 960)[config & 3]  # CELT
    frames = 1 if code == 0 else 2 if code < 3 else (data[1] & 0x3F if len(data) > 1 else 1)
    return min(max(frames, 1) * frame, 5760)
