"""What each model of an ensemble says by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.calibrated import MEMBERS, Calibrated, softmax
from hoovik_inference.emotion.reference.engine import Predictions
from hoovik_inference.emotion.reference.ensemble import Ensemble
from hoovik_inference.types import Floats


def votes(ensemble: Ensemble | Calibrated, found: Predictions, modality: NDArray[np.int64]) -> list[dict[str, Floats]]:
    """Of N windows, by the name of each model that counted: its (K,) probabilities, as sure as the ensemble takes it.

    Args:
        ensemble: how they were put together; a model without weight for a modality does not vote there.
        found: in the N windows.
        modality: (N,) index into MODALITIES.
    """
    said = {"transformer": found.logits, "boosted": np.log(np.maximum(found.xgb_probs, np.float32(1e-9)))}
    if found.late_logits.shape[1]:
        said["late"] = found.late_logits
    weights, temperatures = ensemble.by_modality()
    shares = {
        name: softmax(logits / temperatures[modality, place][:, None]).astype(np.float32)
        for place, (name, logits) in enumerate(said.items())
    }
    return [
        {name: rows[number] for name, rows in shares.items() if weights[flag, MEMBERS.index(name)] > 0.0}
        for number, flag in enumerate(modality.tolist())
    ]
