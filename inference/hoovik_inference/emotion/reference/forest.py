"""An Isolation Forest as arrays: scikit-learn's scores without its trees, which take 10 ms for one window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.types import Floats


@dataclass(frozen=True, slots=True)
class Tree:
    """One fitted tree, as scikit-learn's `tree_` has it: n nodes, the root first, children after their parents."""

    left: NDArray[np.integer[Any]]
    "(n,) node that a window goes to; -1 at a leaf."
    right: NDArray[np.integer[Any]]
    "(n,)."
    column: NDArray[np.integer[Any]]
    "(n,) which number is looked at."
    bound: NDArray[np.float64]
    "(n,) at it or below it goes left."
    samples: NDArray[np.integer[Any]]
    "(n,) how many of those that it was fitted on came here."


@dataclass(frozen=True, slots=True)
class Forest:
    """T trees, their n nodes one after the other."""

    children: NDArray[np.int32]
    "(2n,) left and right of each node; a leaf's are itself."
    columns: NDArray[np.int32]
    "(n,) which number each node looks at."
    bounds: NDArray[np.float64]
    "(n,) above it a window goes right; infinite at a leaf."
    lengths: NDArray[np.float64]
    "(n,) of the path to a leaf, with what the samples that are left in it would add."
    roots: NDArray[np.int32]
    "(T,)."
    levels: int
    "From a root to the deepest leaf."
    usual: float
    "Length of the paths of T trees, of samples as many as each was fitted on."
    offset: float
    "That is taken off the scores."

    @classmethod
    def of(cls, trees: Sequence[Tree], samples: int, offset: float) -> Forest:
        """Of fitted trees, the samples each was fitted on (`max_samples_`), and `offset_`.

        Raises:
            BundleError: There are none, or they are damaged.
        """
        if not trees or samples < 1:
            raise BundleError(f"an Isolation Forest of {len(trees)} trees of {samples} samples; expected 1 or more")
        children, columns, bounds, lengths, roots, levels, first = [], [], [], [], [], 0, 0
        for tree in trees:
            depths = _depths(tree)
            nodes = np.arange(len(depths))
            leaf = tree.left < 0
            inner = np.stack((tree.left, tree.right), axis=1)
            children.append(np.where(leaf[:, None], nodes[:, None], inner) + first)
            columns.append(np.where(leaf, 0, tree.column))
            bounds.append(np.where(leaf, np.inf, tree.bound))
            lengths.append(depths + _expected(tree.samples))
            roots.append(first)
            levels = max(levels, int(depths.max()))
            first += len(nodes)
        return cls(
            np.concatenate(children).ravel().astype(np.int32),
            np.concatenate(columns).astype(np.int32),
            np.concatenate(bounds).astype(np.float64),
            np.concatenate(lengths),
            np.array(roots, np.int32),
            levels,
            len(trees) * float(_expected(np.array([samples]))[0]),
            offset,
        )

    def decide(self, x: Floats) -> NDArray[np.float64]:
        """(N,) of (N, D): the lower, the stranger; scikit-learn's `decision_function`."""
        x = np.ascontiguousarray(x, np.float32)
        flat, start = x.ravel(), (np.arange(len(x), dtype=np.int32) * x.shape[1])[:, None]
        at = np.broadcast_to(self.roots, (len(x), len(self.roots)))
        for _ in range(self.levels):
            right = flat.take(self.columns.take(at) + start) > self.bounds.take(at)
            at = self.children.take(at + at + right)
        lengths = self.lengths.take(at).sum(axis=1)
        shares = lengths / self.usual if self.usual else np.ones_like(lengths)
        scores: NDArray[np.float64] = -(2.0**-shares) - self.offset
        return scores


def _depths(tree: Tree) -> NDArray[np.int64]:
    """(n,) of each node, the root's 0."""
    arrays = (tree.left, tree.right, tree.column, tree.bound, tree.samples)
    count = len(tree.left)
    inner = np.flatnonzero(tree.left >= 0)
    if count == 0 or any(array.shape != (count,) for array in arrays):
        raise BundleError("a tree of an Isolation Forest whose arrays do not fit: it is damaged")
    below = np.stack((tree.left[inner], tree.right[inner]), axis=1)
    if (below <= inner[:, None]).any() or (below >= count).any() or (tree.column[inner] < 0).any():
        raise BundleError("a tree of an Isolation Forest that points beyond itself: it is damaged")
    depths = np.zeros(count, np.int64)
    for node, pair in zip(inner.tolist(), below.tolist(), strict=True):  # parents come first
        depths[pair] = depths[node] + 1
    return depths


def _expected(samples: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Mean length of the paths that so many samples would still take (Liu, Ting and Zhou, ICDM 2008, equation 1)."""
    count = np.maximum(samples, 3).astype(np.float64)
    many = 2.0 * (np.log(count - 1.0) + np.euler_gamma) - 2.0 * (count - 1.0) / count
    lengths: NDArray[np.float64] = np.where(samples <= 1, 0.0, np.where(samples == 2, 1.0, many))
    return lengths
