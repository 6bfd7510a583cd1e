"""From a folder that the reference's training left to a bundle."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference import boosted_pickle, card, fitted, meta
from hoovik_inference.emotion.reference.anomaly import DETECTORS, GLOBAL, Detector, serving
from hoovik_inference.emotion.reference.anomaly_inputs import COUNT as ANOMALY_FEATURES
from hoovik_inference.emotion.reference.bundle import Bundle
from hoovik_inference.emotion.reference.ensemble import Ensemble
from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.features import COUNT as FEATURES
from hoovik_inference.emotion.reference.files import finite, fitting, read_json, read_npz, there
from hoovik_inference.emotion.reference.normalise import Normaliser
from hoovik_inference.emotion.reference.pickles import open_joblib
from hoovik_inference.emotion.reference.projection import Projection
from hoovik_inference.emotion.reference.shape import Shape, weights_of
from hoovik_inference.emotion.reference.windows import MODALITIES

NEAR = 1e-5
"How far our probabilities may be from XGBoost's own."
_STATS = {"face_mean": "Xf_mean", "face_std": "Xf_std", "audio_mean": "Xa_mean", "audio_std": "Xa_std"}


@dataclass(slots=True)
class Imported:
    """What was read."""

    bundle: Bundle
    "All of it."
    notes: list[str] = field(default_factory=list)
    "What whoever imports it should know."


def import_reference(folder: Path) -> Imported:
    """Read a folder of a trained reference. Opens pickles: only for folders that are trusted.

    Raises:
        BundleError: A file is missing, damaged or another one.
        ModuleNotFoundError: torch, joblib or XGBoost is not installed.
    """
    if not folder.is_dir():
        raise BundleError(f"{folder} is no folder; expected that of a trained reference, with best_modal.pt in it")
    told = read_json(folder / "meta.json", "what the training noted") if (folder / "meta.json").exists() else {}
    notes = [] if told else ["no meta.json: sizes and classes are the reference's"]
    weights = _weights(folder / "best_modal.pt")
    shape = _shape(folder / "best_modal.pt", weights, told)
    classes, named = meta.classes(told, shape.classes)
    if told and not named:
        notes.append(f"meta.json names no {shape.classes} classes: the reference's are taken, {', '.join(classes)}")
    projection, versions = _projection(folder / "pca.joblib")
    detectors, found = _detectors(folder)
    versions |= found
    notes += [f"no iso_{name}.joblib: the {GLOBAL} one serves there" for name in MODALITIES if name not in detectors]
    fitted_by = sorted({version for version in versions.values() if version})
    if fitted_by:
        notes.append(
            f"fitted with scikit-learn {', '.join(fitted_by)}: taken as plain arrays, so versions do not matter"
        )
    booster, best = boosted_pickle.opened(folder / "xgb_model.joblib")
    raw = bytes(booster.save_raw("ubj"))
    ensemble, weighed = _ensemble(folder / "weights.json")
    notes += weighed
    bundle = Bundle(
        classes=classes,
        shape=shape,
        weights=weights,
        normaliser=_normaliser(folder / "norm_stats.npz"),
        medians=_medians(folder / "col_medians.npy"),
        projection=projection,
        boosted=raw,
        ensemble=ensemble,
        detectors=detectors,
        origin={"from": "import-reference", "scikit-learn": fitted_by, "notes": notes, "meta": told},
    )
    bundle.check(folder)
    trees = bundle.trees()
    apart = boosted_pickle.apart(booster, best, trees, projection)
    if not apart <= NEAR:
        raise BundleError(
            f"{folder / 'xgb_model.joblib'}: our reading of its trees is {apart:.2g} off XGBoost's own; expected "
            f"{NEAR:g} or less. Please tell us about this model."
        )
    notes.append(
        f"{trees.rounds} rounds of XGBoost, held against its own predictions on {boosted_pickle.COMPARED} inputs: "
        f"{apart:.1g} apart"
    )
    return Imported(replace(bundle, card=card.imported(bundle)), notes)


def _weights(file: Path) -> dict[str, NDArray[np.float32]]:
    there(file, "the transformer's state dict")
    try:
        import torch
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError(
            "best_modal.pt needs torch, which is not installed: pip install 'hoovik-rtc[models]'", name=exc.name
        ) from exc
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, KeyError) as exc:
        raise BundleError(
            f"{file} cannot be read: {str(exc).splitlines()[0]}; expected a bare state dict, as "
            "torch.save(model.state_dict(), …) writes it"
        ) from exc
    if not isinstance(found, Mapping) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        what = ", ".join(map(str, list(found)[:5])) if isinstance(found, Mapping) else type(found).__name__
        raise BundleError(f"{file} holds {what}; expected a bare state dict: names and tensors, nothing else")
    return {str(name): value.detach().float().numpy() for name, value in found.items()}


def _shape(file: Path, weights: Mapping[str, NDArray[np.float32]], told: Mapping[str, Any]) -> Shape:
    """By the weights where they tell, then by meta.json, else the reference's."""
    given: dict[str, Any] = dict(meta.settings(told))
    usual = Shape()
    for name, key, times in (
        ("d_model", "cross_ln.weight", 1),
        ("dim_feedforward", "face_encoder.layers.0.linear1.bias", 2),
        ("classes", "fusion_head.5.bias", 1),
    ):
        given[name] = len(weights[key]) * times if key in weights else getattr(usual, name)
    layers = {name.split(".")[2] for name in weights if name.startswith("face_encoder.layers.")}
    given["num_layers"] = len(layers) or usual.num_layers
    try:
        shape = Shape.of({**usual.told(), **given})
    except BundleError as exc:
        raise BundleError(f"{file}: {exc}") from exc
    fitting(file, weights, weights_of(shape), whole=True)
    finite(file, weights)
    return shape


def _normaliser(file: Path) -> Normaliser:
    held = read_npz(file, f"means and spreads of the training data: {', '.join(_STATS.values())}")
    missing = [key for key in _STATS.values() if key not in held]
    if missing:
        raise BundleError(f"{file} lacks {', '.join(missing)}; expected {', '.join(_STATS.values())}")
    arrays = {name: held[key].ravel() for name, key in _STATS.items()}
    usual = Shape()
    sizes: dict[str, tuple[int | None, ...]] = {
        name: (usual.face if name.startswith("face") else usual.audio,) for name in _STATS
    }  # fmt: skip
    fitting(file, arrays, sizes)
    finite(file, arrays)
    for name in ("face_std", "audio_std"):
        if not (arrays[name] > 0).all():
            raise BundleError(f"{_STATS[name]} in {file} has values of 0 or less; expected spreads, with 1e-6 added")
    return Normaliser(**arrays)


def _medians(file: Path) -> NDArray[Any]:
    there(file, "the medians of the features")
    try:
        found = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as exc:
        raise BundleError(f"{file} cannot be read: {exc}; expected the medians of {FEATURES} features") from exc
    arrays = {"medians": np.asarray(found).ravel()}
    fitting(file, arrays, {"medians": (FEATURES,)})
    finite(file, arrays)
    return arrays["medians"]


def _projection(file: Path) -> tuple[Projection, dict[str, str | None]]:
    found = open_joblib(file, "scikit-learn's PCA")
    try:
        projection = fitted.pca(found)
    except BundleError as exc:
        raise BundleError(f"{file}: {exc}") from exc
    if len(projection.mean) != FEATURES:
        raise BundleError(f"{file} is fitted on {len(projection.mean)} features; expected {FEATURES}")
    return projection, {file.name: fitted.version_of(found)}


def _detectors(folder: Path) -> tuple[dict[str, Detector], dict[str, str | None]]:
    detectors: dict[str, Detector] = {}
    versions: dict[str, str | None] = {}
    for name in DETECTORS:
        file = folder / f"iso_{name}.joblib"
        if not file.exists():
            continue
        found = open_joblib(file, f"the anomaly model for {name}")
        try:
            detectors[name] = fitted.detector(found, ANOMALY_FEATURES)
        except BundleError as exc:
            raise BundleError(f"{file}: {exc}") from exc
        versions[file.name] = fitted.version_of(vars(found).get("iso"))
    for modality in MODALITIES:
        try:
            serving(detectors, modality)
        except BundleError as exc:
            raise BundleError(f"{folder}: {exc}; expected iso_{modality}.joblib or iso_{GLOBAL}.joblib") from exc
    return detectors, versions


def _ensemble(file: Path) -> tuple[Ensemble, list[str]]:
    if not file.exists():
        return Ensemble(), ["no weights.json: both models count alike, temperature 1"]
    held = read_json(file, "w_modal, w_xgb, temperature")
    names = ("w_modal", "w_xgb", "temperature")
    wrong = [name for name in names if isinstance(held.get(name), bool) or not isinstance(held.get(name), int | float)]
    if wrong:
        raise BundleError(f"{', '.join(wrong)} in {file}: missing or no number; expected {', '.join(names)}")
    try:
        ensemble = Ensemble(**{name: float(held[name]) for name in names})
    except BundleError as exc:
        raise BundleError(f"{file}: {exc}") from exc
    total = ensemble.w_modal + ensemble.w_xgb
    return ensemble, [] if abs(total - 1.0) < 1e-6 else [
        f"the weights in weights.json add up to {total:g}, not 1: kept as they are"
    ]
