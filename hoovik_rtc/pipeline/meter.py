"""What the pools were given and what it cost; no clock: times are arguments. Safe to call from any thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class Spent:
    """The jobs of one stage."""

    jobs: int = 0
    "How many ended."
    cpu_ms: float = 0.0
    "CPU time of their threads."
    wall_ms: float = 0.0
    "Time from their begin to their end."


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter counted since it was read last."""

    waited: float = 0.0
    "Looks × ms that they waited for a thread."
    stages: dict[str, Spent] = field(default_factory=dict)
    "By stage: decode, face, voice, emotion."


class Meter:
    """Counts jobs, their costs, and how long looks waited."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0
        self._waited = 0.0
        self._at: float | None = None
        self._stages: dict[str, Spent] = {}

    @property
    def waiting(self) -> int:
        """Looks that wait now."""
        return self._waiting

    def queued(self, now_ms: float) -> None:
        """A look was handed to the face pool and waits."""
        with self._lock:
            self._add_up(now_ms)
            self._waiting += 1

    def begun(self, now_ms: float) -> None:
        """It began, or was dropped before."""
        with self._lock:
            self._add_up(now_ms)
            self._waiting = max(0, self._waiting - 1)

    def spent(self, stage: str, cpu_ms: float, wall_ms: float | None = None) -> None:
        """One job of a stage ended.

        Args:
            stage: "decode", "face", "voice" or "emotion".
            cpu_ms: CPU time of the thread.
            wall_ms: time from begin to end, of a look: a model that waits (for another device, for a lock) keeps
                its thread without using CPU. `cpu_ms` where it is not given.
        """
        with self._lock:
            spent = self._stages.get(stage)
            if spent is None:
                spent = self._stages.setdefault(stage, Spent())
            spent.jobs += 1
            spent.cpu_ms += cpu_ms
            spent.wall_ms += cpu_ms if wall_ms is None else wall_ms

    def read(self, now_ms: float) -> Reading:
        """What came since the last reading."""
        with self._lock:
            self._add_up(now_ms)
            reading = Reading(self._waited, self._stages)
            self._waited, self._stages = 0.0, {}
            return reading

    def _add_up(self, now_ms: float) -> None:
        """Threads may report a little out of order: time is only ever added."""
        before = self._at
        if before is None or now_ms > before:
            self._waited += self._waiting * (now_ms - before) if before is not None else 0.0
            self._at = now_ms
