"""A label that does not flicker: two classes that are nearly even take turns otherwise, ten times a second."""

from __future__ import annotations

import dataclasses

from hoovik_inference.types import EMOTIONS, EmotionEstimate

LEAD = 0.15
"A class that leads by this much takes over at once."
HOLD_MS = 500.0
"One that leads by less takes over once it has led for so long."


class Steady:
    """The label of one participant over time: a stage of a holder. Scores stay what they are."""

    def __init__(self) -> None:
        self._label: str | None = None
        self._rival: str | None = None
        self._since_ms = 0.0

    def hold(self, estimate: EmotionEstimate) -> EmotionEstimate:
        """The estimate with the label to show, and that one's score as confidence."""
        label = self.label(estimate)
        if label == estimate.emotion:
            return estimate
        confidence = float(estimate.scores[EMOTIONS.index(label)])
        return dataclasses.replace(estimate, emotion=label, confidence=confidence)

    def label(self, estimate: EmotionEstimate) -> str:
        """The label to show; an abstaining model's, a first one, and one from an earlier time count at once."""
        best, held = estimate.emotion, self._label
        if held is None or best == held or estimate.abstained or estimate.time_ms < self._since_ms:
            return self._take(estimate)
        own = float(estimate.scores[EMOTIONS.index(held)])
        if own < estimate.threshold or float(estimate.scores[EMOTIONS.index(best)]) - own >= LEAD:
            return self._take(estimate)
        if best != self._rival:
            self._rival, self._since_ms = best, estimate.time_ms
        elif estimate.time_ms - self._since_ms >= HOLD_MS:
            return self._take(estimate)
        return held

    def _take(self, estimate: EmotionEstimate) -> str:
        self._label, self._rival, self._since_ms = estimate.emotion, None, estimate.time_ms
        return estimate.emotion
