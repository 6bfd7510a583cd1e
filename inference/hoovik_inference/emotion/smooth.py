"""Scores that do not jump."""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import EMOTIONS, Floats

ALPHA = 0.65
"Weight of the newest scores (the reference's)."
IDLE_MS = 2_000.0
"After so long without scores the history is another moment's, and is forgotten (the reference's)."


class ScoreSmoother:
    """Exponential moving average over one participant's scores."""

    def __init__(self, alpha: float = ALPHA, idle_ms: float = IDLE_MS) -> None:
        if not 0.0 < alpha <= 1.0:
            raise ValueError(f"alpha is {alpha}; expected above 0, up to 1 (the weight of the newest scores)")
        self._alpha = alpha
        self._idle_ms = idle_ms
        self._scores: Floats | None = None
        self._time_ms = 0.0

    def step(self, scores: Floats, time_ms: float) -> Floats:
        """(7,) smoothed scores, sum 1, after the newest `scores` (7,) of capture time `time_ms`.

        A class that the model lacks (nan) stays nan.

        Raises:
            ValueError: Another shape than (7,).
        """
        if scores.shape != (len(EMOTIONS),):
            raise ValueError(f"scores are {scores.shape}; expected ({len(EMOTIONS)},) in the order of EMOTIONS")
        if self._scores is None or not 0.0 <= time_ms - self._time_ms <= self._idle_ms:
            smooth = scores.astype(np.float32)
        else:
            smooth = self._alpha * scores + (1.0 - self._alpha) * self._scores
            # A class known to only one of the two (the model was changed) is taken from the newest.
            smooth = np.where(np.isnan(smooth), scores, smooth).astype(np.float32)
        smooth = smooth / (np.nansum(smooth) + 1e-9)
        self._scores, self._time_ms = smooth, time_ms
        return smooth.copy()

    def clear(self) -> None:
        """Forget the history."""
        self._scores = None
