"""How far a measured face can be trusted, and why no further: one measure for each thing that may be wrong."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.cover import Cover
from hoovik_inference.face.every import Every
from hoovik_inference.face.picture import size as size_of
from hoovik_inference.face.pose import Alignment
from hoovik_inference.types import FaceQuality, Floats, HeadPose, Image, Picture, Planes

LOOK_EVERY_MS = 200.0
"Capture time between two looks at the pixels; what they say is carried between: light and focus change slowly."

FULL_SIZE_PX = 60.0
"Width of the face in pixels from which on its size is no concern."
LEAST_SIZE_PX = 24.0
"Width in pixels at which nothing can be read from it any more."
FULL_YAW_DEG = 25.0
"Turn up to which both halves are measured well."
LOST_YAW_DEG = 60.0
"Turn at which half of the face is a guess."
GOOD_FIT = 0.6
"Misfit of the still points (about cm) of a usual face; measured 0.37 to 0.48 on real ones."
BAD_FIT = 1.5
"Misfit of what is no face."

FACE_CM = 15.5
"Width of the neutral face in its units, from ear to ear."

SIDE = 48
"Side in pixels of the cut of the face that is looked at."
REACH_CM = 15.0
"Side of the cut on the face, in units of the neutral face (about cm)."
SHARP, BLURRED = 0.55, 0.85
"""Blur that is no concern, and at which nothing but the head's outline is left. Real faces measure 0.38 to 0.47 in
focus, 0.65 with a Gaussian of 2 % of their width over them, 0.82 with one of 5 %, and 0.60 when 30 pixels wide."""
_AVERAGED = 5
"Pixels over which a picture is blurred again, to see how much that changes it."
BRIGHT, DARK = 70.0, 20.0
"Luma (0…255) of the face's brighter parts that is enough, and at which it is lost in the dark."
OVEREXPOSED = 250
"Luma from which on a pixel is burnt out."
FEW, MANY = 0.1, 0.6
"Share of burnt-out pixels that is no concern, and at which the face is gone."
_CHEEKS = (50, 280)
"Landmarks in whose middle the cut lies."


class Quality:
    """Judges one face from picture to picture."""

    def __init__(self, *, pictures: bool = False) -> None:
        """`pictures`: they don't follow each other; each is looked at, and nothing is carried on."""
        self._pictures = pictures
        self._due = Every(LOOK_EVERY_MS)
        self._pixels = (1.0, 1.0, 1.0)
        self._cover = Cover()

    def read(
        self,
        picture: Picture | None,
        alignment: Alignment,
        head: HeadPose,
        size: tuple[int, int],
        time_ms: float,
        presence: float | None = None,
    ) -> FaceQuality:
        """What is of concern.

        Args:
            picture: In which the face is. Without it, what pixels say is carried on.
            alignment: Of its landmarks in this picture.
            head: Of this alignment.
            size: Of the picture, in pixels.
            time_ms: Capture time.
            presence: How sure the network is of the face, in logits; where it was not asked, nothing is said of cover.
        """
        turned = max(abs(head.yaw), abs(head.pitch))
        if picture is not None and (self._pictures or self._due.due(time_ms)):
            cover = Cover() if self._pictures else self._cover
            self._pixels = _look(picture, alignment, cover, presence, turned)
        sharpness, light, visible = self._pixels
        return FaceQuality(
            size=_ramp(alignment.scale * FACE_CM, LEAST_SIZE_PX, FULL_SIZE_PX),
            turn=_ramp(turned, LOST_YAW_DEG, FULL_YAW_DEG),
            inside=inside(alignment.landmarks),
            fit=_ramp(alignment.error, BAD_FIT, GOOD_FIT),
            sharpness=sharpness,
            light=light,
            visible=visible,
        )


def inside(landmarks: Floats) -> float:
    """The share of landmarks (n, 3) that lies in the picture."""
    places = landmarks.T[:2].copy()
    if places.min() >= 0.0 and places.max() <= 1.0:
        return 1.0
    return float(((places >= 0.0) & (places <= 1.0)).all(axis=0).mean())


def blur(grey: Image) -> float:
    """How blurred a picture (h, w) is, 0…1: what is left of its changes from pixel to pixel when it is blurred again.

    A sharp picture loses most of them, a blurred one few (Crété-Roffet et al., "The blur effect", SPIE 6492, 2007).
    Neither brightness nor contrast matter. Of both directions the worse one counts: what moves blurs along its way.
    """
    worst = 0.0
    for one, other, kernel in (
        (grey[:, 1:], grey[:, :-1], (_AVERAGED, 1)),
        (grey[1:], grey[:-1], (1, _AVERAGED)),
    ):
        again = cv2.blur(grey, kernel)
        (a, b) = (again[:, 1:], again[:, :-1]) if kernel[1] == 1 else (again[1:], again[:-1])
        changes = cv2.absdiff(one, other)
        lost = cv2.subtract(changes, cv2.absdiff(a, b))
        total = float(cv2.sumElems(changes)[0])
        worst = max(worst, 1.0 - float(cv2.sumElems(lost)[0]) / total if total else 1.0)
    return worst


def _look(
    picture: Picture, alignment: Alignment, cover: Cover, presence: float | None, turned: float
) -> tuple[float, float, float]:
    """Sharpness, light and what is visible."""
    grey = _cut(picture, alignment)
    mean, spread = (float(value[0, 0]) for value in cv2.meanStdDev(grey))
    burnt = float(np.count_nonzero(grey >= OVEREXPOSED)) / grey.size
    light = min(_ramp(mean + spread, DARK, BRIGHT), _ramp(burnt, MANY, FEW))
    visible = 1.0
    if presence is not None:
        # Brightness is compared within the face: green will do for it, and limited range.
        plane = picture.y if isinstance(picture, Planes) else picture[..., 1]
        visible = cover.visible(plane, alignment.landmarks, presence, turned)
    return _ramp(blur(grey), BLURRED, SHARP), light, visible


def _cut(picture: Picture, alignment: Alignment) -> Image:
    """(SIDE, SIDE) grey, full range, of the face, upright."""
    width, height = size_of(picture)
    (x, y, _), (to_x, to_y, _) = alignment.landmarks[_CHEEKS[0]].tolist(), alignment.landmarks[_CHEEKS[1]].tolist()
    rotation = alignment.rotation
    turn = math.atan2(-rotation.item(1, 0), rotation.item(0, 0))  # the image's y points down
    step = REACH_CM * alignment.scale / SIDE
    cosine, sine = math.cos(turn) * step, math.sin(turn) * step
    half = (SIDE - 1) / 2
    left = (x + to_x) / 2 * width - half * (cosine - sine)
    top = (y + to_y) / 2 * height - half * (sine + cosine)
    back = np.array(((cosine, -sine, left), (sine, cosine, top)))
    if isinstance(picture, Planes):
        return np.asarray(cv2.LUT(_warp(picture.y, back), _FULL_RANGE), np.uint8)
    return np.asarray(cv2.cvtColor(_warp(picture, back), cv2.COLOR_RGB2GRAY), np.uint8)


def _warp(plane: Image, back: NDArray[np.float64]) -> Image:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(plane, back, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


_FULL_RANGE = np.clip(np.round((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
"Luma of decoders (limited range, 16 to 235: RFC 6386, 9.2) as 0 to 255."


def _ramp(value: float, zero: float, one: float) -> float:
    """0 at `zero`, 1 at `one`, straight between and level beyond."""
    return max(0.0, min(1.0, (value - zero) / (one - zero)))
