"""The face upright and of one size, in grey: what the expression network looks at."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.follow import Square
from hoovik_inference.face.picture import size
from hoovik_inference.face.pose import Alignment
from hoovik_inference.types import PORTRAIT_SIDE as SIDE
from hoovik_inference.types import Floats, Image, Picture, Planes

REACH_CM = 18.0
"Side of a cut on the face, in units of the neutral face (about cm): ear to ear, forehead to chin."
CENTRE = (0.0, 0.0, 3.0)
"Its centre in the neutral face's frame: between the eyes and the mouth, inside the head, so that it stays in a turn."
LEAST_STD = 4.0
"Contrast below which a cut is not stretched any further: there is nothing but noise."

_FINEST = 6
"A cut is sampled at most so many times finer than its pixels, then averaged: what is larger is sharp enough."


def upright(alignment: Alignment, width: int, height: int) -> Square:
    """Where a picture of that size shows the face that was laid over the neutral one."""
    x, y, _ = (np.array(CENTRE) - alignment.offset) @ np.linalg.inv(alignment.axes)
    rotation = alignment.rotation
    # The image's y points down, the camera frame's up.
    turn = math.atan2(-rotation.item(1, 0), rotation.item(0, 0))
    return Square(float(x) * width, float(y) * height, REACH_CM * alignment.scale, turn)


def cut(picture: Picture, square: Square, mirror: bool = False, finest: int = _FINEST) -> Image:
    """(SIDE, SIDE) grey, full range, of the square; what lies outside the picture is as at its edge.

    Sampled finer where the picture is finer, up to `finest` times, and averaged, as a camera's own scaling would.
    """
    finer = min(max(1, math.ceil(square.side / SIDE)), finest)
    samples = SIDE * finer
    step = square.side / samples
    across = -step if mirror else step
    cosine, sine = math.cos(square.turn), math.sin(square.turn)
    half = (samples - 1) / 2
    back = np.array(
        (
            (cosine * across, -sine * step, square.x - half * (cosine * across - sine * step)),
            (sine * across, cosine * step, square.y - half * (sine * across + cosine * step)),
        )
    )
    grey = _grey(_warp(picture.y if isinstance(picture, Planes) else picture, back, samples), picture)
    if finer > 1:
        grey = np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    return grey


def standardised(grey: Image) -> Floats:
    """(SIDE, SIDE) with mean 0 and standard deviation 1: light and exposure are no expression."""
    values = grey.astype(np.float32)
    values -= values.mean()
    values /= max(float(values.std()), LEAST_STD)
    return values


def face_of(picture: Picture, alignment: Alignment) -> Image:
    """The cut of the face in `picture` that `alignment` was made of (about 0.1 ms)."""
    return cut(picture, place_of(picture, alignment))


def place_of(picture: Picture, alignment: Alignment) -> Square:
    """Where that cut lies."""
    return upright(alignment, *size(picture))


def _warp(plane: Image, back: NDArray[np.float64], samples: int) -> Image:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(plane, back, (samples, samples), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def _grey(cut: Image, picture: Picture) -> Image:
    if isinstance(picture, Planes):  # limited range, 16 to 235 (RFC 6386, 9.2)
        return np.asarray(cv2.LUT(cut, _FULL_RANGE), np.uint8)
    return cut if cut.ndim == 2 else np.asarray(cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY), np.uint8)


_FULL_RANGE = np.clip(np.round((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
