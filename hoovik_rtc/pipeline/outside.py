"""One process in which eyes and ears work, seen from the service: analyst.py is the other side."""

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

from hoovik_inference.types import LIGHT
from hoovik_rtc import clock
from hoovik_rtc.config import Config
from hoovik_rtc.errors import AnalysisError, ConfigError
from hoovik_rtc.pipeline.analysis import AnEar, AnEye
from hoovik_rtc.pipeline.ear import Heard
from hoovik_rtc.pipeline.exchange import Inbox, Message, pack
from hoovik_rtc.pipeline.eye import Expressed, Seen
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.remote import RemoteEar, RemoteEye, Sense
from hoovik_rtc.pipeline.voice_engine import VoiceEngine
from hoovik_rtc.telemetry import Telemetry

logger = logging.getLogger(__name__)

START_S = 60.0
"The models are loaded by then, or something is wrong."
LARGE_START_S = 300.0
"The same with a large speech encoder, which is read from the disk and measured."
AGAIN_S = 1.0
"Between two tries to start it anew, the first time; then twice as long each."
ENCODER = 8
"CPU that a large speech encoder takes, in those that an ear takes: that of two eyes, more where many speak."
CLOSE_S = 2.0
"It has ended by then, or is ended."
MAX_UNSENT = 512 * 1024
"Bytes that may wait on the way there, half a second of twelve people; beyond them media is dropped."
SILENT_S = 10.0
"It reports five times a second. Where nothing came in one of these spans it hangs, and is ended."
LIVED_S = 10.0
"One that ended sooner is started anew later and later."
MAX_AGAIN_S = 30.0


class InProcess:
    """Eyes and ears in one other process, which is started anew where it ends. Lives on the event loop.

    Args:
        config: handed on.
        load: absorbs what the other process counts.
        telemetry: the same.
        hears: whether ears will be opened in it.
    """

    def __init__(self, config: Config, load: Load, telemetry: Telemetry, hears: bool = True) -> None:
        self._loop = asyncio.get_running_loop()
        self._config = config
        self._hears = hears
        self._load = load
        self._telemetry = telemetry
        self._numbers = itertools.count()
        self._senses: dict[int, Sense] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._way: asyncio.Transport | None = None  # there
        self._back: asyncio.Transport | None = None
        self._open = False  # whether messages may be sent
        self._unsent: list[bytes] = []
        self._task: asyncio.Task[None] | None = None
        self._reports = 0
        self._cpu_ms = self._ended_cpu_ms = 0.0
        self.unmeasured: tuple[str, ...] = ()
        "Blendshapes that the face observer over there cannot measure."
        self.speech = VoiceEngine()
        "Which engine reads voices over there, at its last report."

    @classmethod
    async def start(cls, config: Config, load: Load, telemetry: Telemetry, hears: bool = True) -> InProcess:
        """Start it; returns once the models there are warm.

        Raises:
            AnalysisError: it ended, or did not get ready in time.
            ConfigError: it cannot use the configuration.
        """
        self = cls(config, load, telemetry, hears)
        inbox = await self._begin()
        self._task = asyncio.ensure_future(self._live(inbox))
        self._task.add_done_callback(_say_why)
        return self

    def eye(
        self, seen: Callable[[Seen], None], expressed: Callable[[Expressed], None], lost: Callable[[], None]
    ) -> AnEye:
        """An eye over there."""
        return RemoteEye(self, next(self._numbers), seen, expressed, lost)

    def ear(self, heard: Callable[[list[Heard], int], None]) -> AnEar:
        """An ear over there."""
        return RemoteEar(self, next(self._numbers), heard)

    @property
    def cpu_ms(self) -> float:
        """CPU time used so far over there, ms."""
        return self._ended_cpu_ms + self._cpu_ms

    def surplus(self, kind: str) -> int:
        """How many more senses of a kind it has than of the other."""
        return sum(1 if sense.kind == kind else -1 for sense in self._senses.values())

    @property
    def burden(self) -> int:
        """What its senses and a large speech encoder take, in those that an ear takes."""
        return sum(sense.burden for sense in self._senses.values()) + (ENCODER if self.encodes else 0)

    @property
    def encodes(self) -> bool:
        """Whether a large speech encoder is at work over there."""
        return self.speech.serving != LIGHT

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

    @property
    def ready(self) -> bool:
        """Whether it takes messages; not while it is being started anew."""
        return self._open

    @property
    def full(self) -> bool:
        """Whether media must be dropped."""
        return not self._open or self._way is None or self._way.get_write_buffer_size() > MAX_UNSENT

    def add(self, number: int, sense: Sense) -> None:
        """A sense opened."""
        self._senses[number] = sense
        self.send(sense.kind, number)

    def remove(self, number: int) -> None:
        """A sense was closed."""
        self._senses.pop(number, None)

    def send(self, *message: Any) -> None:
        """Pass a message on, with all others of this turn of the loop: each write wakes the other process.

        Where that is being started anew, it is lost, and so is all that it was about.
        """
        if self._open:
            if not self._unsent:
                self._loop.call_soon(self._flush)
            self._unsent.append(pack(message))

    def dropped(self, name: str, by: int = 1) -> None:
        """Media was dropped."""
        self._telemetry.count(name, by)

    def _flush(self) -> None:
        if self._unsent and self._way is not None and not self._way.is_closing():
            self._way.write(b"".join(self._unsent))
        self._unsent.clear()

    # What it says.

    def _take(self, message: Message) -> None:
        what, *rest = message
        if what == "report":
            self._reports += 1
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
        self,
        reading: Any,
        counts: dict[str, int],
        took: list[tuple[str, float]],
        depths: dict[int, int],
        cpu_ms: float,
        engine: VoiceEngine,
    ) -> None:
        self._load.absorb(reading)
        self._cpu_ms = cpu_ms
        self.speech = engine
        for name, by in counts.items():
            self._telemetry.count(name, by)
        for stage, ms in took:
            self._telemetry.took(stage, ms)
        for number, sense in self._senses.items():
            sense.depth = depths.get(number, 0)

    # The process.

    async def _begin(self) -> Inbox:
        try:
            return await self._spawn()
        except OSError as exc:
            await self._end()
            raise AnalysisError(f"The process that analyses cannot be started: {exc}.") from exc
        except BaseException:
            await self._end()
            raise

    async def _spawn(self) -> Inbox:
        ready: asyncio.Future[Message] = self._loop.create_future()

        def first(message: Message) -> None:
            inbox.take = self._take
            ready.set_result(message)

        there, ours_out = socket.socketpair()
        back, ours_in = socket.socketpair()
        with there, back:
            self._way, _ = await self._loop.create_connection(asyncio.Protocol, sock=ours_out)
            self._back, inbox = await self._loop.create_connection(lambda: Inbox(first), sock=ours_in)
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
        self._way.write(pack(("begin", self._config, self._hears, clock.epoch_ms())))
        patience_s = START_S if self._config.voice.engine == LIGHT else LARGE_START_S
        await asyncio.wait((ready, inbox.gone), timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            process = self._process
            await self._end()
            raise AnalysisError(
                f"The process that analyses did not start (exit code {process.returncode}). Its own words are above; "
                "`hoovik-rtc doctor` says what is missing."
            )
        what, *said = ready.result()
        if what == "refused":
            raise ConfigError(said[0])
        self.unmeasured, self.speech = said
        self._open = True  # from here on senses may send
        return inbox

    async def _live(self, inbox: Inbox) -> None:
        again_s = AGAIN_S
        while True:
            began_ms = clock.now_ms()
            if await self._ends(inbox):
                self._telemetry.count("analysis_process_ended")
                logger.error("the process that analyses ended; it is started anew")
            else:
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
            inbox = await self._again()

    async def _ends(self, inbox: Inbox) -> bool:
        """Returns when it ends (True) or says nothing any more."""
        while True:
            reports = self._reports
            done, _ = await asyncio.wait([inbox.gone], timeout=SILENT_S)
            if done or self._reports == reports:
                return bool(done)

    async def _again(self) -> Inbox:
        again_s = AGAIN_S
        while True:
            try:
                inbox = await self._begin()
                break
            except (AnalysisError, ConfigError):
                logger.exception("the process that analyses cannot be started; trying again in %g s", again_s)
                await asyncio.sleep(again_s)
                again_s = min(MAX_AGAIN_S, 2 * again_s)
        for sense in list(self._senses.values()):
            sense.renew()
        return inbox

    async def _end(self) -> None:
        self._open = False
        for transport in (self._way, self._back):
            if transport is not None:
                transport.close()
        self._way = self._back = None
        self._unsent.clear()
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
