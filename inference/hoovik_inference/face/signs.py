"""What a face's pixels tell about the picture itself: too dark, out of focus, damaged, standing still, no face at all.

Detectors of unusual windows read these beside what the face expresses: a network that never saw a broken picture says
something about it all the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.follow import Square
from hoovik_inference.face.quality import blur
from hoovik_inference.types import Floats, Image, Picture, Planes

BUNDLE = Path(str(files("hoovik_inference") / "bundles" / "likeness"))
"How faces look in a cut, on the whole; card.md beside it says of which pictures that was learnt."
MODEL = "likeness.npz"

NAMES: tuple[str, ...] = (
    "light", "contrast", "blur", "fine", "unlike", "patch", "odd", "tight", "change", "patch_change", "still", "zoom",
    "misfit", "presence", "grid",
)  # fmt: skip
"In order; see `FaceSigns.read`."
COUNT = len(NAMES)

BOUNDS: dict[str, tuple[float, float]] = {
    "light": (0.0, 0.25), "contrast": (0.0, 0.2), "blur": (0.45, 1.0), "fine": (-3.0, -0.5), "tight": (-0.5, 2.0),
    "still": (0.5, 1.0), "grid": (0.15, 2.0),
}  # fmt: skip
"No more is told of any: a picture that is sharper, brighter or livelier than most is not strange."
_LOWEST, _HIGHEST = (
    np.array([BOUNDS.get(name, (-np.inf, np.inf))[side] for name in NAMES], np.float32) for side in (0, 1)
)
SIDE = 24
"Of what is compared with other faces, in pixels."
PATCH = 4
"Side of its patches: of about 3 cm, a macroblock where the face is 100 pixels wide."
USUAL_TIGHT = -0.9
"Of faces whose landmarks are where they should be."
WIDER = 2.0
"Of a second cut; landmarks that collapsed have the face in that one."
FORGET_MS = 1000.0
"A cut older than this is not compared with."
USUAL_CHANGE = (0.6, 1.3, 0.25)
"Logarithms of change and of a patch's change, and the share of still pixels, before there was another cut: usual ones."
ZOOM_MS = 2000.0
"Time in which a face's size is forgotten to 1/e: it comes closer and goes, but does not halve at once."
_LEAST = 1e-3


EVERY = 3
"Of the pixels across and down, which one is kept to be compared with the next picture."
BLOCK = 16
"Side of a macroblock in pixels (RFC 6386, 2)."


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a picture in which a face was: what is compared with the next picture, in memory only."""

    place: tuple[slice, slice]
    "Rows and columns."
    samples: Image
    "Every EVERYth of their luma."
    grid: float
    "See `grid`."

    @classmethod
    def of(cls, picture: Picture, square: Square) -> Part:
        """Around a square."""
        luma = _luma(picture)
        height, width = luma.shape
        half = square.side / 2
        top, bottom = (min(height, max(0, int(square.y + way))) for way in (-half, half))
        left, right = (min(width, max(0, int(square.x + way))) for way in (-half, half))
        part = np.ascontiguousarray(luma[top:bottom, left:right])
        told = grid(part, left, top) if min(part.shape) > 1 else 0.0
        return cls((slice(top, bottom), slice(left, right)), part[::EVERY, ::EVERY].copy(), told)

    def still(self, picture: Picture) -> float | None:
        """0…1, share of the samples that another picture has as well; None where it is of another size."""
        samples = _luma(picture)[self.place][::EVERY, ::EVERY]
        if samples.shape != self.samples.shape or not samples.size:
            return None
        return 1.0 - float(np.count_nonzero(samples != self.samples)) / samples.size


def _luma(picture: Picture) -> Image:
    """Green will do for it: differences are looked at."""
    return picture.y if isinstance(picture, Planes) else picture[..., 1]


def grid(luma: Image, left: int, top: int) -> float:
    """How much stronger edges are along the codec's macroblocks than elsewhere: log10, 0 where they are as strong.

    Where macroblocks were lost their squares stand out. The stronger one of both directions counts.

    Args:
        luma: (h, w) part of a picture as it was decoded.
        left: Column of the picture that it begins at…
        top: …and row.
    """
    told = 0.0
    for axis, first in ((1, left), (0, top)):
        edges = cv2.absdiff(luma[:, 1:], luma[:, :-1]) if axis else cv2.absdiff(luma[1:], luma[:-1])
        strength = cv2.reduce(edges, 0 if axis else 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel()
        along = (np.arange(len(strength)) + first + 1) % BLOCK == 0
        if along.any() and not along.all():
            told = max(told, math.log10((strength[along].mean() + 0.5) / (strength[~along].mean() + 0.5)))
    return told


class Likeness:
    """The mean face and the directions in which faces differ most."""

    def __init__(self, folder: Path = BUNDLE) -> None:
        """Load it.

        Raises:
            FileNotFoundError: It is not there.
        """
        file = folder / MODEL
        if not file.is_file():
            raise FileNotFoundError(f"{file} is not there; expected what `hoovik-rtc train lite` wrote")
        with np.load(file, allow_pickle=False) as held:
            self._mean = held["mean"].astype(np.float32)
            self._parts, self._spread = held["parts"].astype(np.float32), held["spread"].astype(np.float32)

    def apart(self, small: Floats) -> tuple[NDArray[np.float32], float]:
        """Of a standardised (SIDE, SIDE) cut: what no face has, as large; and how unusual a face the rest is.

        The latter is the mean square of its components by those of faces: 1 on the average.
        """
        apart = small.ravel() - self._mean
        along = self._parts @ apart
        rest = apart - along @ self._parts
        return np.asarray(rest.reshape(SIDE, SIDE), np.float32), float(((along / self._spread) ** 2).mean())


@lru_cache(maxsize=1)
def shipped() -> Likeness:
    """That of the bundle, loaded once."""
    return Likeness()


def standardised(grey: Image) -> Floats:
    """(SIDE, SIDE) of a cut, mean 0 and standard deviation 1."""
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean()
    out: Floats = small / max(float(small.std()), 1.0)
    return out


class FaceSigns:
    """Of one face, from cut to cut."""

    def __init__(self, likeness: Likeness | None = None) -> None:
        """Begin with none; `likeness` is the shipped one unless another is given."""
        self._likeness = shipped() if likeness is None else likeness
        self._before: tuple[Image, float] | None = None
        self._zoom: tuple[float, float] | None = None

    def read(
        self, grey: Image, width_px: float, misfit: float, presence: float | None, time_ms: float,
        wide: Image | None = None, still: float | None = None, blocks: float = 0.0,
    ) -> Floats:  # fmt: skip
        """(COUNT,) in the order of NAMES.

        light, contrast      mean and standard deviation of luma by 255
        blur                 `quality.blur` of the cut
        fine                 log10 of the variance of the Laplacian by that of the luma
        unlike, patch        log10 of the mean square of what no face has, and of the same in the worst patch
        odd                  log10 of how unusual the face is that it is taken for
        tight                log10 of the square of `unlike` by the same of a cut WIDER times as wide: high where points
                             are too close to each other, and the face is rather in the wider cut
        change, patch_change log10 of the mean difference in luma to the cut before, and of the worst patch's
        still                share of pixels that are as they were where the face was before
        zoom                 logarithm of the face's width by what it was lately
        misfit               of the landmarks' still points, about cm (`pose.Alignment.error`)
        grid                 see `grid`
        presence             how sure the mesh is that there is a face, in logits through tanh(x / 8); 0 where unasked

        Args:
            grey: (PORTRAIT_SIDE, PORTRAIT_SIDE) full range, of the face, upright.
            width_px: Of the face in its picture.
            misfit: As above.
            presence: In logits.
            time_ms: Capture time.
            wide: The face again in a square WIDER times as wide; None where it is not asked.
            blocks: What `grid` says of the face in its picture.
            still: What `Part.still` says of the picture before; None where there was none.
        """
        mean, spread = (float(value[0, 0]) for value in cv2.meanStdDev(grey))
        fine = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))[1].item() ** 2 / max(spread**2, 1.0)
        rest, odd = self._likeness.apart(standardised(grey))
        rest *= rest
        unlike = math.log10(float(rest.mean()) + _LEAST)
        tight = USUAL_TIGHT if wide is None else 2.0 * unlike - math.log10(self._unlike(wide) + _LEAST)
        worst = rest.reshape(SIDE // PATCH, PATCH, SIDE // PATCH, PATCH).mean(axis=(1, 3)).max()
        signs = (
            mean / 255, spread / 255, blur(grey), math.log10(fine + _LEAST),
            unlike, math.log10(float(worst) + _LEAST),
            math.log10(odd + _LEAST), tight,
            *self._changed(grey, still, time_ms), self._closer(width_px, time_ms), misfit,
            0.0 if presence is None else math.tanh(presence / 8.0), blocks,
        )  # fmt: skip
        return np.clip(np.array(signs, np.float32), _LOWEST, _HIGHEST)

    def _unlike(self, grey: Image) -> float:
        rest = self._likeness.apart(standardised(grey))[0]
        return float((rest**2).mean())

    def _changed(self, grey: Image, still: float | None, time_ms: float) -> tuple[float, float, float]:
        before, self._before = self._before, (grey, time_ms)
        if before is None or not 0.0 < time_ms - before[1] <= FORGET_MS:
            return USUAL_CHANGE
        apart = cv2.absdiff(grey, before[0])
        patches = cv2.resize(apart, (SIDE // PATCH, SIDE // PATCH), interpolation=cv2.INTER_AREA)
        still = USUAL_CHANGE[2] if still is None else still
        return math.log10(apart.mean() + 0.05), math.log10(float(patches.max()) + 0.05), still

    def _closer(self, width_px: float, time_ms: float) -> float:
        width = math.log(max(width_px, 1.0))
        if self._zoom is None or not 0.0 <= time_ms - self._zoom[1] <= 2 * ZOOM_MS:
            self._zoom = (width, time_ms)
        usual = self._zoom[0]
        share = 1.0 - math.exp(-(time_ms - self._zoom[1]) / ZOOM_MS)
        self._zoom = (usual + share * (width - usual), time_ms)
        return width - usual
