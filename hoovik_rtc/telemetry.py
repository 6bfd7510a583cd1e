"""Counters by name and recent durations by stage; a plain object, passed to whoever counts."""

from __future__ import annotations

import threading
from collections import Counter, deque

RECENT = 2048
"Durations kept per stage."


class Telemetry:
    """Counts drops and errors by name and keeps the newest durations of each stage.

    Safe to call from the loop and from workers.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._durations: dict[str, deque[float]] = {}

    def count(self, name: str, by: int = 1) -> None:
        """Add `by` to the counter `name`."""
        with self._lock:
            self._counts[name] += by

    def counted(self, name: str) -> int:
        """The counter `name` so far."""
        return self._counts[name]

    def took(self, stage: str, ms: float) -> None:
        """Note one duration of `stage` in milliseconds."""
        durations = self._durations.get(stage)
        if durations is None:
            durations = self._durations.setdefault(stage, deque(maxlen=RECENT))
        durations.append(ms)

    def snapshot(self) -> dict[str, dict[str, float] | dict[str, dict[str, float]]]:
        """`counters` by name and `stages` with n, p50, p90, p95, min, mean and max in ms of the newest durations."""
        stages = {name: _summary(list(values)) for name, values in sorted(self._durations.items()) if values}
        return {"counters": {name: float(n) for name, n in sorted(self._counts.items())}, "stages": stages}


def _summary(values: list[float]) -> dict[str, float]:
    values.sort()
    last = len(values) - 1
    at = {f"p{p}": values[round(last * p / 100)] for p in (50, 90, 95, 99)}
    figures = {"min": values[0], "mean": sum(values) / len(values), "max": values[-1], **at}
    return {"n": float(len(values)), **{name: round(value, 3) for name, value in figures.items()}}
