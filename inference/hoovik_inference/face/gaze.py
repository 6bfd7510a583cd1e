"""Where the eyes point, and whether they are closed."""

from __future__ import annotations

import math

from hoovik_inference.face.measures import MEASURES
from hoovik_inference.types import Floats, Gaze, HeadPose

FULL_DEG = 45.0
"Degrees off the camera at which a gaze counts as 1: well beside any screen."

CLOSED, OPEN = 0.14, 0.18
"""Opening of the lids by the eye's width below which an eye is closed, and from which on a closed one is open again.
Open eyes measure 0.21 to 0.36 on the clips that this was made with, closed ones below 0.1 (the eye aspect ratio of
Soukupová and Čech, CVWW 2016, who split at 0.2 with another set of points)."""
USUAL = 0.3
"Opening of most people's eyes."
NARROW = 0.15
"Least opening that is taken for somebody's own; CLOSED and OPEN shrink with it."
_WIDER, _NARROWER = 0.1, 0.003
"Shares by which a picture moves what is known of a person's own opening, upwards and downwards: blinks don't count."

_ASIDE, _UP = 0.57, 0.35
"""What the iris moves, by half the eye's width, for each radian that the eye turns. The eyeball's radius would make it
0.85 (12 mm by 14 mm, Bekerman et al. 2014), but the mesh draws irises towards the middle: 0.49 to 0.61 and 0.19 to 0.37
on six faces with eyes painted to look up to 30 degrees aside and 15 up and down, about linear."""
_FARTHEST_DEG = 50.0
"Eyes turn no further in the head."

_REST_Y = 0.144
"""Height of an iris that looks straight ahead, by half the eye's width: over the line of the eye's corners, since the
upper lid takes more than the lower. Mean of real faces (`face.neutral`)."""

_AT = {name: MEASURES.index(name) for name in MEASURES}


def eye_in_head(measures: Floats) -> tuple[float, float]:
    """Degrees of both eyes' mean direction from the head's: (+ own left, + up)."""
    left, right = measures.item(_AT["iris_x_left"]), measures.item(_AT["iris_x_right"])
    # `iris_x` points outward on both sides: to the own left on the left, to the own right on the right.
    aside = (left - right) / 2
    up = (measures.item(_AT["iris_y_left"]) + measures.item(_AT["iris_y_right"])) / 2 - _REST_Y
    return _angle(aside / _ASIDE), _angle(up / _UP)


def gaze(measures: Floats, head: HeadPose) -> Gaze:
    """Direction of the gaze relative to the screen: the eyes' in the head, plus the head's own."""
    left, up = eye_in_head(measures)
    return Gaze(x=_unit(-(head.yaw + left)), y=_unit(up - head.pitch))


class Lids:
    """Whether a person's eyes are closed. With some play: an eye at the threshold neither blinks nor flickers."""

    def __init__(self) -> None:
        self._left = self._right = False
        self._own = USUAL

    def saw(self, measures: Floats) -> tuple[bool, bool]:
        """Whether the own left and the own right eye are closed in the next picture."""
        left, right = measures.item(_AT["lid_left"]), measures.item(_AT["lid_right"])
        wider = max(left, right)
        self._own += (_WIDER if wider > self._own else _NARROWER) * (wider - self._own)
        by = min(1.0, max(self._own, NARROW) / USUAL)
        self._left = left < by * (OPEN if self._left else CLOSED)
        self._right = right < by * (OPEN if self._right else CLOSED)
        return self._left, self._right


def _angle(radians: float) -> float:
    return max(-_FARTHEST_DEG, min(_FARTHEST_DEG, math.degrees(radians)))


def _unit(degrees: float) -> float:
    return max(-1.0, min(1.0, degrees / FULL_DEG))
