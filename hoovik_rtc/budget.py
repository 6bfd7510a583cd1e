"""So many a second, and not more."""

from __future__ import annotations

from hoovik_rtc import clock


class Budget:
    """Counts what one client does in each second.

    Args:
        per_second: how much is allowed.
    """

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._second = 0
        self._spent = 0
        self._told = -1

    def spend(self) -> bool:
        """Use one; False where this second's are used up."""
        self._turn()
        self._spent += 1
        return self._spent <= self._per_second

    def tell(self) -> bool:
        """Whether the client should hear of a refusal: once a second."""
        self._turn()
        if self._told == self._second:
            return False
        self._told = self._second
        return True

    def _turn(self) -> None:
        second = int(clock.now_ms() // 1000)
        if second != self._second:
            self._second, self._spent = second, 0
