"""Whether an engine keeps up with the sound that arrives. It is told times and reads no clock."""

from __future__ import annotations

import math


class Pace:
    """Judges from how long an engine took, and says when one that fell behind deserves another try.

    Load is time taken by length of sound that it was taken for, smoothed over `memory_s` of sound so that one slow
    run changes nothing. Above `behind` the engine has fallen behind; then something else serves, whose sound counts as
    rest. After `retry_s` of rest one try is due, and it decides: below `again` the engine serves once more. Each rest
    is twice as long as the one before, 16 times `retry_s` at most, until load has been below `again` for so long.
    """

    def __init__(self, behind: float = 1.0, again: float = 0.7, memory_s: float = 3.0, retry_s: float = 30.0) -> None:
        """Begin with an engine that is believed to keep up.

        Args:
            behind: Load above which it has fallen behind.
            again: Load of a try below which it serves once more.
            memory_s: Seconds of sound over which load is smoothed.
            retry_s: Seconds of sound between falling behind and the first try.

        Raises:
            ValueError: `again` does not lie between 0 and `behind`, or a length is not positive.
        """
        if not 0.0 < again <= behind:
            raise ValueError(f"again is {again}, behind {behind}; expected 0 < again <= behind")
        if memory_s <= 0.0 or retry_s <= 0.0:
            raise ValueError(f"memory_s is {memory_s}, retry_s {retry_s}; expected positive seconds")
        self._behind, self._again, self._memory_s, self._first_s = behind, again, memory_s, retry_s
        self._load = 0.0
        self._retry_s = retry_s
        self._rest_s = 0.0
        self._calm_s = 0.0
        self._fell = False

    @property
    def keeps_up(self) -> bool:
        """Whether the engine should serve."""
        return not self._fell

    @property
    def load(self) -> float:
        """Smoothed time taken by length of sound; 1 is real time."""
        return self._load

    @property
    def try_due(self) -> bool:
        """Whether an engine that fell behind should be run once, and `took` be told."""
        return self._fell and self._rest_s >= self._retry_s

    def took(self, sound_s: float, took_s: float) -> bool:
        """The engine ran. While it is behind and no try is due, that changes nothing: what was under way ends.

        Args:
            sound_s: Seconds of sound from one run to the next, at least: its hop, whatever its window and however many
                are in a batch.
            took_s: Seconds that the run took.

        Returns:
            Whether it keeps up.

        Raises:
            ValueError: `sound_s` is not positive, or `took_s` is negative.
        """
        if not sound_s > 0.0 or not took_s >= 0.0:
            raise ValueError(f"{took_s} s were taken for {sound_s} s of sound; expected 0 or more for more than 0")
        load = took_s / sound_s
        if self._fell:
            if self.try_due:
                self._tried(load)
            return self.keeps_up
        self._load += (1.0 - math.exp(-sound_s / self._memory_s)) * (load - self._load)
        if self._load > self._behind:
            self._fell, self._rest_s = True, 0.0
        self._calm_s = self._calm_s + sound_s if self._load < self._again else 0.0
        if self._calm_s >= self._retry_s:
            self._retry_s = self._first_s
        return self.keeps_up

    def rested(self, sound_s: float) -> None:
        """Something else served `sound_s` seconds of sound."""
        self._rest_s += sound_s

    def _tried(self, load: float) -> None:
        self._rest_s = self._calm_s = 0.0
        self._load = load
        self._retry_s = min(2.0 * self._retry_s, 16.0 * self._first_s)
        self._fell = load >= self._again
