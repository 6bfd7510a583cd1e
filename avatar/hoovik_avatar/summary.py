"""The three summary shapes: smile, brow_up and frown, out of blendshapes and action units.

Each takes the stronger of the two witnesses: the same movement, read twice.
"""

from __future__ import annotations

from hoovik_inference.types import ACTION_UNITS, BLENDSHAPES, Floats

_SMILE_L, _SMILE_R = BLENDSHAPES.index("mouthSmileLeft"), BLENDSHAPES.index("mouthSmileRight")
_FROWN_L, _FROWN_R = BLENDSHAPES.index("mouthFrownLeft"), BLENDSHAPES.index("mouthFrownRight")
_DOWN_L, _DOWN_R = BLENDSHAPES.index("browDownLeft"), BLENDSHAPES.index("browDownRight")
_INNER = BLENDSHAPES.index("browInnerUp")
_OUTER_L, _OUTER_R = BLENDSHAPES.index("browOuterUpLeft"), BLENDSHAPES.index("browOuterUpRight")
_AU01, _AU02 = ACTION_UNITS.index("au01_inner_brow_raise"), ACTION_UNITS.index("au02_outer_brow_raise")
_AU04, _AU12 = ACTION_UNITS.index("au04_brow_lower"), ACTION_UNITS.index("au12_smile")
_AU15 = ACTION_UNITS.index("au15_lip_corner_depress")

BROW_IN_FROWN = 0.7
"A lowered brow alone is a frown of this weight: concentration lowers it too."


def summarise(blendshapes: Floats, action_units: Floats) -> tuple[float, float, float]:
    """(smile, brow_up, frown), each 0…1, of (52,) blendshapes and (19,) action units."""
    b, a = blendshapes.tolist(), action_units.tolist()  # plain floats: indexing an array one by one is slow
    smile = max((b[_SMILE_L] + b[_SMILE_R]) / 2, a[_AU12])
    brow_up = max((b[_INNER] + (b[_OUTER_L] + b[_OUTER_R]) / 2) / 2, (a[_AU01] + a[_AU02]) / 2)
    mouth = max((b[_FROWN_L] + b[_FROWN_R]) / 2, a[_AU15])
    brow = max((b[_DOWN_L] + b[_DOWN_R]) / 2, a[_AU04])
    return _unit(smile), _unit(brow_up), _unit(max(mouth, BROW_IN_FROWN * brow))


def _unit(weight: float) -> float:
    return min(max(weight, 0.0), 1.0)
