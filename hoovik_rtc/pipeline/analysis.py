"""Where eyes and ears work: on threads of this process, or in processes of their own (several.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from hoovik_rtc.media.packets import EncodedFrame, EncodedSound
from hoovik_rtc.pipeline.ear import Ear, Heard
from hoovik_rtc.pipeline.eye import Expressed, Eye, Seen
from hoovik_rtc.pipeline.meter import Meter
from hoovik_rtc.pipeline.voice_engine import VoiceEngine
from hoovik_rtc.pipeline.workers import Workers
from hoovik_rtc.telemetry import Counts

if TYPE_CHECKING:
    from hoovik_rtc.pipeline.engine import Senses


class AnEye(Protocol):
    """Decodes and looks; see Eye."""

    @property
    def depth(self) -> int:
        """Frames and pictures that wait for a thread."""
        ...

    def put(self, frame: EncodedFrame, look: bool, spare: bool) -> None:
        """Decode a frame, and look at its picture where it is time to; see Eye."""
        ...

    def calibrate(self) -> None:
        """The next measured face is the neutral one."""
        ...

    def express(self, on: bool) -> None:
        """Read the expression of faces from now on, or read it no more."""
        ...

    def stop(self) -> None:
        """Decode nothing further, beginning now."""
        ...

    async def close(self) -> None:
        """Returns when nothing is decoded any more."""
        ...


class AnEar(Protocol):
    """Decodes and listens; see Ear."""

    @property
    def depth(self) -> int:
        """Stretches of packets that wait for a thread."""
        ...

    def put(self, sounds: Sequence[EncodedSound]) -> None:
        """Listen to packets and holes, oldest first."""
        ...

    def express(self, on: bool) -> None:
        """Read what the voice expresses from now on, or read it no more."""
        ...

    def stop(self) -> None:
        """Decode nothing further, beginning now."""
        ...

    async def close(self) -> None:
        """Returns when nothing is decoded any more."""
        ...


class Analysis(Protocol):
    """Gives participants their eyes and ears. What they are given is called on the event loop."""

    def eye(
        self, seen: Callable[[Seen], None], expressed: Callable[[Expressed], None], lost: Callable[[], None]
    ) -> AnEye:
        """An eye.

        Args:
            seen: gets each picture that was looked at.
            expressed: gets each expression that was read; none is until the eye is told to.
            lost: called where only a keyframe helps.
        """
        ...

    def ear(self, heard: Callable[[list[Heard], int], None]) -> AnEar:
        """An ear: `heard` gets the estimates that packets completed, and how many samples (16 kHz) it waits for."""
        ...

    @property
    def cpu_ms(self) -> float:
        """CPU time used so far outside this process, ms."""
        ...

    @property
    def speech(self) -> VoiceEngine:
        """Which engine reads voices."""
        ...

    async def close(self) -> None:
        """Let go of everything; every eye and ear was closed."""
        ...


class InThreads:
    """Eyes and ears on thread pools of this process.

    Args:
        workers: pools.
        engine: makes the observers.
        meter: told what waits and what it costs.
        telemetry: counters and durations.
    """

    def __init__(self, workers: Workers, engine: Senses, meter: Meter, telemetry: Counts) -> None:
        self._loop = asyncio.get_running_loop()
        self._workers = workers
        self._engine = engine
        self._meter = meter
        self._telemetry = telemetry
        self._speech = engine.encoder.start(telemetry)

    def eye(
        self, seen: Callable[[Seen], None], expressed: Callable[[Expressed], None], lost: Callable[[], None]
    ) -> AnEye:
        """An eye on the pools."""
        call = self._loop.call_soon_threadsafe
        return Eye(
            self._workers,
            self._engine.face,
            self._engine.expression,
            lambda one: call(seen, one),
            lambda one: call(expressed, one),
            lambda: call(lost),
            self._meter,
            self._telemetry,
            self._engine.vectors,
        )

    def ear(self, heard: Callable[[list[Heard], int], None]) -> AnEar:
        """An ear on the pools."""
        call = self._loop.call_soon_threadsafe
        return Ear(
            self._workers,
            self._engine.voice,
            lambda ones, wanted: call(heard, ones, wanted),
            self._meter,
            self._telemetry,
            self._speech,
        )

    @property
    def cpu_ms(self) -> float:
        """Nothing is used outside this process."""
        return 0.0

    @property
    def speech(self) -> VoiceEngine:
        """Which engine reads voices."""
        return self._engine.encoder.engine(self._speech)

    async def close(self) -> None:
        """The pools are their owner's."""
        if self._speech is not None:
            await self._loop.run_in_executor(None, self._speech.close)
