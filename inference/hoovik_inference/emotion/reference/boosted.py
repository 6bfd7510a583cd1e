"""XGBoost's trees as arrays over all of them: for one window many times as fast as XGBoost's own predictor.

Its predictor prepares every tree anew in each call, 16 ms and more for the reference's 18,876. Here each tree is filled
up to a complete one, so that a level is three look-ups for all trees at once. Sums run in float32 in the order of the
trees, as XGBoost's do. `hoovik-rtc models import-reference` holds the result against XGBoost's before it keeps a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.ubj import read_ubj
from hoovik_inference.types import Floats

DEEPEST = 10
"A complete tree of more levels takes too much room; the reference has 5."
AT_ONCE = 16
"Windows that go through the trees together: more fall out of the processor's caches."


@dataclass(frozen=True, slots=True)
class Boosted:
    """R rounds of K trees each, of depth L."""

    inputs: int
    "Numbers that it is given."
    base: Floats
    "(K,) scores before the first tree."
    columns: tuple[NDArray[np.int32], ...]
    "By level l: (R·K·2^l,) which number each node looks at."
    bounds: tuple[Floats, ...]
    "By level l: (R·K·2^l,) below it a window goes left."
    leaves: Floats
    "(R·K·2^L,)."

    @property
    def classes(self) -> int:
        """That it tells apart."""
        return len(self.base)

    @property
    def rounds(self) -> int:
        """That are counted: those up to the best."""
        return len(self.leaves) // (self.classes << len(self.columns))

    @classmethod
    def read(cls, data: bytes) -> Boosted:
        """What XGBoost's `save_raw("ubj")` gave; rounds after the best one are left out, as `XGBClassifier` does.

        Raises:
            BundleError: It is no classifier of trees over several classes, or one that is not read here.
        """
        model = read_ubj(data)
        try:
            return _read(model["learner"])
        except (KeyError, TypeError, IndexError) as exc:
            raise BundleError(f"a model of XGBoost without {exc}; expected one of version 1.7 or later") from exc

    def margins(self, x: Floats) -> Floats:
        """(N, K) scores of (N, inputs) finite numbers, before softmax.

        Raises:
            ValueError: `x` has another shape.
        """
        if x.ndim != 2 or x.shape[1] != self.inputs:
            raise ValueError(f"x is {x.shape}; expected (N, {self.inputs})")
        x = np.ascontiguousarray(x, np.float32)
        parts = [self._margins(x[start : start + AT_ONCE]) for start in range(0, len(x), AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, self.classes), np.float32)

    def probabilities(self, x: Floats) -> Floats:
        """(N, K) of (N, inputs) finite numbers."""
        margins = self.margins(x)
        shares = np.exp(margins - margins.max(axis=1, keepdims=True, initial=-np.inf))
        return shares / shares.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]

    def _margins(self, x: Floats) -> Floats:
        flat, trees = x.ravel(), self.rounds * self.classes
        start = (np.arange(len(x), dtype=np.int32) * self.inputs)[:, None]
        at = np.broadcast_to(np.arange(trees, dtype=np.int32), (len(x), trees))
        for columns, bounds in zip(self.columns, self.bounds, strict=True):
            right = flat.take(columns.take(at) + start) >= bounds.take(at)
            at = at + at
            at += right
        leaves = self.leaves.take(at).reshape(len(x), self.rounds, self.classes)
        leaves[:, 0] += self.base
        margins: Floats = np.add.reduce(leaves, axis=1)
        return margins


def _read(learner: Mapping[str, Any]) -> Boosted:
    objective = learner["objective"]["name"]
    booster = learner["gradient_booster"]
    if objective not in ("multi:softprob", "multi:softmax") or booster["name"] != "gbtree":
        raise BundleError(
            f"a model of XGBoost with {objective} and {booster['name']}; expected multi:softprob and gbtree"
        )
    held = learner["learner_model_param"]
    classes, inputs = int(held["num_class"]), int(held["num_feature"])
    model = booster["model"]
    each = int(model["gbtree_model_param"].get("num_parallel_tree", 1))
    best = learner.get("attributes", {}).get("best_iteration")
    trees = model["trees"] if best is None else model["trees"][: (int(best) + 1) * classes * each]
    kinds = np.asarray(model["tree_info"])[: len(trees)]
    if each != 1 or not trees or len(trees) % classes or (kinds != np.arange(len(trees)) % classes).any():
        raise BundleError(
            f"a model of XGBoost with {len(trees)} trees; expected one for each of {classes} classes a round"
        )
    base = np.array([float(part) for part in str(held["base_score"]).strip("[]").split(",")], np.float32)
    if len(base) not in (1, classes):
        raise BundleError(f"a model of XGBoost with {len(base)} base scores; expected 1 or {classes}")
    columns, bounds, leaves = _filled(trees, inputs)
    return Boosted(inputs, np.broadcast_to(base, classes).copy(), tuple(columns), tuple(bounds), leaves)


def _filled(trees: Sequence[Mapping[str, Any]], inputs: int) -> tuple[list[NDArray[np.int32]], list[Floats], Floats]:
    """All trees as complete ones: columns and bounds of each level, and the leaves below the last.

    Below a leaf that comes early everything goes left, to that leaf again.
    """
    sizes = [len(tree["left_children"]) for tree in trees]
    if any(np.any(tree["split_type"]) for tree in trees if "split_type" in tree):
        raise BundleError("a model of XGBoost that splits by category; expected numbers only")
    left, right, column, value = (
        np.concatenate([np.asarray(tree[name]) for tree in trees])
        for name in ("left_children", "right_children", "split_indices", "split_conditions")
    )
    first = np.cumsum([0, *sizes[:-1]])
    inner = left >= 0
    farthest = np.repeat(sizes, sizes) if sum(sizes) == len(left) else np.zeros(len(left))
    beyond = inner & ((np.maximum(left, right) >= farthest) | (right < 0) | (column < 0) | (column >= inputs))
    if min(sizes) == 0 or beyond.any() or not len(left) == len(right) == len(column) == len(value):
        raise BundleError("a model of XGBoost whose trees point beyond themselves: it is damaged")
    start = np.repeat(first, sizes)
    left, right = left + start, right + start
    at = first
    columns: list[NDArray[np.int32]] = []
    bounds: list[Floats] = []
    while (splits := inner[at]).any():
        if len(columns) == DEEPEST:
            raise BundleError(f"a model of XGBoost with trees of more than {DEEPEST} levels; the reference's have 5")
        columns.append(np.where(splits, column[at], 0).astype(np.int32))
        bounds.append(np.where(splits, value[at], np.inf).astype(np.float32))
        at = np.stack((np.where(splits, left[at], at), np.where(splits, right[at], at)), axis=1).ravel()
    return columns, bounds, value[at].astype(np.float32)
