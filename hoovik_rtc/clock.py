"""The only module that reads the time. Everything else takes `now_ms` or a capture time as an argument."""

from __future__ import annotations

import time

_EPOCH_MS = time.time() * 1000 - time.monotonic() * 1000


def now_ms() -> float:
    """Unix time in milliseconds that never steps back: the wall clock at import, carried on by the monotonic one.

    A step of the system clock (NTP) must not reorder capture times within a meeting.
    """
    return _EPOCH_MS + time.monotonic() * 1000


def cpu_ms() -> float:
    """CPU time that this process has used so far, all threads, in milliseconds."""
    return time.process_time() * 1000


def thread_cpu_ms() -> float:
    """CPU time that the calling thread has used so far, in milliseconds."""
    return time.thread_time() * 1000


def epoch_ms() -> float:
    """Unix time at the monotonic clock's zero, ms, as `now_ms` has it."""
    return _EPOCH_MS


def adopt(epoch_ms: float) -> None:
    """Count from the same moment as another process on this machine: `now_ms` is then the same clock in both."""
    global _EPOCH_MS
    _EPOCH_MS = epoch_ms
