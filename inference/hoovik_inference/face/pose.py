"""Where the head points: rigid alignment of still landmarks with a neutral face."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats, HeadPose

NEUTRAL: dict[int, tuple[float, float, float]] = {
    4: (0.000, -0.463, 7.587),
    5: (0.000, 0.366, 7.243),
    6: (0.000, 2.473, 5.789),
    195: (0.000, 1.059, 6.775),
    197: (0.000, 1.728, 6.317),
    168: (0.000, 3.271, 5.236),
    10: (0.000, 8.262, 4.482),
    33: (-4.446, 2.664, 3.173),
    133: (-1.856, 2.585, 3.758),
    263: (4.446, 2.664, 3.173),
    362: (1.856, 2.585, 3.758),
    54: (-6.279, 6.615, 1.426),
    284: (6.279, 6.615, 1.426),
    67: (-3.524, 8.006, 3.729),
    297: (3.524, 8.006, 3.729),
    127: (-7.743, 2.365, -2.005),
    356: (7.743, 2.365, -2.005),
    234: (-7.664, 0.673, -2.436),
    454: (7.664, 0.673, -2.436),
    143: (-6.408, 2.236, 1.561),
    372: (6.408, 2.236, 1.561),
    129: (-1.786, -0.978, 4.850),
    358: (1.786, -0.978, 4.850),
    98: (-1.406, -1.714, 5.241),
    327: (1.406, -1.714, 5.241),
}
"""Points that the face's muscles hardly move, of MediaPipe's canonical face model (Apache-2.0; about
centimetres; +x to the participant's own left, +y up, +z out of the face): nose, forehead, eye corners,
temples, cheekbones. The jaw is left out on purpose: an open mouth is no nod."""

_INDICES = np.array(list(NEUTRAL))
_POINTS = np.array(list(NEUTRAL.values()))
_CENTRE = _POINTS.mean(axis=0)
_CENTRED = _POINTS - _CENTRE
_SPREAD = float((_CENTRED**2).sum())


@dataclass(frozen=True, slots=True)
class Alignment:
    """A head laid over the neutral face."""

    points: Floats
    "(478, 3) landmarks in the neutral face's frame: about cm; +x own left, +y up, +z out of the face."
    rotation: NDArray[np.float64]
    "(3, 3) takes the neutral face's frame to the camera's (x to the image's right, y up, z to the viewer)."
    scale: float
    "Pixels per unit of the neutral face: how large the face is in the picture."
    error: float
    "Root mean square distance of the still points from the neutral face, in its units (about cm)."


def align(landmarks: Floats, width: int, height: int) -> Alignment:
    """Lay (478, 3) normalised landmarks of a `width` x `height` picture over the neutral face.

    Least squares over rotation, translation and scale (Umeyama, IEEE PAMI 13(4), 1991).

    Raises:
        ValueError: Wrong shape, numbers that are not finite, or landmarks that all lie in one place.
    """
    if landmarks.ndim != 2 or landmarks.shape[0] < 468 or landmarks.shape[1] != 3:
        raise ValueError(f"landmarks are {landmarks.shape}; expected (478, 3)")
    if width <= 0 or height <= 0:
        raise ValueError(f"the picture is {width} x {height}; expected its size in pixels")
    # z is in units of x; the image's y points down and its z away from the viewer.
    seen = landmarks * np.array([width, -height, -width], np.float64)
    still = seen[_INDICES]
    centre = still.mean(axis=0)
    still = still - centre
    size = float((still**2).sum())
    if not math.isfinite(size) or size < 1e-6:
        raise ValueError("landmarks are not finite or all in one place; expected those of a face")
    u, singular, vt = np.linalg.svd(still.T @ _CENTRED)
    sign = np.ones(3)
    if np.linalg.det(u) * np.linalg.det(vt) < 0:
        sign[2] = -1.0
    rotation = (u * sign) @ vt
    scale = float((singular * sign).sum()) / _SPREAD
    points = (seen - centre) @ rotation / scale + _CENTRE
    apart = points[_INDICES] - _POINTS
    error = math.sqrt(float((apart**2).sum()) / len(_POINTS))
    return Alignment(points.astype(np.float32), rotation, scale, error)


def angles(rotation: NDArray[np.float64]) -> HeadPose:
    """Yaw, pitch, roll of a rotation matrix (3, 3), taken as yaw, then pitch, then roll about the own axes.

    R = Ry(yaw) Rx(pitch) Rz(roll) in a right-handed frame with +x to the own left and +z out of the face, so
    + turns to the own left, + nods down, + tilts to the own right shoulder.
    """
    pitch = math.asin(max(-1.0, min(1.0, -float(rotation[1, 2]))))
    yaw = math.atan2(float(rotation[0, 2]), float(rotation[2, 2]))
    roll = math.atan2(float(rotation[1, 0]), float(rotation[1, 1]))
    return HeadPose(yaw=math.degrees(yaw), pitch=math.degrees(pitch), roll=math.degrees(roll))
