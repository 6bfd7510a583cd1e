"""The skin as a surface: a rounded box for the skull, and a height over (x, y) for the face."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from head.maths import Array, bump, soft_max, step

BOX = 2.35
"Exponent of the rounded box: 2 would be an ellipsoid."
UP, DOWN, FRONT, BACK = 1.16, 1.06, 0.86, 0.98
"Half sizes of the skull, dm."

EYE_X, EYE_Y, EYE_R = 0.345, 0.06, 0.235
"Centre (of the own left eye) and radius of the eyeball, dm."
LID = 1.07
"Lids slide on a sphere this much larger than the eyeball."
EYE_WIDTH, EYE_UP, EYE_DOWN = 0.19, 0.116, 0.1
"Half width of the lids' opening, and its heights over and under the eye's centre, dm."

MOUTH_Y, MOUTH_W = -0.53, 0.235
"Height of the lip line in the middle, and half its width, dm."


def half_width(dy: Array) -> Array:
    """Half width of the skull at height dy (-1…1): the jaw is narrower."""
    return np.asarray(0.82 - 0.2 * step(0.05, -1.0, dy) - 0.02 * step(0.3, 1.0, dy))


def skull(d: Array) -> Array:
    """Points (n, 3) for directions (n, 3) whose BOX-norm is 1."""
    dx, dy, dz = d[:, 0], d[:, 1], d[:, 2]
    x = half_width(dy) * dx
    y = np.where(dy > 0, UP, DOWN) * dy
    forward = 0.1 * step(0.0, -1.0, dy)
    z = np.where(dz > 0, FRONT, BACK) * dz + forward
    return np.stack([x, y, z], axis=1)


def direction(x: Array, y: Array) -> Array:
    """The direction whose skull point lies at (x, y) in front: the inverse of `skull`."""
    dy = np.asarray(y) / np.where(np.asarray(y) > 0, UP, DOWN)
    dx = np.asarray(x) / half_width(dy)
    dz = np.maximum(1 - np.abs(dx) ** BOX - np.abs(dy) ** BOX, 1e-4) ** (1 / BOX)
    return np.stack([dx, dy, dz], axis=-1)


def lip_line(x: ArrayLike) -> Array:
    """Height of the lip line: it rises to the corners, so that the face at rest is friendly."""
    t = np.minimum(np.abs(np.asarray(x)) / MOUTH_W, 1.6)
    return np.asarray(MOUTH_Y + 0.035 * t * t - 0.012 * np.exp(-((t / 0.3) ** 2)))


def features(x: Array, y: Array) -> Array:
    """What the face adds to the skull along z, dm."""
    ax = np.abs(x)
    z = -0.075 * bump(ax, y, EYE_X - 0.02, EYE_Y + 0.03, 0.2, 0.15)  # sockets
    z += 0.035 * bump(ax, y, 0.3, 0.36, 0.24, 0.09)  # brow ridge
    z += 0.03 * bump(x, y, 0.0, 0.55, 0.4, 0.25)  # forehead
    z += 0.055 * bump(ax, y, 0.4, -0.25, 0.17, 0.15)  # cheeks
    z += 0.05 * bump(x, y, 0.0, -0.5, 0.27, 0.17)  # around the mouth
    z += 0.085 * bump(x, y, 0.0, -0.9, 0.2, 0.14)  # chin
    z -= 0.03 * bump(x, y, 0.0, -0.725, 0.16, 0.05)  # fold above it
    z -= 0.018 * bump(x, y, 0.0, -0.385, 0.03, 0.05)  # philtrum
    z += 0.11 * np.exp(-0.5 * (x / 0.075) ** 2) * step(0.36, -0.1, y) * step(-0.3, -0.15, y)  # bridge
    z += 0.13 * bump(x, y, 0.0, -0.165, 0.09, 0.085)  # tip
    z += 0.085 * bump(ax, y, 0.1, -0.215, 0.048, 0.045)  # wings
    z -= 0.035 * bump(ax, y, 0.052, -0.262, 0.026, 0.016)  # nostrils
    return np.asarray(z)


def face_z(x: Array, y: Array) -> Array:
    """Depth of the skin in front at (x, y), without the eyelids."""
    return np.asarray(skull(direction(x, y).reshape(-1, 3))[:, 2].reshape(np.shape(x)) + features(x, y))


EYE_Z = float(face_z(np.array([EYE_X]), np.array([EYE_Y]))[0]) + 0.05 - EYE_R * LID
"Depth of the eyeball's centre, dm."


def lidded_z(x: Array, y: Array, radius: float | Array = EYE_R * LID) -> Array:
    """Depth of the skin at (x, y), where it lies over the eyeball on a sphere of `radius`."""
    z = face_z(x, y)
    r2 = (np.abs(x) - EYE_X) ** 2 + (y - EYE_Y) ** 2
    over = EYE_Z + np.sqrt(np.maximum(radius * radius - r2, 0.0))
    lid = soft_max(over, z, 0.03)
    return np.where(r2 < (radius * 1.02) ** 2, lid, z)


def skin(d: Array) -> Array:
    """Points (n, 3) of the whole skin for directions (n, 3)."""
    p = skull(d)
    front = step(0.0, 0.35, d[:, 2])
    z = np.where(d[:, 2] > 0.02, lidded_z(p[:, 0], p[:, 1]), p[:, 2])
    p[:, 2] += (z - p[:, 2]) * front
    return p
