"""Which of one participant's pictures are looked at; no clock: capture times are arguments."""

from __future__ import annotations

from hoovik_rtc.pipeline.load import LEAST_HZ, TOLERANCE_MS, Load

CROWDED = 2
"Looks that wait for one pool: from here on pictures give way, and nobody waits long."
WHOLE = 0.95
"Credit that counts as a picture: capture times jitter."
PAUSE_MS = 1000.0
"Capture times farther apart than this say nothing of a camera's rate."


class GivingWay:
    """Lets one participant's pictures give way to others' that wait, but not more than leaves LEAST_HZ looks a second.

    What a camera sends beyond that is credit: of 30 pictures a second every third may give way, of 25 every fifth.
    Cameras keep their phase to each other: without it, the same people would give way each time.
    """

    def __init__(self) -> None:
        self._credit = 1.0  # pictures that may give way, one at most
        self._before_ms = float("-inf")

    def gives(self, waiting: int, capture_ms: float) -> bool:
        """Whether a picture that is due gives way to `waiting` others."""
        passed = capture_ms - self._before_ms
        self._before_ms = capture_ms
        if 0 < passed < PAUSE_MS:
            self._credit = min(1.0, max(0.0, self._credit + 1.0 - passed * LEAST_HZ / 1000))
        if waiting < CROWDED or self._credit < WHOLE:
            return False
        self._credit = 0.0
        return True


SELDOM_MS = 200.0 - TOLERANCE_MS
"""Between two looks where nobody asked for an avatar and a model reads vectors, a step every 0.3 s: five a second, as
often as the reference is sent pictures. A face counts as out after 0.4 s."""


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
        self.seldom = False
        "Whether faces are looked at for their vectors alone, see SELDOM_MS."

    def due(self, capture_ms: float) -> bool:
        """Whether it is time to look at a picture again; a capture time that leaps back begins anew."""
        rate_hz = self._load.face_rate_hz
        if rate_hz != self._rate_hz:
            self._rate_hz, self._put_off_ms = rate_hz, self._share * 1000 / rate_hz
        interval_ms = max(self._load.face_interval_ms, SELDOM_MS if self.seldom else 0.0)
        return not 0 <= capture_ms - self._looked_ms < interval_ms + self._put_off_ms

    def looked(self, capture_ms: float) -> None:
        """A picture was handed on."""
        self._looked_ms, self._put_off_ms = capture_ms, 0.0


READ_EVERY_MS = 100.0
"Capture time between two expressions of one participant, as often as the emotion model asks."
READ_LATE_MS = 1000.0
"Where the machine is busy, expressions give way to looks, but no longer than this."
BUSY_MS = 1000.0
"The machine counts as busy for so long after a picture gave way."


class ReadingGate:
    """When one participant's expression is read again: ten times a second, or once where the machine is busy."""

    def __init__(self) -> None:
        self._read_ms = self._gave_way_ms = float("-inf")
        self.late = False
        "Whether the reading that was due last had given way."

    def gave_way(self, capture_ms: float) -> None:
        """A picture of the participant gave way to others' that waited."""
        self._gave_way_ms = capture_ms

    def due(self, capture_ms: float, waiting: int, spare: bool = False) -> bool:
        """Whether to read now; a capture time that leaps back begins anew.

        Args:
            capture_ms: Of the picture.
            waiting: Looks that wait.
            spare: Faces are looked at less often than they could be.
        """
        passed = capture_ms - self._read_ms
        if 0 <= passed < READ_EVERY_MS * WHOLE:
            return False
        busy = spare or waiting >= CROWDED or 0 <= capture_ms - self._gave_way_ms < BUSY_MS
        if busy and 0 <= passed < READ_LATE_MS:
            return False
        self.late = READ_LATE_MS <= passed < READ_LATE_MS + PAUSE_MS
        self._read_ms = capture_ms
        return True
