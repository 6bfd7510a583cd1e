"""What a person's resting face and voice are read as: somebody who looks a little sad all day is not sad."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hoovik_inference.emotion.bridge import rescored, unread
from hoovik_inference.emotion.shares import Logs, logs, shares
from hoovik_inference.types import EMOTIONS, EmotionEstimate, Floats, Modality

MEMORY_S = 60.0
"Readings count for so long: the mean of all up to then, 1/e after so long from there on."
SILENT_S = 20.0
"Nothing is taken off before so many seconds were read."
SHARE = 0.5
"Of what a person is read as beyond what is usual, so much is taken off once MEMORY_S were read."
MOST = 1.0
"Nats that are taken off a class at most."
TOLD_MOST = 2.0
"The same where the person said that this is their neutral face."
CLEAR = 0.7
"A class of such a score is no habit: nothing is taken off it, and nothing learned from it."
UNCLEAR = 0.5
"Below such a score all is taken off, and less the nearer to CLEAR."
STEP_S = 0.5
"A reading counts for no more than this."
TOLD_MS = 1000.0
"What is read in so long after `calibrate` is this person's neutral."

_NEUTRAL = EMOTIONS.index("neutral")


@dataclass(slots=True)
class _Resting:
    """The running mean of one modality's readings."""

    mean: Logs = field(default_factory=lambda: np.zeros(len(EMOTIONS)))
    "(7,) of logarithms of scores."
    seconds: float = 0.0
    "That were read."
    newest_ms: float | None = None
    "Capture time of the last reading."

    def learn(self, own: Logs, time_ms: float) -> None:
        """Add a reading."""
        passed = 0.0 if self.newest_ms is None else (time_ms - self.newest_ms) / 1000
        self.newest_ms = time_ms
        counts = min(max(passed, 0.0), STEP_S)
        self.seconds += counts
        if counts:
            self.mean = self.mean + counts / min(self.seconds, MEMORY_S) * (own - self.mean)

    @property
    def share(self) -> float:
        """How much of it is taken off, 0…SHARE."""
        return SHARE * min(1.0, max(0.0, (self.seconds - SILENT_S) / (MEMORY_S - SILENT_S)))


class Habit:
    """A stage of a holder: takes off classes what this person is read as at rest, beyond what is usual.

    Per modality, from the mean of the logarithms of scores over minutes: by how much each class is nearer to neutral
    there than usual, a share of that, MOST at most. No class is ever added to, so a person who is always neutral is
    read as before. What is read clearly is told as it is. Readings that are unlike what the model knows, or of nothing,
    are not learned from.

    After `calibrate` all that was read of the face in the next second is taken off, TOLD_MOST at most, for good.
    """

    def __init__(self, usual: Floats) -> None:
        """Begin with a person of whom nothing is known.

        Args:
            usual: (7,) shares of the classes, in the order of EMOTIONS, of people in general.
        """
        self._usual = logs(usual)
        self._resting: dict[Modality, _Resting] = {}
        self._told = np.zeros(len(EMOTIONS))
        self._telling: list[Logs] | None = None
        self._telling_since_ms: float | None = None

    def calibrate(self) -> None:
        """The face read in the next TOLD_MS is this person's neutral one."""
        self._telling, self._telling_since_ms = [], None

    def hold(self, estimate: EmotionEstimate) -> EmotionEstimate:
        """The estimate less the habit."""
        if unread(estimate) or np.isnan(estimate.scores).any():
            return estimate
        own = logs(estimate.scores)
        seen = estimate.modality != "audio_only"
        if seen:
            self._tell(own, estimate.time_ms)
        resting = self._resting.setdefault(estimate.modality, _Resting())
        if not estimate.anomaly and float(np.delete(estimate.scores, _NEUTRAL).max()) < CLEAR:
            resting.learn(own, estimate.time_ms)
        off = np.minimum(resting.share * self._leaning(resting.mean), MOST)
        off *= np.clip((CLEAR - estimate.scores) / (CLEAR - UNCLEAR), 0.0, 1.0)
        if seen:
            off = np.maximum(off, self._told)
        if not off.any():
            return estimate
        return rescored(estimate, shares(own - off).astype(np.float32), abstains=False)

    def _leaning(self, mean: Logs) -> Logs:
        """(7,) nats, 0 or more, by which each class is nearer to neutral than is usual."""
        usual: Logs = self._usual - self._usual[_NEUTRAL]
        out: Logs = np.maximum(mean - mean[_NEUTRAL] - usual, 0.0)
        return out

    def _tell(self, own: Logs, time_ms: float) -> None:
        if self._telling is None:
            return
        if self._telling_since_ms is None:
            self._telling_since_ms = time_ms
        self._telling.append(own)
        if not 0.0 <= time_ms - self._telling_since_ms < TOLD_MS:
            self._told = np.minimum(self._leaning(np.mean(self._telling, axis=0)), TOLD_MOST)
            self._telling = None
