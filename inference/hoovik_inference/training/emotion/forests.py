"""Growing the Isolation Forests that tell which windows are strange."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest

from hoovik_inference.emotion.reference import anomaly_inputs, detector_file
from hoovik_inference.emotion.reference.anomaly import GLOBAL, Detector
from hoovik_inference.emotion.reference.anomaly_inputs import anomaly_features
from hoovik_inference.emotion.reference.forest import Forest, Tree
from hoovik_inference.emotion.reference.projection import Projection, Scaler, Selection
from hoovik_inference.emotion.reference.shape import STREAMS
from hoovik_inference.emotion.reference.steps import Measured
from hoovik_inference.emotion.reference.windows import MODALITIES
from hoovik_inference.training.emotion import recipe as recipes
from hoovik_inference.training.emotion.kept import Kept
from hoovik_inference.training.emotion.material import Rows
from hoovik_inference.training.progress import Progress
from hoovik_inference.types import Floats

STAGE = "forests"
AT_ONCE = 256
BLOCKS = ("mean", "std", "min", "max", "range", "share", "changes", "travelled")
"Of a stream, as `anomaly_features` has them: `share` is one number, the others one for each of the vector's."


def columns_of(sizes: tuple[int, int], stream: str, numbers: Iterable[int], blocks: Iterable[str]) -> tuple[int, ...]:
    """Places among the anomaly features of a few numbers of a vector.

    Args:
        sizes: Numbers of a face and of a voice in a step.
        stream: face or audio.
        numbers: Places in its vector.
        blocks: Of BLOCKS.
    """
    face, audio = sizes
    size = face if stream == STREAMS[0] else audio
    first = 0 if stream == STREAMS[0] else 6 * face + 1
    travelled = 6 * (face + audio) + 2 + (0 if stream == STREAMS[0] else face)
    starts = {name: first + place * size for place, name in enumerate(BLOCKS[:6])}
    starts |= {"changes": first + 5 * size + 1, "travelled": travelled}
    chosen = tuple(numbers)
    out: list[int] = []
    for block in blocks:
        out += [starts[block]] if block == "share" else [starts[block] + number for number in chosen]
    return tuple(out)


def plant(
    train: Rows, valid: Rows, recipe: recipes.Forests, seed: int, kept: Kept, progress: Progress, jitter: float = 0.0
) -> tuple[dict[str, Detector], tuple[str, ...]]:
    """A detector for each modality that there is enough of, and the global one; and what is to be known of them.

    With `jitter`, in standard deviations, the forests are grown on numbers that are moved by chance: where many windows
    share a value, as signs have at their bounds, trees would otherwise split beside it, and rounding would be strange.

    Raises:
        ValueError: What was kept is of another recipe or other material.
    """
    told, inputs = kept.done(STAGE), anomaly_inputs.count(train.windows.face.shape[2], train.windows.audio.shape[2])
    if told is not None:
        progress("forests", 1, 1, "resumed")
        thresholds: Mapping[str, float] = told["thresholds"]
        detectors = {
            name: detector_file.read(kept.folder / f"anomaly_{name}.npz", threshold, inputs)
            for name, threshold in thresholds.items()
        }
        return detectors, tuple(told["notes"])
    kept.begin(STAGE)
    detectors, notes = {}, []
    names = (*MODALITIES, GLOBAL)
    for number, name in enumerate(names):
        progress("forests", number, len(names), name)
        sides = (train, valid) if name == GLOBAL else (train.of(number), valid.of(number))
        if len(sides[0]) < recipe.least or not len(sides[1]):
            if name != GLOBAL:
                notes.append(
                    f"no anomaly detector for {name}: {len(sides[0])} windows to train on and {len(sides[1])} watched "
                    f"ones, {recipe.least} and 1 are needed; the global one serves"
                )
                continue
        detectors[name] = _detector(_features(sides[0]), _features(sides[1]), recipe, name, seed, jitter)
        np.savez(kept.folder / f"anomaly_{name}.npz", **detector_file.arrays(detectors[name]))
    progress("forests", len(names), len(names), ", ".join(detectors))
    thresholds = {name: detector.threshold for name, detector in detectors.items()}
    kept.finish(STAGE, {"thresholds": thresholds, "notes": notes})
    return detectors, tuple(notes)


def forest_of(model: IsolationForest) -> Forest:
    """As arrays."""
    trees = [
        Tree(one.tree_.children_left, one.tree_.children_right, np.maximum(one.tree_.feature, 0), one.tree_.threshold,
             one.tree_.n_node_samples)
        for one in model.estimators_
    ]  # fmt: skip
    return Forest.of(trees, model.max_samples_, model.offset_)


def _detector(train: Floats, valid: Floats, recipe: recipes.Forests, name: str, seed: int, jitter: float) -> Detector:
    spread: NDArray[np.float64] = train.std(axis=0, dtype=np.float64)
    still = spread < 1e-6  # as a StandardScaler: what does not change is not divided
    scaler = Scaler(
        train.mean(axis=0, dtype=np.float64).astype(np.float32), np.where(still, 1.0, spread).astype(np.float32)
    )
    scaled = np.asarray(scaler.apply(train), np.float32)
    projection = _projection(scaled, recipe, name, seed)
    seen = scaled if projection is None else np.asarray(projection.apply(scaled), np.float32)
    if jitter:
        seen = seen + np.random.default_rng(seed).normal(0.0, jitter, seen.shape).astype(np.float32)
    model = IsolationForest(n_estimators=recipe.trees, random_state=seed).fit(seen)
    detector = Detector(scaler, projection, forest_of(model), 0.0)
    threshold = float(np.percentile(detector.score(valid), 100.0 * recipe.flagged))
    return Detector(scaler, projection, detector.forest, threshold)


def _projection(scaled: Floats, recipe: recipes.Forests, name: str, seed: int) -> Projection | Selection | None:
    size = scaled.shape[1]
    if name in recipe.columns:
        return Selection(np.array(recipe.columns[name], np.int64), size)
    components = recipe.components.get(name)
    if components is None or components >= min(scaled.shape):
        return None
    fitted = PCA(components, random_state=seed).fit(scaled)
    return Projection(np.ascontiguousarray(fitted.components_, np.float32), fitted.mean_.astype(np.float32))


def _features(rows: Rows) -> Floats:
    parts = [
        anomaly_features(Measured.of(rows.at(slice(start, start + AT_ONCE)))) for start in range(0, len(rows), AT_ONCE)
    ]  # fmt: skip
    return np.concatenate(parts)
