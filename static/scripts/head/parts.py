"""What sits in and on the face: eyeballs, brows, lashes, teeth, tongue, ears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from head import surface as s
from head.maths import Array, Faces, bump, linear, mixed, step, strip

WHITE, LIMBUS, IRIS, IRIS_IN = linear(250, 248, 244), linear(38, 66, 74), linear(74, 138, 140), linear(150, 196, 170)
PUPIL, TOOTH, GUM, TONGUE = linear(10, 10, 14), linear(250, 246, 236), linear(190, 84, 90), linear(214, 96, 100)
BROW, LASH = linear(74, 46, 36), linear(34, 22, 20)
EAR_IN = linear(214, 136, 108)


@dataclass
class Part:
    """A piece of mesh, with how it follows the jaw (0 stays, 1 goes along)."""

    points: Array
    colours: Array
    faces: Faces
    jaw: float = 0.0


def merge(parts: list[Part]) -> Part:
    """Several pieces as one."""
    offsets = np.cumsum([0, *(len(p.points) for p in parts)])
    return Part(
        np.vstack([p.points for p in parts]),
        np.vstack([p.colours for p in parts]),
        np.vstack([p.faces + o for p, o in zip(parts, offsets, strict=False)]),
    )


def mirrored(part: Part) -> Part:
    """The same on the other side."""
    return Part(part.points * [-1, 1, 1], part.colours.copy(), part.faces[:, ::-1].copy(), part.jaw)


def sheet(points: Array, colours: Array, around: bool = False, jaw: float = 0.0) -> Part:
    """A grid (rows, columns, 3) as a mesh; `around` closes the columns."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    faces: list[tuple[int, int, int]] = []
    for a, b in zip(index, index[1:], strict=False):
        faces += strip(a.tolist(), b.tolist(), around)
    flat = points.reshape(-1, 3)
    return Part(flat, np.broadcast_to(colours, points.shape).reshape(-1, 3).copy(), np.array(faces), jaw)


def ball(centre: Array, radii: Array, colour: Array, rows: int, columns: int, jaw: float = 0.0) -> Part:
    """An ellipsoid with its poles on the z axis."""
    v = np.linspace(0.02, np.pi - 0.02, rows)[:, None]
    u = np.arange(columns)[None, :] / columns * 2 * np.pi
    d = np.stack([np.sin(v) * np.cos(u), np.sin(v) * np.sin(u), np.cos(v) * np.ones_like(u)], -1)
    return sheet(centre + d * radii, colour, True, jaw)


def eyeball() -> Part:
    """An eyeball around its own centre, looking along +Z: sclera, limbus, iris, pupil and a catch light."""
    angles = np.radians([0.2, 6, 11.9, 12.3, 17, 22, 27.5, 29.0, 31.5, 33.0, 40, 55, 75, 100, 140, 179])
    rings = [PUPIL, PUPIL, PUPIL, IRIS_IN, IRIS_IN * 0.5 + IRIS * 0.5, IRIS, IRIS * 0.75, LIMBUS, LIMBUS]
    rings += [WHITE] * (len(angles) - len(rings))
    colours = np.array(rings)[:, None, :] * np.ones((1, 48, 1))
    u = np.arange(48) / 48 * 2 * np.pi
    # Rays in the iris, and shade from the upper lid on it.
    rays = 1 + 0.16 * np.cos(12 * u)[None, :, None] * np.isin(np.arange(len(angles)), (4, 5))[:, None, None]
    shade = 1 - 0.35 * step(-0.1, 1.0, np.sin(u))[None, :, None] * (np.arange(len(angles)) < 9)[:, None, None]
    colours = np.clip(colours * rays * shade, 0, 1)
    sin, cos = np.sin(angles)[:, None], np.cos(angles)[:, None]
    bulge = 1 + 0.02 * step(np.radians(33), 0.0, angles)[:, None]
    d = np.stack([sin * np.cos(u), sin * np.sin(u), cos * np.ones_like(u)], -1)
    eye = sheet(d * s.EYE_R * bulge[..., None], colours, True)
    glints = []
    for x, y, size in ((0.052, 0.072, 0.028), (-0.05, -0.05, 0.013)):
        z = np.sqrt((s.EYE_R * 1.03) ** 2 - x * x - y * y)
        n = np.array([x, y, z]) / np.linalg.norm([x, y, z])
        side = np.cross([0.0, 1.0, 0.0], n)
        side /= np.linalg.norm(side)
        up = np.cross(n, side)
        rim = [n * s.EYE_R * 1.026 + size * (side * np.cos(a) + up * np.sin(a)) for a in np.arange(16) / 8 * np.pi]
        points = np.vstack([[n * s.EYE_R * 1.034], rim])
        faces = np.array([(0, 1 + i, 1 + (i + 1) % 16) for i in range(16)])
        glints.append(Part(points, np.ones_like(points), faces))
    return merge([eye, *glints])


def brow() -> Part:
    """The own left eyebrow: a soft band along the ridge."""
    u = np.linspace(0, 1, 22)
    x = 0.125 + 0.46 * u
    y = 0.345 + 0.095 * np.sin(np.pi * (0.12 + 0.72 * u)) - 0.05 * u
    half = 0.047 * (0.12 + 0.88 * step(-0.04, 0.16, u)) * (1 - 0.82 * u**2.2)
    v = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    px = x[:, None] + 0 * v[None, :]
    py = y[:, None] + half[:, None] * np.sin(v)[None, :]
    thick = 0.022 * (np.abs(half) / 0.047) ** 0.5
    pz = s.face_z(px, py) + 0.004 + thick[:, None] * np.cos(v)[None, :]
    band = sheet(np.stack([px, py, pz], -1), BROW, True)
    ends = []
    for row, turn in ((0, 1), (len(u) - 1, -1)):
        ids = list(range(row * 10, row * 10 + 10))[::turn]
        ends += [(ids[0], ids[i], ids[i + 1]) for i in range(1, 9)]
    band.faces = np.vstack([band.faces, ends])
    return band


def lashes(edge: Array) -> Part:
    """Upper lashes of the own left eye: a dark band that flares from the lid's edge (n, 3), inner to outer."""
    out = np.linspace(0, 1, len(edge))
    length = 0.014 + 0.036 * out**1.5
    tip = edge + np.stack([0.55 * length * out, 0.35 * length, 0.62 * length], 1)
    under = edge + [0.0, -0.004, 0.006]
    points = np.stack([edge + [0, 0.006, -0.004], tip, under], 0)
    return sheet(points, LASH)


def teeth() -> tuple[Part, Part]:
    """Upper and lower rows, each an arch with a light scallop, and gums."""
    parts = []
    z0 = float(s.face_z(np.array([0.0]), np.array([s.MOUTH_Y]))[0])
    angle = np.radians(np.linspace(-80, 80, 97))
    for up in (True, False):
        wide, deep = (0.2, 0.22) if up else (0.18, 0.2)
        x = wide * np.sin(angle)
        z = z0 - 0.075 - (0.0 if up else 0.03) - deep * (1 - np.cos(angle))
        groove = 0.012 * np.abs(np.cos(angle * 6.5)) ** 0.35
        end = s.MOUTH_Y - 0.05 if up else s.MOUTH_Y - 0.062
        sign = 1.0 if up else -1.0
        tip = end + sign * 0.012 * (1 - np.abs(np.cos(angle * 6.5)) ** 0.4)
        rows = []
        for height, out, tint in (
            (0.0, -0.05, 0),
            (0.0, -0.008, 0),
            (0.025, 0.0, 0),
            (0.075, 0.0, 0),
            (0.085, 0.004, 1),
            (0.13 if up else 0.11, -0.03, 1),
        ):
            y = tip + sign * height
            push = out + groove * (tint == 0) * (out > -0.02)
            colour = np.broadcast_to(GUM if tint else TOOTH, (len(x), 3)) * (
                1 - 0.12 * (groove < 0.008)[:, None] * (1 - tint)
            )
            back = 1 - 0.35 * step(20, 80, np.degrees(np.abs(angle)))[:, None]
            rows.append((np.stack([x + push * np.sin(angle), y, z + push * np.cos(angle)], 1), colour * back))
        points, colours = np.stack([r[0] for r in rows]), np.stack([r[1] for r in rows])
        part = sheet(points, colours, jaw=0.0 if up else 1.0)
        if up:  # its rows run upwards
            part.faces = part.faces[:, ::-1].copy()
        parts.append(part)
    return parts[0], parts[1]


def tongue() -> Part:
    """The tongue at rest, behind the lower teeth."""
    z0 = float(s.face_z(np.array([0.0]), np.array([s.MOUTH_Y]))[0])
    part = ball(np.array([0.0, s.MOUTH_Y - 0.105, z0 - 0.31]), np.array([0.13, 0.05, 0.2]), TONGUE, 14, 18, 1.0)
    p = part.points
    top = step(0.0, 0.04, p[:, 1] - (s.MOUTH_Y - 0.105))
    p[:, 1] -= 0.02 * np.exp(-((p[:, 0] / 0.03) ** 2)) * top
    part.colours = part.colours * (0.75 + 0.25 * step(z0 - 0.5, z0 - 0.15, p[:, 2]))[:, None]
    return part


def ear() -> Part:
    """The own left ear: a flattened dish with a rim."""
    rows, columns = 12, 28
    r = np.linspace(0, 1, rows)[:, None]
    u = np.arange(columns)[None, :] / columns * 2 * np.pi
    shape = 1 + 0.1 * np.sin(u)  # wider above than at the lobe
    across, up = 0.165 * r * np.cos(u) * shape, 0.25 * r * np.sin(u) * (1 + 0 * u)
    rim = 0.055 * np.exp(-(((r - 0.86) / 0.1) ** 2)) - 0.075 * step(0.92, 1.0, r)
    dish = -0.035 * np.exp(-((r / 0.45) ** 2)) + 0.018 * np.exp(-(((r - 0.5) / 0.12) ** 2)) * step(-0.4, 0.6, np.sin(u))
    out = rim + dish + 0 * u
    yaw = np.radians(50)  # the dish looks out and a little forward
    x = 0.83 + out * np.sin(yaw) - across * np.cos(yaw) * 0.8
    z = -0.09 + out * np.cos(yaw) + across * np.sin(yaw)
    y = 0.0 + up + 0.12 * across
    deep = np.exp(-((r / 0.55) ** 2)) * np.ones_like(u)
    skin = linear(238, 182, 148)
    dish_part = sheet(np.stack([x, y, z], -1), mixed(skin, EAR_IN, 0.85 * deep), True)
    back = ball(np.array([0.79, 0.0, -0.09]), np.array([0.07, 0.2, 0.12]), skin, 10, 20)
    dish_part.faces = dish_part.faces[:, ::-1].copy()
    return merge([dish_part, back])


def shade(colours: Array, points: Array) -> Array:
    """A little darker where the neck lies in the shade of the chin."""
    return np.asarray(colours * (1 - 0.25 * bump(points[:, 0], points[:, 1], 0, -1.12, 0.5, 0.14))[:, None])
