"""Which of one participant's pictures are looked at; no clock: capture times are arguments."""

from __future__ import annotations

from hoovik_rtc.pipeline.load import LEAST_HZ, Load

CROWDED = 2
"Looks that wait for one pool: from here on who was looked at just now gives way, and nobody waits long."


def gives_way(waiting: int, since_ms: float) -> bool:
    """Whether a picture is passed over for others' that wait.

    Everybody gives way in turn: twelve at 24 looks a second each are better off than six at 30 and six at 15.

    Args:
        waiting: looks that wait for the pool.
        since_ms: capture time since this participant's picture before that was looked at.
    """
    return waiting >= CROWDED and 0 <= since_ms < 1000 / LEAST_HZ


class LookGate:
    """Lets a picture through where the rate in force allows it.

    Args:
        load: knows the rate.
        share: 0…1 of the time between two looks, another for each participant. Everybody hears of a new rate at the
            same moment: looked at in step from there on, all would wait for each other and the pool would rest in
            between, so each begins that much later.
    """

    def __init__(self, load: Load, share: float) -> None:
        self._load = load
        self._share = share
        self._rate_hz = load.face_rate_hz
        self._put_off_ms = 0.0
        self._looked_ms = float("-inf")

    def due(self, capture_ms: float) -> bool:
        """Whether it is time to look at a picture again; a capture time that leaps back begins anew."""
        rate_hz = self._load.face_rate_hz
        if rate_hz != self._rate_hz:
            self._rate_hz, self._put_off_ms = rate_hz, self._share * 1000 / rate_hz
        return not 0 <= capture_ms - self._looked_ms < self._load.face_interval_ms + self._put_off_ms

    def looked(self, capture_ms: float) -> None:
        """A picture was handed on."""
        self._looked_ms, self._put_off_ms = capture_ms, 0.0
