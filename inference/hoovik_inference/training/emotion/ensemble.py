"""The core of the training: from labelled windows to a calibrated bundle, whatever the windows hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from hoovik_inference.emotion.reference.boosted import Boosted
from hoovik_inference.emotion.reference.bundle import Bundle
from hoovik_inference.emotion.reference.features import xgb_features
from hoovik_inference.emotion.reference.forward import Transformer
from hoovik_inference.emotion.reference.late import Late
from hoovik_inference.emotion.reference.steps import Measured
from hoovik_inference.training.emotion import experts
from hoovik_inference.training.emotion.calibrate import calibrate
from hoovik_inference.training.emotion.experts import Round
from hoovik_inference.training.emotion.forests import plant
from hoovik_inference.training.emotion.fuse import Epoch, fuse
from hoovik_inference.training.emotion.kept import Kept
from hoovik_inference.training.emotion.material import TRAIN, VALID, Material, Rows
from hoovik_inference.training.emotion.recipe import Recipe
from hoovik_inference.training.emotion.search import Search, tune
from hoovik_inference.training.emotion.trees import Grown, grow
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import Floats

AT_ONCE = 64
PACKAGES = ("torch", "xgboost-cpu", "scikit-learn", "optuna", "numpy")


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was trained."""

    bundle: Bundle
    "Without a card."
    history: tuple[Epoch, ...]
    "Of the transformer."
    trees: Grown
    "XGBoost, how it went, and what it finds important."
    rounds: tuple[Round, ...]
    "Of the late experts; empty where there are none."
    notes: tuple[str, ...]
    "What is to be known of it."
    recipe: Recipe
    "How it was trained, with the sizes of the material and what the search found."
    searches: tuple[Search, ...] = ()
    "Where hyperparameters were looked for."


def fit(
    material: Material,
    recipe: Recipe,
    work: Path,
    *,
    trials: int = 0,
    resume: bool = False,
    device: str = "cpu",
    progress: Progress = unheard,
) -> Fitted:
    """Train transformer, XGBoost, experts and forests, calibrate them, and put them together.

    A run that goes on after an interruption gives the same bundle as one that was not interrupted, on as many threads.

    Args:
        material: What is trained on, watched and (not here) tested.
        recipe: How.
        work: Where epochs and finished stages are kept.
        trials: To look for better hyperparameters of the transformer with, and as many of XGBoost's; 0: those of the
            recipe.
        resume: Go on from them.
        device: cpu or cuda, for what torch trains.
        progress: Told how far it is.

    Raises:
        ValueError: What is in `work` is of another recipe or other material.
        OSError: A file cannot be read or written.
        ModuleNotFoundError: XGBoost is not installed.
    """
    recipe = sized(recipe, material)
    made = material.fingerprint()
    work.mkdir(parents=True, exist_ok=True)
    normaliser = material.normaliser()
    normal = normaliser.apply(material.windows)
    train, valid = material.rows(TRAIN, normal), material.rows(VALID, normal)
    searches: tuple[Search, ...] = ()
    if trials:
        recipe, searches = tune(
            train, valid, material.classes, recipe, trials, work, _about(recipe, made),
            resume=resume, device=device, progress=progress,
        )  # fmt: skip
    about = _about(recipe, made)
    kept = Kept(work, about, resume)
    fused = fuse(
        train, valid, material.classes, recipe.shape, recipe.fusing, recipe.seed, work / "transformer.pt", about,
        resume=resume, device=device, progress=progress,
    )  # fmt: skip
    trees = grow(train, valid, material.classes, recipe.boosting, recipe.seed, kept, progress)
    late: Late | None = None
    rounds: tuple[Round, ...] = ()
    if recipe.late is not None:
        late, rounds = experts.fit(
            train, valid, material.classes, recipe.late, recipe.seed, work / "late.pt", about,
            resume=resume, device=device, progress=progress,
        )  # fmt: skip
    detectors, strange = plant(train, valid, recipe.forests, recipe.seed, kept, progress)
    said = _said(valid, Transformer(fused.weights, recipe.shape), trees, late)
    tuned = calibrate(
        said, valid.labels, valid.flags, material.classes, recipe.calibrating, recipe.seed, kept, progress
    )  # fmt: skip
    notes = [*fused.notes, *strange, *tuned.notes]
    for rows, name in ((train, "trained on"), (valid, "watched")):
        notes += [
            f"{modality} windows that are {name} are windows with both, one masked out" for modality in rows.derived
        ]
    bundle = Bundle(
        classes=material.classes,
        shape=recipe.shape,
        weights=fused.weights,
        normaliser=normaliser,
        medians=trees.medians,
        projection=trees.projection,
        boosted=trees.model,
        ensemble=tuned.calibrated,
        detectors=detectors,
        origin={"from": "train emotion", "seed": recipe.seed, "notes": notes, "versions": _versions()},
        late=late,
        vectors=material.vectors,
        shares=tuned.shares,
    )
    bundle.check(work)
    return Fitted(bundle, fused.history, trees, rounds, tuple(notes), recipe, searches)


def sized(recipe: Recipe, material: Material) -> Recipe:
    """The same recipe for the material's vectors and classes."""
    face, audio = material.sizes
    return replace(recipe, shape=replace(recipe.shape, face=face, audio=audio, classes=len(material.classes)))


def _about(recipe: Recipe, made: str) -> str:
    return hashlib.sha256(f"{recipe.told()} {made}".encode()).hexdigest()


def _said(rows: Rows, transformer: Transformer, trees: Grown, late: Late | None) -> Sequence[Floats]:
    """Logits of all models, as the engine computes them."""
    read = Boosted.read(trees.model)
    parts: list[list[Floats]] = []
    for start in range(0, len(rows), AT_ONCE):
        normal = rows.at(slice(start, start + AT_ONCE))
        logits = transformer(normal.face, normal.audio, normal.face_mask, normal.audio_mask)
        features = xgb_features(Measured.of(normal))
        filled = np.where(np.isnan(features), trees.medians, features).astype(np.float32)
        boosted = read.probabilities(np.asarray(trees.projection.apply(filled), np.float32))
        of_late = [] if late is None else [late(normal)]
        parts.append([logits, np.log(np.maximum(boosted, np.float32(1e-9))), *of_late])
    return [np.concatenate(member) for member in zip(*parts, strict=True)]


def _versions() -> Mapping[str, str]:
    return {name: version(name) for name in PACKAGES}
