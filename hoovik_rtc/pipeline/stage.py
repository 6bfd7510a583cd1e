"""A bounded queue in front of a worker pool: at most one job at a time, order kept."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

Item = TypeVar("Item")


def _nothing(*_: object) -> None:
    return


class Stage(Generic[Item]):
    """Feeds one participant's items to `work` on a pool, batch by batch.

    A batch is everything that waited when a thread came free, so a late stage works on what is newest instead
    of falling behind. After each batch the stage queues up anew: nobody keeps a thread for long.

    Args:
        pool: where `work` runs.
        work: takes a batch, oldest first; never runs twice at a time for one stage.
        capacity: items that may wait.
        overflow: told the number of items dropped when one more comes than may wait: all that waited, since a
            decoder cannot go on behind a hole. Called by whoever puts the item.
        queued: called when a job begins to wait for a thread.
        begun: called when it waits no more.
    """

    def __init__(
        self,
        pool: Executor,
        work: Callable[[list[Item]], None],
        capacity: int,
        overflow: Callable[[int], None],
        *,
        queued: Callable[[], None] = _nothing,
        begun: Callable[[], None] = _nothing,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool = pool
        self._work = work
        self._capacity = capacity
        self._overflow = overflow
        self._queued = queued
        self._begun = begun
        self._lock = threading.Lock()
        self._items: deque[Item] = deque()
        self._busy = False
        self._closed = False
        self._idle: asyncio.Future[None] | None = None

    def put(self, item: Item) -> None:
        """Add an item, from any thread; starts the worker where it rests."""
        dropped = 0
        with self._lock:
            if self._closed:
                return
            if len(self._items) >= self._capacity:
                dropped = len(self._items)
                self._items.clear()
            self._items.append(item)
            start = not self._busy
            self._busy = True
        if dropped:
            self._overflow(dropped)
        if start:
            self._submit()

    @property
    def depth(self) -> int:
        """Items that wait for a thread."""
        return len(self._items)

    async def close(self) -> None:
        """Drop what waits; return when nothing of this stage runs any more."""
        with self._lock:
            self._closed = True
            self._items.clear()
            if self._busy:
                self._idle = self._idle or self._loop.create_future()
        if self._idle is not None:
            await asyncio.shield(self._idle)
        # Its owner holds this stage, which held its owner: a decoder's megabytes would wait for the cycle collector.
        self._work, self._overflow = _nothing, _nothing
        self._queued = self._begun = _nothing

    def _submit(self) -> None:
        self._queued()
        self._pool.submit(self._run)

    def _run(self) -> None:
        self._begun()
        with self._lock:
            batch = list(self._items)
            self._items.clear()
        try:
            if batch:
                self._work(batch)
        except BaseException as exc:
            # A bug in `work`: this stage goes on with the next item, and the loop's handler says what happened.
            context = {"message": "a stage failed", "exception": exc}
            self._loop.call_soon_threadsafe(self._loop.call_exception_handler, context)
        with self._lock:
            again = self._busy = bool(self._items)
            idle = None if again else self._idle
        if again:  # not what _busy is by now: a put in between has submitted its own job
            self._submit()
        elif idle is not None:
            self._loop.call_soon_threadsafe(_settle, idle)


def _settle(idle: asyncio.Future[None]) -> None:
    if not idle.done():
        idle.set_result(None)
