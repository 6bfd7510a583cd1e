"""What is said of one participant over time, in stages: each makes of an estimate another one."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from hoovik_inference.emotion.bridge import Bridge
from hoovik_inference.emotion.habit import Habit
from hoovik_inference.types import EmotionEstimate, Holder


class Stage(Protocol):
    """One of them. One instance per participant."""

    def hold(self, estimate: EmotionEstimate) -> EmotionEstimate:
        """The newest estimate, changed."""
        ...


class Stages:
    """A `Holder` of stages, one after the other."""

    def __init__(self, *stages: Stage, habit: Habit | None = None, unsmoothed: bool = False) -> None:
        """Begin.

        Args:
            stages: in order.
            habit: the first of them, where a person's own baseline is taken off.
            unsmoothed: scores stay those of the model, and label and confidence alone are the last stage's.
        """
        self._stages = stages if habit is None else (habit, *stages)
        self._habit = habit
        self._unsmoothed = unsmoothed

    def hold(self, estimate: EmotionEstimate) -> EmotionEstimate:
        """The newest estimate with what is to be said."""
        said = estimate
        for stage in self._stages:
            said = stage.hold(said)
        if self._unsmoothed and said.scores is not estimate.scores:
            return dataclasses.replace(said, scores=estimate.scores)
        return said

    def calibrate(self) -> None:
        """Tells the habit, where there is one."""
        if self._habit is not None:
            self._habit.calibrate()


def bridged(last: Stage, habit: Habit | None = None, unsmoothed: bool = False) -> Holder:
    """A holder that bridges switches of modality; see `Stages`."""
    return Stages(Bridge(), last, habit=habit, unsmoothed=unsmoothed)
