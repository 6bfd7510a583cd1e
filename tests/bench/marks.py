"""A number in a picture: black and white blocks along its lower edge, which survive coding and scaling."""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import Image, Picture, Planes

BITS = 16
MOST = 1 << BITS


def draw(image: Image, number: int) -> Image:
    """The picture with `number` (0…65535) in its lowest sixteenth; the bits, then their complement."""
    height, width = image.shape[:2]
    marked = image.copy()
    bits = [number >> bit & 1 for bit in range(BITS)]
    bits += [1 - bit for bit in bits]
    for index, bit in enumerate(bits):
        left, right = index * width // len(bits), (index + 1) * width // len(bits)
        marked[height - height // 16 :, left:right] = 235 if bit else 20
    return marked


def read(picture: Picture) -> int | None:
    """The number in a picture; None where it cannot be read for certain."""
    luma = picture.y if isinstance(picture, Planes) else picture[..., 1]
    height, width = luma.shape
    blocks = 2 * BITS
    row = luma[height - height // 32]
    at = [(2 * index + 1) * width // (2 * blocks) for index in range(blocks)]
    bits = np.array([row[x - 1 : x + 2].mean() > 128 for x in at])
    if not np.array_equal(bits[:BITS], ~bits[BITS:]):
        return None
    return int(sum(1 << bit for bit in range(BITS) if bits[bit]))
