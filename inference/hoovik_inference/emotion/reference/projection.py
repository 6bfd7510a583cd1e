"""Principal components and standard scaling as plain arrays, computed as scikit-learn 1.5 does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.errors import BundleError

Reals = NDArray[np.floating[Any]]
"In the precision in which it was fitted."


class Projection:
    """From D numbers to K: products with the components, then less those of the mean.

    In single precision one window after the other: that gives, to the last bit, what scikit-learn gives of one, and
    each window the same alone and among others. It matters, as trees split at values that they were trained on, and
    costs no more than all at once up to a dozen: the components hardly fit the processor's caches, and either way is as
    slow as they come. In double precision all at once: trees see it rounded to single, and then it hardly matters.
    """

    def __init__(self, components: Reals, mean: Reals, scale: Reals | None = None) -> None:
        """Take (K, D), (D,) and, where the results are whitened, the (K,) that they are divided by.

        Raises:
            BundleError: The shapes do not fit.
        """
        if components.ndim != 2 or mean.shape != components.shape[1:]:
            raise BundleError(f"components {components.shape} and mean {mean.shape}; expected (K, D) and (D,)")
        if scale is not None and scale.shape != components.shape[:1]:
            raise BundleError(f"components {components.shape} and scale {scale.shape}; expected (K, D) and (K,)")
        self.components, self.mean, self.scale = components, mean, scale
        self._shift = mean[None] @ components.T

    @property
    def inputs(self) -> int:
        """D."""
        return self.components.shape[1]

    @property
    def outputs(self) -> int:
        """K."""
        return len(self.components)

    def apply(self, x: Reals) -> Reals:
        """(N, K) of (N, D)."""
        out: Reals = np.empty((len(x), len(self.components)), np.result_type(x, self.components))
        together = 1 if out.dtype == np.float32 else max(1, len(x))
        for row in range(0, len(x), together):
            np.matmul(x[row : row + together], self.components.T, out=out[row : row + together])
        out -= self._shift
        if self.scale is not None:
            out /= self.scale
        return out


class Selection:
    """Some of D numbers as they are, or all of them: where there are too few for components to be worth it."""

    def __init__(self, columns: NDArray[np.int64], inputs: int) -> None:
        """Take the (K,) places of those that are wanted among `inputs` numbers.

        Raises:
            BundleError: There are none, or one lies beyond them.
        """
        if not len(columns) or columns.min() < 0 or columns.max() >= inputs:
            raise BundleError(f"{len(columns)} columns are selected; expected one or more of 0…{inputs - 1}")
        self.columns, self.inputs = columns, inputs

    @property
    def outputs(self) -> int:
        """K."""
        return len(self.columns)

    def apply(self, x: Reals) -> Reals:
        """(N, K) of (N, D)."""
        out: Reals = x[:, self.columns]
        return out


class Scaler:
    """Less the mean, by the spread; in float32, rounded after each, where the numbers are."""

    def __init__(self, mean: Reals | None, scale: Reals | None) -> None:
        """Take (D,) each, or None for what is left out.

        Raises:
            BundleError: The shapes do not fit.
        """
        shapes = [array.shape for array in (mean, scale) if array is not None]
        if any(len(shape) != 1 or shape != shapes[0] for shape in shapes):
            raise BundleError(f"mean and scale of a scaler are {', '.join(map(str, shapes))}; expected (D,) each")
        self.mean, self.scale = mean, scale

    def apply(self, x: Reals) -> Reals:
        """(N, D) of (N, D)."""
        out = x.copy()
        if self.mean is not None:
            out -= self.mean
        if self.scale is not None:
            out /= self.scale
        return out
