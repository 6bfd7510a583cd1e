"""A face as the reference engine's models take it: 326 floats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import BLENDSHAPES, Floats

LANDMARKS: tuple[int, ...] = (
    10, 152, 234, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 148, 33, 7, 163, 144, 145, 153, 154, 155,
    133, 173, 157, 158, 159, 160, 161, 246, 362, 382, 381, 380, 374, 373, 390, 249, 263, 466, 388, 387, 386,
    385, 384, 398, 70, 63, 105, 66, 107, 55, 65, 52, 53, 46, 300, 293, 334, 296, 336, 285, 295, 282, 283, 276,
    1, 2, 98, 327, 168, 197, 195, 5, 4, 45, 220, 115, 48, 61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375,
    321, 405, 314, 17, 84, 181, 91, 146, 78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317,
    14, 87, 178, 88, 95, 116, 123, 147, 213, 192, 214, 210, 345, 352, 376, 433, 416, 434, 430, 151, 9, 8,
)  # fmt: skip
"The 136 mesh points of the vector, in its order."

SIZE = 326
"136 points of x and y, 51 scores, pitch, yaw and roll."

_NOSE, _RIGHT_EYE, _LEFT_EYE, _RIGHT_SIDE, _LEFT_SIDE = 1, 33, 263, 234, 454
_SCORES = len(BLENDSHAPES) - 1
"All but tongueOut, which is last in the alphabet."
_SMALL = 1e-6


def face_vector(
    landmarks: Floats, blendshapes: Floats | None = None, matrix: NDArray[np.floating[Any]] | None = None
) -> Floats:
    """(326,) float32 of one face, by the rules of the reference (Hoovik emotion service, MIT).

    - 0…271: x, y of LANDMARKS from the nose's tip, turned so that the outer corners of the eyes are level, by the
      width of the face. x and y are normalised by width and height each, as MediaPipe gives them: not square.
    - 272…322: scores; 0 without them.
    - 323…325: pitch, yaw, roll in radians, each cut off at ±1; 0 without a matrix.

    Args:
        landmarks: (478, 3) or (468, 3), normalised, as `face_landmarker.task` finds them.
        blendshapes: (52,) in the order of BLENDSHAPES, or None.
        matrix: (4, 4) facial transformation matrix, translation in its last column, or None.

    Raises:
        ValueError: An array of another shape.
    """
    if landmarks.ndim != 2 or landmarks.shape[0] < 468 or landmarks.shape[1] < 2:
        raise ValueError(f"landmarks are {landmarks.shape}; expected (478, 3)")
    if blendshapes is not None and blendshapes.shape != (len(BLENDSHAPES),):
        raise ValueError(f"blendshapes are {blendshapes.shape}; expected (52,) in the order of BLENDSHAPES, or None")
    if matrix is not None and matrix.shape != (4, 4):
        raise ValueError(f"matrix is {matrix.shape}; expected the (4, 4) facial transformation matrix, or None")
    out = np.zeros(SIZE, np.float32)
    out[: 2 * len(LANDMARKS)] = _shape(landmarks[:, :2].astype(np.float64)).ravel()
    if blendshapes is not None:
        out[2 * len(LANDMARKS) : 2 * len(LANDMARKS) + _SCORES] = blendshapes[:_SCORES]
    if matrix is not None:
        out[-3:] = _turn(matrix)
    return out


def _shape(places: NDArray[np.float64]) -> NDArray[np.float64]:
    places = places - places[_NOSE]
    across = places[_LEFT_EYE] - places[_RIGHT_EYE]
    angle = -math.atan2(across[1], across[0])
    cosine, sine = math.cos(angle), math.sin(angle)
    turned = places @ np.array(((cosine, sine), (-sine, cosine)))
    width = math.hypot(*(turned[_RIGHT_SIDE] - turned[_LEFT_SIDE]).tolist())
    shape: NDArray[np.float64] = turned[list(LANDMARKS)] / (width + _SMALL)
    return shape


def _turn(m: NDArray[np.floating[Any]]) -> tuple[float, float, float]:
    (a, _, _, _), (b, _, _, _), (c, d, e, _), _ = m.tolist()
    pitch, yaw, roll = math.atan2(-d, e), math.atan2(c, math.hypot(a, b)), math.atan2(b, a)
    return _cut(pitch), _cut(yaw), _cut(roll)


def _cut(radians: float) -> float:
    return max(-1.0, min(1.0, radians))
