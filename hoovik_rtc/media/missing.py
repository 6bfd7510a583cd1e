"""Which packets of a stream are missing, which to ask for now, and how long it is worth to wait for them.

Pure: times come with the calls. Numbers are sequence numbers extended beyond wrap-around. A packet is asked for
at once where packets come in order; where they lately came late by themselves, only after so long. It is asked for
again after a round trip, ten times at most. All that is kept, and all that is asked for, is bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

MAX_GAP = 128
"More packets in a row than this are not asked for: senders remember no more (aiortc 128), and it would take too long."
MAX_TRIES = 10
"A packet is asked for at most so often."
REPEAT_MS = 100.0
"A packet is asked for again after this or a round trip, whichever is longer."
MAX_REPEAT_MS = 500.0
MAX_HOLD_MS = 250.0
"However late packets come by themselves, a missing one is asked for after this."
HOLD_HALVES_MS = 2000.0
"Without packets that come late by themselves, their lateness is forgotten by half in this time."
FIRST_WAIT_MS = 150.0
"How long a packet is waited for while nothing is known: a round trip of 100 ms, and some."
MIN_WAIT_MS, MAX_WAIT_MS = 60.0, 320.0
"How long a packet is waited for, whatever is known."
DEAF = 8
"After so many packets in a row that never came, the sender does not listen: MIN_WAIT_MS is waited."
FORGET_MS = 1000.0
"A packet that has not come by then never will."


class _Entry:
    """One missing packet."""

    __slots__ = ("asked_ms", "first_ms", "settled", "since_ms", "tries")

    def __init__(self, since_ms: float) -> None:
        self.since_ms = since_ms
        self.first_ms = 0.0  # when it was asked for, first
        self.asked_ms = 0.0  # …and last
        self.tries = 0
        self.settled = False  # nobody waits for it any more; it is watched for, to learn


class Missing:
    """The missing packets of one stream.

    Args:
        asks_per_s: packets that may be asked for per second; so many at once.
        count: called with the name of each event.
        kind: `audio` or `video`, the beginning of those names.
    """

    def __init__(self, asks_per_s: float, count: Callable[[str], None], kind: str) -> None:
        self._count = count
        self._late, self._needless = f"{kind}_packets_repaired", f"{kind}_nack_needless"
        self._per_ms = asks_per_s / 1000
        self._tokens = self._most = asks_per_s
        self._tokens_ms = 0.0
        self.clear()

    def clear(self) -> None:
        """Another stream begins."""
        self._highest: int | None = None
        self._entries: dict[int, _Entry] = {}
        self._repaired: dict[int, tuple[int, float, float]] = {}  # asked for, then come: see _came
        self._lateness: deque[float] = deque(maxlen=16)
        self.round_trip_ms = 0.0
        "From asking for a packet to its coming; 0 while nothing is known."
        self._hold_ms = 0.0
        self._hold_at_ms = 0.0
        self._unanswered = 0

    def __contains__(self, number: int) -> bool:
        """Whether it is missing and waited for."""
        entry = self._entries.get(number)
        return entry is not None and not entry.settled

    def since(self, number: int) -> float | None:
        """When it was noticed that this packet is missing."""
        entry = self._entries.get(number)
        return None if entry is None else entry.since_ms

    def hold_ms(self, now_ms: float) -> float:
        """How late packets lately came by themselves (reordering, jitter)."""
        if self._hold_ms:
            self._hold_ms *= 0.5 ** (max(0.0, now_ms - self._hold_at_ms) / HOLD_HALVES_MS)
            self._hold_ms = self._hold_ms if self._hold_ms > 1 else 0.0
        self._hold_at_ms = now_ms
        return self._hold_ms

    @property
    def wait_ms(self) -> float:
        """How long a missing packet is worth waiting for: as long as they lately took to come, and some."""
        if self._unanswered >= DEAF:
            return MIN_WAIT_MS
        if not self._lateness:
            return FIRST_WAIT_MS
        return min(max(max(self._lateness) * 1.1 + 10, MIN_WAIT_MS), MAX_WAIT_MS)

    def arrived(self, number: int, now_ms: float) -> None:
        """A packet came: what it leaps over is missing from now on."""
        if self._highest is None:
            self._highest = number
        elif number > self._highest:
            if number - self._highest <= MAX_GAP:
                for lost in range(self._highest + 1, number):
                    self._entries[lost] = _Entry(now_ms)
            self._highest = number
            self._bound(now_ms)
        elif (entry := self._entries.pop(number, None)) is not None:
            self._came(number, entry, now_ms)
        elif (repaired := self._repaired.pop(number, None)) is not None:
            self._again(repaired, now_ms)

    def settle(self, first: int, end: int) -> None:
        """Nobody waits for the packets from `first` up to before `end` any more."""
        for number, entry in self._entries.items():
            if first <= number < end:
                entry.settled = True

    def due(self, now_ms: float) -> list[int]:
        """The packets to ask for now, 0…65535."""
        self._tokens = min(self._most, self._tokens + max(0.0, now_ms - self._tokens_ms) * self._per_ms)
        self._tokens_ms = now_ms
        if not self._entries:
            return []
        hold = min(self.hold_ms(now_ms), MAX_HOLD_MS)
        repeat = min(max(REPEAT_MS, self.round_trip_ms * 1.2), MAX_REPEAT_MS)
        out = []
        for number, entry in self._entries.items():
            if entry.settled or entry.tries >= MAX_TRIES:
                continue
            at = entry.asked_ms + repeat if entry.tries else entry.since_ms + hold
            if now_ms >= at and self._tokens >= 1:
                self._tokens -= 1
                entry.tries += 1
                entry.asked_ms = now_ms
                entry.first_ms = entry.first_ms or now_ms
                out.append(number & 0xFFFF)
        return out

    def _came(self, number: int, entry: _Entry, now_ms: float) -> None:
        late = now_ms - entry.since_ms
        self._unanswered = 0
        self._lateness.append(late)
        if not entry.tries:
            self._hold_at_least(late, now_ms)
            return
        self._count(self._late)
        self._repaired[number] = entry.tries, late, now_ms - entry.first_ms
        if len(self._repaired) > MAX_GAP:
            del self._repaired[next(iter(self._repaired))]
        if entry.tries == 1:
            self._took(now_ms - entry.first_ms)

    def _again(self, repaired: tuple[int, float, float], now_ms: float) -> None:
        """A packet that was asked for comes a second time: it was asked for too soon, or too soon again."""
        self._count(self._needless)
        tries, late_ms, took_ms = repaired
        if tries == 1:
            self._hold_at_least(late_ms + 5, now_ms)  # it would have come by itself
        else:
            self._took(max(took_ms, self.round_trip_ms))

    def _took(self, ms: float) -> None:
        self.round_trip_ms += (ms - self.round_trip_ms) * (0.2 if self.round_trip_ms else 1.0)

    def _hold_at_least(self, late_ms: float, now_ms: float) -> None:
        self._hold_ms = max(self.hold_ms(now_ms), min(late_ms, MAX_HOLD_MS))

    def _bound(self, now_ms: float) -> None:
        """Let go of what will not come: the entries are in the order in which they were noticed."""
        while self._entries:
            number = next(iter(self._entries))
            if now_ms - self._entries[number].since_ms <= FORGET_MS and len(self._entries) <= 2 * MAX_GAP:
                return
            if self._entries.pop(number).tries:
                self._unanswered += 1
