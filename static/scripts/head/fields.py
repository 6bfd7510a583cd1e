"""What shapes are made of: the jaw's hinge, sliding lids, the edge of the lips, hills on the skin. Lengths in dm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from head import surface as s
from head.maths import Array, bump, step

HINGE = (-0.16, -0.02)
"Axis of the jaw: y and z, dm; in front of the ears."
JAW_DEGREES = 17.0
CORNER = (s.MOUTH_W, float(s.lip_line(s.MOUTH_W)))


@dataclass
class Body:
    """The vertices of the face mesh, and what moves them. Arrays of length n."""

    p: Array
    upper: Array
    "1 above the lip line."
    lips: Array
    "1 where the vertex is soft skin or mouth lining; 0 on teeth and tongue."
    rigid: Array
    "The share that teeth and tongue have in the jaw; nan on soft skin."
    cavity: Array
    lid: Array
    lid_upper: Array
    lid_radius: Array
    tongue: Array
    "0…1 from the tongue's root to its tip; 0 elsewhere."

    def mirror(self) -> Body:
        """The same vertices, seen in a mirror."""
        return Body(
            self.p * [-1, 1, 1], self.upper, self.lips, self.rigid, self.cavity,
            self.lid, self.lid_upper, self.lid_radius, self.tongue,
        )  # fmt: skip


def jaw(b: Body) -> Array:
    """How much each vertex follows the jaw: 1 under the lip line, 0 over it, a half at the corners."""
    x, y, z = b.p.T
    ax = np.abs(x)
    open_ = np.sqrt(np.clip(1 - (ax / s.MOUTH_W) ** 2, 0, 1))
    reach = 0.14 + 0.5 * np.clip(ax - s.MOUTH_W, 0, None) + 0.1 * b.cavity
    near = 0.5 * (1 - open_) * np.exp(-np.abs(y - s.lip_line(x)) / reach)
    soft = np.where(b.upper > 0.5, near, 1 - near)
    soft = soft * step(-0.05, 0.42, z) * (1 - 0.85 * step(0.45, 0.8, ax) * step(-0.9, -0.5, y))
    soft = soft * np.where(b.cavity > 0, 1 - 0.3 * b.cavity, 1)
    return np.asarray(np.where(np.isnan(b.rigid), soft, np.nan_to_num(b.rigid)))


def left(b: Body) -> Array:
    """1 on the own left, 0 on the own right, soft on the midline."""
    return step(-0.07, 0.07, b.p[:, 0])


def front(b: Body) -> Array:
    """1 on the skin and lips in front; 0 behind, in the mouth, on teeth."""
    return step(0.1, 0.45, b.p[:, 2]) * b.lips * (1 - step(0.0, 0.7, b.cavity))


def on_skin(b: Body, dx: Array, dy: Array, dz: Array | float = 0.0) -> Array:
    """Slide along the skin by (dx, dy), keeping the depth over it, plus dz."""
    x, y, _ = b.p.T
    slide = s.face_z(x + dx, y + dy) - s.face_z(x, y)
    return np.asarray(np.stack([dx, dy, np.clip(slide, -0.1, 0.1) * front(b) + dz], 1))


def at(b: Body, cx: float, cy: float, sx: float, sy: float) -> Array:
    """A hill of height 1 on the skin in front."""
    return bump(b.p[:, 0], b.p[:, 1], cx, cy, sx, sy) * front(b)


def push(weight: Array, x: float, y: float, z: float) -> Array:
    """The same way for all, by weight."""
    return np.asarray(weight[:, None] * np.array([x, y, z]))


def jaw_open(b: Body) -> Array:
    """Turn the lower face about the hinge."""
    w = jaw(b)
    a = np.radians(JAW_DEGREES) * w
    y, z = b.p[:, 1] - HINGE[0], b.p[:, 2] - HINGE[1]
    dy = y * np.cos(a) - z * np.sin(a) - y
    dz = y * np.sin(a) + z * np.cos(a) - z
    out = np.stack([0 * y, dy, dz], 1)
    # The corners are drawn in as the mouth opens.
    out[:, 0] = -0.12 * b.p[:, 0] * at(b, 0, s.MOUTH_Y, 0.3, 0.15) * b.lips
    return np.asarray(out)


def lids(b: Body, upper: float, lower: float, across: float = 0.0, lift: float = 0.0) -> Array:
    """Lids of the own left eye: shares of the way to closed; `across` and `lift` in dm."""
    mine = (b.p[:, 0] > 0) & (b.lid != 0)
    follow = np.where(mine, np.abs(b.lid) / np.maximum(np.abs(b.lid).max(), 1e-9), 0.0)
    dy = np.where(mine, b.lid * np.where(b.lid_upper > 0.5, upper, lower), 0.0) + lift * follow
    dx = across * follow
    x, y = b.p[:, 0], b.p[:, 1]
    # A straight way between two points of a sphere dips into it: a lid on its way is lifted for that.
    sphere = s.EYE_R * s.LID
    lifted = sphere + 0.035 * s.EYE_R * follow * min(max(upper, 0.0), 1.0)
    dz = s.lidded_z(x + dx, y + dy, lifted) - s.lidded_z(x, y)
    inner = mine & (b.lid_radius < s.EYE_R)
    dz = np.where(inner, globe(x + dx, y + dy, b.lid_radius) - globe(x, y, b.lid_radius), dz)
    return np.where(mine[:, None], np.stack([dx, dy, dz], 1), 0.0)


def globe(x: Array, y: Array, radius: Array) -> Array:
    """Height over the centre of the own left eye on a sphere of `radius`."""
    r2 = (x - s.EYE_X) ** 2 + (y - s.EYE_Y) ** 2
    return np.asarray(np.sqrt(np.maximum(radius**2 - r2, 0.0)))


def lip(b: Body, upper: bool, tall: float = 0.07) -> Array:
    """1 at a lip's edge, fading over `tall` dm away from it and towards the corners."""
    x, y, _ = b.p.T
    side = b.upper > 0.5 if upper else b.upper < 0.5
    wide = np.clip(1.05 - (np.abs(x) / (s.MOUTH_W * 1.1)) ** 2, 0, 1)
    away = np.maximum((y - s.lip_line(x)) * (1 if upper else -1), 0) / tall
    outer = 1 - step(0.3, 0.9, b.cavity)
    return np.where(side, wide * np.exp(-0.5 * away**2), 0.0) * b.lips * outer * step(0.1, 0.4, b.p[:, 2])
