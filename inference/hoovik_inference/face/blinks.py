"""How often somebody blinks."""

from __future__ import annotations

from collections import deque

LONGEST_MS = 500.0
"""Closure from which on eyes rest, or look down: no blink. One takes 100 to 400 ms (Schiffman, Sensation and
Perception, 2001)."""
OVER_MS = 60_000.0
"Watched time over which blinks are counted."
LEAST_MS = 10_000.0
"Watched time before a rate is told: people blink about every four seconds (Bentivoglio, Movement Disorders 1997)."
LARGEST_GAP_MS = 300.0
"Capture time between two pictures beyond which nobody watched: what the lids did meanwhile is unknown."


class Blinks:
    """The blinks of one face. No clock: times are those of the pictures."""

    def __init__(self) -> None:
        self._last_ms: float | None = None
        self._watched_ms = 0.0
        self._open_before = False
        self._closed_at: float | None = None
        self._at: deque[float] = deque()
        "When blinks ended, in watched time; none is older than OVER_MS."

    def saw(self, closed: bool, time_ms: float) -> None:
        """Both eyes were closed, or not, in the picture captured at `time_ms`."""
        gap = LARGEST_GAP_MS + 1 if self._last_ms is None else time_ms - self._last_ms
        self._last_ms = time_ms
        if not 0.0 <= gap <= LARGEST_GAP_MS:
            self._open_before, self._closed_at = not closed, None
            return
        self._watched_ms += gap
        if closed:
            if self._closed_at is None and self._open_before:
                self._closed_at = self._watched_ms
        elif self._closed_at is not None:
            if self._watched_ms - self._closed_at < LONGEST_MS:
                self._at.append(self._watched_ms)
            self._closed_at = None
        self._open_before = not closed
        while self._at and self._at[0] <= self._watched_ms - OVER_MS:
            self._at.popleft()

    @property
    def rate(self) -> float | None:
        """Blinks a minute over the last minute watched; None until LEAST_MS were watched."""
        if self._watched_ms < LEAST_MS:
            return None
        return len(self._at) * 60_000.0 / min(self._watched_ms, OVER_MS)
