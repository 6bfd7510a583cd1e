"""Opus packets in order, without I/O and without a clock: at once when in order, and what is lost as well as it goes.

A lost packet is recovered at once from the one behind it where that repeats it (in-band FEC); else it is asked for
and waited for, as long as such packets lately took to come and 320 ms at most; then it is handed on as a hole, for
the decoder to conceal. The wait ends with the hole, so a burst of loss leaves no delay behind.
"""

from __future__ import annotations

from collections.abc import Callable

from hoovik_rtc.media.missing import MIN_WAIT_MS, Missing
from hoovik_rtc.media.opus_packet import opus_carries_fec, opus_samples
from hoovik_rtc.media.packets import EncodedSound, MediaPacket

ASKS_PER_S = 25.0
"Packets asked for per second: half of a stream of 20 ms packets."
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
        recovers: whether the decoder can recover a packet from the one behind it.
    """

    def __init__(self, count: Callable[[str], None], *, recovers: bool = True) -> None:
        self._count = count
        self._recovers = recovers
        self._missing = Missing(ASKS_PER_S, count, "audio")
        self._held: dict[int, MediaPacket] = {}
        self._ssrc: int | None = None
        self._next = 0  # sequence number extended beyond wrap-around
        self._due_timestamp: int | None = None  # where the last packet handed on ends
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
        number = self._next + difference
        self._missing.arrived(number, packet.arrival_ms)
        if difference < 0 or number in self._held:
            self._count("audio_duplicate_or_late")
            return out
        self._held[number] = packet
        self._drain(out)
        while self._held and self._resolve(packet.arrival_ms, out):
            self._drain(out)
        return out

    def due(self, now_ms: float) -> list[int]:
        """Sequence numbers to ask for again now (NACK), 0…65535."""
        return self._missing.due(now_ms)

    def _restart(self, packet: MediaPacket) -> None:
        if self._ssrc is not None:
            self._count("audio_stream_restarted")
        self._ssrc = packet.ssrc
        self._next = packet.sequence + (1 << 16)
        self._jumped_to = None
        self._held.clear()
        self._missing.clear()
        self._due_timestamp = None

    def _drain(self, out: list[EncodedSound]) -> None:
        while (packet := self._held.pop(self._next, None)) is not None:
            # No packet is missing, yet time may have passed: a silent sender sends nothing (Opus DTX).
            samples = self._samples_before(packet)
            if samples and self._due_timestamp is not None:
                out.append(_hole(packet, self._due_timestamp, samples, packet.arrival_ms, silent=True))
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
            self._next += 1

    def _resolve(self, now_ms: float, out: list[EncodedSound]) -> bool:
        """Whether the hole before the first packet that is held was closed, one way or another."""
        first = min(self._held)
        packet = self._held[first]
        since = self._missing.since(self._next)
        waited = float("inf") if since is None else now_ms - since  # a hole too wide to be listed is not waited for
        again = self._recovers and opus_carries_fec(packet.data)
        if again:
            self._missing.settle(first - 1, first)
        whole = again and first == self._next + 1
        patience = min(self._missing.hold_ms(now_ms), MIN_WAIT_MS) if whole else self._missing.wait_ms
        if waited < patience and len(self._held) <= MAX_HELD:
            return False
        if not whole:
            self._count("audio_packets_lost")
        self._fill(packet, again, now_ms, out)
        self._missing.settle(self._next, first)
        self._next = first
        self._due_timestamp = packet.timestamp
        return True

    def _fill(self, packet: MediaPacket, again: bool, now_ms: float, out: list[EncodedSound]) -> None:
        """The time before `packet` that nothing else will fill: to be concealed, its end to be recovered."""
        samples, start = self._samples_before(packet), self._due_timestamp
        if not samples or start is None:
            return
        recovered = min(samples, opus_samples(packet.data)) if again else 0
        if samples > recovered:
            out.append(_hole(packet, start, samples - recovered, now_ms))
        if recovered:
            start = (start + samples - recovered) & 0xFFFFFFFF
            out.append(EncodedSound(packet.data, start, packet.ssrc, recovered, now_ms))

    def _samples_before(self, packet: MediaPacket) -> int:
        """How much time lies between what was handed on last and this packet; 0 where it is no hole but a pause."""
        if self._due_timestamp is None:
            return 0
        samples = (packet.timestamp - self._due_timestamp) & 0xFFFFFFFF
        return samples if samples <= MAX_CONCEAL else 0


def _hole(packet: MediaPacket, start: int, samples: int, now_ms: float, *, silent: bool = False) -> EncodedSound:
    return EncodedSound(b"", start, packet.ssrc, samples, now_ms, silent=silent)
