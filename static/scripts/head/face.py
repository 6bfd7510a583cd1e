"""The skin of the face: edge loops around eyes and mouth, and triangles between them.

The own left half (+X) is built and mirrored; vertices on the midline are shared.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from head import surface as s
from head.maths import Array, Faces, bump, linear, mixed, step, strip, triangulate

SKIN, BLUSH, LIP = linear(238, 182, 148), linear(228, 128, 106), linear(206, 112, 100)
DEEP, LASH, SOCKET = linear(74, 18, 24), linear(46, 28, 24), linear(206, 138, 108)

EYE_AROUND, MOUTH_AROUND = 40, 33
"Vertices around an eye, and around half the mouth."
EYE_GROW_X = (1.0, 1.05, 1.12, 1.21, 1.32, 1.45)
EYE_GROW_Y = (1.0, 1.1, 1.26, 1.46, 1.7, 1.96)
"Size of the loops around the eye, in units of the opening."
LIP_UP = (0.0, 0.012, 0.03, 0.05, 0.068, 0.088, 0.13, 0.175)
LIP_DOWN = (0.0, 0.016, 0.04, 0.066, 0.088, 0.11, 0.155, 0.21)
LIP_OUT = (0.0, 0.006, 0.016, 0.028, 0.038, 0.052, 0.085, 0.125)
"How far the loops around the lips lie over, under and beside the lip line, dm."
LIP_Z_UP = (-0.03, 0.016, 0.036, 0.034, 0.016, 0.003, 0.0, 0.0)
LIP_Z_DOWN = (-0.03, 0.022, 0.048, 0.044, 0.016, -0.006, -0.01, 0.0)
LIP_RED = (1.0, 1.0, 1.0, 0.95, 0.45, 0.0, 0.0, 0.0)
BAG = ((0.035, 0.02, 0.97), (0.1, 0.1, 1.0), (0.26, 0.2, 1.1), (0.42, 0.19, 0.95), (0.5, 0.06, 0.4))
"Loops of the mouth's cavity: how far behind the lip edge, how far over and under it (dm), how wide."


@dataclass
class Skin:
    """Vertices with what the morph targets have to know about them."""

    points: Array
    colours: Array
    faces: Faces
    upper: Array
    "(n,) 1 above the lip line, 0 below it."
    cavity: Array
    "(n,) 0 on the skin, rising to 1 at the back of the mouth."
    lid: Array
    "(n,) way in y (dm) to the closed lid; 0 elsewhere."
    lid_upper: Array
    "(n,) 1 on upper lids."
    lid_radius: Array
    "(n,) sphere that the lid slides on, dm."


@dataclass
class _Half:
    points: list[Array] = field(default_factory=list)
    colours: list[Array] = field(default_factory=list)
    extra: list[Array] = field(default_factory=list)  # upper, cavity, lid, lid_upper, lid_radius
    faces: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, points: Array, colours: Array, extra: Array) -> list[int]:
        start = sum(len(p) for p in self.points)
        self.points.append(points)
        self.colours.append(np.broadcast_to(colours, points.shape).copy())
        self.extra.append(np.broadcast_to(extra, (len(points), 5)).copy())
        return list(range(start, start + len(points)))


def build() -> Skin:
    """The whole skin."""
    half = _Half()
    eye = _eye(half)
    mouth = _mouth(half)
    _sheet(half, eye, mouth)
    return _mirrored(half)


def _plane(x: Array, y: Array) -> Array:
    """Front positions to the plane of triangulation: angle from +Z, around +Z."""
    return _flat(s.direction(x, y))


def _flat(d: Array) -> Array:
    d = d / np.linalg.norm(d, axis=-1, keepdims=True)
    angle = np.arccos(np.clip(d[..., 2], -1, 1))
    across = np.maximum(np.hypot(d[..., 0], d[..., 1]), 1e-9)
    return np.asarray(np.stack([d[..., 0], d[..., 1]], -1) * (angle / across)[..., None])


def _lift(flat: Array) -> Array:
    angle = np.maximum(np.hypot(flat[:, 0], flat[:, 1]), 1e-9)
    d = np.stack([flat[:, 0] * np.sin(angle) / angle, flat[:, 1] * np.sin(angle) / angle, np.cos(angle)], 1)
    norm = (np.abs(d) ** s.BOX).sum(1, keepdims=True) ** (1 / s.BOX)
    return np.asarray(d / norm)


def skin_colour(p: Array) -> Array:
    """Blush on cheeks, nose and chin, shade in sockets and nostrils."""
    x, y = np.abs(p[:, 0]), p[:, 1]
    front = step(0.1, 0.5, p[:, 2])
    blush = 0.5 * bump(x, y, 0.47, -0.24, 0.15, 0.12) + 0.28 * bump(x, y, 0.0, -0.18, 0.1, 0.08)
    c = mixed(SKIN, BLUSH, np.clip(blush, 0, 1) * front)
    shade = 0.35 * bump(x, y, s.EYE_X, s.EYE_Y + 0.1, 0.2, 0.1) + 0.15 * step(-0.75, -1.05, y)
    shade += 0.22 * bump(x, y, 0.1, -0.06, 0.03, 0.12) + 0.3 * bump(x, y, 0.0, -0.3, 0.09, 0.025)
    c = mixed(c, SOCKET, np.clip(shade, 0, 1))
    nostril = 0.85 * bump(x, y, 0.052, -0.268, 0.022, 0.013) * front
    return mixed(c, DEEP, np.clip(nostril, 0, 1))


def _eye(half: _Half) -> list[int]:
    """Loops of the own left eye, from the lid's inside outwards; returns the outermost."""
    t = np.arange(EYE_AROUND) / EYE_AROUND * 2 * np.pi
    cos, sin = np.cos(t), np.sin(t)
    height = np.where(sin > 0, s.EYE_UP * np.abs(sin) ** 0.85, -s.EYE_DOWN * np.abs(sin) ** 0.9)
    tilt = 0.012 * cos  # outer corner a little higher
    edge_x, edge_y = s.EYE_WIDTH * cos, height + tilt
    closed_y = -0.035 * (1 - cos * cos) + tilt
    way = closed_y - edge_y
    upper = (sin > 0).astype(float)
    rows = []
    count = len(EYE_GROW_X) - 1
    for k in range(-1, count + 1):
        gx, gy = (EYE_GROW_X[k], EYE_GROW_Y[k]) if k >= 0 else (0.985, 0.97)
        x, y = s.EYE_X + edge_x * gx, s.EYE_Y + height * gy + tilt
        radius = s.EYE_R * (s.LID if k >= 0 else 0.97)
        z = (
            s.lidded_z(x, y, radius)
            if k >= 0
            else s.EYE_Z + np.sqrt(np.maximum(radius**2 - (x - s.EYE_X) ** 2 - (y - s.EYE_Y) ** 2, 0))
        )
        points = np.stack([x, y, z], 1)
        follow = (1 - max(k, 0) / count) ** 1.15
        dark = upper * (0.95 if k <= 0 else 0.35 if k == 1 else 0.0) * step(-0.1, 0.35, sin)
        colours = mixed(skin_colour(points), LASH, dark)
        if k <= 0:
            colours = mixed(colours, BLUSH, (1 - upper) * 0.45)
        extra = np.stack(
            [np.ones_like(t), 0 * t, way * follow, upper, np.full_like(t, radius)],
            axis=1,
        )
        rows.append(half.add(points, colours, extra))
    for inner, outer in zip(rows, rows[1:], strict=False):
        half.faces += strip(inner, outer, closed=True)
    return rows[-1]


def _mouth(half: _Half) -> list[int]:
    """Half the loops of the lips and the cavity behind them; returns the outermost, from below upwards."""
    t = np.linspace(-np.pi / 2, np.pi / 2, MOUTH_AROUND)
    t = t + 0.12 * np.sin(2 * t) * -1  # denser at the corner
    cos, sin = np.cos(t), np.sin(t)
    cos[[0, -1]] = 0.0
    above = sin > 1e-9
    tall = np.abs(sin) ** 0.85
    rows = []
    edge = np.zeros((0, 3))
    for k in range(len(LIP_OUT)):
        x = (s.MOUTH_W + LIP_OUT[k]) * cos
        bow = 1 - 0.16 * np.exp(-((x / 0.045) ** 2)) * above * (k in (2, 3, 4, 5))
        y = s.lip_line(x) + np.where(above, LIP_UP[k], -LIP_DOWN[k]) * tall * bow
        full = np.clip(1 - (x / (s.MOUTH_W + 0.02)) ** 2, 0, 1) ** 0.6
        z = s.face_z(x, y) + np.where(above, LIP_Z_UP[k], LIP_Z_DOWN[k]) * full - 0.012 * (1 - full) * (k < 4)
        if k == 0:
            y = y + np.where(above, -0.0005, 0.0005) * (np.abs(sin) > 1e-9)
        points = np.stack([x, y, z], 1)
        edge = points if k == 0 else edge
        colours = mixed(skin_colour(points), LIP, np.full(len(x), LIP_RED[k]))
        if k == 0:
            colours = mixed(colours, DEEP, np.full(len(x), 0.55))
        rows.append(half.add(points, colours, np.stack([above * 1.0, 0 * x, 0 * x, 0 * x, 0 * x], 1)))
    for inner, outer in zip(rows, rows[1:], strict=False):
        half.faces += strip(inner, outer, closed=False)
    before = rows[0]
    for n, (back, high, wide) in enumerate(BAG):
        points = edge.copy()
        points[:, 0] *= wide
        points[:, 1] += np.where(above, high, -high) * tall
        points[:, 2] -= back
        colours = mixed(LIP, DEEP, np.full(len(points), min(0.75 + 0.3 * n, 1.0)))
        depth = (n + 1) / len(BAG)
        row = half.add(points, colours, np.stack([above * 1.0, np.full(len(t), depth), *([0 * t] * 3)], 1))
        half.faces += strip(row, before, closed=False)
        before = row
    half.faces += [(before[0], before[i], before[i + 1]) for i in range(1, len(before) - 1)]
    return rows[-1]


def _sheet(half: _Half, eye: list[int], mouth: list[int]) -> None:
    """Everything between and around the loops: triangulated in the plane."""
    everything = np.vstack(half.points)
    ring_e, ring_m = everything[eye], everything[mouth]
    loop_e, loop_m = _plane(ring_e[:, 0], ring_e[:, 1]), _plane(ring_m[:, 0], ring_m[:, 1])
    loop_m[[0, -1], 0] = 0.0
    fixed = np.vstack([loop_e, loop_m])
    grid = _grid(loop_e, np.vstack([loop_m, loop_m[::-1] * [-1, 1]]), fixed)
    flat = np.vstack([fixed, grid])
    middle = flat[:, 0] < 1e-9
    n = len(flat)
    mirror = np.arange(n)
    mirror[~middle] = n + np.arange(int((~middle).sum()))
    tris = triangulate(np.vstack([flat, flat[~middle] * [-1.0, 1.0]]))
    tris = tris[(tris < n).all(1)]
    inside_e = (tris < len(loop_e)).all(1)
    inside_m = ((tris >= len(loop_e)) & (tris < len(fixed))).all(1)
    tris = tris[~(inside_e | inside_m)]
    points = s.skin(_lift(grid))
    points[grid[:, 0] < 1e-9, 0] = 0.0
    above = (points[:, 1] > s.lip_line(points[:, 0])).astype(float)
    new = half.add(points, skin_colour(points), np.stack([above, *([0 * above] * 4)], 1))
    index = np.array([*eye, *mouth, *new])
    half.faces += [(a, b, c) for a, b, c in index[tris].tolist()]


def _grid(eye: Array, mouth: Array, fixed: Array) -> Array:
    """Points to fill the half plane x ≥ 0: fine on the nose, coarse behind; none in or near the loops."""
    rows: list[tuple[float, float]] = []
    limit = 2.9

    def spacing(x: float, y: float) -> float:
        near = np.hypot(x / 0.3, (y + 0.1) / 0.5)
        return float(0.04 + 0.045 * step(0.6, 1.8, near) + 0.1 * step(1.1, 2.2, np.hypot(x, y)))

    taken = [(float(a), float(b)) for a, b in fixed]
    for fine in (0.04, 0.06, 0.085, 0.12, 0.18):
        count = int(limit / (fine * 0.866))
        for j in range(-count, count + 1):
            y = j * fine * 0.866
            for i in range(int(limit / fine) + 1):
                x = i * fine + (fine / 2 if j % 2 else 0.0)
                if j % 2 and i == 0:  # odd rows begin on the midline as well, and skip what is too near it
                    x = 0.0
                want = spacing(x, y)
                if not (fine <= want * 1.2 and fine > want / 1.6) or np.hypot(x, y) > limit:
                    continue
                if 0 < x < 0.55 * want:
                    continue
                rows.append((x, y))
    out: list[tuple[float, float]] = []
    placed = np.array(taken)
    for x, y in rows:
        want = spacing(x, y)
        if _inside(eye, x, y) or _inside(mouth, x, y):
            continue
        if ((placed - (x, y)) ** 2).sum(1).min() < (0.72 * want) ** 2:
            continue
        out.append((x, y))
        placed = np.vstack([placed, [(x, y)]])
    return np.array(out)


def _inside(loop: Array, x: float, y: float) -> bool:
    """Whether a point lies in a closed polygon (crossing count)."""
    a, b = loop, np.roll(loop, -1, axis=0)
    crosses = (a[:, 1] > y) != (b[:, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return bool((crosses & (x < at)).sum() % 2)


def _mirrored(half: _Half) -> Skin:
    points, colours = np.vstack(half.points), np.vstack(half.colours)
    extra = np.vstack(half.extra)
    faces = np.array(half.faces)
    n = len(points)
    middle = np.abs(points[:, 0]) < 1e-9
    other = np.arange(n)
    other[~middle] = n + np.arange(int((~middle).sum()))
    points = np.vstack([points, points[~middle] * [-1, 1, 1]])
    colours = np.vstack([colours, colours[~middle]])
    extra = np.vstack([extra, extra[~middle]])
    faces = np.vstack([faces, other[faces][:, ::-1]])
    return Skin(points, colours, faces, *extra.T)
