"""A process in which eyes and ears work: `python -m hoovik_rtc.pipeline.analyst IN OUT`, started by outside.py.

Media and analysis in one process wait for each other: the event loop gives Python's interpreter lock away with each of
its thousands of system calls a second, and gets it back when a worker's numpy lets go of it. Apart, each has its own.
In here one thread does all, a job in each turn of the event loop (turns.py); a large speech encoder has another
(speech.py).

Messages pass both ways (exchange.py). Decoded pictures and sound never leave this process.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from hoovik_rtc import clock
from hoovik_rtc.config import Config
from hoovik_rtc.errors import ConfigError
from hoovik_rtc.pipeline import engine as engines
from hoovik_rtc.pipeline.ear import Ear
from hoovik_rtc.pipeline.exchange import Inbox, Message, pack
from hoovik_rtc.pipeline.eye import Eye
from hoovik_rtc.pipeline.meter import Meter
from hoovik_rtc.pipeline.turns import Turns

REPORT_EVERY_S = 0.2
LEAVE_S = 2.0
"So long what runs may take to end once the service is gone."

logger = logging.getLogger(__name__)


class _Counts:
    """What is counted, until it is sent on. A large speech encoder counts on a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._took: list[tuple[str, float]] = []

    def count(self, name: str, by: int = 1) -> None:
        with self._lock:
            self._counts[name] += by

    def took(self, stage: str, ms: float) -> None:
        with self._lock:
            self._took.append((stage, ms))

    def take(self) -> tuple[dict[str, int], list[tuple[str, float]]]:
        with self._lock:
            counts, took = dict(self._counts), self._took
            self._counts, self._took = Counter(), []
            return counts, took


class _Analyst:
    """Does what the other side asks for.

    Args:
        config: what to load.
        hears: whether ears come here.
        out: the way back; whoever sends waits where the other side is slow.
    """

    def __init__(self, config: Config, hears: bool, out: socket.socket) -> None:
        self._out = out
        self._meter = Meter()
        self._counts = _Counts()
        self._turns = Turns()
        self._engine = engines.build_senses(config, 1, hears)
        self._speech = self._engine.encoder.start(self._counts)
        self._senses: dict[int, Eye | Ear] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._does: dict[str, Callable[..., None]] = {
            "put": lambda sense, *what: sense.put(*what),
            "calibrate": lambda sense: sense.calibrate(),
            "express": lambda sense, on: sense.express(on),
            "stop": lambda sense: sense.stop(),
        }
        self._warm_ms = clock.cpu_ms()  # imports and models are nobody's cost
        self._send("ready", self._engine.unmeasured, self._engine.encoder.engine(self._speech))

    def take(self, message: Message) -> None:
        """Act on a message."""
        try:
            self._act(*message)
        except ConnectionError:
            raise
        except Exception:
            # A bug of ours in one participant must not end the analysis of everybody.
            self._counts.count("analysis_message_failed")
            logger.exception("a message could not be handled")

    async def report(self) -> None:
        """Say what was done; until cancelled."""
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            depths = {number: sense.depth for number, sense in self._senses.items() if sense.depth}
            reading = self._meter.read(clock.now_ms())
            engine = self._engine.encoder.engine(self._speech)
            self._send("report", reading, *self._counts.take(), depths, clock.cpu_ms() - self._warm_ms, engine)

    def leave(self) -> None:
        """Drop what waits."""
        for sense in self._senses.values():
            sense.stop()
        self._turns.close()
        if self._speech is not None:
            self._speech.close()

    def _act(self, what: str, number: int, *rest: Any) -> None:
        if what in ("eye", "ear"):
            self._open(what, number)
        elif what == "close":
            self._close(number)
        elif number in self._senses:  # else it was opened in a process before this one, or closed
            self._does[what](self._senses[number], *rest)

    def _open(self, kind: str, number: int) -> None:
        if kind == "eye":
            seen, lost = partial(self._send, "seen", number), partial(self._send, "lost", number)
            expressed = partial(self._send, "expressed", number)
            engine = self._engine
            self._senses[number] = Eye(
                self._turns,
                engine.face,
                engine.expression,
                seen,
                expressed,
                lost,
                self._meter,
                self._counts,
                engine.vectors,
            )
        else:
            heard = partial(self._send, "heard", number)
            self._senses[number] = Ear(self._turns, self._engine.voice, heard, self._meter, self._counts, self._speech)

    def _close(self, number: int) -> None:
        sense = self._senses.pop(number, None)
        if sense is None:
            self._send("closed", number)
            return
        task = asyncio.ensure_future(self._closed(number, sense))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _closed(self, number: int, sense: Eye | Ear) -> None:
        try:
            await sense.close()
        finally:
            self._send("closed", number)

    def _send(self, *message: Any) -> None:
        self._out.sendall(pack(message))


async def _main(into: socket.socket, out: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    begun: asyncio.Future[Message] = loop.create_future()
    transport, inbox = await loop.create_connection(lambda: Inbox(begun.set_result), sock=into)
    await asyncio.wait((begun, inbox.gone), return_when=asyncio.FIRST_COMPLETED)
    if not begun.done():
        return
    _, config, hears, epoch_ms = begun.result()
    logging.basicConfig(level=config.log_level.upper())
    clock.adopt(epoch_ms)
    try:
        analyst = _Analyst(config, hears, out)
    except ConfigError as exc:  # for whoever started the service, not for this process's own words
        out.sendall(pack(("refused", str(exc))))
        transport.close()
        return
    gc.freeze()  # what is there now stays: full collections, which hold the loop, need not walk through it
    inbox.take = analyst.take
    reporting = asyncio.ensure_future(analyst.report())
    await asyncio.wait((inbox.gone, reporting), return_when=asyncio.FIRST_COMPLETED)
    reporting.cancel()
    analyst.leave()
    transport.close()


def _end_with(out: socket.socket) -> None:
    """End this process some time after the service has gone: a look that hangs must not keep it."""
    gone = select.poll()
    gone.register(out, 0)  # says nothing until the other side hangs up
    gone.poll()
    time.sleep(LEAVE_S)
    os._exit(1)


if __name__ == "__main__":
    for one in (signal.SIGINT, signal.SIGTERM):  # to the whole group: the service ends, and closes its side
        signal.signal(one, signal.SIG_IGN)
    ways = [socket.socket(fileno=int(number)) for number in sys.argv[1:3]]
    threading.Thread(target=_end_with, args=(ways[1],), daemon=True).start()
    try:
        asyncio.run(_main(*ways))
    except ConnectionError:
        sys.exit(0)  # the service is gone
