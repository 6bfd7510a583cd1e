"""The 52 ARKit shapes as displacements. Each left one is written down; its right one is its mirror image."""

from __future__ import annotations

from collections.abc import Callable
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
    return np.where(np.isnan(b.rigid), soft, np.nan_to_num(b.rigid))


def _left(b: Body) -> Array:
    return step(-0.07, 0.07, b.p[:, 0])


def _front(b: Body) -> Array:
    return step(0.1, 0.45, b.p[:, 2]) * b.lips * (1 - step(0.0, 0.7, b.cavity))


def _on_skin(b: Body, dx: Array, dy: Array, dz: Array | float = 0.0) -> Array:
    """Slide along the skin by (dx, dy), keeping the depth over it, plus dz."""
    x, y, _ = b.p.T
    slide = s.face_z(x + dx, y + dy) - s.face_z(x, y)
    return np.asarray(np.stack([dx, dy, np.clip(slide, -0.1, 0.1) * _front(b) + dz], 1))


def _at(b: Body, cx: float, cy: float, sx: float, sy: float) -> Array:
    return bump(b.p[:, 0], b.p[:, 1], cx, cy, sx, sy) * _front(b)


def _push(weight: Array, x: float, y: float, z: float) -> Array:
    return weight[:, None] * np.array([x, y, z])


def jaw_open(b: Body) -> Array:
    """Turn the lower face about the hinge."""
    w = jaw(b)
    a = np.radians(JAW_DEGREES) * w
    y, z = b.p[:, 1] - HINGE[0], b.p[:, 2] - HINGE[1]
    dy = y * np.cos(a) - z * np.sin(a) - y
    dz = y * np.sin(a) + z * np.cos(a) - z
    out = np.stack([0 * y, dy, dz], 1)
    # The corners are drawn in as the mouth opens.
    out[:, 0] = -0.12 * b.p[:, 0] * _at(b, 0, s.MOUTH_Y, 0.3, 0.15) * b.lips
    return out


def _lids(b: Body, upper: float, lower: float, across: float = 0.0, lift: float = 0.0) -> Array:
    """Lids of the own left eye: shares of the way to closed; `across` and `lift` in dm."""
    mine = (b.p[:, 0] > 0) & (b.lid != 0)
    follow = np.where(mine, np.abs(b.lid) / np.maximum(np.abs(b.lid).max(), 1e-9), 0.0)
    dy = np.where(mine, b.lid * np.where(b.lid_upper > 0.5, upper, lower), 0.0) + lift * follow
    dx = across * follow
    x, y = b.p[:, 0] + dx, b.p[:, 1] + dy
    r2 = (x - s.EYE_X) ** 2 + (y - s.EYE_Y) ** 2
    z = s.lidded_z(x, y)
    inner = mine & (b.lid_radius < s.EYE_R)
    z = np.where(inner, s.EYE_Z + np.sqrt(np.maximum(b.lid_radius**2 - r2, 0)), z)
    return np.where(mine[:, None], np.stack([dx, dy, z - b.p[:, 2]], 1), 0.0)


def _lip(b: Body, upper: bool, tall: float = 0.07) -> Array:
    """1 at a lip's edge, fading over `tall` dm away from it and towards the corners."""
    x, y, _ = b.p.T
    side = b.upper > 0.5 if upper else b.upper < 0.5
    wide = np.clip(1.05 - (np.abs(x) / (s.MOUTH_W * 1.1)) ** 2, 0, 1)
    away = np.maximum((y - s.lip_line(x)) * (1 if upper else -1), 0) / tall
    return np.where(side, wide * np.exp(-0.5 * away**2), 0.0) * b.lips * (1 - step(0.3, 0.9, b.cavity)) * step(0.1, 0.4, b.p[:, 2])


def _round(b: Body, narrow: float, forward: float) -> Array:
    """Draw the corners together and push the lips out."""
    w = _at(b, 0, s.MOUTH_Y, 0.27, 0.15)
    inner = b.lips * step(0.0, 0.3, b.cavity) * (1 - step(0.5, 1.0, b.cavity))
    w = np.maximum(w, 0.8 * inner)
    out = np.zeros_like(b.p)
    out[:, 0] = -narrow * b.p[:, 0] * w
    out[:, 2] = forward * w * np.exp(-0.5 * (b.p[:, 0] / 0.22) ** 2)
    return out


def _smile(b: Body) -> Array:
    corner = bump(b.p[:, 0], b.p[:, 1], CORNER[0] + 0.02, CORNER[1], 0.15, 0.13) * _front(b) * _left(b)
    cheek = _at(b, 0.42, -0.26, 0.15, 0.13)
    fold = _at(b, 0.36, -0.42, 0.06, 0.1)
    lips = _lip(b, True, 0.1) * _left(b)
    return (
        _push(corner, 0.095, 0.075, -0.04) + _push(cheek, 0.015, 0.045, 0.04)
        - _push(fold, 0, 0, 0.012) + _push(lips, 0, 0.02, -0.015) + _lids(b, 0.02, 0.18)
    )  # fmt: skip


def _brow(b: Body, cx: float, sx: float, dx: float, dy: float, dz: float = 0.0) -> Array:
    w = bump(b.p[:, 0], b.p[:, 1], cx, 0.4, sx, 0.13) * _front(b) * step(0.14, 0.26, b.p[:, 1])
    return _on_skin(b, w * dx, w * dy, w * dz)


def _inner_up(b: Body) -> Array:
    half = _brow(b, 0.17, 0.12, 0.0, 0.1) * _left(b)[:, None]
    m = b.mirror()
    other = _brow(m, 0.17, 0.12, 0.0, 0.1) * _left(m)[:, None] * [-1, 1, 1]
    return half + other


def _puff(b: Body) -> Array:
    out = np.zeros_like(b.p)
    for side in (1.0, -1.0):
        out += _push(_at(b, side * 0.45, -0.46, 0.15, 0.16), side * 0.085, 0.0, 0.09)
    return out + _push(_at(b, 0, s.MOUTH_Y, 0.2, 0.1), 0, 0, 0.02) + _round(b, 0.12, 0.0)


def _close(b: Body) -> Array:
    """With jawOpen: the lips meet again."""
    way = jaw_open(b)
    lower, upper = _lip(b, False, 0.13), _lip(b, True, 0.12)
    gap = float(-jaw_open(b)[np.argmax(lower * (b.cavity == 0)), 1])
    return -0.72 * way * lower[:, None] + _push(upper, 0, -0.28 * gap, 0.0)


def _roll(b: Body, upper: bool) -> Array:
    sign = 1.0 if upper else -1.0
    lip = _lip(b, upper, 0.055)
    return _push(lip, 0, -0.028 * sign, -0.075) + _push(_lip(b, upper, 0.12), 0, -0.012 * sign, -0.01)


def _press(b: Body) -> Array:
    w = _left(b)
    up, down = _lip(b, True, 0.06) * w, _lip(b, False, 0.06) * w
    corner = bump(b.p[:, 0], b.p[:, 1], *CORNER, 0.08, 0.09) * _front(b)
    return _push(up, 0, -0.02, -0.035) + _push(down, 0, 0.022, -0.035) + _push(corner, 0.02, 0.015, -0.02)


def _tongue_out(b: Body) -> Array:
    t = b.tongue
    tip = t**1.5
    out = np.stack([0.12 * b.p[:, 0] * t, 0.055 * t - 0.12 * tip**2, 0.4 * t], 1)
    lips = _push(_lip(b, False, 0.08), 0, -0.075, 0.02) + _push(_lip(b, True, 0.07), 0, 0.035, 0.015)
    chin = _push(jaw(b) * (1 - b.tongue) * np.where(np.isnan(b.rigid), 0, 1), 0, -0.05, 0)
    return out * (t > 0)[:, None] + lips + chin


def _funnel(b: Body) -> Array:
    up, down = _lip(b, True, 0.09), _lip(b, False, 0.1)
    return _round(b, 0.3, 0.085) + _push(up, 0, 0.055, 0.05) + _push(down, 0, -0.06, 0.05)


def _pucker(b: Body) -> Array:
    up, down = _lip(b, True, 0.05), _lip(b, False, 0.05)
    return _round(b, 0.46, 0.12) + _push(up, 0, 0.006, 0.03) + _push(down, 0, -0.006, 0.03)


def _shift(b: Body, dx: float) -> Array:
    return _on_skin(b, dx * _at(b, 0, s.MOUTH_Y, 0.27, 0.16) + dx * b.lips * step(0, 0.2, b.cavity) * (1 - b.cavity), 0 * b.upper)


def _sneer(b: Body) -> Array:
    nose, lip = _at(b, 0.1, -0.2, 0.06, 0.07), _lip(b, True, 0.11) * _left(b)
    side = _at(b, 0.16, -0.05, 0.07, 0.1)
    lip = lip * bump(b.p[:, 0], 0 * b.upper, 0.12, 0, 0.1, 1)
    return _push(nose, 0.015, 0.06, 0.012) + _push(lip, 0, 0.045, 0.01) + _push(side, 0, 0.02, 0.018) + _brow(b, 0.16, 0.1, 0, -0.03)


LEFT: dict[str, Callable[[Body], Array]] = {
    "browDown": lambda b: _brow(b, 0.3, 0.22, -0.035, -0.085, 0.012) + _lids(b, 0.06, 0),
    "browOuterUp": lambda b: _brow(b, 0.45, 0.15, 0.0, 0.1),
    "cheekSquint": lambda b: _push(_at(b, 0.4, -0.2, 0.16, 0.12), 0.0, 0.06, 0.05) + _lids(b, 0.05, 0.4),
    "eyeBlink": lambda b: _lids(b, 1.0, 1.0) + _push(_at(b, 0.33, 0.33, 0.2, 0.08), 0, -0.008, 0),
    "eyeLookDown": lambda b: _lids(b, 0.42, -0.22),
    "eyeLookIn": lambda b: _lids(b, 0.03, 0.0, across=-0.022),
    "eyeLookOut": lambda b: _lids(b, 0.03, 0.0, across=0.022),
    "eyeLookUp": lambda b: _lids(b, -0.22, 0.12),
    "eyeSquint": lambda b: _lids(b, 0.2, 0.75) + _push(_at(b, 0.36, -0.13, 0.16, 0.07), 0, 0.025, 0.015),
    "eyeWide": lambda b: _lids(b, -0.36, -0.25),
    "mouthDimple": lambda b: _push(bump(b.p[:, 0], b.p[:, 1], *CORNER, 0.09, 0.09) * _front(b), 0.05, 0.015, -0.06),
    "mouthFrown": lambda b: _push(
        bump(b.p[:, 0], b.p[:, 1], *CORNER, 0.12, 0.11) * _front(b) * _left(b), 0.015, -0.11, -0.01
    ) + _push(_lip(b, False, 0.07) * _left(b), 0, 0.012, 0.01),
    "mouthLowerDown": lambda b: _push(_lip(b, False, 0.11) * _left(b), 0.005, -0.075, 0.01),
    "mouthPress": _press,
    "mouthSmile": _smile,
    "mouthStretch": lambda b: _push(
        bump(b.p[:, 0], b.p[:, 1], *CORNER, 0.14, 0.13) * _front(b) * _left(b), 0.1, -0.03, -0.05
    ),
    "mouthUpperUp": lambda b: _push(_lip(b, True, 0.1) * _left(b), 0.005, 0.065, 0.012),
    "noseSneer": _sneer,
}  # fmt: skip

WHOLE: dict[str, Callable[[Body], Array]] = {
    "browInnerUp": _inner_up,
    "cheekPuff": _puff,
    "jawForward": lambda b: _push(jaw(b), 0, 0, 0.08),
    "jawLeft": lambda b: _push(jaw(b), 0.085, 0, 0),
    "jawOpen": jaw_open,
    "jawRight": lambda b: _push(jaw(b), -0.085, 0, 0),
    "mouthClose": _close,
    "mouthFunnel": _funnel,
    "mouthLeft": lambda b: _shift(b, 0.1),
    "mouthPucker": _pucker,
    "mouthRight": lambda b: _shift(b, -0.1),
    "mouthRollLower": lambda b: _roll(b, False),
    "mouthRollUpper": lambda b: _roll(b, True),
    "mouthShrugLower": lambda b: _push(_lip(b, False, 0.12), 0, 0.035, 0.035) + _push(_at(b, 0, -0.85, 0.18, 0.1), 0, 0.045, 0.03),
    "mouthShrugUpper": lambda b: _push(_lip(b, True, 0.1), 0, 0.03, 0.035),
    "tongueOut": _tongue_out,
}


def displacement(name: str, b: Body) -> Array:
    """Displacement (n, 3) in dm of the shape `name` at weight 1."""
    if name in WHOLE:
        return WHOLE[name](b)
    if name.endswith("Left"):
        return LEFT[name.removesuffix("Left")](b)
    return LEFT[name.removesuffix("Right")](b.mirror()) * [-1, 1, 1]
