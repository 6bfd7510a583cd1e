"""Statistics over those steps of many windows that count, without a loop over the windows.

Sums run over all ten steps, with zeros for those that do not count: adding zero changes nothing, so the results are, to
the last bit, those of numpy over the steps that count alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats


@dataclass(frozen=True, slots=True)
class Steps:
    """One modality of N windows of T steps."""

    values: Floats
    "(N, T, D), zeros where the mask is 0."
    mask: Floats
    "(N, T) 1 or 0."
    count: NDArray[np.int64]
    "(N,) how many steps count."
    places: NDArray[np.int64]
    "(N, T) the steps that count, in order, then the others."
    joined: Floats
    "(N, T, D) `values` in the order of `places`."

    @classmethod
    def of(cls, values: Floats, mask: Floats) -> Steps:
        """Of (N, T, D) with zeros where the (N, T) mask is 0."""
        places = np.argsort(mask == 0, axis=1, kind="stable")
        joined = np.take_along_axis(values, places[..., None], axis=1)
        return cls(values, mask, (mask != 0).sum(axis=1), places, joined)

    def moments(self) -> tuple[Floats, Floats]:
        """(N, D) mean and population standard deviation; where no step counts, zeros."""
        return _moments(self.values, self.mask)

    def extremes(self) -> tuple[Floats, Floats]:
        """(N, D) least and largest; where no step counts, infinities."""
        there = self.mask[..., None] != 0
        least, most = np.where(there, self.values, np.inf), np.where(there, self.values, -np.inf)
        return least.min(axis=1), most.max(axis=1)

    def travelled(self) -> Floats:
        """(N, D) the last step that counts less the first."""
        rows = np.arange(len(self.count))
        out: Floats = self.joined[rows, np.maximum(self.count - 1, 0)] - self.joined[:, 0]
        return out

    def changes(self) -> tuple[Floats, Floats]:
        """(N, T-1, D) from one step that counts to the next, zeros where there is no next, and their (N, T-1) mask."""
        there = np.arange(1, self.mask.shape[1]) < self.count[:, None]
        return np.where(there[..., None], np.diff(self.joined, axis=1), 0).astype(np.float32), there.astype(np.float32)

    def change_spread(self) -> Floats:
        """(N, D) population standard deviation of `changes`."""
        return _moments(*self.changes())[1]

    def slopes(self) -> NDArray[np.float64]:
        """(N, D) by which the values rise for each standard deviation of time, over the steps that count."""
        there = self.mask.astype(np.float64)
        number = np.maximum(self.count, 1)[:, None]
        at = np.arange(self.mask.shape[1])
        centred = (at - (there * at).sum(axis=1, keepdims=True) / number) * there
        t = centred / (np.sqrt((centred**2).sum(axis=1, keepdims=True) / number) + 1e-6)
        rise = (t[:, None] @ self.values.astype(np.float64))[:, 0]
        slopes: NDArray[np.float64] = rise / ((t**2).sum(axis=1, keepdims=True) + 1e-6)
        return slopes

    def quartile_range(self) -> Floats:
        """(N, D) 75th less 25th percentile, by linear interpolation; where no step counts, anything."""
        counts = (self.mask != 0) | (self.count == 0)[:, None]
        ordered = np.sort(np.where(counts[..., None], self.values, np.inf), axis=1)
        upper, lower = (_percentile(ordered, self.count, share) for share in (0.75, 0.25))
        return (upper - lower).astype(np.float32)


def _moments(values: Floats, mask: Floats) -> tuple[Floats, Floats]:
    number = np.maximum(mask.sum(axis=1), 1.0)[:, None]
    mean = values.sum(axis=1) / number
    apart = (values - mean[:, None]) * mask[..., None]
    return mean, np.sqrt((apart * apart).sum(axis=1) / number)


def _percentile(ordered: Floats, count: NDArray[np.int64], share: float) -> NDArray[np.float64]:
    """(N, D) of (N, T, D) in rising order, of which the first `count` (N,) are meant."""
    rows, place = np.arange(len(count)), share * np.maximum(count - 1, 0)
    below = place.astype(np.int64)
    low = ordered[rows, below].astype(np.float64)
    high = ordered[rows, np.minimum(below + 1, np.maximum(count - 1, 0))].astype(np.float64)
    part = (place - below)[:, None]
    out: NDArray[np.float64] = low + (high - low) * part
    return out
