"""A trained engine as a folder of files that run no code.

bundle.json               classes, sizes, weights, thresholds, versions
transformer.safetensors   the transformer, by the reference's names
boosted.ubj               XGBoost, as its `save_model` writes it
features.npz              mean and spread of the training data, medians and components of the features
late.safetensors          where there is one: the experts of single modalities
anomaly_NAME.npz          scaling, components and trees of a detector: both, audio_only, video_only, global
card.md                   what it is and where it is from, for people
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference import anomaly_inputs, detector_file, features, late
from hoovik_inference.emotion.reference.anomaly import DETECTORS, Detector, Either, serving
from hoovik_inference.emotion.reference.boosted import Boosted
from hoovik_inference.emotion.reference.calibrated import MEMBERS, Calibrated
from hoovik_inference.emotion.reference.ensemble import Ensemble
from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.files import finite, fitting, read_json, read_npz, there
from hoovik_inference.emotion.reference.late import Late
from hoovik_inference.emotion.reference.normalise import Normaliser
from hoovik_inference.emotion.reference.projection import Projection, Reals, Selection
from hoovik_inference.emotion.reference.shape import Shape, weights_of
from hoovik_inference.emotion.reference.smoothing import ALPHA, THRESHOLD
from hoovik_inference.emotion.reference.windows import MODALITIES
from hoovik_inference.types import Floats

FORMAT, VERSION = "hoovik-emotion", 1
_EXPECTED = "a bundle as `hoovik-rtc models import-reference` writes it"
_NORMAL = ("face_mean", "face_std", "audio_mean", "audio_std")
REFERENCE = "reference"
"Vectors of the reference: of faces 326 numbers, of voices 1024."
_SETTINGS = ("classes", "transformer", "ensemble", "label", "anomaly")


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that is needed to read windows."""

    classes: tuple[str, ...]
    "K names, in the order of the models."
    shape: Shape
    "Of the transformer."
    weights: Mapping[str, Floats]
    "Of the transformer, as `weights_of` names them."
    normaliser: Normaliser
    "Of the training data."
    medians: Reals
    "(8149,) that stand for features which are not there."
    projection: Projection | Selection
    "Of the features, before XGBoost."
    boosted: bytes
    "XGBoost's model, UBJSON."
    ensemble: Ensemble | Calibrated
    "Weights and temperatures."
    detectors: Mapping[str, Detector | Either]
    "By DETECTORS: one of each modality's own, or the global one, or both."
    alpha: float = ALPHA
    "Weight of the new where windows are smoothed."
    threshold: float = THRESHOLD
    "Confidence below which the neutral class is said."
    origin: Mapping[str, Any] = field(default_factory=dict)
    "For people: where it is from, versions, what was noticed."
    card: str = ""
    "Markdown."
    late: Late | None = None
    "Experts of single modalities, where they were trained."
    vectors: str = REFERENCE
    "Name of what a step holds; whoever makes windows has to make these."
    shares: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    "By MODALITIES: (K,) shares of the classes for which the probabilities are right; empty where it is not known."

    def trees(self) -> Boosted:
        """XGBoost's model as arrays; takes seconds for the reference's size.

        Raises:
            BundleError: It is for other classes or another projection.
        """
        trees = Boosted.read(self.boosted)
        if trees.classes != len(self.classes) or trees.inputs != self.projection.outputs:
            raise BundleError(
                f"XGBoost's model takes {trees.inputs} numbers and tells {trees.classes} classes apart; expected "
                f"{self.projection.outputs} and {len(self.classes)}, as the projection and the names have it"
            )
        return trees

    @property
    def features(self) -> int:
        """Numbers that XGBoost's features have before they are projected."""
        return features.count(self.shape.face, self.shape.audio)

    @property
    def anomaly_features(self) -> int:
        """Numbers that the anomaly detectors are given."""
        return anomaly_inputs.count(self.shape.face, self.shape.audio)

    def check(self, where: Path) -> None:
        """Hold the parts to each other.

        Raises:
            BundleError: They do not fit; `where` says from which files.
        """
        if len(self.classes) != self.shape.classes or len(set(self.classes)) != len(self.classes):
            raise BundleError(
                f"{where} names {', '.join(self.classes)}; expected {self.shape.classes} different classes"
            )
        fitting(where, self.weights, weights_of(self.shape), whole=True)
        finite(where, self.weights)
        if self.late is not None:
            sizes = late.weights_of(self.shape.face, self.shape.audio, self.shape.classes)
            fitting(where, self.late.weights, sizes, whole=True)
            finite(where, self.late.weights)
        if isinstance(self.ensemble, Calibrated):
            members, classes = self.ensemble.weights.shape[1], self.ensemble.slopes.shape[1]
            there = len(MEMBERS) - (self.late is None)
            if (members, classes) != (there, len(self.classes)):
                raise BundleError(
                    f"{where} mixes {members} models of {classes} classes; expected {there} of {len(self.classes)}"
                )
        elif self.late is not None:
            raise BundleError(f"{where} has experts of single modalities, but no weights for them")
        for modality in MODALITIES:
            serving(self.detectors, modality)


def save(bundle: Bundle, folder: Path) -> None:
    """Write a bundle to a folder, which is there, whole, or not at all.

    Raises:
        BundleError: There is something already, or a part does not fit.
        ModuleNotFoundError: safetensors is not installed.
        OSError: It cannot be written.
    """
    bundle.check(folder)
    bundle.trees()
    if folder.exists():
        raise BundleError(f"{folder} is there already; name a folder that is not")
    serialise = _safetensors().save
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    held = {name: np.ascontiguousarray(array) for name, array in bundle.weights.items()}
    (part / "transformer.safetensors").write_bytes(serialise(held))
    if bundle.late is not None:
        (part / "late.safetensors").write_bytes(serialise(dict(bundle.late.weights)))
    (part / "boosted.ubj").write_bytes(bundle.boosted)
    normal = {name: getattr(bundle.normaliser, name) for name in _NORMAL}
    np.savez(part / "features.npz", medians=bundle.medians, **normal, **detector_file.projected(bundle.projection))
    for name, detector in bundle.detectors.items():
        if isinstance(detector, Either):
            continue
        np.savez(part / f"anomaly_{name}.npz", **detector_file.arrays(detector))
    (part / "bundle.json").write_text(json.dumps(_settings(bundle), indent=1, ensure_ascii=False) + "\n", "utf-8")
    (part / "card.md").write_text(bundle.card, "utf-8")
    os.replace(part, folder)


def load(folder: Path) -> Bundle:
    """What `save` wrote.

    Raises:
        BundleError: A file is missing, damaged or another one.
        ModuleNotFoundError: safetensors is not installed.
    """
    if not folder.is_dir():
        raise BundleError(f"{folder} is no folder; expected {_EXPECTED}")
    file = folder / "bundle.json"
    held = read_json(file, _EXPECTED)
    if held.get("format") != FORMAT or held.get("version") != VERSION:
        raise BundleError(
            f"{file} is of format {held.get('format')!r}, version {held.get('version')!r}; expected {FORMAT!r}, "
            f"{VERSION}: make it with this version of hoovik-rtc"
        )
    missing = [name for name in _SETTINGS if name not in held]
    if missing:
        raise BundleError(f"{file} lacks {', '.join(missing)}; expected {_EXPECTED}")
    try:
        shape, mixed = Shape.of(held["transformer"]), held["ensemble"]
        ensemble = Calibrated.of(mixed) if "slopes" in mixed else Ensemble(**mixed)
        shares = {str(k): tuple(map(float, v)) for k, v in held.get("shares", {}).items()}
        classes, thresholds = tuple(map(str, held["classes"])), {k: float(v) for k, v in held["anomaly"].items()}
        either = {str(k): (float(v[0]), float(v[1])) for k, v in held.get("either", {}).items()}
        alpha, threshold = float(held["label"]["alpha"]), float(held["label"]["threshold"])
    except BundleError as exc:
        raise BundleError(f"{file}: {exc}") from exc
    except (TypeError, ValueError, KeyError, AttributeError) as exc:
        raise BundleError(f"{file} holds what is not understood: {exc!r}; expected {_EXPECTED}") from exc
    if set(thresholds) - set(DETECTORS):
        raise BundleError(
            f"{file} names the detectors {', '.join(thresholds)}; expected some of {', '.join(DETECTORS)}"
        )
    arrays = read_npz(folder / "features.npz", "means, medians and components of the features")
    inputs, unusual = (one.count(shape.face, shape.audio) for one in (features, anomaly_inputs))
    sizes: dict[str, tuple[int | None, ...]] = {name: (getattr(shape, name.split("_")[0]),) for name in _NORMAL}
    sizes["medians"] = (inputs,)
    fitting(folder / "features.npz", arrays, sizes)
    finite(folder / "features.npz", arrays)
    bundle = Bundle(
        classes=classes,
        shape=shape,
        weights=_weights(folder / "transformer.safetensors", "the transformer's weights"),
        normaliser=Normaliser(**{name: arrays[name] for name in _NORMAL}),
        medians=arrays["medians"],
        projection=detector_file.projection(folder / "features.npz", arrays, inputs),
        boosted=there(folder / "boosted.ubj", "XGBoost's model").read_bytes(),
        ensemble=ensemble,
        detectors=_detectors(folder, thresholds, either, unusual),
        alpha=alpha,
        threshold=threshold,
        origin=dict(held.get("origin", {})),
        card=there(folder / "card.md", "the bundle's card").read_text("utf-8", "replace"),
        late=_late(folder / "late.safetensors"),
        vectors=str(held.get("vectors", REFERENCE)),
        shares=shares,
    )
    bundle.check(folder)
    return bundle


def _detectors(
    folder: Path, thresholds: Mapping[str, float], either: Mapping[str, tuple[float, float]], inputs: int
) -> dict[str, Detector | Either]:
    single = {
        name: detector_file.read(folder / f"anomaly_{name}.npz", threshold, inputs)
        for name, threshold in thresholds.items()
        if name not in either
    }
    voice, face = MODALITIES[:2]
    if set(either) - set(thresholds) or (either and not {voice, face} <= set(single)):
        raise BundleError(f"{folder / 'bundle.json'} joins detectors that it does not name: it is damaged")
    joined = {name: Either((single[voice], single[face]), usual, thresholds[name]) for name, usual in either.items()}
    return {**single, **joined}


def _settings(bundle: Bundle) -> dict[str, Any]:
    ensemble = bundle.ensemble
    return {
        "format": FORMAT,
        "version": VERSION,
        "classes": list(bundle.classes),
        "transformer": bundle.shape.told(),
        "ensemble": ensemble.told(),
        "vectors": bundle.vectors,
        "shares": {name: list(shares) for name, shares in bundle.shares.items()},
        "label": {"alpha": bundle.alpha, "threshold": bundle.threshold},
        "anomaly": {name: detector.threshold for name, detector in bundle.detectors.items()},
        "either": {name: one.usual for name, one in bundle.detectors.items() if isinstance(one, Either)},
        "origin": dict(bundle.origin),
    }


def _late(file: Path) -> Late | None:
    return Late(_weights(file, "the experts' weights")) if file.exists() else None


def _weights(file: Path, what: str) -> dict[str, NDArray[np.float32]]:
    from safetensors import SafetensorError

    there(file, what)
    try:
        held = _safetensors().load_file(file)
    except (SafetensorError, OSError, ValueError, KeyError) as exc:
        raise BundleError(f"{file} cannot be read: {exc}; expected {what}") from exc
    return {name: np.asarray(array, np.float32) for name, array in held.items()}


def _safetensors() -> Any:
    try:
        from safetensors import numpy
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError(
            "a bundle needs safetensors, which is not installed: pip install 'hoovik-rtc[models]'", name=exc.name
        ) from exc
    return numpy
