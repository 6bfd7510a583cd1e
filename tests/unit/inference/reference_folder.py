"""Folders as the reference's training leaves them, with stand-in models: random weights, small real classifiers."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
import xgboost
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import StandardScaler

from hoovik_inference.emotion.reference import Bundle, import_reference, save, windows_of
from hoovik_inference.emotion.reference.anomaly_inputs import anomaly_features
from hoovik_inference.emotion.reference.features import xgb_features
from hoovik_inference.emotion.reference.normalise import Normaliser
from hoovik_inference.emotion.reference.shape import Shape
from hoovik_inference.emotion.reference.steps import Measured
from hoovik_inference.emotion.reference.transformer import EmotionTransformer
from tests.unit.inference.reference_arrays import arrays, stats

FEATURES, ANOMALY_FEATURES = 8149, 9452
MODELS = ("__main__", "anomaly.train_anomaly")
"Modules under whose names the reference's anomaly models are pickled."
THRESHOLDS = {"both": 0.0525, "audio_only": 0.0884, "video_only": -0.0264, "global": 0.0495}
BEST = 11
"Round up to which the stand-in of XGBoost counts."


def network(seed: int = 2, **sizes: Any) -> EmotionTransformer:
    """Weights as no initialisation gives them: nothing is zero or one."""
    torch.manual_seed(seed)
    made = EmotionTransformer(Shape(**sizes))
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.05 * torch.randn(weight.shape))
    made.train(False)
    return made


def classifier(x: NDArray[Any], classes: int = 6, rounds: int = 30, depth: int = 4, seed: int = 3) -> Any:
    """An XGBClassifier on (n, K), that stopped early at round BEST."""
    rng = np.random.default_rng(seed)
    y = np.concatenate((np.arange(classes), rng.integers(0, classes, len(x) - classes)))
    made = xgboost.XGBClassifier(
        n_estimators=rounds, max_depth=depth, learning_rate=0.1, subsample=0.759, tree_method="hist", n_jobs=1,
        reg_lambda=0.1, random_state=seed,
    )  # fmt: skip
    made.fit(x, y)
    made.get_booster().set_attr(best_iteration=str(BEST))
    return made


@contextmanager
def named(module: str) -> Iterator[type]:
    """The class of the reference's anomaly models, to be pickled under the name of a module."""
    parts = module.split(".")
    names = [".".join(parts[: n + 1]) for n in range(len(parts))]
    made = {name: types.ModuleType(name) for name in names if name not in sys.modules}
    sys.modules.update(made)
    cls = type("ModalityAnomalyModel", (), {"__module__": module})
    setattr(sys.modules[module], cls.__name__, cls)
    try:
        yield cls
    finally:
        delattr(sys.modules[module], cls.__name__)
        for name in made:
            del sys.modules[name]


def anomaly_model(features: NDArray[np.float32], kept: int | None, seed: int = 4) -> dict[str, Any]:
    """Attributes of one, fitted on (n, 9452)."""
    scaler = StandardScaler().fit(features)
    scaled = scaler.transform(features)
    pca = None if kept is None else PCA(kept, random_state=seed).fit(scaled)
    given = scaled if pca is None else pca.transform(scaled)
    iso = IsolationForest(n_estimators=40, random_state=seed).fit(given)
    return {"scaler": scaler, "pca": pca, "iso": iso, "threshold": 0.0, "_per_source_scaled": True}


def dump_anomaly(file: Path, attributes: Mapping[str, Any], module: str = MODELS[0]) -> None:
    """Write one as its module would have."""
    with named(module) as cls:
        model = cls()
        vars(model).update(attributes)
        joblib.dump(model, file)


def write(
    folder: Path,
    features: NDArray[np.float32],
    unusual: NDArray[np.float32],
    *,
    kept: int = 24,
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything, fitted on (n, 8149) with nan and (n, 9452); returns the models by the files' names, read from them.

    Their arrays may lie otherwise in memory than before they were written, and then sums are rounded otherwise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    medians = np.nanmedian(features, axis=0).astype(np.float32)
    filled = np.where(np.isnan(features), medians, features)
    joblib.dump(PCA(kept, random_state=0).fit(filled), folder / "pca.joblib", compress=3)
    pca = joblib.load(folder / "pca.joblib")
    models: dict[str, Any] = {"pca": pca, "medians": medians, "network": network(), "stats": stats()}
    models["xgb"] = classifier(pca.transform(filled))
    torch.save(models["network"].state_dict(), folder / "best_modal.pt")
    joblib.dump(models["xgb"], folder / "xgb_model.joblib")
    np.save(folder / "col_medians.npy", medians)
    np.savez(folder / "norm_stats.npz", **models["stats"])
    models["weights"] = {"w_modal": 0.455, "w_xgb": 0.545, "temperature": 0.3}
    (folder / "weights.json").write_text(json.dumps(models["weights"]))
    (folder / "meta.json").write_text(json.dumps(meta or {"seq_len": 10, "params": {"nhead": 8, "face_scale": 1.2}}))
    for number, (name, size) in enumerate((("both", 16), ("audio_only", None), ("global", 12))):
        attributes = anomaly_model(unusual, size, seed=number) | {"threshold": THRESHOLDS[name]}
        dump_anomaly(folder / f"iso_{name}.joblib", attributes, MODELS[number % 2])
        with named(MODELS[number % 2]):
            models[f"iso_{name}"] = vars(joblib.load(folder / f"iso_{name}.joblib"))
    return models


def fitted(folder: Path) -> Path:
    """A whole folder whose models are fitted on made-up windows."""
    norm = stats()
    normaliser = Normaliser(*(norm[key].ravel() for key in ("Xf_mean", "Xf_std", "Xa_mean", "Xa_std")))
    measured = Measured.of(normaliser.apply(windows_of(**arrays(60))))
    write(folder, xgb_features(measured), anomaly_features(measured))
    return folder


def bundle(folder: Path) -> tuple[Bundle, Path]:
    """A bundle of such a folder, and where it was saved, both below `folder`."""
    made = import_reference(fitted(folder / "trained")).bundle
    save(made, folder / "stand-in-1")
    return made, folder / "stand-in-1"
