"""From raw vectors to those that the models were trained on: the mean and spread of the training data taken off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.windows import Windows
from hoovik_inference.types import Floats


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Of the training data, by dimension, in the precision in which they were stored."""

    face_mean: NDArray[np.floating[Any]]
    "(326,)"
    face_std: NDArray[np.floating[Any]]
    "(326,) more than 0: the reference has added 1e-6."
    audio_mean: NDArray[np.floating[Any]]
    "(1024,)"
    audio_std: NDArray[np.floating[Any]]
    "(1024,) more than 0."

    def apply(self, raw: Windows) -> Windows:
        """The same windows normalised, with zeros where the masks are 0."""
        return replace(
            raw,
            face=_scaled(raw.face, self.face_mean, self.face_std, raw.face_mask),
            audio=_scaled(raw.audio, self.audio_mean, self.audio_std, raw.audio_mask),
        )


def _scaled(x: Floats, mean: NDArray[np.floating[Any]], std: NDArray[np.floating[Any]], mask: Floats) -> Floats:
    scaled: Floats = (((x - mean) / std) * mask[..., None]).astype(np.float32)
    return scaled
