"""A closer look at a face that is too far away for the mesh: the part of the picture around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hoovik_inference.face.detect import Box
from hoovik_inference.types import Floats, Image

MARGIN = 2.5
"Side of the part in sides of the face: room to move, and large enough for the mesh's own detector."


@dataclass(frozen=True, slots=True)
class Zoom:
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

    def cut(self, image: Image) -> Image:
        """The part of `image`, which must have the size that the zoom was made for."""
        part = image[self.top : self.top + self.height, self.left : self.left + self.width]
        return np.ascontiguousarray(part)

    def fits(self, image: Image) -> bool:
        """Whether the zoom was made for pictures of this size."""
        return (image.shape[1], image.shape[0]) == self.of

    def back(self, landmarks: Floats) -> Floats:
        """Landmarks (478, 3) of the part as landmarks of the whole picture."""
        width, height = self.of
        scale = (self.width / width, self.height / height, self.width / width)
        offset = (self.left / width, self.top / height, 0.0)
        out: Floats = (landmarks * np.array(scale, np.float32) + np.array(offset, np.float32)).astype(np.float32)
        return out


def zoom_on(box: Box, image: Image) -> Zoom:
    """The part of `image` around a face, within its bounds."""
    height, width = image.shape[:2]
    side = MARGIN * max(box.width * width, box.height * height)
    left, right = _span(box.x * width, side, width)
    top, bottom = _span(box.y * height, side, height)
    return Zoom(left, top, right - left, bottom - top, (width, height))


def _span(centre: float, side: float, limit: int) -> tuple[int, int]:
    first = max(0, round(centre - side / 2))
    last = min(limit, round(centre + side / 2))
    return min(first, limit - 1), max(last, min(first, limit - 1) + 1)
