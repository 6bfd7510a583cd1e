"""Counters by name and recent durations by stage; a plain object, passed to whoever counts.

Each thread writes into a book of its own, so counting takes no lock and waits for nobody; whoever reads adds the
books up. What a counter or a stage means is said in `hoovik_rtc/counters.py`; what counting costs is measured by
`python -m tests.bench.telemetry_cost`.
"""

from __future__ import annotations

import threading
from array import array
from collections import Counter, defaultdict
from typing import Any, Protocol

import numpy as np

from hoovik_rtc import clock

RECENT_S = 60.0
"Percentiles are of the durations of the last minute: what is slow now, not what was slow after the start."
KEPT = 8192
"Durations kept per stage and thread, the newest: a minute of four participants, 22 s of twelve."
MESSAGES = ("avatar_frame", "emotion_update")
"Stages named `MESSAGE/MODALITY` are the latency of messages by modality, capture → message."

Figures = dict[str, float]


class FrameTrace(Protocol):
    """The spans of one frame that was chosen to be traced."""

    def stage(self, name: str, started_ms: float, ended_ms: float) -> None:
        """The frame was in this stage between these Unix times."""
        ...

    def end(self, at_ms: float) -> None:
        """The frame's message is on its way; what never gets here leaves no trace."""
        ...


class FrameTracer(Protocol):
    """Chooses the frames that are traced; `hoovik_rtc.tracing` has one."""

    def sample(self, arrival_ms: float) -> FrameTrace | None:
        """The trace of a frame whose last packet came at this Unix time; None for a frame that is not traced."""
        ...


class _Durations:
    """The newest durations of one stage on one thread."""

    __slots__ = ("at", "ms", "n", "total_ms")

    def __init__(self) -> None:
        self.ms = array("f", bytes(4 * KEPT))
        self.at = array("d", bytes(8 * KEPT))
        self.n = 0
        self.total_ms = 0.0

    def add(self, ms: float, now_ms: float) -> None:
        slot = self.n % KEPT
        self.ms[slot] = ms
        self.at[slot] = now_ms  # last: a reader in between takes the slot for an old one
        self.n += 1
        self.total_ms += ms


class _Book:
    """What one thread wrote."""

    __slots__ = ("counts", "durations", "thread")

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        self.counts: dict[str, int] = {}
        self.durations: dict[str, _Durations] = {}


class _Past:
    """What threads wrote that ended; their recent durations are let go."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.n: Counter[str] = Counter()
        self.total_ms: defaultdict[str, float] = defaultdict(float)

    def add(self, book: _Book) -> None:
        self.counts.update(book.counts)
        for stage, durations in book.durations.items():
            self.n[stage] += durations.n
            self.total_ms[stage] += durations.total_ms


class Counts(Protocol):
    """Where workers count; a Telemetry is one. Safe to call from any thread."""

    def count(self, name: str, by: int = 1) -> None:
        """Add `by` to the counter `name`."""
        ...

    def took(self, stage: str, ms: float) -> None:
        """Note one duration of `stage` in milliseconds."""
        ...


class Telemetry:
    """Counts drops and errors by name and keeps the newest durations of each stage.

    Safe to call from the loop and from workers.
    """

    def __init__(self) -> None:
        self._own = threading.local()
        self._lock = threading.Lock()  # of the list of books, not of what is in them
        self._books: list[_Book] = []
        self._past = _Past()
        self.tracer: FrameTracer | None = None
        "Traces one frame in so many; None where nobody asked for it."

    def count(self, name: str, by: int = 1) -> None:
        """Add `by` to the counter `name`."""
        try:
            counts = self._own.book.counts
        except AttributeError:
            counts = self._open().counts
        counts[name] = counts.get(name, 0) + by

    def counted(self, name: str) -> int:
        """The counter `name` so far."""
        with self._lock:
            return self._past.counts[name] + sum(book.counts.get(name, 0) for book in self._books)

    def took(self, stage: str, ms: float) -> None:
        """Note one duration of `stage` in milliseconds."""
        try:
            durations = self._own.book.durations[stage]
        except AttributeError:
            durations = self._open().durations.setdefault(stage, _Durations())
        except KeyError:
            durations = self._own.book.durations.setdefault(stage, _Durations())
        durations.add(ms, clock.now_ms())

    def counters(self) -> dict[str, int]:
        """All counters by name."""
        with self._lock:
            total = Counter(self._past.counts)
            for book in self._books:
                total.update(book.counts.copy())  # a copy is one step to other threads; to iterate would not be
        return dict(sorted(total.items()))

    def totals(self) -> dict[str, tuple[int, float]]:
        """Of each stage since the start: how many durations, and their sum in ms."""
        stages = self._stages()
        n, total_ms = self._past.n, self._past.total_ms
        return {
            stage: (
                n[stage] + sum(one.n for one in stages.get(stage, ())),
                total_ms.get(stage, 0.0) + sum(one.total_ms for one in stages.get(stage, ())),
            )
            for stage in sorted(stages.keys() | n.keys())
        }

    def recent(self, stage: str, seconds: float = RECENT_S) -> Figures | None:
        """n, min, mean, max, p50, p90, p95 and p99 in ms of one stage's last seconds; None where there was nothing."""
        return _summary(self._stages().get(stage, []), seconds)

    def snapshot(self, seconds: float = RECENT_S) -> dict[str, Any]:
        """What happened, by name.

        Returns:
            `counters` since the start; `stages` and `modalities` with the figures of `recent`: `stages` by stage,
            `modalities` by modality and type of message. Whatever did not happen in these seconds is left out.
        """
        figures = {name: _summary(parts, seconds) for name, parts in sorted(self._stages().items())}
        stages: dict[str, Figures] = {}
        modalities: dict[str, dict[str, Figures]] = {}
        for name, one in figures.items():
            message, _, modality = name.partition("/")
            if one is None:
                continue
            if modality:
                modalities.setdefault(modality, {})[message] = one
            else:
                stages[name] = one
        counters = {name: float(n) for name, n in self.counters().items()}
        return {"counters": counters, "stages": stages, "modalities": modalities}

    def _open(self) -> _Book:
        """The book of a thread that writes for the first time; those of threads that ended are closed."""
        book = self._own.book = _Book()
        with self._lock:
            ended = [one for one in self._books if not one.thread.is_alive()]
            for one in ended:
                self._past.add(one)
                self._books.remove(one)
            self._books.append(book)
        return book

    def _stages(self) -> dict[str, list[_Durations]]:
        stages: dict[str, list[_Durations]] = {}
        with self._lock:
            for book in self._books:
                for name, durations in list(book.durations.items()):
                    stages.setdefault(name, []).append(durations)
        return stages


def _summary(parts: list[_Durations], seconds: float) -> Figures | None:
    since = clock.now_ms() - seconds * 1000
    recent = []
    for one in parts:
        at_ms = np.array(one.at)  # first: a slot written meanwhile then counts as old
        recent.append(np.array(one.ms)[at_ms >= since])
    values = np.sort(np.concatenate(recent)) if recent else np.zeros(0)
    if not len(values):
        return None
    last = len(values) - 1
    at = {f"p{p}": values[round(last * p / 100)] for p in (50, 90, 95, 99)}
    figures = {"min": values[0], "mean": values.mean(dtype=np.float64), "max": values[-1], **at}
    return {"n": float(len(values)), **{name: round(float(value), 3) for name, value in figures.items()}}
