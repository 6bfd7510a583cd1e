"""Eyes and ears in a process of their own, seen from the service: analyst.py is the other side."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Callable
from typing import Any

from hoovik_rtc import clock
from hoovik_rtc.config import Config
from hoovik_rtc.errors import AnalysisError
from hoovik_rtc.media.packets import EncodedFrame, EncodedSound
from hoovik_rtc.pipeline.analysis import AnEar, AnEye
from hoovik_rtc.pipeline.analyst import pack, unpack
from hoovik_rtc.pipeline.ear import Heard
from hoovik_rtc.pipeline.eye import Seen
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.telemetry import Telemetry

logger = logging.getLogger(__name__)

START_S = 60.0
"The models are loaded by then, or something is wrong."
AGAIN_S = 1.0
"Between two tries to start it anew, the first time; then twice as long each."
CLOSE_S = 2.0
"It has ended by then, or is ended."
MAX_UNSENT = 512 * 1024
"Bytes that may wait on the way there, half a second of twelve people; beyond them media is dropped."
SILENT_S = 10.0
"It reports ten times a second. Where nothing came for so long it hangs, and is ended."
LIVED_S = 10.0
"One that ended sooner is started anew later and later."
MAX_AGAIN_S = 30.0


class InProcess:
    """Eyes and ears in one other process, which is started anew where it ends. Lives on the event loop.

    Args:
        config: handed on.
        load: absorbs what the other process counts.
        telemetry: the same.
    """

    def __init__(self, config: Config, load: Load, telemetry: Telemetry) -> None:
        self._config = config
        self._load = load
        self._telemetry = telemetry
        self._numbers = itertools.count()
        self._senses: dict[int, _Sense] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._starting: asyncio.StreamWriter | None = None  # the way there until it is ready
        self._back: asyncio.StreamWriter | None = None  # never written to; closes the way back
        self._task: asyncio.Task[None] | None = None
        self._cpu_ms = self._ended_cpu_ms = 0.0

    @classmethod
    async def start(cls, config: Config, load: Load, telemetry: Telemetry) -> InProcess:
        """Start it; returns once the models there are warm.

        Raises:
            AnalysisError: it ended, or did not get ready in time.
        """
        self = cls(config, load, telemetry)
        reader = await self._begin()
        self._task = asyncio.ensure_future(self._live(reader))
        self._task.add_done_callback(_say_why)
        return self

    def eye(self, seen: Callable[[Seen], None], lost: Callable[[], None]) -> AnEye:
        """An eye over there."""
        return _Eye(self, next(self._numbers), seen, lost)

    def ear(self, heard: Callable[[list[Heard]], None]) -> AnEar:
        """An ear over there."""
        return _Ear(self, next(self._numbers), heard)

    @property
    def cpu_ms(self) -> float:
        """CPU time used so far over there, ms."""
        return self._ended_cpu_ms + self._cpu_ms

    @property
    def ready(self) -> bool:
        """Whether it takes messages; not while it is being started anew."""
        return self._writer is not None

    @property
    def pid(self) -> int | None:
        """Of the other process."""
        return None if self._process is None else self._process.pid

    async def close(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._end()

    # What senses use.

    def add(self, number: int, sense: _Sense) -> None:
        """A sense opened."""
        self._senses[number] = sense
        self.send(sense.kind, number)

    def remove(self, number: int) -> None:
        """A sense was closed."""
        self._senses.pop(number, None)

    def send(self, *message: Any) -> None:
        """Pass a message on; where the process is being started anew, it is lost, and so is all that it was about."""
        if self._writer is not None and not self._writer.transport.is_closing():
            self._writer.write(pack(message))

    def full(self) -> bool:
        """Whether media must be dropped."""
        return self._writer is None or self._writer.transport.get_write_buffer_size() > MAX_UNSENT

    def dropped(self, name: str) -> None:
        """Media was dropped."""
        self._telemetry.count(name)

    # The process.

    async def _begin(self) -> asyncio.StreamReader:
        try:
            return await self._spawn()
        except OSError as exc:
            await self._end()
            raise AnalysisError(f"The process that analyses cannot be started: {exc}.") from exc
        except BaseException:
            await self._end()
            raise

    async def _spawn(self) -> asyncio.StreamReader:
        there, ours_out = socket.socketpair()
        back, ours_in = socket.socketpair()
        with there, back:
            _, self._starting = await asyncio.open_connection(sock=ours_out)
            reader, self._back = await asyncio.open_connection(sock=ours_in)
            fds = (there.fileno(), back.fileno())
            # -P: not from the working directory, but from where this process imports.
            command = [sys.executable, "-P", "-m", "hoovik_rtc.pipeline.analyst", *map(str, fds)]
            path = os.pathsep.join(part for part in sys.path if part)
            self._process = await asyncio.create_subprocess_exec(
                *command,
                pass_fds=fds,
                stdin=DEVNULL,
                env=os.environ | {"PYTHONPATH": path},
                start_new_session=True,  # Ctrl+C is for the service, which ends this one
            )
        self._starting.write(pack(("begin", self._config, clock.epoch_ms())))
        try:
            message = await asyncio.wait_for(unpack(reader), START_S)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as exc:
            process = self._process
            await self._end()
            raise AnalysisError(
                f"The process that analyses did not start (exit code {process.returncode}). Its own words are above; "
                "`hoovik-rtc doctor` says what is missing."
            ) from exc
        assert message == ("ready",)
        self._writer, self._starting = self._starting, None  # from here on senses may send
        return reader

    async def _live(self, reader: asyncio.StreamReader) -> None:
        again_s = AGAIN_S
        while True:
            began_ms = clock.now_ms()
            try:
                await self._listen(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                self._telemetry.count("analysis_process_ended")
                logger.error("the process that analyses ended; it is started anew")
            except TimeoutError:
                self._telemetry.count("analysis_process_hung")
                logger.error("the process that analyses hangs; it is started anew")
                if self._process is not None:
                    self._process.kill()
            await self._end()
            if clock.now_ms() - began_ms < LIVED_S * 1000:
                await asyncio.sleep(again_s)
                again_s = min(MAX_AGAIN_S, 2 * again_s)
            else:
                again_s = AGAIN_S
            reader = await self._again()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(SILENT_S) as patience:  # moved by its reports only: results come hundreds a second
            while True:
                what, *rest = await unpack(reader)
                if what == "report":
                    patience.reschedule(loop.time() + SILENT_S)
                    self._absorb(*rest)
                else:
                    self._deliver(what, *rest)

    def _deliver(self, what: str, number: int, *result: Any) -> None:
        sense = self._senses.get(number)
        if sense is not None:
            try:
                sense.take(what, *result)
            except Exception:
                # A bug of ours in one participant must not end the analysis of everybody.
                self._telemetry.count("analysis_delivery_failed")
                logger.exception("a result could not be handled")

    def _absorb(
        self, reading: Any, counts: dict[str, int], took: list[tuple[str, float]], depths: dict[int, int], cpu_ms: float
    ) -> None:
        self._load.absorb(reading)
        self._cpu_ms = cpu_ms
        for name, by in counts.items():
            self._telemetry.count(name, by)
        for stage, ms in took:
            self._telemetry.took(stage, ms)
        for number, sense in self._senses.items():
            sense.depth = depths.get(number, 0)

    async def _again(self) -> asyncio.StreamReader:
        while True:
            try:
                reader = await self._begin()
                break
            except AnalysisError:
                logger.exception("the process that analyses cannot be started; trying again")
                await asyncio.sleep(AGAIN_S)
        for number, sense in list(self._senses.items()):
            self.send(sense.kind, number)
            sense.take("lost")
        return reader

    async def _end(self) -> None:
        for writer in (self._writer, self._starting, self._back):
            if writer is not None:
                writer.close()
        self._writer = self._starting = self._back = None
        self._ended_cpu_ms, self._cpu_ms = self.cpu_ms, 0.0
        for sense in list(self._senses.values()):
            sense.take("closed")
        process = self._process
        if process is not None:
            try:
                await asyncio.wait_for(process.wait(), CLOSE_S)
            except BaseException as exc:  # too slow, or we are cancelled: it must not outlive us
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                if not isinstance(exc, TimeoutError):
                    raise
                await process.wait()
            self._process = None


def _say_why(task: asyncio.Task[None]) -> None:
    """A bug of ours that ends the watch over the process must not do so silently."""
    if not task.cancelled() and task.exception() is not None:
        logger.critical("the process that analyses is watched no more", exc_info=task.exception())


class _Sense:
    """What both kinds have in common."""

    kind = ""

    def __init__(self, owner: InProcess, number: int) -> None:
        self._owner = owner
        self._number = number
        self._closed: asyncio.Future[None] | None = None
        self.depth = 0
        owner.add(number, self)

    def stop(self) -> None:
        self._owner.send("stop", self._number)

    async def close(self) -> None:
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_future()
            if self._owner.ready:
                self._owner.send("close", self._number)
            else:
                self.take("closed")  # nothing of it is over there, and nothing will be
        await asyncio.shield(self._closed)

    def take(self, what: str, *result: Any) -> None:
        if what == "closed" and self._closed is not None:
            self._owner.remove(self._number)
            if not self._closed.done():
                self._closed.set_result(None)


class _Eye(_Sense):
    kind = "eye"

    def __init__(self, owner: InProcess, number: int, seen: Callable[[Seen], None], lost: Callable[[], None]) -> None:
        self._seen = seen
        self._lost = lost
        super().__init__(owner, number)

    def put(self, frame: EncodedFrame, look: bool) -> None:
        if self._owner.full():
            self._owner.dropped("video_frames_dropped_late")
            self._lost()
        else:
            self._owner.send("put", self._number, frame, look)

    def calibrate(self) -> None:
        self._owner.send("calibrate", self._number)

    def take(self, what: str, *result: Any) -> None:
        if what == "seen":
            self._seen(*result)
        elif what == "lost":
            self._lost()
        else:
            super().take(what, *result)


class _Ear(_Sense):
    kind = "ear"

    def __init__(self, owner: InProcess, number: int, heard: Callable[[list[Heard]], None]) -> None:
        self._heard = heard
        super().__init__(owner, number)

    def put(self, sound: EncodedSound) -> None:
        if self._owner.full():
            self._owner.dropped("audio_packets_dropped_late")
        else:
            self._owner.send("put", self._number, sound)

    def take(self, what: str, *result: Any) -> None:
        if what == "heard":
            self._heard(*result)
        else:
            super().take(what, *result)
