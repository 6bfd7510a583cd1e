"""An XGBClassifier that joblib saved, and whether its trees are read here as XGBoost reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hoovik_inference.emotion.reference.boosted import Boosted
from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.pickles import Held, open_joblib
from hoovik_inference.emotion.reference.projection import Projection
from hoovik_inference.emotion.reference.ubj import member

COMPARED = 64
"Inputs on which our reading of XGBoost's trees is held against its own."


def opened(file: Path) -> tuple[Any, int | None]:
    """XGBoost's own object, and the best round where training stopped early.

    Raises:
        BundleError: There is no such file, or it holds something else.
        ModuleNotFoundError: joblib or XGBoost is not installed.
    """
    found = open_joblib(file, "an XGBClassifier")
    import xgboost

    held = vars(found).get("_Booster", found) if isinstance(found, Held) else None
    snapshot = vars(held).get("handle") if isinstance(held, Held) else None
    if not isinstance(snapshot, bytes | bytearray):
        what = found.kind if isinstance(found, Held) else type(found).__name__
        raise BundleError(f"{file} holds {what} that was not fitted; expected an XGBClassifier that was")
    booster = xgboost.Booster()
    try:
        # The model in it is as in a file, which every later version reads; the rest of a pickle is its own version's.
        booster.load_model(bytearray(member(bytes(snapshot), "Model") or b""))
        best = booster.attr("best_iteration")
    except (BundleError, xgboost.core.XGBoostError) as exc:
        why = str(exc).strip().splitlines()[-1]
        raise BundleError(
            f"{file} holds a model that XGBoost {xgboost.__version__} does not read: {why}. Expected one of XGBoost "
            "1.7 or later; with the version that wrote it, load it and save it again."
        ) from exc
    return booster, None if best is None else int(best)


def apart(booster: Any, best: int | None, trees: Boosted, projection: Projection) -> float:
    """The largest difference between XGBoost's probabilities and ours, on made-up inputs of the right size."""
    rng = np.random.default_rng(7)
    spread = np.linalg.norm(projection.components, axis=1) * 3.0
    x = (rng.normal(size=(COMPARED, trees.inputs)) * spread).astype(np.float32)
    booster.set_param({"nthread": 1, "device": "cpu"})
    rounds = (0, 0) if best is None else (0, best + 1)
    theirs = np.asarray(booster.inplace_predict(x, iteration_range=rounds))
    return float(np.abs(theirs - trees.probabilities(x)).max())
