"""How the points of a face move when it does something known: in the head's own frame, in about centimetres."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.neutral import NEUTRAL_MEASURES

OPEN_CM = 3.2
"How far `jaw=1` opens the mouth; beyond it the stretched chin of a photo is no chin any more."

Points = NDArray[np.float64]
Sides = tuple[float, float]
"0…1 on the participant's left, and on their right."

UPPER_OUT = (185, 40, 39, 37, 0, 267, 269, 270, 409)
UPPER_IN = (191, 80, 81, 82, 13, 312, 311, 310, 415)
LOWER_OUT = (146, 91, 181, 84, 17, 314, 405, 321, 375)
LOWER_IN = (95, 88, 178, 87, 14, 317, 402, 318, 324)
"Lips from the participant's right to the left; the four lists run side by side."
CORNERS_RIGHT = (61, 78, 76, 62)
CORNERS_LEFT = (291, 308, 306, 292)
_BROWS_RIGHT = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55)
_BROWS_LEFT = (300, 293, 334, 296, 336, 276, 283, 282, 295, 285)
_BROWS = (*_BROWS_RIGHT, *_BROWS_LEFT)
_EYES = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 263, 249, 390, 373, 374,
         380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)  # fmt: skip
_LIDS = {
    1.0: ((398, 384, 385, 386, 387, 388, 466), (382, 381, 380, 374, 373, 390, 249),
          (414, 286, 258, 257, 259, 260, 467), (413, 441, 442, 443, 444, 445, 342)),
    -1.0: ((173, 157, 158, 159, 160, 161, 246), (155, 154, 153, 145, 144, 163, 7),
           (190, 56, 28, 27, 29, 30, 247), (189, 221, 222, 223, 224, 225, 113)),
}  # fmt: skip
"By side: upper and lower lid, and the two rows of skin above, each from the inner corner to the outer one."
_ALONG = np.sin(np.pi * np.linspace(0.12, 0.88, 7))
"How much of a lid's movement each of its points makes."
_WING = {1.0: (358, 294, 278, 331, 279), -1.0: (129, 64, 48, 102, 49)}
_CREASE = {1.0: (437, 355, 420), -1.0: (217, 126, 198)}
_CHEEK = {1.0: (425, 280, 411), -1.0: (205, 50, 187)}
_LOW_CHEEK = {1.0: (434, 432, 416, 427), -1.0: (214, 212, 192, 207)}
_UNDER = {1.0: (346, 347, 348), -1.0: (117, 118, 119)}


@dataclass(frozen=True, slots=True)
class Truth:
    """What a face does."""

    smile: float = 0.0
    "0…1; corners of the mouth out and up, cheeks up."
    jaw: float = 0.0
    "0…1; how far the mouth is open."
    brows: float = 0.0
    "0…1; how far both brows are raised above the photo's own."
    turn: float = 0.0
    "-1…1; yaw added to the photo's own, 1 is 20° to the participant's own left."
    aside: float = 0.0
    "-1…1; lips moved to the participant's own left."
    wide: Sides = (0.0, 0.0)
    "Upper lids raised, lower ones a little lowered."
    sneer: Sides = (0.0, 0.0)
    "Wings of the nose and the creases beside them drawn up, the lip and the inner brow towards them."
    lower: Sides = (0.0, 0.0)
    "Brows down and together."
    frown: Sides = (0.0, 0.0)
    "Corners of the mouth down."
    cheeks: Sides = (0.0, 0.0)
    "Cheeks and lower lids raised."
    puff: Sides = (0.0, 0.0)
    "Cheeks blown out."

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = -1.0 if field.name in ("turn", "aside") else 0.0
            for one in value if isinstance(value, tuple) else (value,):
                if not least <= one <= 1.0:
                    raise ValueError(f"{field.name} is {value}; expected {least:.0f}…1")


def moved(points: Points, truth: Truth) -> Points:
    """(468, 3) points of a resting face as those of one that does what `truth` says; its turn is left to the camera."""
    out = points.copy()
    for sign, side in ((1.0, 0), (-1.0, 1)):
        if truth.smile:
            out = _smile(out, sign, truth.smile)
        if truth.frown[side]:
            at = out[list(_corners(sign))].mean(axis=0)
            out = _pull(out, sign, at, np.array([sign * -0.05, -0.75, -0.1]) * truth.frown[side])
        if truth.wide[side]:
            out = _wide(out, sign, truth.wide[side])
        if truth.sneer[side]:
            out = _sneer(out, sign, truth.sneer[side])
        if truth.lower[side]:
            out = _lower(out, sign, truth.lower[side])
        if truth.cheeks[side]:
            out = _raise_cheek(out, sign, truth.cheeks[side])
        if truth.puff[side]:
            out = _puff(out, sign, truth.puff[side])
    if truth.smile:
        out[[*UPPER_IN, *UPPER_OUT], 1] += 0.15 * truth.smile
    if truth.jaw:
        out = _open(out, truth.jaw)
    if truth.brows:
        out = _raise_brows(out, truth.brows)
    if truth.aside:
        out = _push(out, out[[13, 14]].mean(axis=0), np.array([0.8, 0.0, 0.0]) * truth.aside, 2.2)
    return out


def resting_mouth(points: Points) -> Points:
    """Lips closed and corners where a resting face has them."""
    out = points.copy()
    upper, lower = list(UPPER_IN), list(LOWER_IN)
    gap = np.maximum(out[upper, 1] - out[lower, 1], 0.0)
    for inner, outer, share in ((UPPER_IN, UPPER_OUT, -0.35), (LOWER_IN, LOWER_OUT, 0.65)):
        for row in (inner, outer):
            out[list(row), 1] += gap * share
    # Below the lower lip the skin follows, ever less towards the chin.
    chin, lip = float(out[152, 1]), float(out[17, 1])
    lips = {*UPPER_IN, *UPPER_OUT, *LOWER_IN, *LOWER_OUT, *CORNERS_LEFT, *CORNERS_RIGHT}
    below = [i for i in range(468) if i not in lips and out[i, 1] < lip and abs(out[i, 0]) < 3.0]
    out[below, 1] += gap[4] * 0.65 * np.clip((out[below, 1] - chin) / max(lip - chin, 0.5), 0.0, 1.0)
    nose = float(out[[2, 97, 326], 1].mean())
    for corners, sign in ((CORNERS_LEFT, 1.0), (CORNERS_RIGHT, -1.0)):
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


def _corners(sign: float) -> tuple[int, ...]:
    return CORNERS_LEFT if sign > 0 else CORNERS_RIGHT


def _smile(points: Points, sign: float, much: float) -> Points:
    at = points[list(_corners(sign))].mean(axis=0)
    out = _pull(points, sign, at, np.array([sign * 0.75, 0.85, -0.45]) * much)
    return _push(out, np.array([sign * 4.2, -0.8, 3.4]), np.array([sign * 0.1, 0.3, 0.15]) * much, 1.3)


def _wide(points: Points, sign: float, much: float) -> Points:
    out = points.copy()
    for row, by in zip(_LIDS[sign], (0.3, -0.08, 0.2, 0.08), strict=True):
        out[list(row), 1] += by * much * _ALONG
    return out


def _sneer(points: Points, sign: float, much: float) -> Points:
    """Wing, crease and lip go up and the inner brow comes down (levator labii superioris alaeque nasi)."""
    out = points
    for group, by, reach in (
        (_WING[sign], (0.08, 0.45, 0.0), 0.7),
        (_CREASE[sign], (0.0, 0.3, 0.1), 0.8),
        ((39, 40, 37) if sign < 0 else (269, 270, 267), (0.0, 0.3, 0.0), 0.7),
        ((55, 107) if sign < 0 else (285, 336), (-0.08, -0.22, 0.0), 0.8),
    ):
        at = points[list(group)].mean(axis=0)
        out = _push(out, at, np.array([by[0] * sign, by[1], by[2]]) * much, reach)
    return out


def _lower(points: Points, sign: float, much: float) -> Points:
    out = points.copy()
    brow = list(_BROWS_LEFT if sign > 0 else _BROWS_RIGHT)
    line = float(out[brow, 1].mean())
    weight = np.exp(-0.5 * ((out[:, 1] - line) / 0.9) ** 2) * np.clip(out[:, 0] * sign / 0.8 + 0.5, 0.0, 1.0)
    weight[brow] = 1.0
    weight[list(_EYES)] = 0.0
    weight[out[:, 1] < line - 1.3] = 0.0
    inner = np.clip(1.0 - (out[:, 0] * sign - 1.0) / 4.0, 0.3, 1.0)
    out[:, 1] -= 0.6 * much * weight * inner
    out[:, 0] -= 0.3 * sign * much * weight * inner
    return out


def _raise_cheek(points: Points, sign: float, much: float) -> Points:
    out = points.copy()
    out[list(_LIDS[sign][1]), 1] += 0.14 * much * _ALONG
    for group, by, reach in ((_CHEEK[sign], 0.35, 1.2), (_UNDER[sign], 0.25, 0.7)):
        out = _push(out, points[list(group)].mean(axis=0), np.array([0.0, by, 0.12]) * much, reach)
    return out


def _puff(points: Points, sign: float, much: float) -> Points:
    """The cheek bulges outward and forward, its outline with it; the mouth narrows."""
    at = points[list(_LOW_CHEEK[sign])].mean(axis=0)
    out = _push(points, at + np.array([sign * 1.2, 0.0, -0.8]), np.array([sign * 1.0, 0.0, 0.8]) * much, 2.0)
    return _pull(out, sign, out[list(_corners(sign))].mean(axis=0), np.array([sign * -0.3, 0.0, 0.2]) * much)


def _raise_brows(points: Points, much: float) -> Points:
    out = points.copy()
    line = float(out[list(_BROWS), 1].mean())
    weight = np.exp(-0.5 * ((out[:, 1] - line - 0.3) / 1.1) ** 2)
    weight[list(_BROWS)] = 1.0
    weight[list(_EYES)] = 0.0
    weight[out[:, 1] < line - 1.2] = 0.0
    out[:, 1] += 0.75 * much * weight
    return out


def _open(points: Points, jaw: float) -> Points:
    """The jaw turns about its joints: the chin goes down and a little back, the lower lip with it."""
    out = points.copy()
    mouth = float((out[13, 1] + out[14, 1]) / 2)
    half = max(float(abs(out[61, 0])), float(abs(out[291, 0])))
    weight = np.clip((mouth + 0.6 - out[:, 1]) / 2.2, 0.0, 1.0)
    weight = weight * weight * (3 - 2 * weight)
    across = np.clip(np.abs(out[:, 0]) / half, 0.0, 1.0)
    weight[[*UPPER_IN, *UPPER_OUT]] = 0.0
    lower = [*LOWER_IN, *LOWER_OUT]
    weight[lower] = 0.3 + 0.7 * np.sqrt(1.0 - across[lower] ** 2)
    weight[[*CORNERS_LEFT, *CORNERS_RIGHT]] = 0.3
    out[:, 1] -= OPEN_CM * jaw * weight
    out[:, 2] -= 0.4 * jaw * weight
    for sign in (1.0, -1.0):
        out = _pull(out, sign, out[list(_corners(sign))].mean(axis=0), np.array([-sign * 0.3, 0.0, 0.0]) * jaw)
    return out


def _pull(points: Points, sign: float, at: Points, by: Points) -> Points:
    """Move a corner of the mouth: lips follow by their nearness to it, the cheek around it softly."""
    out = points.copy()
    lips = [*UPPER_IN, *UPPER_OUT, *LOWER_IN, *LOWER_OUT]
    apart = np.linalg.norm((points - at)[:, :2], axis=1)
    weight = np.exp(-0.5 * (apart / 1.5) ** 2)
    along = np.clip(points[:, 0] * sign / max(float(abs(at[0])), 0.1), 0.0, 1.0)
    weight[lips] = along[lips] ** 1.3
    weight[list(_corners(sign))] = 1.0
    weight[list(_corners(-sign))] = 0.0
    weight[list(_EYES)] = 0.0
    out += weight[:, None] * by
    return out


def _push(points: Points, at: Points, by: Points, reach: float) -> Points:
    weight = np.exp(-0.5 * (np.linalg.norm(points - at, axis=1) / reach) ** 2)
    weight[list(_EYES)] = 0.0
    out: Points = points + weight[:, None] * by
    return out
