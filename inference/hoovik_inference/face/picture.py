"""Parts of pictures, converted to RGB no further than somebody looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from hoovik_inference.types import Floats, Image, Picture, Planes


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a picture, in pixels."""

    left: int
    "First column."
    top: int
    "First row."
    width: int
    "Columns."
    height: int
    "Rows."
    of: tuple[int, int]
    "Width and height of the whole picture, in pixels."

    def cut(self, picture: Picture) -> Image:
        """The part of `picture` as (height, width, 3) RGB; the picture has the size the part was made for."""
        if isinstance(picture, Planes):
            return _cut_planes(picture, self)
        rows = picture[self.top : self.top + self.height, self.left : self.left + self.width]
        return np.ascontiguousarray(rows)

    def fits(self, picture: Picture) -> bool:
        """Whether the part was made for pictures of this size."""
        return size(picture) == self.of

    def back(self, landmarks: Floats) -> Floats:
        """Landmarks (478, 3) of the part as landmarks of the whole picture."""
        width, height = self.of
        scale = (self.width / width, self.height / height, self.width / width)
        offset = (self.left / width, self.top / height, 0.0)
        return landmarks * np.array(scale, np.float32) + np.array(offset, np.float32)


def check(picture: Picture) -> None:
    """Refuse what is no picture.

    Raises:
        ValueError: Neither (H, W, 3) uint8 nor planes, or empty.
    """
    if isinstance(picture, Planes):
        return
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise ValueError(
            f"image is {picture.dtype} {picture.shape}; expected (H, W, 3) uint8 in RGB: convert the frame to rgb24"
        )


def size(picture: Picture) -> tuple[int, int]:
    """Width and height in pixels."""
    shape = picture.y.shape if isinstance(picture, Planes) else picture.shape
    return shape[1], shape[0]


def whole(picture: Picture) -> Part:
    """All of it (without the last column or row of YUV pictures of odd size)."""
    return around(picture, 0.0, 0.0, *size(picture))


def around(picture: Picture, left: float, top: float, right: float, bottom: float) -> Part:
    """The part between these edges in pixels, cut off at the picture's own; never empty.

    Edges lie on even pixels, where the chroma of YUV 4:2:0 has its samples.
    """
    width, height = size(picture)
    first_x, last_x = _span(left, right, width)
    first_y, last_y = _span(top, bottom, height)
    return Part(first_x, first_y, last_x - first_x, last_y - first_y, (width, height))


def _span(first: float, last: float, limit: int) -> tuple[int, int]:
    even = max(2, limit // 2 * 2)
    start = min(max(0, int(first) // 2 * 2), even - 2)
    end = min(even, max(start + 2, (int(last) + 1) // 2 * 2))
    return start, end


def _cut_planes(planes: Planes, part: Part) -> Image:
    """RGB of a part."""
    height, width = part.height, part.width
    packed = np.empty((height * 3 // 2, width), np.uint8)
    packed[:height] = planes.y[part.top : part.top + height, part.left : part.left + width]
    chroma = packed[height:].reshape(2, height // 2, width // 2)
    rows = slice(part.top // 2, part.top // 2 + height // 2)
    columns = slice(part.left // 2, part.left // 2 + width // 2)
    chroma[0] = planes.u[rows, columns]
    chroma[1] = planes.v[rows, columns]
    return to_rgb(packed)


def to_rgb(packed: Image, out: Image | None = None) -> Image:
    """RGB (H, W, 3), written into `out` if given, of I420 planes packed as (H 3/2, W).

    BT.601, limited range, as VP8 defines its pictures (RFC 6386, 9.2).
    """
    return cast(Image, cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_I420, out))
