"""CPU and memory of a process tree, and CPU of the machine, between two moments."""

from __future__ import annotations

import contextlib
import time

import psutil

from tests.bench.record import Usage


class Meter:
    """Starts measuring when made; `read` says what was used since."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._at = time.perf_counter()
        self._cpu, self._main = self._used()

    def read(self) -> Usage:
        """CPU since the beginning and memory now."""
        wall = time.perf_counter() - self._at
        cpu, main = self._used()
        return Usage(
            cpu_percent=round((cpu - self._cpu) / wall * 100, 2),
            main_thread_percent=round((main - self._main) / wall * 100, 2),
            rss_mib=round(sum(one.memory_info().rss for one in self._tree()) / 2**20, 1),
        )

    def _used(self) -> tuple[float, float]:
        """Seconds of CPU of the tree, and of the process's first thread."""
        total = 0.0
        for one in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                total += times.user + times.system
        main = sum(t.user_time + t.system_time for t in self._process.threads() if t.id == self._process.pid)
        return total, main

    def _tree(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]


class Machine:
    """What all processes together use, beginning when made."""

    def __init__(self) -> None:
        self._at = time.perf_counter()
        self._busy = self._used()

    def read(self) -> float:
        """% of one core since the beginning."""
        return (self._used() - self._busy) / (time.perf_counter() - self._at) * 100

    def _used(self) -> float:
        times = psutil.cpu_times()
        return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))
