"""When one participant's next step is; no clock: times are arguments."""

from __future__ import annotations

EARLY = 0.5
"Of a step: a new vector of the voice makes one so much before its time, or holds one up so long, rather than wait."


class Beat:
    """Steps come one every `step_ms`, and where vectors of the voice come, with them, so that what is read is new.

    Where a vector comes about as often as a step, each vector makes a step at once. Where they come less often, steps
    come in between all the same, with the newest vector there is. A step for which a vector is just about to come waits
    for it.
    """

    def __init__(self, step_ms: float) -> None:
        self._step_ms = step_ms
        self._stepped_ms = self._voiced_ms = float("-inf")
        self._every_ms = float("inf")  # from one vector to the next
        self._new = False  # whether a vector came since the last step

    def voiced(self, now_ms: float) -> bool:
        """A vector of the voice came; whether it makes a step at once."""
        every_ms = now_ms - self._voiced_ms
        self._every_ms = every_ms if self._every_ms == float("inf") else (self._every_ms + every_ms) / 2
        self._voiced_ms, self._new = now_ms, True
        return now_ms - self._stepped_ms >= EARLY * self._step_ms

    def due(self, now_ms: float, tick_ms: float) -> bool:
        """Whether it is time for a step, asked every `tick_ms`."""
        since_ms = now_ms - self._stepped_ms
        if self._new:
            return since_ms >= EARLY * self._step_ms
        if since_ms < self._step_ms - tick_ms / 2:
            return False
        expected_ms = self._voiced_ms + self._every_ms
        soon = expected_ms <= self._stepped_ms + (1.0 + EARLY) * self._step_ms
        return not (soon and now_ms <= expected_ms + EARLY * self._step_ms)

    def stepped(self, now_ms: float) -> None:
        """A step was made."""
        self._stepped_ms, self._new = now_ms, False
