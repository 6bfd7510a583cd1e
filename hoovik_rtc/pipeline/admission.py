"""Who is let in: a bound on participants, one on the load they make, and one on how often one address may ask."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

from hoovik_rtc.config import LimitsConfig
from hoovik_rtc.errors import CapacityError

RETRY_AFTER_S = 10
MAX_ADDRESSES = 4096
"Addresses remembered; the ones heard longest ago are forgotten first."


class Admission:
    """Refuses newcomers that could not be served.

    Args:
        limits: what is allowed.
        count: called with the name of each refusal.
    """

    def __init__(self, limits: LimitsConfig, count: Callable[[str], None]) -> None:
        self._limits = limits
        self._count = count
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()

    def ask(self, address: str, now_ms: float) -> None:
        """Note that `address` asks to join.

        Raises:
            CapacityError: more often than allowed in a minute.
        """
        asked = self._asked.setdefault(address, deque())
        self._asked.move_to_end(address)
        while len(self._asked) > MAX_ADDRESSES:
            self._asked.popitem(last=False)
        while asked and now_ms - asked[0] > 60_000:
            asked.popleft()
        if len(asked) >= self._limits.joins_per_minute:
            self._count("admission_refused_often")
            raise CapacityError(
                f"More than {self._limits.joins_per_minute} requests to join within a minute from one address.",
                60,
            )
        asked.append(now_ms)

    def admit(self, participants: int) -> None:
        """Let one more in beside `participants`.

        Raises:
            CapacityError: full.
        """
        if participants >= self._limits.participants:
            self._count("admission_refused_full")
            raise CapacityError(
                f"The bot is full: all of its {participants} seats are taken. Try again in {RETRY_AFTER_S} s.",
                RETRY_AFTER_S,
            )

    def admit_load(self, load: float, cores: float) -> None:
        """Let one more in; `load` is the share of `cores` that all would take with them, at the lowest rates.

        Raises:
            CapacityError: even the lowest rates would not hold.
        """
        if load >= self._limits.load:
            self._count("admission_refused_load")
            raise CapacityError(
                f"The machine is at its limit: with one more it would be {load:.0%} busy at the lowest rates "
                f"({cores:g} cores), and under {self._limits.load:.0%} is allowed. Try again in {RETRY_AFTER_S} s.",
                RETRY_AFTER_S,
            )
