"""From what the transformer and XGBoost say to one set of probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.windows import MODALITIES
from hoovik_inference.types import Floats

CLASSES: tuple[str, ...] = ("angry", "fearful", "disgust", "happy", "sad", "neutral/calm")
"The reference's, in its order."


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Weights and temperature: found on validation data, these where nothing was."""

    w_modal: float = 0.5
    "Of the transformer."
    w_xgb: float = 0.5
    "Of XGBoost."
    temperature: float = 1.0
    "By which logits are divided; less than 1 makes them surer."

    def __post_init__(self) -> None:
        """Refuse what gives no probabilities."""
        numbers = (self.w_modal, self.w_xgb, self.temperature)
        if not all(map(math.isfinite, numbers)) or min(numbers[:2]) < 0.0 or sum(numbers[:2]) <= 0.0:
            raise BundleError(f"weights {self.w_modal} and {self.w_xgb}; expected 0 or more, together more than 0")
        if self.temperature <= 0.0:
            raise BundleError(f"temperature is {self.temperature}; expected more than 0")

    def told(self) -> dict[str, float]:
        """For a JSON."""
        return {"w_modal": self.w_modal, "w_xgb": self.w_xgb, "temperature": self.temperature}

    def by_modality(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(3, 2) weights and temperatures of both, by MODALITIES."""
        weights = {"audio_only": (0.0, 1.0), "video_only": (1.0, 0.0), "both": (self.w_modal, self.w_xgb)}
        temperatures = np.array([[self.temperature, 1.0]] * len(MODALITIES))
        return np.array([weights[name] for name in MODALITIES]), temperatures

    def mix(self, logits: Floats, boosted: Floats, modality: NDArray[np.int64]) -> Floats:
        """(N, K) probabilities: both where both modalities are, XGBoost of a voice alone, the transformer of a face.

        Args:
            logits: (N, K) of the transformer.
            boosted: (N, K) probabilities of XGBoost.
            modality: (N,) index into MODALITIES.
        """
        scaled = logits.astype(np.float64) / self.temperature
        modal = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        modal /= modal.sum(axis=1, keepdims=True)
        by_flag = self.by_modality()[0][modality]
        mixed: Floats = (by_flag[:, :1] * modal + by_flag[:, 1:] * boosted).astype(np.float32)
        return mixed
