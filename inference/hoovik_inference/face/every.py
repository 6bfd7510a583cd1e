"""Things that are done less often than pictures come."""

from __future__ import annotations

import math


class Every:
    """Due about every so many milliseconds of capture time, on the average exactly where pictures come often enough."""

    def __init__(self, ms: float) -> None:
        self._ms = ms
        self._next = -math.inf

    def due(self, time_ms: float) -> bool:
        """Whether it is to be done with the picture captured at `time_ms`; the first time always.

        So it is, too, where the stream's time went back.
        """
        late = time_ms - self._next
        if -self._ms <= late < 0.0:
            return False
        self._next = self._next + self._ms if 0.0 <= late < self._ms else time_ms + self._ms
        return True
