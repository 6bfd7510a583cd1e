"""Encoded media as a track that aiortc sends."""

from __future__ import annotations

import asyncio
import fractions
from typing import Any

import av
from aiortc import MediaStreamTrack

from hoovik_rtc import clock


class Playing(MediaStreamTrack):
    """Hands aiortc one encoded packet at its time."""

    def __init__(self, kind: str, packets: tuple[bytes, ...], per_second: float, sent: list[float]) -> None:
        super().__init__()
        self.kind = kind
        self._packets = packets
        self._per_second = per_second
        self._sent = sent
        self._index = 0
        self._ahead = 0
        self._start: float | None = None
        self.paused = False
        self.phase: float | None = None
        "If set, the first packet leaves at the next moment that lies so many seconds behind a whole one."
        self.started_ms: float | None = None
        "When the first packet is due, Unix ms; each further one is due at its time after it."

    def jump_to(self, wanted: tuple[bool, ...]) -> None:
        """Go on at the next of the packets that are wanted, leaving out those before it."""
        for ahead in range(len(wanted)):
            if wanted[(self._index + self._ahead + ahead) % len(wanted)]:
                self._ahead += ahead
                return

    async def recv(self) -> av.Packet[Any]:
        """The next packet, when it is due."""
        loop = asyncio.get_running_loop()
        if self._start is None:
            self._start = loop.time()
            if self.phase is not None:
                self._start += (self.phase - self._start) % 1.0
            self.started_ms = clock.now_ms() + (self._start - loop.time()) * 1000
        while True:
            due = self._start + self._index / self._per_second
            await asyncio.sleep(max(0.0, due - loop.time()))
            index, self._index = self._index, self._index + 1
            if not self.paused:
                break
        packet = av.Packet(self._packets[(index + self._ahead) % len(self._packets)])
        clock_rate = 90_000 if self.kind == "video" else 48_000
        packet.pts = packet.dts = round(index * clock_rate / self._per_second)
        packet.time_base = fractions.Fraction(1, clock_rate)
        self._sent.append(clock.now_ms())
        return packet
