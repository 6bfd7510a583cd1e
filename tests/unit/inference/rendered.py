"""Heads with a known rotation: a photo laid over MediaPipe's canonical face, turned, and seen by a camera.

Face: the canonical model's 468 points, each with the colour that the photo has at its landmark. Around it a skull that
recedes from the face's outline: with what the photo shows there above the ears, hair mostly, and with skin below them.
Nothing here knows how the pose is
measured; the only thing in common is the canonical face, which says what "straight ahead" means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats, Image

Points = NDArray[np.float64]

CANONICAL = Path(__file__).with_name("canonical_face.npz")
"""`points` (468, 3) and `triangles` (898, 3) of MediaPipe's canonical face model (Apache-2.0): about centimetres, +x to
the own left, +y up, +z out of the face."""

FINER = 2
"Pictures are drawn so many times larger, then averaged."
_OUTLINE = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176,
            149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
_RINGS = ((0.1, 1.5), (0.2, 4.0), (0.3, 7.0))
"Of the skull: how much wider than the outline at its top, and how far behind the outline, in cm."
_EARS_CM = (0.5, 3.0)
"Heights between which hair begins: above, the skull is wider than the outline; below, it is the neck, and is not."


def rotation(yaw: float, pitch: float, roll: float) -> Points:
    """(3, 3) right-hand rotations in degrees about +Y, +X and +Z, as glTF has them."""
    y, p, r = np.radians([yaw, pitch, roll])
    ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    rx = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    rz = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray(ry @ rx @ rz, np.float64)


@dataclass(frozen=True)
class Camera:
    """A webcam whose axis goes through the head."""

    width: int = 640
    "Pixels."
    height: int = 480
    "Pixels."
    distance_cm: float = 60.0
    "From the head's centre."
    view_deg: float = 50.0
    "Vertical angle of view."


@cache
def canonical() -> tuple[Points, NDArray[np.int64]]:
    with np.load(CANONICAL) as file:
        return file["points"].astype(np.float64), file["triangles"].astype(np.int64)


class Head:
    """A photo as a head that can be turned."""

    def __init__(self, photo: Image, landmarks: Floats) -> None:
        """`landmarks` (478, 3) of the one face in `photo`, normalised."""
        height, width = photo.shape[:2]
        face, triangles = canonical()
        flat = landmarks[:468, :2].astype(np.float64) * (width, height)
        points, places, rings = [face], [flat], [np.array(_OUTLINE)]
        outline, seen = face[list(_OUTLINE)], flat[list(_OUTLINE)]
        middle, seen_middle = outline.mean(axis=0), seen.mean(axis=0)
        hair = np.clip((outline[:, 1:2] - _EARS_CM[0]) / (_EARS_CM[1] - _EARS_CM[0]), 0.0, 1.0)
        for wider, behind in _RINGS:
            ring = outline + (outline - middle) * (1.0, 1.0, 0.0) * hair * wider
            ring[:, 2] -= behind
            rings.append(np.arange(len(_OUTLINE)) + sum(map(len, points)))
            points.append(ring)
            # Below the ears what lies within the outline is mirrored there: beside a jaw a photo shows the background.
            places.append(seen_middle + (seen - seen_middle) * (1.0 + (2.0 * hair - 1.0) * wider))
        strips = [_strip(inner, outer) for inner, outer in zip(rings, rings[1:], strict=False)]
        self._points = np.concatenate(points)
        self._places = np.concatenate(places)
        self._triangles = np.concatenate([triangles, *strips])
        self._photo = photo
        self._behind = cv2.GaussianBlur(photo, (0, 0), width / 12)

    def seen(self, yaw: float, pitch: float, roll: float, camera: Camera | None = None) -> Image:
        """(height, width, 3) RGB of the head turned so."""
        camera = camera or Camera()
        width, height = camera.width * FINER, camera.height * FINER
        at = project(self._points, yaw, pitch, roll, camera) * FINER
        which = np.full((height, width), -1.0, np.float32)
        corners = at[self._triangles]
        one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        area = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
        depth = (self._points @ rotation(yaw, pitch, roll).T)[:, 2][self._triangles].mean(axis=1)
        for index in np.argsort(depth):
            if area[index] < -1e-3:  # wound anticlockwise about +z, and the picture's y points down
                corner = np.round(corners[index] * 16).astype(np.int32)
                cv2.fillConvexPoly(which, corner, (float(index),), shift=4)
        left, top, wide, high = cv2.boundingRect((which >= 0).astype(np.uint8))
        part = (slice(top, top + high), slice(left, left + wide))
        places = self._where_from(which[part].astype(np.int64), left, top, corners, np.abs(area) < 1e-3)
        drawn = np.asarray(cv2.resize(self._behind, (width, height)), np.uint8)
        maps = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
        colours = cv2.remap(self._photo, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        drawn[part] = np.where((which[part] < 0)[..., None], drawn[part], colours)
        return np.asarray(cv2.resize(drawn, (camera.width, camera.height), interpolation=cv2.INTER_AREA), np.uint8)

    def _where_from(
        self, which: NDArray[np.int64], left: int, top: int, corners: Points, flat: NDArray[np.bool_]
    ) -> Floats:
        """(h, w, 2) places in the photo for the pixels of a part of the picture, each in a triangle or in none (-1)."""
        whole = np.concatenate([corners, np.ones((len(corners), 3, 1))], axis=2)
        whole[flat] = np.eye(3)
        back = np.linalg.solve(whole, self._places[self._triangles]).astype(np.float32)
        table = back[np.maximum(which, 0)]
        y, x = np.mgrid[0 : which.shape[0], 0 : which.shape[1]].astype(np.float32)
        places: Floats = table[..., 0, :] * (x + left)[..., None] + table[..., 1, :] * (y + top)[..., None]
        places += table[..., 2, :]
        return places


def project(points: Points, yaw: float, pitch: float, roll: float, camera: Camera) -> Points:
    """(n, 2) pixels where a camera sees (n, 3) points of a head turned so."""
    turned = points @ rotation(yaw, pitch, roll).T
    focal = camera.height / 2 / math.tan(math.radians(camera.view_deg / 2))
    scale = focal / (camera.distance_cm - turned[:, 2])
    return np.stack([camera.width / 2 + turned[:, 0] * scale, camera.height / 2 - turned[:, 1] * scale], axis=1)


def _strip(inner: NDArray[np.int64], outer: NDArray[np.int64]) -> NDArray[np.int64]:
    """(2 n, 3) triangles between two closed rings of n points, wound as the canonical face's."""
    next_in, next_out = np.roll(inner, -1), np.roll(outer, -1)
    return np.concatenate([np.stack([inner, next_out, outer], 1), np.stack([inner, next_in, next_out], 1)])
