"""Training XGBoost on the features of windows, and what it found important."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from hoovik_inference.emotion.reference import detector_file, features
from hoovik_inference.emotion.reference.boosted import Boosted
from hoovik_inference.emotion.reference.features import xgb_features
from hoovik_inference.emotion.reference.files import read_npz
from hoovik_inference.emotion.reference.projection import Projection, Reals, Selection
from hoovik_inference.emotion.reference.steps import Measured
from hoovik_inference.emotion.reference.windows import AUDIO, FACE
from hoovik_inference.training.emotion.kept import Kept
from hoovik_inference.training.emotion.material import Rows
from hoovik_inference.training.emotion.recipe import Boosting, boost
from hoovik_inference.training.emotion.watch import class_weights
from hoovik_inference.training.progress import Progress
from hoovik_inference.types import Floats

STAGE = "boosted"
AT_ONCE = 256
"Windows whose features are taken together."
NEAR = 1e-5
"How far our reading of the trees may be from XGBoost's own."
_PASSED = ("max_depth", "learning_rate", "subsample", "colsample_bytree", "colsample_bylevel", "min_child_weight",
           "gamma", "reg_alpha", "reg_lambda")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grown:
    """Trained trees and what comes before them."""

    medians: Reals
    "(F,) that stand for features which are not there."
    projection: Projection | Selection
    "Of the features."
    model: bytes
    "XGBoost's, UBJSON, up to the best round."
    curve: Mapping[str, Sequence[float]]
    "Cross entropy by round: train, valid."
    importance: Mapping[str, float]
    "By block of features: its share of all gain; sums to 1 where there is any."
    rounds: int
    "Up to the best."


def grow(
    train: Rows,
    valid: Rows,
    classes: Sequence[str],
    recipe: Boosting,
    seed: int,
    kept: Kept,
    progress: Progress,
) -> Grown:
    """Train it, or read it from where it was kept.

    Raises:
        ValueError: What was kept is of another recipe or other material.
        ModuleNotFoundError: XGBoost is not installed.
    """
    told, model, arrays = kept.done(STAGE), kept.folder / f"{STAGE}.ubj", kept.folder / f"{STAGE}.npz"
    if told is not None:
        held = read_npz(arrays, "medians and components")
        projection = detector_file.projection(arrays, held, len(held["medians"]))
        progress("boosted trees", 1, 1, "resumed")
        return Grown(held["medians"], projection, model.read_bytes(), **told)
    kept.begin(STAGE)
    grown, _ = once(train, valid, classes, recipe, seed, progress)
    model.write_bytes(grown.model)
    np.savez(arrays, medians=grown.medians, **detector_file.projected(grown.projection))
    kept.finish(STAGE, {name: getattr(grown, name) for name in ("curve", "importance", "rounds")})
    return grown


@dataclass(frozen=True, slots=True)
class Given:
    """What XGBoost sees."""

    medians: Reals
    "(F,)."
    projection: Projection | Selection
    "(K, F)."
    train: Floats
    "(N, K)."
    valid: Floats
    "(M, K)."


def given(train: Rows, valid: Rows, components: int | None, seed: int, progress: Progress) -> Given:
    """Features of both sides, with medians for what is not there, projected."""
    raw = _features(train, "features", progress)
    medians = _medians(raw)
    _fill(raw, medians)
    projection = _projection(raw, components, seed)
    watched = _features(valid, "watched features", progress)
    _fill(watched, medians)
    return Given(medians, projection, _applied(projection, raw), _applied(projection, watched))


def once(
    train: Rows, valid: Rows, classes: Sequence[str], recipe: Boosting, seed: int, progress: Progress,
    seen: Given | None = None,
) -> tuple[Grown, float]:  # fmt: skip
    """Train it; the second is the cross entropy on the watched side at the best round.

    `seen` is what `given` gave, where that is known already.
    """
    import xgboost

    if seen is None:
        seen = given(train, valid, recipe.components, seed, progress)
    boosts = np.array([boost(recipe.class_boosts, name) for name in classes], np.float32)
    weights = class_weights(train.labels, boosts)
    settings: dict[str, Any] = {name: value for name, value in asdict(recipe).items() if name in _PASSED}
    settings |= {"objective": "multi:softprob", "num_class": len(classes), "eval_metric": "mlogloss",
                 "tree_method": "hist", "seed": seed, "nthread": recipe.threads}  # fmt: skip
    matrix = xgboost.DMatrix(seen.train, train.labels, weight=weights[train.labels])
    beside = xgboost.DMatrix(seen.valid, valid.labels)

    class Told(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if epoch % 25 == 24:
                progress("boosted trees", epoch + 1, recipe.rounds, f"watched {evals_log['valid']['mlogloss'][-1]:.3f}")
            return False

    found: dict[str, Any] = {}
    booster = xgboost.train(
        settings, matrix, recipe.rounds, evals=[(matrix, "train"), (beside, "valid")], evals_result=found,
        early_stopping_rounds=recipe.early_stopping, verbose_eval=False, callbacks=[Told()],
    )  # fmt: skip
    best = int(booster.best_iteration)
    booster = booster[: best + 1]
    model = bytes(booster.save_raw("ubj"))
    apart = float(np.abs(Boosted.read(model).probabilities(seen.valid) - booster.predict(beside)).max())
    if not apart <= NEAR:
        raise ValueError(f"our reading of the trees is {apart:.2g} off XGBoost's own; expected {NEAR:g} or less")
    curve = {side: [round(float(one), 5) for one in found[side]["mlogloss"]] for side in ("train", "valid")}
    sizes = train.windows.face.shape[2], train.windows.audio.shape[2]
    gains = booster.get_score(importance_type="total_gain")
    progress("boosted trees", recipe.rounds, recipe.rounds, f"{best + 1} rounds, watched {curve['valid'][best]:.3f}")
    grown = Grown(seen.medians, seen.projection, model, curve, importance(gains, seen.projection, sizes), best + 1)
    return grown, float(found["valid"]["mlogloss"][best])


def importance(
    gains: Mapping[str, Any], projection: Projection | Selection, sizes: tuple[int, int]
) -> dict[str, float]:
    """By block of features, the share of all gain; a component's goes to features by the squares of its weights."""
    gain = np.zeros(projection.outputs)
    for name, value in gains.items():
        gain[int(name[1:])] = float(value)
    of_features = np.zeros(projection.inputs)
    if isinstance(projection, Selection):
        of_features[projection.columns] = gain
    else:
        squares = projection.components.astype(np.float64) ** 2
        of_features = (gain / np.maximum(squares.sum(axis=1), 1e-12)) @ squares
    total, start, out = max(float(of_features.sum()), 1e-12), 0, {}
    for name, width in layout(*sizes):
        out[name] = float(of_features[start : start + width].sum()) / total
        start += width
    return out


def layout(face: int, audio: int) -> tuple[tuple[str, int], ...]:
    """Blocks of the features and how many numbers each has."""
    if (face, audio) == (FACE, AUDIO):
        return features.LAYOUT
    widths = {"face": face, "audio": audio}
    blocks = [(name, widths[name.split()[0]]) for name, _ in features.LAYOUT[:12]]
    return (*blocks, ("indicators", features.INDICATORS))


def _features(rows: Rows, stage: str, progress: Progress) -> Floats:
    parts = []
    for start in range(0, len(rows), AT_ONCE):
        parts.append(xgb_features(Measured.of(rows.at(slice(start, start + AT_ONCE)))))
        progress(stage, min(start + AT_ONCE, len(rows)), len(rows), "")
    return np.concatenate(parts)


def _medians(raw: Floats) -> Reals:
    """(F,) of what is there; 0 where nothing is."""
    there = np.isfinite(raw).any(axis=0)
    out: Floats = np.zeros(raw.shape[1], np.float32)
    out[there] = np.nanmedian(raw[:, there], axis=0)
    return out


def _fill(raw: Floats, medians: Reals) -> None:
    for start in range(0, len(raw), AT_ONCE):
        part = raw[start : start + AT_ONCE]
        np.copyto(part, medians.astype(np.float32), where=np.isnan(part))


def _projection(filled: Floats, components: int | None, seed: int) -> Projection | Selection:
    """Principal components, at most as many as windows less one; or all features as they are."""
    size = filled.shape[1]
    if components is None:
        return Selection(np.arange(size), size)
    kept = max(1, min(components, len(filled) - 1, size))
    fitted = PCA(kept, svd_solver="randomized" if kept < 0.8 * min(filled.shape) else "full", random_state=seed)
    fitted.fit(filled)
    return Projection(np.ascontiguousarray(fitted.components_, np.float32), fitted.mean_.astype(np.float32))


def _applied(projection: Projection | Selection, filled: Floats) -> Floats:
    return np.asarray(projection.apply(filled), np.float32)
