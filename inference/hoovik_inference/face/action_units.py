"""From ARKit blendshapes to the action units of FACS.

The correspondence is that of Ozel, "ARKit to FACS: blendshape cheat sheet" (2020-2022), which maps each ARKit
shape to the units of Ekman, Friesen and Hager, "Facial Action Coding System" (2002). Where a unit has no shape
of its own, its row below says what stands for it.
"""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import ACTION_UNITS, BLENDSHAPES, Floats

CORRESPONDENCE: dict[str, dict[str, float]] = {
    "au01_inner_brow_raise": {"browInnerUp": 1.0},
    "au02_outer_brow_raise": {"browOuterUpLeft": 0.5, "browOuterUpRight": 0.5},
    "au04_brow_lower": {"browDownLeft": 0.5, "browDownRight": 0.5},
    "au05_upper_lid_raise": {"eyeWideLeft": 0.5, "eyeWideRight": 0.5},
    "au06_cheek_raise": {"cheekSquintLeft": 0.5, "cheekSquintRight": 0.5},
    "au07_lid_tighten": {"eyeSquintLeft": 0.5, "eyeSquintRight": 0.5},
    "au09_nose_wrinkle": {"noseSneerLeft": 0.5, "noseSneerRight": 0.5},
    "au10_upper_lip_raise": {"mouthUpperUpLeft": 0.5, "mouthUpperUpRight": 0.5},
    "au12_smile": {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5},
    "au14_dimple": {"mouthDimpleLeft": 0.5, "mouthDimpleRight": 0.5},
    "au15_lip_corner_depress": {"mouthFrownLeft": 0.5, "mouthFrownRight": 0.5},
    "au17_chin_raise": {"mouthShrugLower": 1.0},
    "au18_lip_pucker": {"mouthPucker": 1.0},
    "au20_lip_stretch": {"mouthStretchLeft": 0.5, "mouthStretchRight": 0.5},
    "au23_lip_tighten": {"mouthRollLower": 0.5, "mouthRollUpper": 0.5},
    "au24_lip_press": {"mouthPressLeft": 0.5, "mouthPressRight": 0.5},
    "au25_lips_part": {
        "jawOpen": 1.0,
        "mouthLowerDownLeft": 0.5,
        "mouthLowerDownRight": 0.5,
        "mouthUpperUpLeft": 0.25,
        "mouthUpperUpRight": 0.25,
        "mouthClose": -1.0,
    },
    "au26_jaw_drop": {"jawOpen": 1.0},
    "au45_blink": {"eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5},
}
"""Weight of each blendshape in each action unit, before the corrections of `action_units`.

Units of both sides are the mean of the sides. AU9 comes from `noseSneer`, AU6 from `cheekSquint` and from what
`action_units` says; MediaPipe's model scores neither, and what our own head makes of them is in its card. AU25 is
parted lips, whatever parts them: the jaw, the lower or the upper lip, unless they stay closed over an open jaw."""

FULL: dict[str, float] = {
    "eyeBlinkLeft": 0.75, "eyeBlinkRight": 0.75, "browDownLeft": 0.85, "browDownRight": 0.85,
    "eyeSquintLeft": 0.85, "eyeSquintRight": 0.85, "eyeWideLeft": 0.5, "eyeWideRight": 0.5, "jawOpen": 0.85,
    "mouthDimpleLeft": 0.3, "mouthDimpleRight": 0.3, "mouthFrownLeft": 0.5, "mouthFrownRight": 0.5,
    "mouthPressLeft": 0.5, "mouthPressRight": 0.5, "mouthRollLower": 0.55, "mouthRollUpper": 0.55,
    "mouthShrugLower": 0.75, "mouthStretchLeft": 0.75, "mouthStretchRight": 0.75,
    "mouthUpperUpLeft": 0.85, "mouthUpperUpRight": 0.85,
}  # fmt: skip
"""Score of a blendshape that counts as all of it; 1 where it is not named.

MediaPipe's model scores some shapes hardly ever high: these are about what it gives to three faces in a thousand of
FER2013's training pictures (997th of 1000 in 2,126 found), people who show strongly what they show."""


def _matrix() -> Floats:
    table = np.zeros((len(ACTION_UNITS), len(BLENDSHAPES)), np.float32)
    for row, name in enumerate(ACTION_UNITS):
        for shape, weight in CORRESPONDENCE[name].items():
            table[row, BLENDSHAPES.index(shape)] = weight / FULL.get(shape, 1.0)
    return table


_TABLE = _matrix()
_AT = {name.split("_")[0]: index for index, name in enumerate(ACTION_UNITS)}


def action_units(blendshapes: Floats) -> Floats:
    """(19,) intensities 0…1 in the order of ACTION_UNITS from (52,) blendshapes.

    Two corrections for what the mesh cannot tell apart:

    - AU6 (cheek raise): the mesh has no cheek of its own, so a squint that comes with a smile counts, as
      their geometric mean (the Duchenne pair, Ekman, Davidson and Friesen 1990).
    - AU10 (upper lip raise) is what the raised lip shows beyond a smile, which lifts it too.

    Raises:
        ValueError: Another shape than (52,).
    """
    if blendshapes.shape != (len(BLENDSHAPES),):
        raise ValueError(f"blendshapes are {blendshapes.shape}; expected (52,) in the order of BLENDSHAPES")
    units = _TABLE @ blendshapes
    smile, squint = units.item(_AT["au12"]), units.item(_AT["au07"])
    units[_AT["au06"]] = max(units.item(_AT["au06"]), (max(smile, 0.0) * max(squint, 0.0)) ** 0.5)
    units[_AT["au10"]] -= 0.8 * smile
    np.maximum(units, 0.0, out=units)
    return np.minimum(units, 1.0, out=units)
