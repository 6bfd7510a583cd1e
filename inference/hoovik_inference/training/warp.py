"""A face with known truth: one photo, warped along its own landmarks to smile, speak, frown and turn.

The landmarks are laid into the head's own frame (`face.pose.align`), moved there in three dimensions
(`training.moves`), and projected back; the picture follows them triangle by triangle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.pose import align
from hoovik_inference.training.moves import LOWER_IN, UPPER_IN, Points, Truth, moved, resting_mouth
from hoovik_inference.types import Floats, Image

TURN_DEG = 20.0
"Yaw that `turn=1` adds: much further, and the far cheek would have to be invented."

SEAM = 0.6
"How dark the line between closed lips is; it also hides what is left of the teeth."

_INSIDE = (78, *UPPER_IN, 308, *reversed(LOWER_IN))
_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148,
         176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
_DARK = (44, 16, 18)
"Colour of an open mouth's inside."


def warp_face(
    image: Image,
    landmarks: Floats,
    *,
    smile: float = 0.0,
    jaw: float = 0.0,
    brows: float = 0.0,
    turn: float = 0.0,
    aside: float = 0.0,
    wide: float = 0.0,
    sneer: float = 0.0,
    lower: float = 0.0,
    frown: float = 0.0,
    cheeks: float = 0.0,
    puff: float = 0.0,
) -> Image:
    """The photo with another expression, on both sides of the face alike; `express` takes one for each side.

    The mouth starts from a closed, resting one, whatever the photo shows: `smile=0` is no smile, even on a photo that
    smiles. Brows, lids, nose and cheeks start from the photo's own.

    Args:
        image: (H, W, 3) RGB uint8, with one face, best seen from the front.
        landmarks: (478, 3) of that face, normalised, as `FaceMesh` finds them.
        smile: 0…1; corners of the mouth out and up, cheeks up. 0 is a resting mouth.
        jaw: 0…1; how far the mouth is open. 0 is closed lips.
        brows: 0…1; how far the brows are raised above the photo's own.
        turn: -1…1; yaw added to the photo's own, 1 is 20° to the participant's own left.
        aside: -1…1; lips to the participant's own left.
        wide: 0…1; lids opened further than the photo's own.
        sneer: 0…1; nose wrinkled.
        lower: 0…1; brows down and together.
        frown: 0…1; corners of the mouth down.
        cheeks: 0…1; cheeks and lower lids raised.
        puff: 0…1; cheeks blown out.

    Raises:
        ValueError: A value outside its range, or landmarks that are none.
    """
    truth = Truth(
        smile, jaw, brows, turn, aside,
        (wide, wide), (sneer, sneer), (lower, lower), (frown, frown), (cheeks, cheeks), (puff, puff),
    )  # fmt: skip
    return express(image, landmarks, truth)


def express(image: Image, landmarks: Floats, truth: Truth, *, rest: bool = True) -> Image:
    """As `warp_face`; without `rest` the photo's own mouth is moved from what it shows, and nothing is painted.

    Raises:
        ValueError: Landmarks that are none.
    """
    height, width = image.shape[:2]
    alignment = align(landmarks, width, height)
    shown = alignment.points[:468].astype(np.float64)
    posed = moved(resting_mouth(shown) if rest else shown, truth)
    seen = landmarks[:468].astype(np.float64) * (width, -height, -width)
    centre = seen.mean(axis=0) - alignment.rotation @ shown.mean(axis=0) * alignment.scale
    # The neck turns the head about an axis behind the face: that is where x and z are 0.
    rotation = alignment.rotation @ _about_y(np.radians(truth.turn * TURN_DEG))
    target = posed @ rotation.T * alignment.scale + centre
    around = _surroundings(seen[:, :2], width, height)
    source = np.concatenate([seen[:, :2], around]) * (1, -1)
    out = _follow(image, source, np.concatenate([target[:, :2], around]) * (1, -1), target[:, 2])
    if rest:
        _paint_inside(out, target[list(_INSIDE), :2] * (1, -1), alignment.scale)
    return out


def clip(image: Image, landmarks: Floats, truth: Sequence[Mapping[str, float]]) -> Iterator[Image]:
    """One frame per entry of `truth`, each the keyword arguments of `warp_face`."""
    for wanted in truth:
        yield warp_face(image, landmarks, **wanted)


def _about_y(angle: float) -> Points:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _surroundings(face: Points, width: int, height: int) -> Points:
    """Points that stay where they are: a ring around the (468, 2) of the face, then the picture's border."""
    oval = face[list(_OVAL)]
    middle = oval.mean(axis=0)
    ring = middle + (oval - middle) * 1.45
    x, y = np.meshgrid([0.0, width / 2, width - 1.0], [0.0, height / 2, height - 1.0])
    border = np.stack([x.ravel(), -y.ravel()], axis=1)[[0, 1, 2, 3, 5, 6, 7, 8]]
    return np.concatenate([ring, border])


def _follow(image: Image, source: Points, target: Points, depth: Points) -> Image:
    """Each triangle of the source, laid where its corners went; nearer ones over farther ones."""
    height, width = image.shape[:2]
    triangles = _triangles(source, width, height)
    z = np.full(len(source), depth.min() - 1e3)
    z[: len(depth)] = depth
    triangles = triangles[np.argsort(z[triangles].mean(axis=1))]
    corners = np.concatenate([target[triangles], np.ones((len(triangles), 3, 1))], axis=2)
    area = np.linalg.det(corners)
    flat = np.abs(area) < 1e-3
    corners[flat] = np.eye(3)
    # Rows: pixel (x, y, 1) of the target to (x, y) of the source.
    back = np.linalg.solve(corners, source[triangles])
    which = np.full((height, width), -1.0, np.float32)
    for index, triangle in enumerate(triangles):
        if not flat[index]:
            cv2.fillConvexPoly(which, np.round(target[triangle] * 16).astype(np.int32), (float(index),), shift=4)
    at = which.astype(np.int64)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    table = back[np.maximum(at, 0)]
    from_x = np.where(at >= 0, table[..., 0, 0] * x + table[..., 1, 0] * y + table[..., 2, 0], x)
    from_y = np.where(at >= 0, table[..., 0, 1] * x + table[..., 1, 1] * y + table[..., 2, 1], y)
    maps = (from_x.astype(np.float32), from_y.astype(np.float32))
    out = cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def _triangles(points: Points, width: int, height: int) -> NDArray[np.int64]:
    """(m, 3) indices of a Delaunay triangulation of (n, 2) points."""
    room = float(max(width, height))
    plane = cv2.Subdiv2D((-int(2 * room), -int(2 * room), int(5 * room), int(5 * room)))
    numbers: dict[int, int] = {}
    for index, (x, y) in enumerate(points):
        numbers.setdefault(plane.insert((float(x), float(y))), index)
    corners = np.asarray(plane.getTriangleList(), np.float32).reshape(-1, 3, 2)
    keys = {(float(np.float32(points[i][0])), float(np.float32(points[i][1]))): i for i in numbers.values()}
    found = [[keys.get((float(x), float(y)), -1) for x, y in corner] for corner in corners]
    table = np.array(found, np.int64)
    whole: NDArray[np.int64] = table[(table >= 0).all(axis=1)]
    return whole


def _paint_inside(image: Image, outline: Points, scale: float) -> None:
    """The inside of the mouth, dark, with a soft edge; of a closed one the line where the lips meet."""
    mask = np.zeros(image.shape[:2], np.float32)
    points = [np.round(outline * 16).astype(np.int32)]
    cv2.fillPoly(mask, points, (1.0,), cv2.LINE_8, 4)
    cv2.polylines(mask, points, True, (SEAM,), max(1, round(0.1 * scale)), cv2.LINE_8, 4)
    soft = max(0.5, 0.05 * scale)
    share = np.asarray(cv2.GaussianBlur(mask, (0, 0), soft))[..., None]
    image[:] = np.round(image * (1.0 - share) + np.array(_DARK, np.float32) * share).astype(np.uint8)
