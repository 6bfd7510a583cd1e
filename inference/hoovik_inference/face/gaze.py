"""Where the eyes point, and whether they are closed."""

from __future__ import annotations

import math

from hoovik_inference.face.blendshape_table import NEUTRAL_MEASURES
from hoovik_inference.face.measures import MEASURES
from hoovik_inference.types import Floats, Gaze, HeadPose

FULL_DEG = 45.0
"Degrees off the camera at which a gaze counts as 1: well beside any screen."

CLOSED = 0.14
"""Opening of the lids by the eye's width below which an eye is closed. An open eye measures 0.25 to 0.4 (the
eye aspect ratio of Soukupová and Čech, CVWW 2016, who split at 0.2 with another set of points)."""

_EYE_RADIUS = 0.85
"""Radius of the eyeball by half the width of the eye's opening (12 mm by 14 mm, Bekerman et al. 2014): what the
iris moves aside, as a sine of the angle."""

_REST_Y = NEUTRAL_MEASURES["iris_y"]
"A straight-looking iris lies over the line of the eye's corners: the upper lid takes more than the lower."

_AT = {name: MEASURES.index(name) for name in MEASURES}


def eye_in_head(measures: Floats) -> tuple[float, float]:
    """Degrees of both eyes' mean direction from the head's: (+ own left, + up)."""
    left, right = measures.item(_AT["iris_x_left"]), measures.item(_AT["iris_x_right"])
    # `iris_x` points outward on both sides: to the own left on the left, to the own right on the right.
    aside = (left - right) / 2
    up = (measures.item(_AT["iris_y_left"]) + measures.item(_AT["iris_y_right"])) / 2 - _REST_Y
    return _angle(aside), _angle(up)


def gaze(measures: Floats, head: HeadPose) -> Gaze:
    """Direction of the gaze relative to the screen: the eyes' in the head, plus the head's own."""
    left, up = eye_in_head(measures)
    return Gaze(x=_unit(-(head.yaw + left)), y=_unit(up - head.pitch))


def closed(measures: Floats) -> bool:
    """Whether both eyes are closed."""
    return max(measures.item(_AT["lid_left"]), measures.item(_AT["lid_right"])) < CLOSED


def _angle(offset: float) -> float:
    return math.degrees(math.asin(max(-1.0, min(1.0, offset / _EYE_RADIUS))))


def _unit(degrees: float) -> float:
    return max(-1.0, min(1.0, degrees / FULL_DEG))
