"""From what scikit-learn fitted, as `pickles` holds it, to plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.anomaly import Detector
from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.forest import Forest, Tree
from hoovik_inference.emotion.reference.pickles import Held
from hoovik_inference.emotion.reference.projection import Projection, Reals, Scaler

ANOMALY = ("__main__.ModalityAnomalyModel", "anomaly.train_anomaly.ModalityAnomalyModel")
"What the reference's detectors are called, by how its script was started."


def held(found: Any, kind: str) -> Held:
    """`found`, if it is an object of that class, whatever module it is from.

    Raises:
        BundleError: It is another one.
    """
    if not isinstance(found, Held) or found.kind.rsplit(".", 1)[-1] != kind:
        what = found.kind if isinstance(found, Held) else type(found).__name__
        raise BundleError(f"it holds {what}; expected {kind}")
    return found


def version_of(found: Any) -> str | None:
    """The version of scikit-learn that fitted it; None where that is not known."""
    version = vars(found).get("_sklearn_version") if isinstance(found, Held) else None
    return None if version is None else str(version)


def pca(found: Any) -> Projection:
    """A PCA.

    Raises:
        BundleError: It is none, or was not fitted.
    """
    one = held(found, "PCA")
    scale = None
    if one.get("whiten"):
        variance = one.get("explained_variance_", np.ndarray)
        scale = np.maximum(np.sqrt(variance), np.finfo(variance.dtype).eps)
    return Projection(_reals(one, "components_"), _reals(one, "mean_").ravel(), scale)


def scaler(found: Any) -> Scaler:
    """A StandardScaler, or None for one that changes nothing.

    Raises:
        BundleError: It is something else.
    """
    if found is None:
        return Scaler(None, None)
    one = held(found, "StandardScaler")
    mean = _reals(one, "mean_") if one.get("with_mean") else None
    return Scaler(mean, _reals(one, "scale_") if one.get("with_std") else None)


def forest(found: Any, inputs: int) -> Forest:
    """An IsolationForest on so many inputs.

    Raises:
        BundleError: It is something else, was not fitted, or on another number of inputs.
    """
    one = held(found, "IsolationForest")
    takes = int(one.get("n_features_in_", (int, np.integer)))
    if takes != inputs:
        raise BundleError(
            f"an Isolation Forest on {takes} numbers; expected {inputs}, as come out of what is before it"
        )
    chosen = one.get("estimators_features_", (list, np.ndarray))
    grown = one.get("estimators_", (list, np.ndarray))
    if len(chosen) != len(grown):
        raise BundleError(
            f"an Isolation Forest of {len(grown)} trees and {len(chosen)} choices of columns: it is damaged"
        )
    trees = [_tree(tree, np.asarray(columns), inputs) for tree, columns in zip(grown, chosen, strict=True)]
    samples = one.get("max_samples_" if "max_samples_" in vars(one) else "_max_samples", (int, np.integer))
    return Forest.of(trees, int(samples), float(one.get("offset_", (int, float, np.number))))


def detector(found: Any, inputs: int) -> Detector:
    """A ModalityAnomalyModel of the reference, on so many features.

    Raises:
        BundleError: It is something else, or does not fit.
    """
    if not isinstance(found, Held) or found.kind not in ANOMALY:
        what = found.kind if isinstance(found, Held) else type(found).__name__
        raise BundleError(f"it holds {what}; expected {' or '.join(ANOMALY)}")
    scaling = scaler(found.get("scaler"))
    components = None if found.get("pca") is None else pca(found.get("pca"))
    fitted_on = [("scaler", scaling.mean), ("scaler", scaling.scale)]
    fitted_on += [] if components is None else [("PCA", components.mean)]
    for what, array in fitted_on:
        if array is not None and len(array) != inputs:
            raise BundleError(f"its {what} is for {len(array)} features; expected {inputs}")
    seen = inputs if components is None else len(components.components)
    threshold = float(found.get("threshold", (int, float, np.number)))
    return Detector(scaling, components, forest(found.get("iso"), seen), threshold)


def _tree(found: Any, chosen: NDArray[np.integer[Any]], inputs: int) -> Tree:
    inner = held(held(found, "ExtraTreeRegressor").get("tree_"), "Tree")
    nodes = inner.get("nodes", np.ndarray)
    wanted = ("left_child", "right_child", "feature", "threshold", "n_node_samples")
    if nodes.ndim != 1 or not set(wanted) <= set(nodes.dtype.names or ()):
        raise BundleError(f"a tree's nodes have {nodes.dtype.names}; expected at least {', '.join(wanted)}")
    left, right, column, bound, samples = (nodes[name] for name in wanted)
    used = column[left >= 0]
    if (used >= len(chosen)).any() or (used < 0).any() or (chosen >= inputs).any():
        raise BundleError("an Isolation Forest looks at numbers that are not there: it is damaged")
    return Tree(left, right, np.where(left >= 0, chosen[np.maximum(column, 0) % len(chosen)], 0), bound, samples)


def _reals(one: Held, name: str) -> Reals:
    array: Reals = one.get(name, np.ndarray)
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise BundleError(
            f"{name} of {one.kind} holds {array.dtype}, or numbers that are not finite; expected real ones"
        )
    return array  # in its own order: another one would round otherwise
