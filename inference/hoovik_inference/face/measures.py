"""What a face's geometry is made of: named distances in the head's own frame."""

from __future__ import annotations

import numpy as np

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


def _averager(groups: dict[str, tuple[int, ...]]) -> Floats:
    table = np.zeros((len(groups), 478), np.float32)
    for row, indices in enumerate(groups.values()):
        table[row, list(indices)] = 1.0 / len(indices)
    return table


_AVERAGE = np.concatenate([_averager(_LEFT_GROUPS), _averager(_RIGHT_GROUPS), _averager(_MIDDLE_GROUPS)])
_SIDE = {name: row for row, name in enumerate(_LEFT_GROUPS)}
_MID = {name: row for row, name in enumerate(_MIDDLE_GROUPS)}


def measure(points: Floats) -> Floats:
    """(len(MEASURES),) measures of (478, 3) landmarks in the neutral face's frame (see `pose.align`).

    Raises:
        ValueError: Another shape than (478, 3): the irises are needed.
    """
    if points.shape != (478, 3):
        raise ValueError(f"points are {points.shape}; expected (478, 3): turn refined landmarks on")
    groups = _AVERAGE @ points
    n = len(_SIDE)
    middle = groups[2 * n :]
    nose = middle[_MID["nose"]]
    return np.concatenate([_half(groups[:n], 1.0, nose), _half(groups[n : 2 * n], -1.0, nose), _middle(middle, nose)])


def _half(at: Floats, out: float, nose: Floats) -> Floats:
    g = _SIDE
    inner, outer, iris = at[g["eye_in"]], at[g["eye_out"]], at[g["iris"]]
    across = outer - inner
    width = float(np.hypot(across[0], across[1])) or 1.0
    eye = (inner + outer) / 2
    up, low, corner, wing = at[g["lid_up"]], at[g["lid_low"]], at[g["corner"]], at[g["wing"]]
    opening = up - low
    return np.array(
        [
            float(np.copysign(np.hypot(opening[1], opening[2]), opening[1])) / width,
            low[1] - eye[1],
            at[g["brow_in"]][1] - eye[1],
            at[g["brow_out"]][1] - eye[1],
            at[g["brow_tip"]][0] * out,
            corner[0] * out,
            corner[1] - nose[1],
            corner[2],
            at[g["cheek"]][1] - nose[1],
            at[g["cheek"]][2],
            at[g["under"]][1] - nose[1],
            wing[1] - eye[1],
            wing[0] * out,
            at[g["crease"]][1] - eye[1],
            at[g["lip_up"]][1] - nose[1],
            at[g["lip_low"]][1] - nose[1],
            (iris[0] - eye[0]) * out * 2 / width,
            (iris[1] - eye[1]) * 2 / width,
        ],
        np.float32,
    )


def _middle(at: Floats, nose: Floats) -> Floats:
    g = _MID
    top, bottom, chin = at[g["top"]], at[g["bottom"]], at[g["chin"]]
    in_top, in_bottom = at[g["in_top"]], at[g["in_bottom"]]
    return np.array(
        [
            in_top[1] - in_bottom[1],
            chin[1] - nose[1],
            top[1] - nose[1],
            bottom[1] - nose[1],
            top[1] - in_top[1],
            in_bottom[1] - bottom[1],
            top[2] - nose[2],
            bottom[2] - nose[2],
            chin[2] - nose[2],
            at[g["dent"]][1] - chin[1],
            (in_top[0] + in_bottom[0]) / 2 - nose[0],
            chin[0] - nose[0],
        ],
        np.float32,
    )
