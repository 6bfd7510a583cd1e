"""The 52 ARKit shapes as displacements. Each left one is written down; its right one is its mirror image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from head import surface as s
from head.fields import CORNER, Body, at, front, jaw, jaw_open, left, lids, lip, on_skin, push
from head.maths import Array, bump, step


def _round(b: Body, narrow: float, forward: float) -> Array:
    """Draw the corners together and push the lips out."""
    w = at(b, 0, s.MOUTH_Y, 0.27, 0.15)
    inner = b.lips * step(0.0, 0.3, b.cavity) * (1 - step(0.5, 1.0, b.cavity))
    w = np.maximum(w, 0.8 * inner)
    out = np.zeros_like(b.p)
    out[:, 0] = -narrow * b.p[:, 0] * w
    out[:, 1] = -0.95 * narrow / 0.46 * (s.lip_line(b.p[:, 0]) - s.lip_line(0.0)) * w
    out[:, 2] = forward * w * np.exp(-0.5 * (b.p[:, 0] / 0.22) ** 2)
    return out


def _smile(b: Body) -> Array:
    corner = bump(b.p[:, 0], b.p[:, 1], CORNER[0] + 0.02, CORNER[1], 0.115, 0.13) * front(b) * left(b)
    curl = bump(b.p[:, 0], b.p[:, 1], CORNER[0] + 0.03, CORNER[1], 0.088, 0.14) * front(b)
    cheek = at(b, 0.42, -0.26, 0.15, 0.13)
    fold = at(b, 0.36, -0.42, 0.06, 0.1)
    lips, under = lip(b, True, 0.1) * left(b), lip(b, False, 0.1) * left(b)
    return (
        push(corner, 0.095, 0.012, -0.04) + push(curl, 0, 0.075, 0) + push(cheek, 0.015, 0.045, 0.04)
        - push(fold, 0, 0, 0.012) + push(lips, 0, 0.006, -0.015) + push(under, 0, 0.002, -0.012)
        + lids(b, 0.02, 0.18)
    )  # fmt: skip


def _brow(b: Body, cx: float, sx: float, dx: float, dy: float, dz: float = 0.0) -> Array:
    w = bump(b.p[:, 0], b.p[:, 1], cx, 0.4, sx, 0.13) * front(b) * step(0.14, 0.26, b.p[:, 1])
    return on_skin(b, w * dx, w * dy, w * dz)


def _inner_up(b: Body) -> Array:
    half = _brow(b, 0.17, 0.12, 0.0, 0.1) * left(b)[:, None]
    m = b.mirror()
    other = _brow(m, 0.17, 0.12, 0.0, 0.1) * left(m)[:, None] * [-1, 1, 1]
    return np.asarray(half + other)


def _puff(b: Body) -> Array:
    out = np.zeros_like(b.p)
    for side in (1.0, -1.0):
        out += push(at(b, side * 0.45, -0.46, 0.15, 0.16), side * 0.085, 0.0, 0.09)
    return out + push(at(b, 0, s.MOUTH_Y, 0.2, 0.1), 0, 0, 0.02) + _round(b, 0.12, 0.0)


def _close(b: Body) -> Array:
    """With jawOpen: the lips meet again."""
    way = jaw_open(b)
    lower, upper = lip(b, False, 0.13), lip(b, True, 0.12)
    gap = float(-jaw_open(b)[np.argmax(lower * (b.cavity == 0)), 1])
    return -0.72 * way * lower[:, None] + push(upper, 0, -0.28 * gap, 0.0)


def _roll(b: Body, upper: bool) -> Array:
    sign = 1.0 if upper else -1.0
    edge = lip(b, upper, 0.055)
    return push(edge, 0, -0.028 * sign, -0.075) + push(lip(b, upper, 0.12), 0, -0.012 * sign, -0.01)


def _press(b: Body) -> Array:
    w = left(b)
    up, down = lip(b, True, 0.06) * w, lip(b, False, 0.06) * w
    corner = bump(b.p[:, 0], b.p[:, 1], *CORNER, 0.08, 0.09) * front(b)
    return push(up, 0, -0.02, -0.035) + push(down, 0, 0.022, -0.035) + push(corner, 0.02, 0.015, -0.02)


def _tongue_out(b: Body) -> Array:
    t = b.tongue
    tip = t**1.5
    out = np.stack([0.12 * b.p[:, 0] * t, 0.055 * t - 0.12 * tip**2, 0.4 * t], 1)
    lips = push(lip(b, False, 0.08), 0, -0.075, 0.02) + push(lip(b, True, 0.07), 0, 0.035, 0.015)
    chin = push(jaw(b) * (1 - b.tongue) * np.where(np.isnan(b.rigid), 0, 1), 0, -0.05, 0)
    return np.asarray(out * (t > 0)[:, None] + lips + chin)


def _funnel(b: Body) -> Array:
    up, down = lip(b, True, 0.09), lip(b, False, 0.1)
    return _round(b, 0.3, 0.085) + push(up, 0, 0.055, 0.05) + push(down, 0, -0.06, 0.05)


def _pucker(b: Body) -> Array:
    up, down = lip(b, True, 0.05), lip(b, False, 0.05)
    return _round(b, 0.46, 0.12) + push(up, 0, -0.004, 0.03) + push(down, 0, 0.004, 0.03)


def _shift(b: Body, dx: float) -> Array:
    w = at(b, 0, s.MOUTH_Y, 0.27, 0.16) + b.lips * step(0, 0.2, b.cavity) * (1 - b.cavity)
    return on_skin(b, dx * w, 0 * w)


def _sneer(b: Body) -> Array:
    nose, edge = at(b, 0.1, -0.2, 0.06, 0.07), lip(b, True, 0.11) * left(b)
    side = at(b, 0.16, -0.05, 0.07, 0.1)
    edge = edge * bump(b.p[:, 0], 0 * b.upper, 0.12, 0, 0.1, 1)
    return (
        push(nose, 0.015, 0.06, 0.012)
        + push(edge, 0, 0.045, 0.01)
        + push(side, 0, 0.02, 0.018)
        + _brow(b, 0.16, 0.1, 0, -0.03)
    )


LEFT: dict[str, Callable[[Body], Array]] = {
    "browDown": lambda b: _brow(b, 0.3, 0.22, -0.035, -0.085, 0.012) + lids(b, 0.06, 0),
    "browOuterUp": lambda b: _brow(b, 0.45, 0.15, 0.0, 0.1),
    "cheekSquint": lambda b: push(at(b, 0.4, -0.2, 0.16, 0.12), 0.0, 0.06, 0.05) + lids(b, 0.05, 0.4),
    "eyeBlink": lambda b: lids(b, 1.0, 1.0) + push(at(b, 0.33, 0.33, 0.2, 0.08), 0, -0.008, 0),
    "eyeLookDown": lambda b: lids(b, 0.42, -0.22),
    "eyeLookIn": lambda b: lids(b, 0.03, 0.0, across=-0.022),
    "eyeLookOut": lambda b: lids(b, 0.03, 0.0, across=0.022),
    "eyeLookUp": lambda b: lids(b, -0.22, 0.12),
    "eyeSquint": lambda b: lids(b, 0.2, 0.75) + push(at(b, 0.36, -0.13, 0.16, 0.07), 0, 0.025, 0.015),
    "eyeWide": lambda b: lids(b, -0.36, -0.25),
    "mouthDimple": lambda b: push(bump(b.p[:, 0], b.p[:, 1], *CORNER, 0.09, 0.09) * front(b), 0.05, 0.015, -0.06),
    "mouthFrown": lambda b: push(
        bump(b.p[:, 0], b.p[:, 1], *CORNER, 0.12, 0.11) * front(b) * left(b), 0.015, -0.11, -0.01
    ) + push(lip(b, False, 0.07) * left(b), 0, 0.012, 0.01),
    "mouthLowerDown": lambda b: push(lip(b, False, 0.11) * left(b), 0.005, -0.075, 0.01),
    "mouthPress": _press,
    "mouthSmile": _smile,
    "mouthStretch": lambda b: push(
        bump(b.p[:, 0], b.p[:, 1], *CORNER, 0.14, 0.13) * front(b) * left(b), 0.1, -0.03, -0.05
    ),
    "mouthUpperUp": lambda b: push(lip(b, True, 0.1) * left(b), 0.005, 0.065, 0.012),
    "noseSneer": _sneer,
}  # fmt: skip

WHOLE: dict[str, Callable[[Body], Array]] = {
    "browInnerUp": _inner_up,
    "cheekPuff": _puff,
    "jawForward": lambda b: push(jaw(b), 0, 0, 0.08),
    "jawLeft": lambda b: push(jaw(b), 0.085, 0, 0),
    "jawOpen": jaw_open,
    "jawRight": lambda b: push(jaw(b), -0.085, 0, 0),
    "mouthClose": _close,
    "mouthFunnel": _funnel,
    "mouthLeft": lambda b: _shift(b, 0.1),
    "mouthPucker": _pucker,
    "mouthRight": lambda b: _shift(b, -0.1),
    "mouthRollLower": lambda b: _roll(b, False),
    "mouthRollUpper": lambda b: _roll(b, True),
    "mouthShrugLower": lambda b: (
        push(lip(b, False, 0.12), 0, 0.035, 0.035) + push(at(b, 0, -0.85, 0.18, 0.1), 0, 0.045, 0.03)
    ),
    "mouthShrugUpper": lambda b: push(lip(b, True, 0.1), 0, 0.03, 0.035),
    "tongueOut": _tongue_out,
}


def displacement(name: str, b: Body) -> Array:
    """Displacement (n, 3) in dm of the shape `name` at weight 1."""
    if name in WHOLE:
        return WHOLE[name](b)
    if name.endswith("Left"):
        return LEFT[name.removesuffix("Left")](b)
    return LEFT[name.removesuffix("Right")](b.mirror()) * [-1, 1, 1]
