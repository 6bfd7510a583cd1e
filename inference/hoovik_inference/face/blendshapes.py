"""52 ARKit scores from landmarks, by a small network that was distilled from MediaPipe's own blendshape model.

What it was trained on and how well it does is in its card, beside its weights: `bundles/blendshapes/card.md`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from hoovik_inference.face.head import Head
from hoovik_inference.face.lids_lips import CHANNELS, geometry
from hoovik_inference.face.points import POINTS, mirrored
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

OTHER = np.array([
    BLENDSHAPES.index(name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")) for name in BLENDSHAPES
])  # fmt: skip
"For each channel the one of the mirrored face."


def blendshapes(face: Alignment) -> Floats:
    """(52,) scores 0…1 in the order of BLENDSHAPES of a head laid over the neutral face; UNMEASURED stay 0.

    The mean of what the network reads from the face and from its mirror image, so that both halves are weighed alike.
    Wide eyes and lowered corners of the mouth count by geometry where that shows more (`lids_lips`).
    Nothing of the participant's own resting face is taken off.

    Raises:
        ValueError: The alignment's landmarks are not (478, 3): the irises are needed.
    """
    if face.landmarks.shape != (478, 3):
        raise ValueError(f"landmarks are {face.landmarks.shape}; expected (478, 3): turn refined landmarks on")
    points = (face.landmarks.take(POINTS, axis=0) @ face.axes + face.offset).astype(np.float32)
    head = angles(face.rotation)
    face_scores: Floats = scores(_head(), points[None], np.array([[head.yaw, head.pitch, head.roll]], np.float32))[0]
    return face_scores


def inputs(points: Floats, turned: Floats) -> Floats:
    """(INPUTS, 2 n) columns of the network for n faces: each face, then each mirrored.

    Args:
        points: (n, len(POINTS), 3) in the neutral face's frame.
        turned: (n, 3) yaw, pitch, roll in degrees.
    """
    n = len(points)
    out = np.empty((INPUTS, 2 * n), np.float32)
    out[:-3, :n] = points.reshape(n, -1).T
    out[:-3, n:] = mirrored(points).reshape(n, -1).T
    out[-3:, :n] = turned.T
    out[-3:, n:] = (turned * np.array((-1, 1, -1), np.float32)).T
    out[-3:] *= _DEGREES
    return out


def scores(head: Head, points: Floats, turned: Floats) -> Floats:
    """(n, 52) as `blendshapes` has it, of many faces and by any head; arguments as of `inputs`."""
    both = head(inputs(points, turned))
    n = len(points)
    mean: Floats = (both[:, :n] + both[OTHER, n:]).T
    mean *= np.float32(0.5)
    mean[:, CHANNELS] = np.maximum(mean[:, CHANNELS], geometry(points))
    mean[:, _UNMEASURED] = 0.0
    return mean


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
