"""Several models mixed by weights of each modality, made as sure as they are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.windows import MODALITIES
from hoovik_inference.types import Floats

MEMBERS = ("transformer", "boosted", "late")
"Models that may take part, in order."
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Temperatures, weights and Platt's lines, found on validation data."""

    weights: NDArray[np.float64]
    "(3, M) by MODALITIES and by the first M of MEMBERS: 0 or more, each row's sum 1."
    temperatures: NDArray[np.float64]
    "(3, M) by which a member's logits are divided (Guo et al., ICML 2017)."
    slopes: NDArray[np.float64]
    "(3, K) and…"
    offsets: NDArray[np.float64]
    "(3, K) …of a line from the log odds of each class to better ones (Platt 1999), class by class, then made sum 1."

    def __post_init__(self) -> None:
        """Refuse what gives no probabilities."""
        rows, members = self.weights.shape
        if rows != len(MODALITIES) or not 2 <= members <= len(MEMBERS):
            raise BundleError(f"weights are {self.weights.shape}; expected (3, 2) or (3, 3), of {', '.join(MEMBERS)}")
        if self.temperatures.shape != self.weights.shape or self.slopes.shape != self.offsets.shape:
            raise BundleError("weights, temperatures and Platt's lines have shapes that do not fit")
        numbers = (self.weights, self.temperatures, self.slopes, self.offsets)
        if not all(np.isfinite(array).all() for array in numbers):
            raise BundleError("a weight, a temperature or one of Platt's lines is not finite")
        if (self.weights < 0).any() or (self.weights.sum(axis=1) <= 0).any() or (self.temperatures <= 0).any():
            raise BundleError("weights are 0 or more, not all 0, and temperatures more than 0")

    def by_modality(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(3, M) weights and temperatures, by MODALITIES."""
        return self.weights, self.temperatures

    def mix(self, said: Sequence[Floats], modality: NDArray[np.int64]) -> Floats:
        """(N, K) probabilities of M members' (N, K) logits, by (N,) modality.

        Raises:
            ValueError: Another number of members.
        """
        if len(said) != self.weights.shape[1]:
            raise ValueError(f"{len(said)} members; expected {self.weights.shape[1]}")
        mixed = np.zeros(said[0].shape)
        for member, logits in enumerate(said):
            scaled = logits / self.temperatures[modality, member][:, None]
            mixed += self.weights[modality, member][:, None] * softmax(scaled)
        return platt(mixed / self.weights.sum(axis=1)[modality][:, None], self.slopes[modality], self.offsets[modality])

    @classmethod
    def of(cls, held: Mapping[str, Any]) -> Calibrated:
        """Of what `told` gave.

        Raises:
            BundleError: It is something else.
        """
        names = ("weights", "temperatures", "slopes", "offsets")
        try:
            return cls(**{name: np.array(held[name], np.float64) for name in names})
        except (KeyError, TypeError, ValueError) as exc:
            raise BundleError(f"the ensemble lacks or spoils {exc}; expected {', '.join(names)}") from exc

    def told(self) -> dict[str, Any]:
        """For a JSON."""
        arrays = {
            "weights": self.weights, "temperatures": self.temperatures, "slopes": self.slopes, "offsets": self.offsets
        }  # fmt: skip
        return {name: array.tolist() for name, array in arrays.items()}


def softmax(logits: Floats) -> NDArray[np.float64]:
    """(N, K) probabilities."""
    shares = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True, initial=-np.inf))
    shares /= shares.sum(axis=1, keepdims=True)
    return np.asarray(shares)


def platt(shares: NDArray[np.float64], slopes: NDArray[np.float64], offsets: NDArray[np.float64]) -> Floats:
    """(N, K) probabilities, moved along the lines of their classes in log odds and made sum 1 again."""
    held = np.clip(shares, _LEAST, 1.0 - _LEAST)
    odds = slopes * np.log(held / (1.0 - held)) + offsets
    moved = 1.0 / (1.0 + np.exp(-odds))
    out: Floats = (moved / moved.sum(axis=1, keepdims=True)).astype(np.float32)
    return out
