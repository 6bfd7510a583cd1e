"""How strange a window is, by an Isolation Forest for each modality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.forest import Forest
from hoovik_inference.emotion.reference.projection import Projection, Reals, Scaler, Selection
from hoovik_inference.emotion.reference.windows import MODALITIES
from hoovik_inference.types import Floats

GLOBAL = "global"
"The detector that serves where a modality has none of its own."
DETECTORS = (*MODALITIES, GLOBAL)


@dataclass(frozen=True, slots=True)
class Detector:
    """Scaling, components, trees."""

    scaler: Scaler
    "Of the features."
    projection: Projection | Selection | None
    "None where there were too few windows to fit one on."
    forest: Forest
    "On what comes of it."
    threshold: float
    "A score below it is an anomaly."

    def score(self, features: Floats) -> NDArray[np.float64]:
        """(N,) of (N, 9452)."""
        scaled: Reals = self.scaler.apply(features)
        return self.forest.decide(np.asarray(scaled if self.projection is None else self.projection.apply(scaled)))


@dataclass(frozen=True, slots=True)
class Either:
    """The detectors of both modalities on windows with both: the stranger one counts."""

    parts: tuple[Detector, Detector]
    "Of the voice, of the face."
    usual: tuple[float, float]
    "What is taken off the score of each: where its own windows begin to be strange."
    threshold: float
    "A score below it is an anomaly."

    def score(self, features: Floats) -> NDArray[np.float64]:
        """(N,) of (N, D)."""
        apart = [part.score(features) - usual for part, usual in zip(self.parts, self.usual, strict=True)]
        return np.minimum(*apart)


def scores(
    detectors: Mapping[str, Detector | Either], features: Floats, modality: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(N,) scores and whether each is an anomaly, of (N, 9452) features and (N,) flags.

    Raises:
        BundleError: A modality has no detector, and there is no global one.
    """
    score, strange = np.zeros(len(modality)), np.zeros(len(modality), bool)
    served: dict[str, list[int]] = {}
    for flag in np.unique(modality).tolist():
        served.setdefault(serving(detectors, MODALITIES[flag]), []).append(flag)
    for name, flags in served.items():
        rows = np.flatnonzero(np.isin(modality, flags))
        score[rows] = detectors[name].score(features[rows])
        strange[rows] = score[rows] < detectors[name].threshold
    return score, strange


def threshold_of(detectors: Mapping[str, Detector | Either], modality: int) -> float:
    """The one that scores of a modality, by its flag, are held to.

    Raises:
        BundleError: It has no detector, and there is no global one.
    """
    return float(detectors[serving(detectors, MODALITIES[modality])].threshold)


def serving(detectors: Mapping[str, Detector | Either], modality: str) -> str:
    """The detector for windows of a modality: its own, else the global one.

    Raises:
        BundleError: There is neither.
    """
    for name in (modality, GLOBAL):
        if name in detectors:
            return name
    held = ", ".join(detectors) or "none"
    raise BundleError(f"no anomaly detector for {modality}, nor a {GLOBAL} one; there are: {held}")
