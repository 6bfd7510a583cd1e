"""The whole of the reference: from raw windows to probabilities and anomalies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.anomaly import scores
from hoovik_inference.emotion.reference.anomaly_inputs import anomaly_features
from hoovik_inference.emotion.reference.bundle import Bundle
from hoovik_inference.emotion.reference.calibrated import Calibrated
from hoovik_inference.emotion.reference.features import xgb_features
from hoovik_inference.emotion.reference.forward import Transformer
from hoovik_inference.emotion.reference.smoothing import Smoother
from hoovik_inference.emotion.reference.steps import Measured
from hoovik_inference.emotion.reference.windows import Windows
from hoovik_inference.types import Floats


@dataclass(frozen=True, slots=True)
class Predictions:
    """Of N windows, over K classes."""

    xgb_features: Floats
    "(N, 8149) nan where a modality is absent; of other vectors than the reference's `Bundle.features`."
    anomaly_features: Floats
    "(N, 9452), or `Bundle.anomaly_features`."
    logits: Floats
    "(N, K) of the transformer, before temperature."
    late_logits: Floats
    "(N, K) of the experts of single modalities; (N, 0) where the bundle has none."
    xgb_probs: Floats
    "(N, K) of XGBoost."
    probs: Floats
    "(N, K) of both, by modality; neither rounded nor smoothed."
    anomaly_score: NDArray[np.float64]
    "(N,) the lower, the stranger."
    anomaly: NDArray[np.bool_]
    "(N,) whether the score is below the threshold of its modality."

    @property
    def label(self) -> NDArray[np.int64]:
        """(N,) the likeliest class, whatever its probability."""
        best: NDArray[np.int64] = self.probs.argmax(axis=1)
        return best


class ReferenceEngine:
    """A bundle that reads windows. Calls may overlap."""

    def __init__(self, bundle: Bundle) -> None:
        """Arrange the models; seconds for the reference's size.

        Raises:
            BundleError: Parts of the bundle do not fit.
        """
        self.bundle = bundle
        self.classes = bundle.classes
        self._trees = bundle.trees()
        self._transformer = Transformer(bundle.weights, bundle.shape)

    def infer(self, raw: Windows) -> Predictions:
        """All of a batch at once, which costs less for each than one after the other."""
        normal = self.bundle.normaliser.apply(raw)
        measured = Measured.of(normal)
        features, unusual = xgb_features(measured), anomaly_features(measured)
        logits = self._transformer(normal.face, normal.audio, normal.face_mask, normal.audio_mask)
        boosted = self.boosted(features)
        late = np.zeros((len(raw), 0), np.float32) if self.bundle.late is None else self.bundle.late(normal)
        score, strange = scores(self.bundle.detectors, unusual, raw.modality)
        probabilities = self._mixed(logits, boosted, late, raw.modality)
        return Predictions(features, unusual, logits, late, boosted, probabilities, score, strange)

    def _mixed(self, logits: Floats, boosted: Floats, late: Floats, modality: NDArray[np.int64]) -> Floats:
        ensemble = self.bundle.ensemble
        if not isinstance(ensemble, Calibrated):
            return ensemble.mix(logits, boosted, modality)
        said = [logits, np.log(np.maximum(boosted, np.float32(1e-9)))]
        return ensemble.mix(said if self.bundle.late is None else [*said, late], modality)

    def boosted(self, features: Floats) -> Floats:
        """(N, K) probabilities of XGBoost, of (N, 8149) features with nan where a modality is absent."""
        filled = np.where(np.isnan(features), self.bundle.medians, features).astype(features.dtype, copy=False)
        return self._trees.probabilities(np.asarray(self.bundle.projection.apply(filled), np.float32))

    def smoother(self, *, compat: bool = False) -> Smoother:
        """For one participant, with the bundle's settings; see `Smoother`."""
        bundle = self.bundle
        return Smoother(self.classes, alpha=bundle.alpha, threshold=bundle.threshold, compat=compat)
