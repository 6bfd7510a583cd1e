"""Wide eyes and lowered corners of the mouth by geometry: what the blendshapes' teacher hardly scores."""

from __future__ import annotations

import numpy as np

from hoovik_inference.face.points import POINTS
from hoovik_inference.types import BLENDSHAPES, Floats

WIDE_FROM, WIDE_RANGE = 0.345, 0.12
"""Opening of the lids by the eye's width from which on an eye is wide, and how much more is all the way. On FER2013's
pictures the median is 0.30 where the label is neutral and 0.36 where it is surprise; 95 % there is 0.40 and 0.45."""
DROP_FROM, DROP_RANGE = 0.3, 0.45
"""How far (about cm) corners of the mouth lie below its middle before that is a frown, and how much more is all the
way. On FER2013's neutral pictures the median is 0.08 and 95 % 0.36; a warp of 0.75 reaches 0.65."""

CHANNELS = [BLENDSHAPES.index(f"{name}{side}") for name in ("eyeWide", "mouthFrown") for side in ("Left", "Right")]
"What `geometry` gives, in its order."

_GROUPS = (
    (386, 385, 387), (159, 158, 160), (374, 380, 373), (145, 153, 144),
    (263,), (33,), (362,), (133,), (291, 308), (61, 78), (13, 14),
)  # fmt: skip
"By left and right: upper lid, lower lid, outer and inner corner of the eye, corner of the mouth; the mouth's middle."
_MEANS = np.zeros((len(_GROUPS), len(POINTS)), np.float32)
for _row, _group in enumerate(_GROUPS):
    _MEANS[_row, [int(np.flatnonzero(point == POINTS)[0]) for point in _group]] = 1 / len(_group)


def geometry(points: Floats) -> Floats:
    """(n, 4) scores 0…1 of CHANNELS from (n, len(POINTS), 3) points in the neutral face's frame."""
    at = _MEANS @ points
    opened = at[:, 0:2] - at[:, 2:4]
    across = at[:, 4:6, :2] - at[:, 6:8, :2]
    lids = np.hypot(opened[..., 1], opened[..., 2]) / np.maximum(np.hypot(across[..., 0], across[..., 1]), 1e-3)
    drop = at[:, 10:11, 1] - at[:, 8:10, 1]
    out = np.concatenate([(lids - WIDE_FROM) / WIDE_RANGE, (drop - DROP_FROM) / DROP_RANGE], axis=1)
    scores: Floats = np.clip(out, 0.0, 1.0).astype(np.float32)
    return scores
