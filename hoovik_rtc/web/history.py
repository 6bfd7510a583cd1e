"""What the service did in the last minutes, sampled now and then: for the plots of `/stats`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from hoovik_rtc import clock
from hoovik_rtc.bot import Bot
from hoovik_rtc.telemetry import Figures
from hoovik_rtc.web.keys import BOT

EVERY_S = 5.0
"Between two samples; one takes well under a millisecond of the loop (`python -m tests.bench.telemetry_cost`)."
SAMPLES = 120
"Ten minutes."
RATE_S = 60.0
"`last minute` of a counter."


@dataclass(frozen=True, slots=True)
class Sample:
    """The service at one moment."""

    at_ms: float
    "Unix ms."
    cpu_ms: float
    "CPU time so far, of all our processes."
    cpu: float | None
    "CPU since the sample before, in cores; None for the first."
    participants: int
    queue_depth: float
    "Faces that wait to be measured, mean of 1 s."
    load: float
    "Share of all cores that the participants would take at the lowest rates; newcomers are refused from 0.7."
    face_rate_hz: float
    "How often each face is measured, at most."
    avatar: Figures | None
    "Last packet → avatar_frame since the sample before, as `Telemetry.recent`; None where there was none."
    voice: Figures | None
    "Last packet → voice, likewise."
    late: Figures | None
    "How late the event loop was, likewise."
    counters: dict[str, int]
    "All counters."


class History:
    """The newest samples, oldest first."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self.samples: deque[Sample] = deque(maxlen=SAMPLES)

    def sample(self) -> None:
        """Take one sample, now."""
        now = clock.now_ms()
        before = self.samples[-1] if self.samples else None
        seconds = EVERY_S if before is None else (now - before.at_ms) / 1000
        totals, telemetry = self._bot.totals(), self._bot.telemetry
        cpu = totals["cpu_s"] * 1000
        self.samples.append(
            Sample(
                at_ms=now,
                cpu_ms=cpu,
                cpu=None if before is None or now <= before.at_ms else (cpu - before.cpu_ms) / (now - before.at_ms),
                participants=totals["participants"],
                queue_depth=totals["queue_depth"],
                load=totals["load"],
                face_rate_hz=totals["face_rate_hz"],
                avatar=telemetry.recent("last_packet_to_avatar", seconds),
                voice=telemetry.recent("last_packet_to_voice", seconds),
                late=telemetry.recent("loop_stall", seconds),
                counters=telemetry.counters(),
            )
        )

    def lately(self, counters: dict[str, float]) -> dict[str, float]:
        """How far each counter went in the last minute, or since the first sample."""
        now = clock.now_ms()
        before: dict[str, int] = {}
        for sample in self.samples:
            if now - sample.at_ms < RATE_S * 1000:
                before = sample.counters
                break
        return {name: value - before.get(name, 0) for name, value in counters.items()}

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            self.sample()
            await asyncio.sleep(EVERY_S)


HISTORY = web.AppKey("history", History)


async def kept(app: web.Application) -> AsyncIterator[None]:
    """Keep a history while the application runs; one of its `cleanup_ctx`."""
    app[HISTORY] = history = History(app[BOT])
    running = asyncio.ensure_future(history.run())
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
