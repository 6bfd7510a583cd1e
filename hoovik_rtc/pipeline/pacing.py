"""Several times a second: how loaded is it, and who is to be told?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from hoovik_rtc import clock
from hoovik_rtc.pipeline.load import Load, People
from hoovik_rtc.pipeline.participant import Participant
from hoovik_rtc.telemetry import Telemetry

EVERY_S = 0.2


class Pacing:
    """Steps the rates of all participants, and says each step to every one of them."""

    def __init__(
        self,
        load: Load,
        participants: Callable[[], Iterable[Participant]],
        cpu_ms: Callable[[], float],
        telemetry: Telemetry,
    ) -> None:
        self._load = load
        self._participants = participants
        self._cpu_ms = cpu_ms
        self._telemetry = telemetry
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin."""
        self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._tick)

    def stop(self) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        self.start()  # first: whatever is raised below goes to the loop's handler, and the next tick comes
        everyone = list(self._participants())
        people = People(
            connected=sum(one.link is not None for one in everyone),
            analysed=sum(one.analysed for one in everyone),
            watched=sum(one.watched for one in everyone),
        )
        advice = self._load.tick(clock.now_ms(), people, self._cpu_ms())
        if advice is not None:
            self._telemetry.count("load_step_down" if advice.reason == "overloaded" else "load_step_up")
            for one in everyone:
                one.advise(advice)
