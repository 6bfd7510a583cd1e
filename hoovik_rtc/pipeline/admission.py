"""Who is let in: a bound on participants, and a bound on how often one address may ask."""

from __future__ import annotations

from collections import OrderedDict, deque

from hoovik_rtc.config import LimitsConfig
from hoovik_rtc.errors import CapacityError

RETRY_AFTER_S = 10
MAX_ADDRESSES = 4096
"Addresses remembered; the ones heard longest ago are forgotten first."


class Admission:
    """Refuses newcomers that could not be served."""

    def __init__(self, limits: LimitsConfig) -> None:
        self._limits = limits
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
            raise CapacityError(
                f"The bot is full: it serves {participants} people. Try again in {RETRY_AFTER_S} s.",
                RETRY_AFTER_S,
            )
