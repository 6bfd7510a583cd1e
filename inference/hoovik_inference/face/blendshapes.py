"""52 ARKit scores from landmarks, by a small network that was distilled from MediaPipe's own blendshape model.

What it was trained on and how well it does is in its card, beside its weights: `bundles/blendshapes/card.md`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from hoovik_inference.face.head import Head, opposite
from hoovik_inference.face.points import POINTS
from hoovik_inference.face.pose import Alignment, angles
from hoovik_inference.types import BLENDSHAPES, Floats

BUNDLE = Path(__file__).parents[1] / "bundles" / "blendshapes"
"Weights and card, made by `hoovik-rtc train blendshapes`."
WEIGHTS = "blendshapes.npz"
"The file of the weights in there."

UNMEASURED: tuple[str, ...] = (
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "jawForward", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""Channels that cannot be had from the landmarks; they stay 0. The mesh does not follow moving cheeks and wings of the
nose, a jaw pushed forward moves nothing in a picture from the front, and the tongue is no part of it. The teacher
scores none of them either. Figures in the card."""

INPUTS = 3 * len(POINTS) + 3
"Coordinates of the points, then the head's three angles."
_DEGREES = np.float32(1 / 30)
"Angles are in units of 30 degrees, so that they are as large as the rest."

OTHER = opposite(BLENDSHAPES)
"For each channel the one of the mirrored face."


def blendshapes(face: Alignment) -> Floats:
    """(52,) scores 0…1 in the order of BLENDSHAPES of a head laid over the neutral face; UNMEASURED stay 0.

    Nothing of the participant's own resting face is taken off.

    Raises:
        ValueError: The alignment's landmarks are not (478, 3): the irises are needed.
    """
    if face.landmarks.shape != (478, 3):
        raise ValueError(f"landmarks are {face.landmarks.shape}; expected (478, 3): turn refined landmarks on")
    points = face.landmarks.take(POINTS, axis=0) @ face.axes.astype(np.float32)
    points += face.offset.astype(np.float32)
    head = angles(face.rotation)
    face_scores: Floats = scores(_head(), points[None], np.array([[head.yaw, head.pitch, head.roll]], np.float32))[0]
    return face_scores


def inputs(points: Floats, turned: Floats) -> Floats:
    """(INPUTS, n) columns of the network for n faces.

    Args:
        points: (n, len(POINTS), 3) in the neutral face's frame.
        turned: (n, 3) yaw, pitch, roll in degrees.
    """
    n = len(points)
    out = np.empty((INPUTS, n), np.float32)
    out[:-3] = points.reshape(n, -1).T
    out[-3:] = turned.T
    out[-3:] *= _DEGREES
    return out


def scores(head: Head, points: Floats, turned: Floats) -> Floats:
    """(n, 52) as `blendshapes` has it, of many faces and by any head; arguments as of `inputs`."""
    said = head(inputs(points, turned)).T
    said[:, _UNMEASURED] = 0.0
    return said


_UNMEASURED = [BLENDSHAPES.index(name) for name in UNMEASURED]


@cache
def _head() -> Head:
    head = Head.load(BUNDLE / WEIGHTS)
    if head.names != BLENDSHAPES or len(head.centre) != INPUTS:
        raise ValueError(
            f"{BUNDLE / WEIGHTS} takes {len(head.centre)} numbers and gives {len(head.names)}; expected {INPUTS} and "
            "the channels of BLENDSHAPES: train it again with this version"
        )
    return head
