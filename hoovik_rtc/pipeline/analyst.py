"""The process in which eyes and ears work: `python -m hoovik_rtc.pipeline.analyst IN OUT`, started by outside.py.

Media and analysis in one process wait for each other: the event loop gives Python's interpreter lock away with each of
its thousands of system calls a second, and gets it back when a worker's numpy lets go of it. Apart, each has its own.

What passes, both ways, are pickles with their length before them, over socket pairs that nobody else holds. Decoded
pictures and sound never leave this process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
import socket
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from hoovik_rtc import clock
from hoovik_rtc.config import Config
from hoovik_rtc.pipeline import engine as engines
from hoovik_rtc.pipeline.ear import Ear
from hoovik_rtc.pipeline.eye import Eye
from hoovik_rtc.pipeline.meter import Meter
from hoovik_rtc.pipeline.workers import Workers

LENGTH = struct.Struct("!I")
REPORT_EVERY_S = 0.1
LEAVE_S = 2.0
"So long what runs may take to end once the service is gone."

logger = logging.getLogger(__name__)


def pack(message: tuple[Any, ...]) -> bytes:
    """A message as it is sent."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


async def unpack(reader: asyncio.StreamReader) -> tuple[Any, ...]:
    """The next message.

    Raises:
        asyncio.IncompleteReadError: the other side is gone.
    """
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    message: tuple[Any, ...] = pickle.loads(await reader.readexactly(length))
    return message


class _Outbox:
    """Sends from any thread; whoever sends waits where the other side is slow."""

    def __init__(self, out: socket.socket) -> None:
        self._out = out
        self._lock = threading.Lock()

    def send(self, *message: Any) -> None:
        data = pack(message)
        with self._lock:
            self._out.sendall(data)


class _Counts:
    """What workers count, until it is sent on."""

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
    """Does what the other side asks for."""

    def __init__(self, config: Config, outbox: _Outbox) -> None:
        self._outbox = outbox
        self._meter = Meter()
        self._counts = _Counts()
        self._workers = Workers()
        self._engine = engines.build(config)
        self._senses: dict[int, Eye | Ear] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._warm_ms = 0.0
        self._does: dict[str, Callable[..., None]] = {
            "put": lambda sense, *what: sense.put(*what),
            "calibrate": lambda sense: sense.calibrate(),
            "stop": lambda sense: sense.stop(),
        }

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Until the other side is gone."""
        reporting = asyncio.ensure_future(self._report())
        self._warm_ms = clock.cpu_ms()  # imports and models are nobody's cost
        self._outbox.send("ready")
        try:
            while True:
                message = await unpack(reader)
                try:
                    self._act(*message)
                except ConnectionError:
                    raise
                except Exception:
                    # A bug of ours in one participant must not end the analysis of everybody.
                    self._counts.count("analysis_message_failed")
                    logger.exception("a message could not be handled")
        except asyncio.IncompleteReadError:
            return
        finally:
            reporting.cancel()
            leaving = threading.Timer(LEAVE_S, os._exit, (1,))  # a stuck model must not keep this process
            leaving.daemon = True
            leaving.start()
            for sense in self._senses.values():
                sense.stop()
            self._workers.close()

    def _act(self, what: str, number: int, *rest: Any) -> None:
        if what in ("eye", "ear"):
            self._open(what, number)
        elif what == "close":
            self._close(number)
        elif number in self._senses:  # else it was opened in a process before this one, or closed
            self._does[what](self._senses[number], *rest)

    def _open(self, kind: str, number: int) -> None:
        """Results are sent by the workers themselves: this loop would be one more that waits its turn."""
        send, workers, counts = self._outbox.send, self._workers, self._counts
        if kind == "eye":
            seen, lost = partial(send, "seen", number), partial(send, "lost", number)
            self._senses[number] = Eye(workers, self._engine.face, seen, lost, self._meter, counts)
        else:
            heard = partial(send, "heard", number)
            self._senses[number] = Ear(workers, self._engine.voice, heard, self._meter, counts)

    def _close(self, number: int) -> None:
        sense = self._senses.pop(number, None)
        if sense is None:
            self._outbox.send("closed", number)
            return
        task = asyncio.ensure_future(self._closed(number, sense))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _closed(self, number: int, sense: Eye | Ear) -> None:
        try:
            await sense.close()
        finally:
            self._outbox.send("closed", number)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            depths = {number: sense.depth for number, sense in self._senses.items() if sense.depth}
            self._outbox.send(
                "report", self._meter.read(clock.now_ms()), *self._counts.take(), depths, clock.cpu_ms() - self._warm_ms
            )


async def _main(into: int, out: int) -> None:
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=into))
    what, config, epoch_ms = await unpack(reader)
    assert what == "begin"
    logging.basicConfig(level=config.log_level.upper())
    clock.adopt(epoch_ms)
    try:
        await _Analyst(config, _Outbox(socket.socket(fileno=out))).run(reader)
    finally:
        writer.close()


if __name__ == "__main__":
    for one in (signal.SIGINT, signal.SIGTERM):  # to the whole group: the service ends, and closes its side
        signal.signal(one, signal.SIG_IGN)
    try:
        asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
    except (ConnectionError, asyncio.IncompleteReadError):
        sys.exit(0)  # the service is gone
