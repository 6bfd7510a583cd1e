"""A closer look at a face that is too far away for the mesh: the part of the picture around it."""

from __future__ import annotations

from hoovik_inference.face.detect import Box
from hoovik_inference.face.picture import Part, around, size
from hoovik_inference.types import Picture

MARGIN = 2.5
"Side of the part in sides of the face: room to move, and large enough for the mesh's own detector."


def zoom_on(box: Box, picture: Picture) -> Part:
    """The part of `picture` around a face, within its bounds."""
    width, height = size(picture)
    reach = MARGIN * max(box.width * width, box.height * height) / 2
    x, y = box.x * width, box.y * height
    return around(picture, x - reach, y - reach, x + reach, y + reach)
