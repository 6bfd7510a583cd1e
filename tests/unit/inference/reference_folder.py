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

from hoovik_inference.emotion.reference.shape import Shape
from hoovik_inference.emotion.reference.transformer import EmotionTransformer

FEATURES, ANOMALY_FEATURES = 8149, 9452
MODELS = ("__main__", "anomaly.train_anomaly")
"Modules under whose names the reference's anomaly models are pickled."
THRESHOLDS = {"both": 0.0525, "audio_only": 0.0884, "video_only": -0.0264, "global": 0.0495}
BEST = 11
"Round up to which the stand-in of XGBoost counts."


def arrays(count: int, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Raw windows as `hoovik-rtc infer` takes them: padded ones, gaps, one or two steps, absent modalities, none."""
    rng = np.random.default_rng(seed)
    masks = (rng.random((2, count, 10)) < 0.8).astype(np.float32)
    modality = rng.integers(0, 3, count)
    modality[:9] = (2, 2, 2, 2, 0, 1, 2, 0, 1)[:count]
    for number, row in enumerate(masks.transpose(1, 0, 2)[:9]):
        row[:] = 1
        if number == 1:
            row[:, :6] = 0
        elif number == 2:
            row[0, 1:], row[1, :9] = 0, 0  # one step each
        elif number == 3:
            row[0, [0, 1, 2, 4, 5, 6, 7, 8]], row[1, 2:] = 0, 0  # two each
        elif number == 6:
            row[:] = 0
        elif number in (7, 8):
            row[:, :8] = 0
    masks[0, modality == 0] = 0
    masks[1, modality == 1] = 0
    drift = rng.normal(0.0, 0.3, (count, 10, 1)).cumsum(axis=1)
    face = 0.4 + 0.2 * rng.normal(size=(count, 10, 326)) + 0.1 * drift
    audio = 0.1 * rng.normal(size=(count, 10, 1024)) - 0.05 * drift
    return {
        "face": face.astype(np.float32), "audio": audio.astype(np.float32), "face_mask": masks[0],
        "audio_mask": masks[1], "modality": modality,
    }  # fmt: skip


def stats(seed: int = 1) -> dict[str, NDArray[np.float32]]:
    """norm_stats.npz."""
    rng = np.random.default_rng(seed)
    out = {}
    for key, size in (("Xf", 326), ("Xa", 1024)):
        out[f"{key}_mean"] = rng.normal(0.1, 0.2, (1, 1, size)).astype(np.float32)
        out[f"{key}_std"] = (rng.uniform(0.1, 0.4, (1, 1, size)) + 1e-6).astype(np.float32)
    return out


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
    """Everything, fitted on (n, 8149) with nan and (n, 9452); returns the models themselves by the files' names."""
    folder.mkdir(parents=True, exist_ok=True)
    medians = np.nanmedian(features, axis=0).astype(np.float32)
    filled = np.where(np.isnan(features), medians, features)
    pca = PCA(kept, random_state=0).fit(filled)
    models: dict[str, Any] = {"pca": pca, "medians": medians, "network": network(), "stats": stats()}
    models["xgb"] = classifier(pca.transform(filled))
    torch.save(models["network"].state_dict(), folder / "best_modal.pt")
    joblib.dump(models["xgb"], folder / "xgb_model.joblib")
    joblib.dump(pca, folder / "pca.joblib", compress=3)
    np.save(folder / "col_medians.npy", medians)
    np.savez(folder / "norm_stats.npz", **models["stats"])
    models["weights"] = {"w_modal": 0.455, "w_xgb": 0.545, "temperature": 0.3}
    (folder / "weights.json").write_text(json.dumps(models["weights"]))
    (folder / "meta.json").write_text(json.dumps(meta or {"seq_len": 10, "params": {"nhead": 8, "face_scale": 1.2}}))
    for number, (name, size) in enumerate((("both", 16), ("audio_only", None), ("global", 12))):
        attributes = anomaly_model(unusual, size, seed=number) | {"threshold": THRESHOLDS[name]}
        models[f"iso_{name}"] = attributes
        dump_anomaly(folder / f"iso_{name}.joblib", attributes, MODELS[number % 2])
    return models
