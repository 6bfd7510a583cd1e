"""Pools without threads: jobs run on the event loop, one in each of its turns.

Several threads of Python wait for each other's interpreter lock at every call into numpy, and each wake-up costs too.
One thread for each core, in a process of its own, waits for nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

MOST_FACES = 3
"Looks in a row: sound waits no longer than these take."
PATIENCE_S = 0.4
"An expression is read where nothing else waits, or once it has waited for so long: avatars come first."


class Turns:
    """Pools of the event loop's own thread.

    Sound, then decoding, then faces: jobs of a kind run in a row, while their code and weights are in the caches.
    Expressions are read in between, one at a time (PATIENCE_S).
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.audio = _Line(self._wake)
        self.decode = _Line(self._wake)
        self.face = _Line(self._wake, MOST_FACES)
        self.expression = _Line(self._wake, 1)
        self._rounds = deque((self.face, self.audio, self.decode))
        self._left = 0  # jobs of the first line that still run in this round
        self._awake = False

    def close(self) -> None:
        """Drop what waits."""
        for line in (*self._rounds, self.expression):
            line.shutdown(cancel_futures=True)

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """One job; between two of them the loop reads what came."""
        self._awake = False
        if not self._left and self._reads():
            self.expression.run()
        elif any(self._rounds):  # else closed meanwhile
            while not self._left:
                self._rounds.rotate(-1)
                self._left = self._rounds[0].begin()
            self._left -= 1
            self._rounds[0].run()
        if any(self._rounds) or self.expression:
            self._wake()

    def _reads(self) -> bool:
        """Whether it is an expression's turn."""
        since = self.expression.since
        return since is not None and (not any(self._rounds) or self._loop.time() - since >= PATIENCE_S)


class _Line(Executor):
    """Jobs of one kind. All that wait at its begin belong to a round, `most` at most."""

    def __init__(self, wake: Callable[[], None], most: int | None = None) -> None:
        self._wake = wake
        self._most = most
        self._jobs: deque[tuple[Future[Any], Callable[[], Any], float]] = deque()
        self._closed = False
        self._loop = asyncio.get_running_loop()

    def __bool__(self) -> bool:
        return bool(self._jobs)

    @property
    def since(self) -> float | None:
        """Loop time at which the first job that waits was given; None where none waits."""
        return self._jobs[0][2] if self._jobs else None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue a job; on the event loop only."""
        if self._closed:
            raise RuntimeError("these turns were closed")
        job: Future[Any] = Future()
        self._jobs.append((job, lambda: fn(*args, **kwargs), self._loop.time()))
        self._wake()
        return job

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more; nothing runs while this does."""
        self._closed = True
        if cancel_futures:
            while self._jobs:
                self._jobs.popleft()[0].cancel()

    def begin(self) -> int:
        """Begin a round; how many jobs it has."""
        return len(self._jobs) if self._most is None else min(self._most, len(self._jobs))

    def run(self) -> None:
        """Run the first job."""
        job, call, _ = self._jobs.popleft()
        if not job.set_running_or_notify_cancel():
            return
        try:
            job.set_result(call())
        except BaseException as exc:
            job.set_exception(exc)
