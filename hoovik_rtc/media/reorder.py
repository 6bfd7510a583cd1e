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
        self._last_timestamp = 0
        self._hole_since: float | None = None

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
            self._count("audio_sequence_jump")
            return out
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
        self._held.clear()
        self._hole_since = None
        self._due_timestamp = None

    def _drain(self, out: list[EncodedSound]) -> None:
        while (packet := self._held.pop(self._next, None)) is not None:
            out.append(
                EncodedSound(
                    data=packet.data,
                    timestamp=packet.timestamp,
                    ssrc=packet.ssrc,
                    lost_samples=0,
                    arrival_ms=packet.arrival_ms,
                )
            )
            if self._due_timestamp is not None:
                step = (packet.timestamp - self._last_timestamp) & 0xFFFFFFFF
            else:
                step = 960
            # RTP says where a packet begins, not how long it is: the step between two is the length.
            length = step if 0 < step <= 5760 else 960
            self._last_timestamp = packet.timestamp
            self._due_timestamp = (packet.timestamp + length) & 0xFFFFFFFF
            self._next = (self._next + 1) & 0xFFFF
            self._hole_since = None

    def _give_up(self, now_ms: float, out: list[EncodedSound]) -> None:
        first = min(self._held, key=lambda number: (number - self._next) & 0xFFFF)
        lost = (first - self._next) & 0xFFFF
        self._count("audio_packets_lost")
        packet = self._held[first]
        if self._due_timestamp is not None and lost:
            samples = (packet.timestamp - self._due_timestamp) & 0xFFFFFFFF
            if 0 < samples <= MAX_CONCEAL:
                out.append(
                    EncodedSound(
                        data=b"",
                        timestamp=self._due_timestamp,
                        ssrc=packet.ssrc,
                        lost_samples=samples,
                        arrival_ms=now_ms,
                    )
                )
        self._next = first
        self._last_timestamp = (packet.timestamp - 960) & 0xFFFFFFFF
        self._hole_since = None
        self._drain(out)
        if self._held:
            self._hole_since = now_ms
