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
_MOMENTS = np.column_stack([_CENTRED, np.full(len(_POINTS), 1 / len(_POINTS))])
"(25, 4): what points are multiplied with for their covariance with the neutral face's, and their mean."

PITCH_AT_REST, PITCH_MORE, YAW_BY_PITCH = 2.7, 1.075, 0.003
"""What the mesh is off by: a straight face comes out raised by 2.7 degrees, nods are too small by a fourteenth, and a
turn comes out too large on a raised head and too small on a lowered one, by 0.3 % for each degree. Fitted to the
canonical face with nine real faces on it, rendered at 43 rotations each (`python -m tests.bench.faces`)."""

_NEWTON_STEPS = 50
"Four or five do, from an upper bound that a face's fit comes near."

_Rows = list[list[float]]


@dataclass(frozen=True, slots=True)
class Alignment:
    """A head laid over the neutral face."""

    landmarks: Floats
    "(478, 3) that were laid: normalised, as the mesh gives them."
    axes: NDArray[np.float64]
    "(3, 3): `landmarks @ axes + offset` are points in the neutral face's frame."
    offset: NDArray[np.float64]
    "(3,), see `axes`."
    rotation: NDArray[np.float64]
    "(3, 3) takes the neutral face's frame to the camera's (x to the image's right, y up, z to the viewer)."
    scale: float
    "Pixels per unit of the neutral face: how large the face is in the picture."
    error: float
    "Root mean square distance of the still points from the neutral face, in its units (about cm)."

    @property
    def points(self) -> Floats:
        """(478, 3) in the neutral face's frame: about cm; +x own left, +y up, +z out of the face."""
        return (self.landmarks @ self.axes + self.offset).astype(np.float32)


def align(landmarks: Floats, width: int, height: int) -> Alignment:
    """Lay (478, 3) normalised landmarks of a `width` x `height` picture over the neutral face.

    Least squares over rotation, translation and scale (Umeyama, IEEE PAMI 13(4), 1991).

    Raises:
        ValueError: Wrong shape, numbers that are not finite, or landmarks that all lie in one place or line.
    """
    if landmarks.ndim != 2 or landmarks.shape[0] < 468 or landmarks.shape[1] != 3:
        raise ValueError(f"landmarks are {landmarks.shape}; expected (478, 3)")
    if width <= 0 or height <= 0:
        raise ValueError(f"the picture is {width} x {height}; expected its size in pixels")
    # z is in units of x; the image's y points down and its z away from the viewer.
    units = (width, -height, -width)
    still = landmarks.take(_INDICES, axis=0) * np.array(units, np.float64)
    rows: _Rows = (still.T @ _MOMENTS).tolist()
    centre = [row.pop() for row in rows]
    size = float(np.vdot(still, still)) - len(_POINTS) * (centre[0] ** 2 + centre[1] ** 2 + centre[2] ** 2)
    if not math.isfinite(size) or size < 1e-6:
        raise ValueError("landmarks are not finite or all in one place; expected those of a face")
    turned, overlap = _rotation(rows, math.sqrt(size * _SPREAD))
    scale = overlap / _SPREAD
    # The sum of squared distances once scale and rotation are the best; rounding may leave it just below 0.
    apart = max(0.0, size / scale**2 - _SPREAD)
    rotation = np.array(turned)
    axes = rotation / scale
    offset = _CENTRE - np.array(centre) @ axes
    axes *= np.array(units, np.float64)[:, None]
    return Alignment(landmarks, axes, offset, rotation, scale, math.sqrt(apart / len(_POINTS)))


def _rotation(b: _Rows, most: float) -> tuple[_Rows, float]:
    """The rotation R (3, 3) with the largest trace(Rᵀ B), and that trace, which is at most `most`.

    Markley's fast optimal attitude matrix (J. Astronautical Sciences 41(2), 1993): the trace is the largest root of a
    quartic whose coefficients are invariants of B, and R follows from it without a singular value decomposition.
    On Python's floats: calls into LAPACK for three by three cost several times as much.

    Raises:
        ValueError: More than one rotation is best: what B was made from lies in one line.
    """
    (a, d, g), (p, q, r), (u, v, w) = b
    cofactors = (
        (q * w - r * v, r * u - p * w, p * v - q * u),
        (v * g - w * d, w * a - u * g, u * d - v * a),
        (d * r - g * q, g * p - a * r, a * q - d * p),
    )
    determinant = a * cofactors[0][0] + d * cofactors[0][1] + g * cofactors[0][2]
    norm = sum(x * x for row in b for x in row)
    minors = sum(x * x for row in cofactors for x in row)
    root = _largest_root(norm, determinant, minors, most)
    kappa = (root * root - norm) / 2
    zeta = kappa * root - determinant
    if zeta <= 1e-9 * root**3:
        raise ValueError("landmarks are all in one line; expected those of a face")
    turned = []
    # Rows of B Bᵀ, then of ((κ + ‖B‖²) B + λ cof B - B Bᵀ B) / ζ.
    for (x, y, z), (i, j, k) in zip(b, cofactors, strict=True):
        one, two, three = x * a + y * d + z * g, x * p + y * q + z * r, x * u + y * v + z * w
        turned.append(
            [
                ((kappa + norm) * x + root * i - one * a - two * p - three * u) / zeta,
                ((kappa + norm) * y + root * j - one * d - two * q - three * v) / zeta,
                ((kappa + norm) * z + root * k - one * g - two * r - three * w) / zeta,
            ]
        )
    return turned, root


def _largest_root(norm: float, determinant: float, minors: float, most: float) -> float:
    """Of (λ² - norm)² - 8 determinant λ - 4 minors, by Newton's method from `most` downwards."""
    root = most
    for _ in range(_NEWTON_STEPS):
        square = root * root - norm
        slope = 4.0 * root * square - 8.0 * determinant
        if slope <= 0.0:  # a root of several: `_rotation` refuses it
            break
        step = (square * square - 8.0 * determinant * root - 4.0 * minors) / slope
        root -= step
        if abs(step) <= 1e-15 * root:
            break
    return root


def angles(rotation: NDArray[np.float64]) -> HeadPose:
    """Yaw, pitch, roll of a rotation matrix (3, 3), taken as yaw, then pitch, then roll about the own axes.

    R = Ry(yaw) Rx(pitch) Rz(roll) in a right-handed frame with +x to the own left and +z out of the face, so
    + turns to the own left, + nods down, + tilts to the own right shoulder.
    """
    (_, _, right), (tilt, upright, down), (_, _, ahead) = rotation.tolist()
    pitch = math.asin(max(-1.0, min(1.0, -down)))
    yaw = math.atan2(right, ahead)
    roll = math.atan2(tilt, upright)
    return HeadPose(yaw=math.degrees(yaw), pitch=math.degrees(pitch), roll=math.degrees(roll))


def head_pose(rotation: NDArray[np.float64]) -> HeadPose:
    """The angles of an alignment's rotation (3, 3), less what the mesh is known to be off by.

    Relative to the way from the camera to the face: a head at the side of a picture that looks into the camera is
    straight.
    """
    seen = angles(rotation)
    return HeadPose(
        yaw=seen.yaw * (1.0 + YAW_BY_PITCH * seen.pitch),
        pitch=PITCH_AT_REST + PITCH_MORE * seen.pitch,
        roll=seen.roll,
    )
