"""Messages for whoever listens over HTTP instead of a data channel: a bounded queue, oldest avatar frames first out."""

from __future__ import annotations

import asyncio
from collections import deque

from hoovik_rtc.media.channels import Kind
from hoovik_rtc.telemetry import Telemetry

MAX_WAITING = 256
"Messages that may wait: about six seconds of one participant."


class EventStream:
    """One listener's messages. Written on the loop, read by one task."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._waiting: deque[tuple[Kind, str]] = deque()
        self._some = asyncio.Event()
        self._closed = False
        self._telemetry = telemetry

    def send(self, kind: Kind, text: str) -> bool:
        """Add a message; a full queue drops its oldest avatar frame, else its oldest message, and counts it."""
        if self._closed:
            return False
        if len(self._waiting) >= MAX_WAITING:
            self._drop()
        self._waiting.append((kind, text))
        self._some.set()
        return True

    async def next(self) -> str | None:
        """The next message; None after the end."""
        while not self._waiting:
            if self._closed:
                return None
            self._some.clear()
            await self._some.wait()
        return self._waiting.popleft()[1]

    def close(self) -> None:
        """No further messages; what waits is still read."""
        self._closed = True
        self._some.set()

    def _drop(self) -> None:
        self._telemetry.count("event_stream_dropped")
        for index, (kind, _) in enumerate(self._waiting):
            if kind == "avatar":
                del self._waiting[index]
                return
        self._waiting.popleft()
