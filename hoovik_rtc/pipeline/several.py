"""Eyes and ears spread over processes, one for each core: one thread of Python uses no more than one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hoovik_inference.types import LIGHT
from hoovik_rtc.config import Config
from hoovik_rtc.pipeline.analysis import AnEar, AnEye
from hoovik_rtc.pipeline.ear import Heard
from hoovik_rtc.pipeline.eye import Expressed, Seen
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.outside import InProcess
from hoovik_rtc.pipeline.voice_engine import VoiceEngine
from hoovik_rtc.pipeline.workers import FACE_THREADS
from hoovik_rtc.telemetry import Telemetry


def processes(config: Config, cores: float) -> int:
    """How many processes analyse: what the config says, or one for each core, but as many as a pool has threads."""
    return config.analysts or max(1, min(FACE_THREADS, int(cores)))


class InProcesses:
    """Eyes and ears in other processes. Lives on the event loop.

    An eye goes where an ear is without one, and the other way round: one participant alone costs less in one process,
    whose caches it keeps warm, than in two. With a large speech encoder all ears are in the first, which reads all
    voices in one batch.

    Args:
        each: the processes, started.
        together: whether all ears belong into the first.
    """

    def __init__(self, each: list[InProcess], together: bool = False) -> None:
        self.each = each
        self._together = together

    @classmethod
    async def start(cls, config: Config, load: Load, telemetry: Telemetry) -> InProcesses:
        """Start them; returns once the models in all are warm.

        Raises:
            AnalysisError: one ended, or did not get ready in time; the others are ended.
        """
        count = processes(config, load.cores)
        starting = [
            asyncio.ensure_future(
                InProcess.start(config, load, telemetry, hears=number == 0 or config.voice.engine == LIGHT)
            )
            for number in range(count)
        ]
        try:
            each = await asyncio.gather(*starting)
            return cls(each, together=each[0].encodes)
        except BaseException:  # one failed, or we are cancelled: none may be left
            for one in starting:
                one.cancel()
            ended = await asyncio.gather(*starting, return_exceptions=True)
            await asyncio.gather(*(one.close() for one in ended if isinstance(one, InProcess)))
            raise

    def eye(
        self, seen: Callable[[Seen], None], expressed: Callable[[Expressed], None], lost: Callable[[], None]
    ) -> AnEye:
        """An eye in one of them."""
        return self._best("eye").eye(seen, expressed, lost)

    def ear(self, heard: Callable[[list[Heard], int], None]) -> AnEar:
        """An ear in one of them."""
        return (self.each[0] if self._together else self._best("ear")).ear(heard)

    @property
    def cpu_ms(self) -> float:
        """CPU time used so far in all of them, ms."""
        return sum(one.cpu_ms for one in self.each)

    @property
    def speech(self) -> VoiceEngine:
        """Which engine reads voices."""
        return self.each[0].speech

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Blendshapes that the face observers cannot measure."""
        return self.each[0].unmeasured

    async def close(self) -> None:
        """End them all."""
        await asyncio.gather(*(one.close() for one in self.each))

    def _best(self, kind: str) -> InProcess:
        """Where the other of a participant's two may be; else where the least is done."""
        if self._together:
            return min(self.each, key=lambda one: (not one.ready, one.burden))
        return min(self.each, key=lambda one: (not one.ready, one.surplus(kind), one.burden))
