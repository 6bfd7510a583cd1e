"""What goes wrong with pictures of faces, by degrees: blur, distance, darkness, glare, and things before them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats, Image


def width_of(landmarks: Floats, picture: Image) -> float:
    """Pixels from ear to ear."""
    apart = (landmarks[454] - landmarks[234])[:2] * picture.shape[1::-1]
    return float(np.hypot(*apart))


def blurred(picture: Image, sigma: float) -> Image:
    """Out of focus."""
    return picture if sigma <= 0 else np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def shrunk(picture: Image, share: float) -> Image:
    """Further away: everything is smaller."""
    return np.asarray(cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)


def lit(picture: Image, gain: float) -> Image:
    """With so many times the light; what is too bright is white."""
    return np.clip(picture.astype(np.float32) * gain, 0, 255).astype(np.uint8)


# Things before the face: quadrangles in its own frame, from ear to ear (-0.5…0.5) and from chin to forehead (0…1).

_QUADS: dict[str, tuple[float, float, float, float]] = {
    "mouth": (-0.45, 0.45, -0.1, 0.42),
    "half": (0.0, 0.7, -0.15, 1.1),
    "eyes": (-0.5, 0.5, 0.55, 0.82),
    "cheek": (0.15, 0.6, 0.0, 0.5),
}
REGIONS = tuple(_QUADS)


def _quad(landmarks: Floats, picture: Image, left: float, right: float, low: float, high: float) -> NDArray[np.int32]:
    points = landmarks[:, :2].astype(np.float64) * picture.shape[1::-1]
    chin, up, across = points[152], points[10] - points[152], points[454] - points[234]
    corners = [(left, low), (right, low), (right, high), (left, high)]
    return np.asarray(np.round([chin + across * x + up * y for x, y in corners]), np.int32)


def _mask(landmarks: Floats, picture: Image, region: str) -> NDArray[np.float32]:
    mask = np.zeros(picture.shape[:2], np.uint8)
    if region == "fingers":
        for n in range(4):
            cv2.fillConvexPoly(mask, _quad(landmarks, picture, -0.05, 0.75, 0.05 + 0.11 * n, 0.135 + 0.11 * n), (255,))
    else:
        cv2.fillConvexPoly(mask, _quad(landmarks, picture, *_QUADS[region]), (255,))
    soft = max(0.6, 0.006 * width_of(landmarks, picture))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), soft), np.float32)[..., None] / 255


def _plain(picture: Image, _: Floats) -> Image:
    return np.full_like(picture, 128)


def _black(picture: Image, _: Floats) -> Image:
    return np.full_like(picture, 12)


def _cloth(picture: Image, _: Floats) -> Image:
    x = np.arange(picture.shape[1]) // 6 % 2
    return np.broadcast_to((40 + 120 * x).astype(np.uint8)[None, :, None], picture.shape).copy()


def _glove(picture: Image, landmarks: Floats) -> Image:
    """The colour of the cheeks, with soft shades: a hand as far as a picture shows it, without a face's features."""
    height, width = picture.shape[:2]
    places = (landmarks[[50, 280, 205, 425, 101, 330], :2] * (width, height)).astype(int)
    colour = np.median(picture[places[:, 1].clip(0, height - 1), places[:, 0].clip(0, width - 1)], axis=0)
    chance = np.random.default_rng(3)
    shade = cv2.resize(chance.normal(0, 0.1, (6, 8)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    grain = chance.normal(0, 2, (height, width))
    return np.asarray(np.clip(colour * (0.95 + shade[..., None]) + grain[..., None], 0, 255), np.uint8)


THINGS: dict[str, Callable[[Image, Floats], Image]] = {
    "plain": _plain, "black": _black, "cloth": _cloth, "glove": _glove,
}  # fmt: skip


def covered(picture: Image, landmarks: Floats, region: str, thing: str) -> Image:
    """Something before a part of the face."""
    mask = _mask(landmarks, picture, region)
    return np.asarray(np.clip(picture * (1 - mask) + THINGS[thing](picture, landmarks) * mask, 0, 255), np.uint8)
