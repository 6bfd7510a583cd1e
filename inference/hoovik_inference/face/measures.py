"""What a face's geometry is made of: named distances in the head's own frame."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.pose import Alignment
from hoovik_inference.types import Floats

_LEFT_GROUPS: dict[str, tuple[int, ...]] = {
    "lid_up": (386, 385, 387),
    "lid_low": (374, 380, 373),
    "eye_in": (362,),
    "eye_out": (263,),
    "brow_in": (336, 285, 296, 295),
    "brow_out": (300, 276, 293, 283),
    "brow_tip": (336, 285),
    "corner": (291, 308),
    "cheek": (425, 280, 411),
    "under": (346, 347, 348),
    "wing": (358, 327, 278),
    "crease": (437, 355, 420),
    "lip_up": (270, 269, 310, 311),
    "lip_low": (321, 405, 402, 318),
    "iris": (473,),
}
_RIGHT_GROUPS: dict[str, tuple[int, ...]] = {
    "lid_up": (159, 158, 160),
    "lid_low": (145, 153, 144),
    "eye_in": (133,),
    "eye_out": (33,),
    "brow_in": (107, 55, 66, 65),
    "brow_out": (70, 46, 63, 53),
    "brow_tip": (107, 55),
    "corner": (61, 78),
    "cheek": (205, 50, 187),
    "under": (117, 118, 119),
    "wing": (129, 98, 48),
    "crease": (217, 126, 198),
    "lip_up": (40, 39, 80, 81),
    "lip_low": (91, 181, 178, 88),
    "iris": (468,),
}
_MIDDLE_GROUPS: dict[str, tuple[int, ...]] = {
    "nose": (2, 97, 326),
    "bridge": (6,),
    "chin": (152, 148, 377),
    "dent": (18, 200),
    "top": (0, 37, 267),
    "bottom": (17, 84, 314),
    "in_top": (13, 82, 312),
    "in_bottom": (14, 87, 317),
}

SIDED: tuple[str, ...] = (
    "lid", "lid_low_y", "brow_in_y", "brow_out_y", "brow_tip_x", "corner_x", "corner_y", "corner_z",
    "cheek_y", "cheek_z", "under_y", "wing_y", "wing_x", "crease_y", "lip_up_y", "lip_low_y", "iris_x", "iris_y",
)  # fmt: skip
"""Measures of one half of the face. `lid`: opening of the eye by its width. `_y`: height, of the brow and lid
over the line of the eye's corners, of the rest over the nose's base. `_x`: distance from the middle line, `_z`:
towards the viewer. `iris_x`, `iris_y`: iris from the middle of the eye's corners by half its width, outward, up.
"""
MIDDLE: tuple[str, ...] = (
    "gap", "chin_y", "top_y", "bottom_y", "top_thick", "bottom_thick", "top_z", "bottom_z", "chin_z", "dent_y",
    "lips_x", "chin_x",
)  # fmt: skip
"""Measures of the middle: `gap` between the lips inside, heights over the nose's base, thickness of the red of
the lips, `_z` towards the viewer, `_x` to the own left."""

MEASURES: tuple[str, ...] = (
    *(f"{name}_left" for name in SIDED),
    *(f"{name}_right" for name in SIDED),
    *MIDDLE,
)
"""All measures, in the order of `measure`; in units of the neutral face (about cm) where not a ratio."""


_GROUPS = (*_LEFT_GROUPS.values(), *_RIGHT_GROUPS.values(), *_MIDDLE_GROUPS.values())
_INDICES = np.array([index for group in _GROUPS for index in group])
_STARTS = np.cumsum([0, *(len(group) for group in _GROUPS[:-1])])
_SHARES = 1.0 / np.array([[len(group)] for group in _GROUPS])
_N = len(_LEFT_GROUPS)

_Point = list[float]


def measure(points: Floats) -> Floats:
    """(len(MEASURES),) measures of (478, 3) landmarks in the neutral face's frame (see `pose.align`).

    Raises:
        ValueError: Another shape than (478, 3): the irises are needed.
    """
    return _measures(_means(points))


def measure_aligned(alignment: Alignment) -> Floats:
    """As `measure` of the alignment's points, of which only the groups' means are laid over the neutral face.

    Raises:
        ValueError: Another shape than (478, 3): the irises are needed.
    """
    return _measures(_means(alignment.landmarks) @ alignment.axes + alignment.offset)


def _means(points: Floats) -> NDArray[np.float64]:
    if points.shape != (478, 3):
        raise ValueError(f"points are {points.shape}; expected (478, 3): turn refined landmarks on")
    means: NDArray[np.float64] = np.add.reduceat(points.take(_INDICES, axis=0), _STARTS, axis=0, dtype=np.float64)
    means *= _SHARES
    return means


def _measures(means: NDArray[np.float64]) -> Floats:
    # Python's floats from here on: an operation on a scalar of numpy's costs ten times as much.
    groups: list[_Point] = means.tolist()
    middle = groups[2 * _N :]
    nose = middle[0]
    return np.array(
        [*_half(groups[:_N], 1.0, nose), *_half(groups[_N : 2 * _N], -1.0, nose), *_middle(middle)], np.float32
    )


def _half(at: list[_Point], out: float, nose: _Point) -> tuple[float, ...]:
    """The measures named in SIDED, of points in the order of _LEFT_GROUPS."""
    up, low, inner, outer, brow_in, brow_out, tip, corner, cheek, under, wing, crease, lip_up, lip_low, iris = at
    width = math.hypot(outer[0] - inner[0], outer[1] - inner[1]) or 1.0
    eye_x, eye_y = (inner[0] + outer[0]) / 2, (inner[1] + outer[1]) / 2
    base = nose[1]
    opening = up[1] - low[1]
    return (
        math.copysign(math.hypot(opening, up[2] - low[2]), opening) / width,
        low[1] - eye_y,
        brow_in[1] - eye_y,
        brow_out[1] - eye_y,
        tip[0] * out,
        corner[0] * out,
        corner[1] - base,
        corner[2],
        cheek[1] - base,
        cheek[2],
        under[1] - base,
        wing[1] - eye_y,
        wing[0] * out,
        crease[1] - eye_y,
        lip_up[1] - base,
        lip_low[1] - base,
        (iris[0] - eye_x) * out * 2 / width,
        (iris[1] - eye_y) * 2 / width,
    )


def _middle(at: list[_Point]) -> tuple[float, ...]:
    """The measures named in MIDDLE, of points in the order of _MIDDLE_GROUPS."""
    nose, _, chin, dent, top, bottom, in_top, in_bottom = at
    x, y, z = nose
    return (
        in_top[1] - in_bottom[1],
        chin[1] - y,
        top[1] - y,
        bottom[1] - y,
        top[1] - in_top[1],
        in_bottom[1] - bottom[1],
        top[2] - z,
        bottom[2] - z,
        chin[2] - z,
        dent[1] - chin[1],
        (in_top[0] + in_bottom[0]) / 2 - x,
        chin[0] - x,
    )
