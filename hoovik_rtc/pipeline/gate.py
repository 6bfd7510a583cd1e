"""Which of one participant's pictures are looked at; no clock: capture times are arguments."""

from __future__ import annotations

from hoovik_rtc.pipeline.load import Load


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
