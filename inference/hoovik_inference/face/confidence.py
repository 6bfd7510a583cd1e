"""How far a measured face can be trusted."""

from __future__ import annotations

from hoovik_inference.face.pose import Alignment
from hoovik_inference.types import Floats, HeadPose

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

_FACE_WIDTH = 15.5
"Width of the neutral face in its units, from ear to ear."


def confidence(landmarks: Floats, alignment: Alignment, head: HeadPose) -> float:
    """0…1: the product of how much of the face is in the picture, its size, its turn and its fit.

    Args:
        landmarks: (478, 3) normalised.
        alignment: Of these landmarks.
        head: Of this alignment.
    """
    size = _ramp(alignment.scale * _FACE_WIDTH, LEAST_SIZE_PX, FULL_SIZE_PX)
    turn = max(abs(head.yaw), abs(head.pitch))
    return (
        _inside(landmarks) * size * _ramp(turn, LOST_YAW_DEG, FULL_YAW_DEG) * _ramp(alignment.error, BAD_FIT, GOOD_FIT)
    )


def _inside(landmarks: Floats) -> float:
    """The share of landmarks (n, 3) that lies in the picture."""
    places = landmarks.T[:2].copy()
    if places.min() >= 0.0 and places.max() <= 1.0:
        return 1.0
    return float(((places >= 0.0) & (places <= 1.0)).all(axis=0).mean())


def _ramp(value: float, zero: float, one: float) -> float:
    """0 at `zero`, 1 at `one`, straight between and level beyond."""
    return max(0.0, min(1.0, (value - zero) / (one - zero)))
