"""Hair, neck and shoulders."""

from __future__ import annotations

import numpy as np

from head import surface as s
from head.face import SKIN
from head.maths import Array, linear, mixed, step
from head.parts import Part, merge, shade, sheet

HAIR, HAIR_LIGHT = linear(92, 56, 40), linear(150, 96, 62)
SHIRT, SHIRT_EDGE = linear(70, 96, 150), linear(52, 74, 122)
BOTTOM = -2.5
"Where the bust ends, dm."


def _outside(x: Array, y: Array, z: Array, by: Array) -> Array:
    """Points pushed to the skull's surface in their direction, plus `by` dm."""
    d = np.stack([x, y, z], -1)
    norm = (np.abs(d) ** s.BOX).sum(-1, keepdims=True) ** (1 / s.BOX)
    p = s.skull((d / norm).reshape(-1, 3)).reshape(d.shape)
    length = np.linalg.norm(p, axis=-1, keepdims=True)
    return np.asarray(p * (1 + by[..., None] / length))


def hair() -> Part:
    """A short cut: a cap of soft locks, parted on the own right, with a swept fringe."""
    columns, rows = 120, 26
    u = np.arange(columns) / columns * 2 * np.pi  # 0: front, π/2: own left
    side, front = np.abs(np.sin(u)), np.cos(u)
    # How far down from the crown (degrees) the hair reaches, by direction.
    edge = 50 + 26 * step(0.95, 0.3, front) + 40 * step(-0.2, -0.8, front)
    edge = edge - 6 * np.exp(-(((u - 5.75) / 0.16) ** 2))  # the parting
    edge = edge + 7 * np.exp(-(((u - 0.35) / 0.35) ** 2)) + 4 * np.exp(-(((u - 6.05) / 0.1) ** 2))
    burns = np.exp(-(((np.abs(np.where(u > np.pi, u - 2 * np.pi, u)) - 1.22) / 0.12) ** 2))
    edge = edge + 17 * burns
    edge = edge + 1.6 * np.cos(15 * u + 1.0) * (0.4 + 0.6 * side)
    down = np.linspace(0.02, 1, rows)[:, None]
    polar = np.radians(edge)[None, :] * down
    swirl = u[None, :] + 0.16 * (1 - down) + 0.05 * np.sin(2.5 * polar)
    crown = np.radians(14)  # the pole lies a little behind the top
    x, y, z = np.sin(polar) * np.sin(swirl), np.cos(polar), np.sin(polar) * np.cos(swirl)
    y, z = y * np.cos(crown) + z * np.sin(crown) * 1.0, z * np.cos(crown) - y * np.sin(crown)
    body = 0.115 * step(1.0, 0.82, down) ** 0.5 * (0.72 + 0.28 * step(0.0, 0.35, down))
    quiff = (
        0.13
        * np.exp(-(((np.where(u > np.pi, u - 2 * np.pi, u) - 0.1) / 0.55) ** 2))[None, :]
        * step(0.3, 0.8, down)
        * step(1.0, 0.8, down)
    )
    phase = 17 * swirl + 5.0 * np.sin(1.3 * polar + 0.5 * swirl)
    locks = 0.02 * np.cos(phase) + 0.008 * np.cos(2.3 * phase + 1)
    locks = locks * step(0.05, 0.5, down) * step(1.02, 0.85, down)
    by = body + quiff + locks + 0.015 - 0.07 * step(0.955, 1.0, down)
    points = _outside(x, y, z, by)
    light = np.clip(0.5 + 20 * locks, 0, 1) * step(0.15, 0.6, down) * 0.55
    colours = mixed(HAIR, HAIR_LIGHT, light) * (1 - 0.35 * step(0.85, 1.0, down))[..., None]
    part = sheet(points, colours, True)
    top = points[0].mean(0) + [0, 0.002, 0]
    n = len(part.points)
    fan = [(n, i, (i + 1) % columns) for i in range(columns)]
    part.points = np.vstack([part.points, top])
    part.colours = np.vstack([part.colours, HAIR])
    part.faces = np.vstack([part.faces, fan])
    return part


def bust() -> Part:
    """Neck and shoulders in a plain shirt: rings from under the skull down to BOTTOM."""
    u = np.arange(56) / 56 * 2 * np.pi

    def ring(y: float, wide: float, deep: float, z: float, box: float) -> Array:
        c, n = np.sin(u), np.cos(u)
        k = (np.abs(c) ** box + np.abs(n) ** box) ** (-1 / box)
        drop = 0.0
        return np.stack([wide * c * k, np.full_like(u, y) + drop, z + deep * n * k], 1)

    neck = [
        (-0.8, 0.34, 0.33),
        (-0.92, 0.355, 0.355),
        (-1.05, 0.355, 0.36),
        (-1.2, 0.36, 0.355),
        (-1.32, 0.38, 0.36),
        (-1.44, 0.43, 0.375),
        (-1.52, 0.5, 0.39),
    ]
    skin = np.stack([ring(y, w, d, -0.17 - 0.05 * (y + 0.62), 2.1) for y, w, d in neck])
    colours = shade(np.broadcast_to(SKIN, skin.shape).reshape(-1, 3), skin.reshape(-1, 3)).reshape(skin.shape)
    body = [
        (-1.36, 0.395, 0.385),
        (-1.33, 0.43, 0.42),
        (-1.36, 0.46, 0.445),
        (-1.41, 0.5, 0.455),
        (-1.47, 0.64, 0.46),
        (-1.53, 0.85, 0.47),
        (-1.6, 1.05, 0.48),
        (-1.7, 1.21, 0.49),
        (-1.84, 1.31, 0.5),
        (-2.05, 1.36, 0.52),
        (-2.3, 1.37, 0.54),
        (BOTTOM, 1.36, 0.55),
    ]
    shirt = np.stack([ring(y, w, d, -0.14, 2.1 + 0.35 * min(1.0, w / 1.2)) for y, w, d in body])
    # The collar dips in front, the chest comes forward.
    front = np.clip(np.cos(u), 0, 1)[None, :]
    dip = np.array([0.11, 0.11, 0.11, 0.1, 0.07, 0.04, 0.02, 0, 0, 0, 0, 0])[:, None]
    shirt[..., 1] -= dip * front**1.5
    shirt[..., 2] += 0.1 * front * step(-1.5, -2.1, np.array([b[0] for b in body]))[:, None]
    cloth = np.where((np.arange(len(body)) < 4)[:, None, None], SHIRT_EDGE, SHIRT) * np.ones((1, len(u), 1))
    parts = [sheet(skin, colours, True), sheet(shirt, cloth, True)]
    return merge(parts)


def bust_weights(points: Array) -> Array:
    """Skin weights (n, 3) to spine, neck, head, by height: the head's at the top, the neck's between."""
    y = points[:, 1]
    head = step(-1.12, -0.72, y)
    spine = step(-1.2, -1.55, y)
    neck = np.clip(1 - head - spine, 0, 1)
    total = head + spine + neck
    return np.asarray(np.stack([spine, neck, head], 1) / total[:, None])
