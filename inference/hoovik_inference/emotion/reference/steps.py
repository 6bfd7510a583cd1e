"""Statistics over those steps of many windows that count, without a loop over the windows.

Sums run over all ten steps, with zeros for those that do not count: adding zero changes nothing, so the results are, to
the last bit, those of numpy over the steps that count alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.windows import Windows
from hoovik_inference.types import SEQ_LEN, Floats

NETWORK = (
    (0, 8), (1, 9), (2, 7), (3, 5), (4, 6), (0, 2), (1, 4), (5, 8), (7, 9), (0, 3), (2, 4), (5, 7), (6, 9), (0, 1),
    (3, 6), (8, 9), (1, 5), (2, 3), (4, 8), (6, 7), (1, 2), (3, 5), (4, 6), (7, 8), (2, 3), (4, 5), (6, 7), (3, 4),
    (5, 6),
)  # fmt: skip
"Comparisons that sort ten values (Waksman's 29, in Knuth, TAOCP 3, 5.3.4): several times as fast as numpy's sort."


class Steps:
    """One modality of N windows of ten steps; what was asked for once is kept."""

    def __init__(self, values: Floats, mask: Floats) -> None:
        """Of (N, 10, D) with zeros where the (N, 10) mask is 0, else 1."""
        self.values, self.mask = values, mask
        self.count: NDArray[np.int64] = (mask != 0).sum(axis=1)
        "(N,) how many steps count."
        self.places: NDArray[np.int64] = np.argsort(mask == 0, axis=1, kind="stable")
        "(N, 10) the steps that count, in order, then the others."
        self._rows = np.arange(len(mask))

    @cached_property
    def joined(self) -> Floats:
        """(N, 10, D) the values in the order of `places`."""
        whole = (self.count == SEQ_LEN).all()
        return self.values if whole else self.values[self._rows[:, None], self.places]

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """(N, D) mean and population standard deviation; where no step counts, zeros."""
        return moments(self.values, self.mask)

    @cached_property
    def extremes(self) -> tuple[Floats, Floats]:
        """(N, D) least and largest; where no step counts, infinities."""
        there = self.mask[..., None] != 0
        if there.all():
            return self.values.min(axis=1), self.values.max(axis=1)
        least, most = np.where(there, self.values, np.inf), np.where(there, self.values, -np.inf)
        return least.min(axis=1), most.max(axis=1)

    @cached_property
    def travelled(self) -> Floats:
        """(N, D) the last step that counts less the first."""
        out: Floats = self.joined[self._rows, np.maximum(self.count - 1, 0)] - self.joined[:, 0]
        return out

    @cached_property
    def changes(self) -> tuple[Floats, Floats]:
        """(N, 9, D) from one step that counts to the next, zeros where there is no next, and their (N, 9) mask."""
        there = (np.arange(1, SEQ_LEN) < self.count[:, None]).astype(np.float32)
        changes = self.joined[:, 1:] - self.joined[:, :-1]
        changes *= there[..., None]
        return changes, there

    @cached_property
    def change_spread(self) -> Floats:
        """(N, D) population standard deviation of `changes`."""
        return moments(*self.changes)[1]

    @cached_property
    def slopes(self) -> NDArray[np.float64]:
        """(N, D) by which the values rise for each standard deviation of time, over the steps that count."""
        there = self.mask.astype(np.float64)
        number = np.maximum(self.count, 1)[:, None]
        at = np.arange(SEQ_LEN)
        centred = (at - (there * at).sum(axis=1, keepdims=True) / number) * there
        t = centred / (np.sqrt((centred**2).sum(axis=1, keepdims=True) / number) + 1e-6)
        rise = (t[:, None] @ self.values.astype(np.float64))[:, 0]
        slopes: NDArray[np.float64] = rise / ((t**2).sum(axis=1, keepdims=True) + 1e-6)
        return slopes

    @cached_property
    def quartile_range(self) -> Floats:
        """(N, D) 75th less 25th percentile, by linear interpolation; where no step counts, zeros."""
        counts = (self.mask != 0) | (self.count == 0)[:, None]
        values = self.values if counts.all() else np.where(counts[..., None], self.values, np.float32(np.inf))
        ordered = [values[:, step] for step in range(SEQ_LEN)]
        for a, b in NETWORK:
            ordered[a], ordered[b] = np.minimum(ordered[a], ordered[b]), np.maximum(ordered[a], ordered[b])
        upper, lower = (self._percentile(np.stack(ordered), share) for share in (0.75, 0.25))
        return (upper - lower).astype(np.float32)

    def _percentile(self, ordered: Floats, share: float) -> NDArray[np.float64]:
        """(N, D) of (10, N, D) in rising order, of which the first `count` are meant."""
        last = np.maximum(self.count - 1, 0)
        below = (share * last).astype(np.int64)
        low = ordered[below, self._rows].astype(np.float64)
        high = ordered[np.minimum(below + 1, last), self._rows]
        out: NDArray[np.float64] = low + (high - low) * (share * last - below)[:, None]
        return out


@dataclass(frozen=True, slots=True)
class Measured:
    """Normalised windows, and the statistics of both modalities that all features share."""

    windows: Windows
    "Normalised."
    face: Steps
    "Of the faces."
    audio: Steps
    "Of the voices."

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of a face and of a voice in a step."""
        return self.face.values.shape[2], self.audio.values.shape[2]

    @classmethod
    def of(cls, normal: Windows) -> Measured:
        """Of normalised windows."""
        return cls(normal, Steps(normal.face, normal.face_mask), Steps(normal.audio, normal.audio_mask))


def moments(values: Floats, mask: Floats) -> tuple[Floats, Floats]:
    """(N, D) mean and population standard deviation of (N, T, D), zeros where the (N, T) mask is 0."""
    number = np.maximum(mask.sum(axis=1), 1.0)[:, None]
    mean = values.sum(axis=1) / number
    apart = values - mean[:, None]
    apart *= mask[..., None]
    apart *= apart
    return mean, np.sqrt(apart.sum(axis=1) / number)
