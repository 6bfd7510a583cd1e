"""A modality goes out or comes back, and that alone says nothing new of anybody."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.shares import NOISE, Logs, alike, apart, logs, shares
from hoovik_inference.types import EMOTIONS, EmotionEstimate

FADE_MS = 10_000.0
"""What was read before a switch counts 1/e after so long, and nearly in full for a quarter of it: exp(-(age/FADE)²).
People go on feeling as they did for some seconds; after that nothing is left that says so."""
BACK_MS = 2_500.0
"The same where a modality comes in addition: more is known then, and it is only to fill its window."
MEAN_MS = 150.0
"""Time constant of what counts as read before a switch: one reading alone has noise, and what was read a second ago is
another moment's."""
LASTING_MS = 1000.0
"Time constant of the mean that it is compared with: a moment in which a face changes says nothing of what goes on."
SETTLE_MS = 1000.0
"So long after a switch readings that are alike still make up what the modality said of the same face or voice."
OTHER_MS = 700.0
"Time constant with which the offset goes for good while the other modality reads something else than at the switch."
IDLE_MS = 2000.0
"""After longer without a window nothing of what was before counts (as with the reference's smoothing); after longer
without anything that could be read, nobody is read."""
GONE = 0.02
"A weight below which the offset is dropped: from there on estimates pass as they are."


@dataclass(slots=True)
class _Crossing:
    """From one modality to another."""

    before: Logs
    "(K,) as it was read before."
    first: Logs
    "(K,) as the other modality read the same: the mean of its first readings that are alike."
    since_ms: float
    "Capture time of the first of these."
    fade_ms: float
    "FADE_MS or BACK_MS."
    left: float
    "0…1 of the offset: how much what was read before was the same for a second, less the time it was not since."
    newest_ms: float
    "Capture time of the last reading."
    readings: int = 1
    "How many there were."

    def weight(self, now: Logs, time_ms: float) -> float:
        """0…1 of the offset: less the more the modality's own reading has moved since, and with time.

        Less, too, where it is as small as noise: two modalities that agree need no bridge.
        """
        age = max(0.0, time_ms - self.since_ms)
        same = alike(now, self.first)
        if age <= SETTLE_MS and same > 0.5:
            self.readings += 1
            self.first = self.first + (now - self.first) / self.readings
        passed = max(0.0, time_ms - self.newest_ms)
        self.newest_ms = time_ms
        self.left *= math.exp(-(1.0 - same) * passed / OTHER_MS)
        differs = min(1.0, apart(self.before, self.first) / NOISE)
        return self.left * differs * same * math.exp(-((age / self.fade_ms) ** 2))


class Bridge:
    """A stage of a holder: at a switch of modality scores go on from where they were.

    What another modality reads of the same person differs by an offset of the logarithms of scores. It is found at the
    switch, added from there on, and fades: with how far the other modality's own reading has moved since, so that a
    person who changes is seen to at once, for good where that lasts, and slowly with time (sooner where a modality
    comes back). Scores, label, confidence and abstaining are then of the sum; valence, arousal and dominance stay as
    they were read.

    - Of a moment in which a person just changed nothing goes on: there is no telling the change from the switch.
    - Where the bot had abstained, a modality that comes in addition counts at once: there is nothing to hold on to.
    - Where nothing can be read after a switch (a voice alone that is silent), what was read before stands for IDLE_MS.
    - Without a switch estimates pass as they are, to the bit.
    """

    def __init__(self) -> None:
        self._last: EmotionEstimate | None = None
        self._known: NDArray[np.bool_] = np.zeros(0, bool)
        self._mean: Logs | None = None
        self._lasting: Logs = np.zeros(0)
        self._crossing: _Crossing | None = None
        self._read_ms = float("-inf")

    def hold(self, estimate: EmotionEstimate) -> EmotionEstimate:
        """The estimate as if its modality were the one before."""
        known = ~np.isnan(estimate.scores)
        if not self._goes_on(estimate, known):
            self._last = self._mean = self._crossing = None
        self._known = known
        own = logs(estimate.scores[known])
        if not unread(estimate):
            self._read_ms = estimate.time_ms
        if self._last is not None and self._last.modality != estimate.modality:
            self._crossing = self._cross(self._last, estimate, own)
        said, told = own, estimate
        if self._crossing is not None:
            weight = self._crossing.weight(own, estimate.time_ms)
            if weight < GONE:
                self._crossing = None
            else:
                said = own + weight * (self._crossing.before - self._crossing.first)
                told = _with(estimate, known, said, estimate.time_ms - self._read_ms <= IDLE_MS)
        self._remember(told, said)
        return told

    def _goes_on(self, estimate: EmotionEstimate, known: NDArray[np.bool_]) -> bool:
        """Whether this follows what was before: a capture time that leaps, or another model's classes, begin anew."""
        if self._last is None:
            return False
        return abs(estimate.time_ms - self._last.time_ms) <= IDLE_MS and np.array_equal(known, self._known)

    def _cross(self, last: EmotionEstimate, estimate: EmotionEstimate, own: Logs) -> _Crossing | None:
        gained = estimate.modality == "both"
        if self._mean is None or unread(last) or (gained and last.abstained):
            return None
        fade, lasting = BACK_MS if gained else FADE_MS, alike(self._mean, self._lasting)
        return _Crossing(self._mean, own, estimate.time_ms, fade, lasting, estimate.time_ms)

    def _remember(self, told: EmotionEstimate, said: Logs) -> None:
        """What is said is a mean of the newest, and of those alone once something else is said."""
        if self._mean is None or self._last is None:
            self._mean = self._lasting = said
        else:
            passed = max(0.0, told.time_ms - self._last.time_ms)
            share = max(1.0 - math.exp(-passed / MEAN_MS), 1.0 - alike(said, self._mean))
            self._mean = self._mean + share * (said - self._mean)
            self._lasting = self._lasting + (1.0 - math.exp(-passed / LASTING_MS)) * (said - self._lasting)
        self._last = told


def unread(estimate: EmotionEstimate) -> bool:
    """Whether it abstains for want of anything to read, its best score being high enough."""
    return estimate.abstained and estimate.confidence >= estimate.threshold


def _with(estimate: EmotionEstimate, known: NDArray[np.bool_], said: Logs, stands: bool) -> EmotionEstimate:
    """The estimate with other (K,) logarithms of scores; `stands`: though nothing be read now."""
    scores = np.full(len(EMOTIONS), np.nan, np.float32)
    scores[known] = shares(said)
    return rescored(estimate, scores, abstains=unread(estimate) and not stands)


def rescored(estimate: EmotionEstimate, scores: NDArray[np.float32], abstains: bool) -> EmotionEstimate:
    """The estimate with other (7,) scores, and what follows from them; `abstains`: whatever they are."""
    best = int(np.nanargmax(scores))
    confidence = float(scores[best])
    abstained = abstains or confidence < estimate.threshold
    label = "neutral" if abstained else EMOTIONS[best]
    return dataclasses.replace(estimate, scores=scores, confidence=confidence, emotion=label, abstained=abstained)
