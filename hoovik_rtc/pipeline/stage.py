"""A bounded queue in front of a worker pool: at most one job at a time, order kept, results on the loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Stage(Generic[Item, Result]):
    """Feeds one participant's items to `work` on a pool, batch by batch.

    A batch is everything that waited when a thread came free, so a late stage works on what is newest instead
    of falling behind.

    Args:
        pool: where `work` runs.
        work: takes a batch, oldest first; never runs twice at a time for one stage.
        deliver: called on the loop with what `work` returned.
        capacity: items that may wait.
        overflow: called on the loop with the items dropped when more wait; everything waiting is dropped,
            since a decoder cannot go on behind a hole.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        work: Callable[[list[Item]], Result],
        deliver: Callable[[Result], None],
        capacity: int,
        overflow: Callable[[int], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool = pool
        self._work = work
        self._deliver = deliver
        self._capacity = capacity
        self._overflow = overflow
        self._items: deque[Item] = deque()
        self._busy = False
        self._closed = False
        self._idle: asyncio.Future[None] | None = None

    def put(self, item: Item) -> None:
        """Add an item; starts the worker where it rests."""
        if self._closed:
            return
        if len(self._items) >= self._capacity:
            dropped = len(self._items)
            self._items.clear()
            self._overflow(dropped)
        self._items.append(item)
        if not self._busy:
            self._start()

    @property
    def depth(self) -> int:
        """Items that wait for a thread."""
        return len(self._items)

    async def close(self) -> None:
        """Drop what waits; return when nothing of this stage runs any more. Results in flight are not delivered."""
        self._closed = True
        self._items.clear()
        if self._busy:
            self._idle = self._idle or self._loop.create_future()
            await asyncio.shield(self._idle)

    def _start(self) -> None:
        batch = list(self._items)
        self._items.clear()
        self._busy = True
        self._pool.submit(self._run, batch)

    def _run(self, batch: list[Item]) -> None:
        try:
            result = self._work(batch)
        except BaseException as exc:
            self._loop.call_soon_threadsafe(self._fail, exc)
            return
        self._loop.call_soon_threadsafe(self._finish, result)

    def _finish(self, result: Result) -> None:
        self._rest()
        if not self._closed:
            self._deliver(result)

    def _fail(self, exc: BaseException) -> None:
        """A bug in `work`: this stage goes on with the next item, and the loop's handler says what happened."""
        self._rest()
        self._loop.call_exception_handler({"message": "a stage failed", "exception": exc})

    def _rest(self) -> None:
        self._busy = False
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
        if self._items and not self._closed:
            self._start()
