"""From probabilities of one window after the other to a label that holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats

ALPHA = 0.65
"Weight of the new."
IDLE_S = 2.0
"After more than so long nothing of what was before counts."
THRESHOLD = 0.45
"Strictly below it the label is the neutral one."
DECIMALS = 4
"To which the reference rounds probabilities before anything else is done with them."


@dataclass(frozen=True, slots=True)
class Smoothed:
    """What is said of a window."""

    label: str
    "Of the classes."
    confidence: float
    "0…1: the largest of the smoothed probabilities, also where it is below the threshold."
    probabilities: NDArray[np.float64]
    "(K,) of this window alone, rounded."


class Smoother:
    """An exponential mean over the windows of one participant."""

    def __init__(
        self,
        classes: Sequence[str],
        *,
        alpha: float = ALPHA,
        threshold: float = THRESHOLD,
        compat: bool = False,
    ) -> None:
        """Begin.

        Args:
            classes: K names.
            alpha: 0…1, weight of the new.
            threshold: 0…1, strictly below it the neutral class is said.
            compat: Forget as the reference's code does: whenever more than two seconds passed since it last forgot (or
                since the first window), in the middle of a stream too. Otherwise as its documents say: after more than
                two seconds without a window.
        """
        self._classes, self._neutral = tuple(classes), neutral(classes)
        self._alpha, self._threshold, self._compat = alpha, threshold, compat
        self._mean: NDArray[np.float64] | None = None
        self._since_s: float | None = None

    def update(self, probabilities: Floats, now_s: float) -> Smoothed:
        """Take (K,) probabilities of a window at `now_s` seconds.

        Raises:
            ValueError: There are more or fewer than K.
        """
        if probabilities.shape != (len(self._classes),):
            raise ValueError(f"probabilities are {probabilities.shape}; expected ({len(self._classes)},)")
        if self._since_s is None or now_s - self._since_s > IDLE_S:
            self._mean, self._since_s = None, now_s
        if not self._compat:
            self._since_s = now_s
        said: NDArray[np.float64] = probabilities.astype(np.float64).round(DECIMALS)
        mean = said if self._mean is None else self._alpha * said + (1.0 - self._alpha) * self._mean
        self._mean = mean / (mean.sum() + 1e-9)
        best = int(self._mean.argmax())
        confidence = float(self._mean[best])
        label = self._classes[best] if confidence >= self._threshold else self._neutral
        return Smoothed(label, confidence, said)


def neutral(classes: Sequence[str]) -> str:
    """What is said where nothing is likely enough: the class that is neutral by its name, else the reference's."""
    return next((name for name in classes if "neutral" in name.lower() or "calm" in name.lower()), "neutral/calm")
