"""A face with known truth: one photo, warped along its own landmarks to smile, speak, frown and turn.

The landmarks are laid into the head's own frame (`face.pose.align`), moved there in three dimensions, and
projected back; the picture follows them triangle by triangle. The mouth starts from a closed, resting one,
whatever the photo shows: `smile=0` is no smile, even on a photo that smiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.blendshape_table import NEUTRAL_MEASURES
from hoovik_inference.face.pose import align
from hoovik_inference.types import Floats, Image

TURN_DEG = 20.0
"Yaw that `turn=1` adds: much further, and the far cheek would have to be invented."

OPEN_CM = 3.2
"How far `jaw=1` opens the mouth; beyond it the stretched chin of a photo is no chin any more."

SEAM = 0.6
"How dark the line between closed lips is; it also hides what is left of the teeth."

_Points = NDArray[np.float64]

_UPPER_OUT = (185, 40, 39, 37, 0, 267, 269, 270, 409)
_UPPER_IN = (191, 80, 81, 82, 13, 312, 311, 310, 415)
_LOWER_OUT = (146, 91, 181, 84, 17, 314, 405, 321, 375)
_LOWER_IN = (95, 88, 178, 87, 14, 317, 402, 318, 324)
"Lips from the participant's right to the left; the four lists run side by side."
_CORNERS_RIGHT = (61, 78, 76, 62)
_CORNERS_LEFT = (291, 308, 306, 292)
_INSIDE = (78, *_UPPER_IN, 308, *reversed(_LOWER_IN))
_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148,
         176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
_BROWS = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285)
_EYES = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 263, 249, 390, 373, 374,
         380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)  # fmt: skip
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
) -> Image:
    """The photo with another expression.

    Args:
        image: (H, W, 3) RGB uint8, with one face, best seen from the front.
        landmarks: (478, 3) of that face, normalised, as `FaceMesh` finds them.
        smile: 0…1; corners of the mouth out and up, cheeks up. 0 is a resting mouth.
        jaw: 0…1; how far the mouth is open. 0 is closed lips.
        brows: 0…1; how far the brows are raised above the photo's own.
        turn: -1…1; yaw added to the photo's own, 1 is 20° to the participant's own left.

    Raises:
        ValueError: A value outside its range, or landmarks that are none.
    """
    for name, value, least in (("smile", smile, 0), ("jaw", jaw, 0), ("brows", brows, 0), ("turn", turn, -1)):
        if not least <= value <= 1:
            raise ValueError(f"{name} is {value}; expected {least}…1")
    height, width = image.shape[:2]
    alignment = align(landmarks, width, height)
    rest = alignment.points[:468].astype(np.float64)
    moved = _resting_mouth(rest)
    moved = _express(moved, smile, jaw, brows)
    seen = landmarks[:468].astype(np.float64) * (width, -height, -width)
    centre = seen.mean(axis=0) - alignment.rotation @ rest.mean(axis=0) * alignment.scale
    # The neck turns the head about an axis behind the face: that is where x and z are 0.
    rotation = alignment.rotation @ _about_y(np.radians(turn * TURN_DEG))
    target = moved @ rotation.T * alignment.scale + centre
    around = _surroundings(seen[:, :2], width, height)
    source = np.concatenate([seen[:, :2], around]) * (1, -1)
    out = _follow(image, source, np.concatenate([target[:, :2], around]) * (1, -1), target[:, 2])
    _paint_inside(out, target[list(_INSIDE), :2] * (1, -1), alignment.scale)
    return out


def clip(image: Image, landmarks: Floats, truth: Sequence[Mapping[str, float]]) -> Iterator[Image]:
    """One frame per entry of `truth`, each the keyword arguments of `warp_face`."""
    for wanted in truth:
        yield warp_face(image, landmarks, **wanted)


def _resting_mouth(points: _Points) -> _Points:
    """Lips closed and corners where a resting face has them."""
    out = points.copy()
    upper, lower = list(_UPPER_IN), list(_LOWER_IN)
    gap = np.maximum(out[upper, 1] - out[lower, 1], 0.0)
    for inner, outer, share in ((_UPPER_IN, _UPPER_OUT, -0.35), (_LOWER_IN, _LOWER_OUT, 0.65)):
        for row in (inner, outer):
            out[list(row), 1] += gap * share
    # Below the lower lip the skin follows, ever less towards the chin.
    chin, lip = float(out[152, 1]), float(out[17, 1])
    lips = {*_UPPER_IN, *_UPPER_OUT, *_LOWER_IN, *_LOWER_OUT, *_CORNERS_LEFT, *_CORNERS_RIGHT}
    below = [i for i in range(468) if i not in lips and out[i, 1] < lip and abs(out[i, 0]) < 3.0]
    out[below, 1] += gap[4] * 0.65 * np.clip((out[below, 1] - chin) / max(lip - chin, 0.5), 0.0, 1.0)
    nose = float(out[[2, 97, 326], 1].mean())
    for corners, sign in ((_CORNERS_LEFT, 1.0), (_CORNERS_RIGHT, -1.0)):
        now = out[list(corners)].mean(axis=0)
        wanted = np.array(
            [
                sign * NEUTRAL_MEASURES["corner_x"] * 0.97,
                nose + NEUTRAL_MEASURES["corner_y"] - 0.1,
                NEUTRAL_MEASURES["corner_z"],
            ]
        )
        out = _pull(out, sign, now, wanted - now)
    return out


def _express(points: _Points, smile: float, jaw: float, brows: float) -> _Points:
    out = points.copy()
    if smile:
        for corners, sign in ((_CORNERS_LEFT, 1.0), (_CORNERS_RIGHT, -1.0)):
            at = out[list(corners)].mean(axis=0)
            out = _pull(out, sign, at, np.array([sign * 0.75, 0.85, -0.45]) * smile)
            out = _push(out, np.array([sign * 4.2, -0.8, 3.4]), np.array([sign * 0.1, 0.3, 0.15]) * smile, 1.3)
        lips = [*_UPPER_IN, *_UPPER_OUT]
        out[lips, 1] += 0.15 * smile
    if jaw:
        out = _open(out, jaw)
    if brows:
        line = float(out[list(_BROWS), 1].mean())
        weight = np.exp(-0.5 * ((out[:, 1] - line - 0.3) / 1.1) ** 2)
        weight[list(_BROWS)] = 1.0
        weight[list(_EYES)] = 0.0
        weight[out[:, 1] < line - 1.2] = 0.0
        out[:, 1] += 0.75 * brows * weight
    return out


def _open(points: _Points, jaw: float) -> _Points:
    """The jaw turns about its joints: the chin goes down and a little back, the lower lip with it."""
    out = points.copy()
    mouth = float((out[13, 1] + out[14, 1]) / 2)
    half = max(float(abs(out[61, 0])), float(abs(out[291, 0])))
    weight = np.clip((mouth + 0.6 - out[:, 1]) / 2.2, 0.0, 1.0)
    weight = weight * weight * (3 - 2 * weight)
    across = np.clip(np.abs(out[:, 0]) / half, 0.0, 1.0)
    weight[[*_UPPER_IN, *_UPPER_OUT]] = 0.0
    lower = [*_LOWER_IN, *_LOWER_OUT]
    weight[lower] = 0.3 + 0.7 * np.sqrt(1.0 - across[lower] ** 2)
    weight[[*_CORNERS_LEFT, *_CORNERS_RIGHT]] = 0.3
    out[:, 1] -= OPEN_CM * jaw * weight
    out[:, 2] -= 0.4 * jaw * weight
    for corners, sign in ((_CORNERS_LEFT, 1.0), (_CORNERS_RIGHT, -1.0)):
        out = _pull(out, sign, out[list(corners)].mean(axis=0), np.array([-sign * 0.3, 0.0, 0.0]) * jaw)
    return out


def _pull(points: _Points, sign: float, at: _Points, by: _Points) -> _Points:
    """Move a corner of the mouth: lips follow by their nearness to it, the cheek around it softly."""
    out = points.copy()
    lips = [*_UPPER_IN, *_UPPER_OUT, *_LOWER_IN, *_LOWER_OUT]
    apart = np.linalg.norm((points - at)[:, :2], axis=1)
    weight = np.exp(-0.5 * (apart / 1.5) ** 2)
    along = np.clip(points[:, 0] * sign / max(float(abs(at[0])), 0.1), 0.0, 1.0)
    weight[lips] = along[lips] ** 1.3
    weight[list(_CORNERS_LEFT if sign > 0 else _CORNERS_RIGHT)] = 1.0
    weight[list(_CORNERS_RIGHT if sign > 0 else _CORNERS_LEFT)] = 0.0
    weight[list(_EYES)] = 0.0
    out += weight[:, None] * by
    return out


def _push(points: _Points, at: _Points, by: _Points, reach: float) -> _Points:
    weight = np.exp(-0.5 * (np.linalg.norm(points - at, axis=1) / reach) ** 2)
    out: _Points = points + weight[:, None] * by
    return out


def _about_y(angle: float) -> _Points:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _surroundings(face: _Points, width: int, height: int) -> _Points:
    """Points that stay where they are: a ring around the (468, 2) of the face, then the picture's border."""
    oval = face[list(_OVAL)]
    middle = oval.mean(axis=0)
    ring = middle + (oval - middle) * 1.45
    x, y = np.meshgrid([0.0, width / 2, width - 1.0], [0.0, height / 2, height - 1.0])
    border = np.stack([x.ravel(), -y.ravel()], axis=1)[[0, 1, 2, 3, 5, 6, 7, 8]]
    return np.concatenate([ring, border])


def _follow(image: Image, source: _Points, target: _Points, depth: _Points) -> Image:
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


def _triangles(points: _Points, width: int, height: int) -> NDArray[np.int64]:
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


def _paint_inside(image: Image, outline: _Points, scale: float) -> None:
    """The inside of the mouth, dark, with a soft edge; of a closed one the line where the lips meet."""
    mask = np.zeros(image.shape[:2], np.float32)
    points = [np.round(outline * 16).astype(np.int32)]
    cv2.fillPoly(mask, points, (1.0,), cv2.LINE_8, 4)
    cv2.polylines(mask, points, True, (SEAM,), max(1, round(0.1 * scale)), cv2.LINE_8, 4)
    soft = max(0.5, 0.05 * scale)
    share = np.asarray(cv2.GaussianBlur(mask, (0, 0), soft))[..., None]
    image[:] = np.round(image * (1.0 - share) + np.array(_DARK, np.float32) * share).astype(np.uint8)
