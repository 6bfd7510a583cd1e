"""What the reference's engine costs on one core: `python -m tests.bench.reference [--theirs]`.

Stand-ins of the reference's shape with random weights: the transformer, 512 components of 8,149 features, 3,150 rounds
of six trees of depth 5, four detectors of 200 trees on 256, 384, 64 and 256 components of 9,452. What it costs does not
depend on what they have learned. One window with both modalities, and twelve at once, four of which have but one.

`--theirs` adds what the same costs in torch, XGBoost's predictor and scikit-learn, one window at a time (needs the
extra `models`, and half a minute to make an XGBoost model of that size).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import IsolationForest
from threadpoolctl import threadpool_limits

from hoovik_inference.emotion.reference import CLASSES, Ensemble, ReferenceEngine, Windows, windows_of
from hoovik_inference.emotion.reference.anomaly import Detector, scores
from hoovik_inference.emotion.reference.anomaly_inputs import COUNT as ANOMALY_FEATURES
from hoovik_inference.emotion.reference.anomaly_inputs import anomaly_features
from hoovik_inference.emotion.reference.boosted import Boosted
from hoovik_inference.emotion.reference.bundle import Bundle
from hoovik_inference.emotion.reference.features import COUNT as FEATURES
from hoovik_inference.emotion.reference.features import xgb_features
from hoovik_inference.emotion.reference.forest import Forest, Tree
from hoovik_inference.emotion.reference.forward import Transformer
from hoovik_inference.emotion.reference.normalise import Normaliser
from hoovik_inference.emotion.reference.projection import Projection, Scaler
from hoovik_inference.emotion.reference.shape import Shape, weights_of
from hoovik_inference.emotion.reference.steps import Measured
from tests.unit.inference.reference_arrays import arrays

ROUNDS, DEPTH, COMPONENTS = 3150, 5, 512
DETECTORS = {"both": 256, "audio_only": 384, "video_only": 64, "global": 256}
TARGETS_MS = {1: 8.0, 12: 3.0}
"For each window, of one and of twelve at once."
RNG = np.random.default_rng(1)


class StandIn(Bundle):
    """A bundle whose trees were never in a file."""

    __slots__ = ()

    def trees(self) -> Boosted:
        return TREES


def _trees() -> Boosted:
    count = ROUNDS * len(CLASSES)
    levels = [count << level for level in range(DEPTH)]
    columns = tuple(RNG.integers(0, COMPONENTS, size).astype(np.int32) for size in levels)
    bounds = tuple(RNG.normal(size=size).astype(np.float32) for size in levels)
    leaves = RNG.normal(0.0, 0.01, count << DEPTH).astype(np.float32)
    return Boosted(COMPONENTS, np.full(len(CLASSES), 0.5, np.float32), columns, bounds, leaves)


TREES = _trees()


def _projection(kept: int, inputs: int) -> Projection:
    components = RNG.normal(0.0, inputs**-0.5, (kept, inputs)).astype(np.float32)
    return Projection(components, RNG.normal(size=inputs).astype(np.float32))


def forest_of(model: IsolationForest) -> Forest:
    """Of one that scikit-learn fitted."""
    trees = [
        Tree(one.tree_.children_left, one.tree_.children_right, np.maximum(one.tree_.feature, 0), one.tree_.threshold,
             one.tree_.n_node_samples)
        for one in model.estimators_
    ]  # fmt: skip
    return Forest.of(trees, model.max_samples_, model.offset_)


def stand_in() -> tuple[Bundle, IsolationForest]:
    """Everything, and scikit-learn's forest for windows with both modalities."""
    shape = Shape()
    weights = {name: RNG.normal(0.0, 0.05, size).astype(np.float32) for name, size in weights_of(shape).items()}
    forests = {
        name: IsolationForest(n_estimators=200, random_state=0).fit(RNG.normal(size=(600, kept)).astype(np.float32))
        for name, kept in DETECTORS.items()
    }
    scaler = Scaler(RNG.normal(size=ANOMALY_FEATURES), RNG.uniform(0.5, 2.0, ANOMALY_FEATURES))
    detectors = {
        name: Detector(scaler, _projection(kept, ANOMALY_FEATURES), forest_of(forests[name]), 0.05)
        for name, kept in DETECTORS.items()
    }
    spreads = [np.full(size, value, np.float32) for size in (326, 1024) for value in (0.1, 0.3)]
    medians, projection = RNG.normal(size=FEATURES).astype(np.float32), _projection(COMPONENTS, FEATURES)
    mix = Ensemble(0.455, 0.545, 0.3)
    bundle = StandIn(CLASSES, shape, weights, Normaliser(*spreads), medians, projection, b"", mix, detectors)
    return bundle, forests["both"]


def given(count: int) -> Windows:
    """So many windows: both modalities, but of twelve two have only a voice and two only a face."""
    held = arrays(64, seed=3)
    both = np.flatnonzero(held["face_mask"].sum(axis=1) * held["audio_mask"].sum(axis=1) > 40)
    alone = [np.flatnonzero(held["modality"] == flag)[:2] for flag in (0, 1)]
    rows = both[:1] if count == 1 else np.concatenate((both[: count - 4], *alone))
    return windows_of(**{name: array[rows] for name, array in held.items()})


def timed(call: Callable[[], object], rounds: int) -> NDArray[np.float64]:
    """Milliseconds of each call, without the first three."""
    took = []
    for _ in range(rounds + 3):
        start = time.perf_counter()
        call()
        took.append((time.perf_counter() - start) * 1000)
    return np.array(took[3:])


def parts(bundle: Bundle, raw: Windows) -> dict[str, Callable[[], object]]:
    """Each part alone, on what the ones before it give."""
    engine, transformer = ReferenceEngine(bundle), Transformer(bundle.weights, bundle.shape)
    normal = bundle.normaliser.apply(raw)
    features, unusual = xgb_features(Measured.of(normal)), anomaly_features(Measured.of(normal))
    filled = np.where(np.isnan(features), bundle.medians, features).astype(np.float32)
    projected = bundle.projection.apply(filled).astype(np.float32)
    streams = (normal.face, normal.audio, normal.face_mask, normal.audio_mask)
    return {
        "normalising": lambda: bundle.normaliser.apply(raw),
        "8,149 and 9,452 features": lambda: _features(normal),
        "transformer": lambda: transformer(*streams),
        "medians and 512 components": lambda: bundle.projection.apply(
            np.where(np.isnan(features), bundle.medians, features)
        ),
        "18,900 trees": lambda: TREES.probabilities(projected),
        "anomaly: scaling, components, 200 trees": lambda: scores(bundle.detectors, unusual, raw.modality),
        "everything": lambda: engine.infer(raw),
    }


def _features(normal: Windows) -> None:
    measured = Measured.of(normal)
    xgb_features(measured)
    anomaly_features(measured)


def theirs(bundle: Bundle, forest: IsolationForest, raw: Windows) -> dict[str, Callable[[], object]]:
    """The same of one window, in the libraries that the reference uses."""
    import torch

    from hoovik_inference.emotion.reference.transformer import EmotionTransformer

    torch.set_num_threads(1)
    network = EmotionTransformer()
    network.load_state_dict({name: torch.from_numpy(value) for name, value in bundle.weights.items()})
    network.train(False)
    normal = bundle.normaliser.apply(raw)
    streams = [torch.from_numpy(one) for one in (normal.face, normal.audio, normal.face_mask, normal.audio_mask)]
    trees, seen = booster(), RNG.normal(size=(1, 256)).astype(np.float32)
    projected = RNG.normal(size=(1, COMPONENTS)).astype(np.float32)

    def run() -> None:
        with torch.inference_mode():
            network(*streams)

    return {
        "transformer": run,
        "18,900 trees": lambda: trees.inplace_predict(projected),
        "an Isolation Forest of 200 trees": lambda: forest.decision_function(seen),
    }


def booster() -> Any:
    """A few trained rounds, copied and each copy changed."""
    import xgboost

    x, classes = RNG.normal(size=(2000, COMPONENTS)).astype(np.float32), len(CLASSES)
    made = xgboost.train(
        {"objective": "multi:softprob", "num_class": classes, "max_depth": DEPTH, "nthread": 1, "min_child_weight": 0},
        xgboost.DMatrix(x, RNG.integers(0, classes, len(x))),
        5,
    )
    model = json.loads(bytes(made.save_raw("json")))
    held = model["learner"]["gradient_booster"]["model"]
    trees = held["trees"]
    held["trees"] = [_changed(trees[number % len(trees)], number) for number in range(ROUNDS * classes)]
    held["tree_info"] = [number % classes for number in range(ROUNDS * classes)]
    held["gbtree_model_param"]["num_trees"] = str(ROUNDS * classes)
    held["iteration_indptr"] = list(range(0, ROUNDS * classes + 1, classes))
    grown = xgboost.Booster({"nthread": 1})
    grown.load_model(bytearray(json.dumps(model).encode()))
    grown.set_param({"nthread": 1})
    return grown


def _changed(tree: dict[str, Any], number: int) -> dict[str, Any]:
    inner = np.array(tree["left_children"]) >= 0
    bounds, columns = np.array(tree["split_conditions"]), np.array(tree["split_indices"])
    bounds[inner], columns[inner] = RNG.normal(size=inner.sum()), RNG.integers(0, COMPONENTS, inner.sum())
    return {**tree, "id": number, "split_conditions": bounds.tolist(), "split_indices": columns.tolist()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reference", description=str(__doc__).split("\n")[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--theirs", action="store_true", help="torch, XGBoost and scikit-learn beside")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    threadpool_limits(limits=1, user_api="blas")
    bundle, forest = stand_in()
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for count, target in TARGETS_MS.items():
        name = f"{count} window{'s' if count > 1 else ''} at once"
        figures[name] = _show(name, parts(bundle, given(count)), count, options.rounds, target)
    if options.theirs:
        name = "1 window, by torch, XGBoost and scikit-learn"
        figures[name] = _show(name, theirs(bundle, forest, given(1)), 1, max(10, options.rounds // 3), None)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1))


def _show(
    name: str, calls: dict[str, Callable[[], object]], count: int, rounds: int, target: float | None
) -> dict[str, dict[str, float]]:
    table = Table("part", "p50 ms a window", "p95 ms a window", title=name)
    found = {}
    for part, call in calls.items():
        took = timed(call, rounds) / count
        found[part] = {"p50": float(np.median(took)), "p95": float(np.percentile(took, 95))}
        table.add_row(part, *(f"{value:.2f}" for value in found[part].values()))
    Console().print(table)
    if target is not None:
        Console().print(
            f"target {target:g} ms a window: {'held' if found['everything']['p50'] <= target else 'MISSED'}"
        )
    return found


if __name__ == "__main__":
    main()
