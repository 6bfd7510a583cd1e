"""What a network does to the packets of one direction, as a decision: no socket, no clock, seeded chance.

The same seed, settings, sizes and times give each packet the same fate.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GilbertElliott:
    """Loss in bursts: a chain of two states, moved once per packet."""

    enter: float
    "Chance per packet to go from the good state to the bad one."
    leave: float
    "Chance per packet to go back; a burst lasts 1 / leave packets on average."
    good_loss: float = 0.0
    "Chance of loss in the good state."
    bad_loss: float = 1.0
    "Chance of loss in the bad state."


@dataclass(frozen=True, slots=True)
class Impairment:
    """The settings of one direction; the default does nothing to anybody."""

    loss: float = 0.0
    "Share of packets lost, each on its own."
    bursts: GilbertElliott | None = None
    "Loss in bursts, beside `loss`."
    delay_ms: float = 0.0
    "Each packet takes this long."
    jitter_ms: float = 0.0
    "…give or take up to this, evenly, each packet on its own (never less than 0 in all)."
    reorder: float = 0.0
    "Share of packets that are held back beyond their followers."
    reorder_ms: float = 50.0
    "How much longer those take."
    duplicate: float = 0.0
    "Share of packets that come twice."
    rate_kbit: float | None = None
    "What the narrowest part lets through, kbit/s; None: everything."
    queue_ms: float = 300.0
    "How long the queue before it may be; what would wait longer is dropped (tail drop)."
    blackout: bool = False
    "Nothing comes through."


CLEAR = Impairment()


class Direction:
    """Decides what becomes of each packet of one direction.

    Args:
        seed: of all chance in it.
        impairment: may be exchanged at any time.
    """

    def __init__(self, seed: int | str, impairment: Impairment = CLEAR) -> None:
        self.impairment = impairment
        self.counts: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._bad = False
        self._free_ms = float("-inf")  # when the narrow part has sent what waits before it

    def fate(self, now_ms: float, size: int) -> list[float]:
        """When a packet of `size` bytes, handed in at `now_ms`, comes out: never, once, or twice."""
        # Six draws for each packet, whatever the settings: a setting changes nothing but what it is about.
        lost, burst, moved, jitter, held, twice = (self._random.random() for _ in range(6))
        is_ = self.impairment
        self.counts["in"] += 1
        if is_.blackout:
            return self._drop("blackout")
        if is_.bursts is not None:
            self._bad = moved >= is_.bursts.leave if self._bad else moved < is_.bursts.enter
            if burst < (is_.bursts.bad_loss if self._bad else is_.bursts.good_loss):
                return self._drop("burst")
        if lost < is_.loss:
            return self._drop("loss")
        at = now_ms
        if is_.rate_kbit is not None:
            begins = max(now_ms, self._free_ms)
            if begins - now_ms > is_.queue_ms:
                return self._drop("queue_full")
            at = self._free_ms = begins + size * 8 / is_.rate_kbit
        at += max(0.0, is_.delay_ms + (2 * jitter - 1) * is_.jitter_ms)
        if held < is_.reorder:
            self.counts["reordered"] += 1
            at += is_.reorder_ms
        self.counts["out"] += 1
        if twice < is_.duplicate:
            self.counts["duplicated"] += 1
            return [at, at]
        return [at]

    def _drop(self, why: str) -> list[float]:
        self.counts[why] += 1
        return []
