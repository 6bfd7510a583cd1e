"""How late the event loop comes to what is due: the time that something else held it."""

from __future__ import annotations

import asyncio

from hoovik_rtc import clock
from hoovik_rtc.telemetry import Telemetry

EVERY_MS = 100.0


class StallSampler:
    """Asks to be called every 100 ms and notes how many ms later that happens, as the stage `loop_stall`."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            due = clock.now_ms() + EVERY_MS
            await asyncio.sleep(EVERY_MS / 1000)
            self._telemetry.took("loop_stall", max(0.0, clock.now_ms() - due))
