"""Arrays, soft steps and a triangulation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Faces = NDArray[np.int64]


def step(low: float, high: float, x: ArrayLike) -> Array:
    """0 at `low`, 1 at `high`, a soft way between; `low` may be the greater one."""
    t = np.clip((np.asarray(x, np.float64) - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))


def bump(x: ArrayLike, y: ArrayLike, cx: float, cy: float, sx: float, sy: float) -> Array:
    """A Gaussian hill of height 1 at (cx, cy)."""
    dx, dy = (np.asarray(x) - cx) / sx, (np.asarray(y) - cy) / sy
    return np.asarray(np.exp(-0.5 * (dx * dx + dy * dy)))


def soft_max(a: Array, b: Array, softness: float) -> Array:
    """The greater of the two, rounded over `softness`."""
    h = np.clip(0.5 + 0.5 * (a - b) / softness, 0.0, 1.0)
    return np.asarray(b + (a - b) * h + softness * h * (1 - h))


def linear(red: int, green: int, blue: int) -> Array:
    """An sRGB colour (0…255) as glTF's vertex colours want it: linear, 0…1."""
    c = np.array([red, green, blue]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def mixed(a: Array, b: Array, weight: Array) -> Array:
    """Colours from `a` to `b` by `weight` (n,)."""
    return np.asarray(a + (b - a) * np.asarray(weight)[..., None])


def triangulate(points: Array) -> Faces:
    """Delaunay triangulation of (n, 2) points (Bowyer and Watson, 1981), counter-clockwise."""
    n = len(points)
    # A whisper of displacement, the same each time, so that no four points share a circle.
    shake = np.random.default_rng(7).uniform(-1e-6, 1e-6, points.shape)
    pts = np.vstack([points + shake, [[-1e3, -1e3], [1e3, -1e3], [0.0, 1e3]]])
    tris = np.zeros((4 * n + 64, 3), np.int64)
    circles = np.zeros((len(tris), 3))
    alive = np.zeros(len(tris), bool)
    tris[0], circles[0], alive[0] = (n, n + 1, n + 2), (0.0, 0.0, np.inf), True
    used = 1
    for i in range(n):
        d = pts[i] - circles[:used, :2]
        bad = np.flatnonzero(alive[:used] & ((d * d).sum(1) < circles[:used, 2]))
        edges: dict[tuple[int, int], None] = {}
        for a, b, c in tris[bad].tolist():
            for edge in ((a, b), (b, c), (c, a)):
                if (edge[1], edge[0]) in edges:
                    del edges[edge[1], edge[0]]
                else:
                    edges[edge] = None
        alive[bad] = False
        free = bad.tolist()
        for a, b in edges:
            k = free.pop() if free else used
            used = max(used, k + 1)
            tris[k], circles[k], alive[k] = (a, b, i), _circle(pts[a], pts[b], pts[i]), True
    kept = tris[:used][alive[:used]]
    return np.asarray(kept[(kept < n).all(1)])


def _circle(a: Array, b: Array, c: Array) -> tuple[float, float, float]:
    """Centre and squared radius of the circle through three points."""
    bx, by, cx, cy = b[0] - a[0], b[1] - a[1], c[0] - a[0], c[1] - a[1]
    d = 2 * (bx * cy - by * cx)
    b2, c2 = bx * bx + by * by, cx * cx + cy * cy
    ux, uy = (cy * b2 - by * c2) / d, (bx * c2 - cx * b2) / d
    return a[0] + ux, a[1] + uy, ux * ux + uy * uy


def strip(inner: list[int], outer: list[int], closed: bool) -> list[tuple[int, int, int]]:
    """Two triangles for each step between two rows of vertices of equal length."""
    out = []
    n = len(inner)
    for i in range(n if closed else n - 1):
        j = (i + 1) % n
        out += [(inner[i], outer[i], outer[j]), (inner[i], outer[j], inner[j])]
    return out


def normals(points: Array, faces: Faces) -> Array:
    """Unit normals per vertex: means of the faces around it, weighted by angle."""
    total = np.zeros_like(points)
    corners = points[faces]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    face /= np.maximum(np.linalg.norm(face, axis=1, keepdims=True), 1e-12)
    for k in range(3):
        u, v = corners[:, (k + 1) % 3] - corners[:, k], corners[:, (k + 2) % 3] - corners[:, k]
        cosine = (u * v).sum(1) / np.maximum(np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1), 1e-12)
        np.add.at(total, faces[:, k], face * np.arccos(np.clip(cosine, -1, 1))[:, None])
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 1e-9, total / np.maximum(length, 1e-9), [0.0, 0.0, 1.0])
