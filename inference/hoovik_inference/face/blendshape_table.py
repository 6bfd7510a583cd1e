"""Constants of the geometric blendshapes: one row a channel, logits from measures."""

from __future__ import annotations

ROWS: dict[str, tuple[float, dict[str, float]]] = {
    "browDown*": (-0.239, {
        "brow_in_y": -3.196, "brow_out_y": 0.232, "brow_tip_x": 1.605, "lid": 3.831,
        "lid_low_y": 3.476, "crease_y": -0.891,
    }),
    "browInnerUp": (-13.465, {
        "+brow_in_y": 6.325, "+brow_out_y": 0.108, "+brow_tip_x": -2.376, "+lid": 0.587,
    }),
    "browOuterUp*": (-16.156, {
        "brow_in_y": 0.618, "brow_out_y": 4.363, "brow_tip_x": 0.730, "lid": 0.333,
        "lid_low_y": -2.267, "crease_y": -1.279,
    }),
    "eyeBlink*": (0.766, {
        "lid": -7.438, "lid_low_y": 2.012, "under_y": -0.194, "iris_y": -3.762, "brow_in_y": 0.380,
        "cheek_y": 0.317,
    }),
    "eyeLookDown*": (0.744, {
        "iris_y": -1.230, "lid": -12.532, "lid_low_y": -5.656,
    }),
    "eyeLookUp*": (-3.933, {
        "iris_y": 1.833, "lid": 8.548, "lid_low_y": 4.540,
    }),
    "eyeLookIn*": (-2.415, {
        "iris_x": -5.064, "~iris_x": 7.497,
    }),
    "eyeLookOut*": (-2.345, {
        "iris_x": 7.599, "~iris_x": -4.137,
    }),
    "eyeSquint*": (-1.306, {
        "lid": -4.263, "lid_low_y": 2.952, "under_y": 1.397, "iris_y": 1.031, "brow_in_y": -0.734,
        "cheek_y": 0.154,
    }),
    "eyeWide*": (-7.747, {
        "lid": 5.659, "lid_low_y": -4.838, "brow_in_y": -0.013, "brow_out_y": 0.253,
    }),
    "jawForward": (-5.266, {
        "chin_z": 0.012, "chin_y": 0.001, "bottom_z": -0.022,
    }),
    "jawLeft|jawRight": (-4.757, {
        "chin_x": 3.514, "lips_x": 0.015,
    }),
    "jawOpen": (-1.905, {
        "gap": 0.453, "chin_y": -0.322, "bottom_y": -0.410, "dent_y": -0.667, "+corner_x": -1.151,
    }),
    "mouthClose": (-6.965, {
        "gap": -0.927, "chin_y": -0.957, "bottom_y": -0.194, "dent_y": -2.161,
        "bottom_thick": 1.128, "top_thick": -0.778,
    }),
    "mouthDimple*": (5.511, {
        "corner_x": -1.673, "corner_y": 1.381, "corner_z": -0.497, "lip_up_y": -0.478,
        "lip_low_y": 0.702, "cheek_y": -2.701, "cheek_z": -0.184, "gap": 1.128, "chin_y": -0.445,
        "top_thick": 1.729, "bottom_thick": -1.605,
    }),
    "mouthFrown*": (-16.354, {
        "corner_x": 1.966, "corner_y": -4.011, "corner_z": 0.300, "lip_up_y": -0.154,
        "lip_low_y": -0.098, "cheek_y": 2.208, "cheek_z": 0.528, "gap": -0.544, "chin_y": -0.474,
        "top_y": 1.659, "bottom_y": 0.683, "bottom_thick": -1.903, "top_thick": 1.412,
        "dent_y": -1.700,
    }),
    "mouthFunnel": (5.715, {
        "+corner_x": -1.869, "+corner_y": 1.823, "+corner_z": -0.215, "gap": 0.547,
        "chin_y": 1.106, "top_y": -1.078, "bottom_y": -0.710, "top_thick": 3.482,
        "bottom_thick": -0.151, "top_z": 0.267, "bottom_z": -1.353, "chin_z": 0.082,
        "dent_y": 0.376,
    }),
    "mouthPucker": (0.113, {
        "+corner_x": -5.967, "+corner_y": -0.062, "+corner_z": 2.464, "gap": 0.344,
        "chin_y": 0.658, "top_y": -1.806, "bottom_y": 0.378, "top_thick": 5.646,
        "bottom_thick": -0.611, "top_z": -0.493, "bottom_z": -1.021, "chin_z": -0.520,
        "dent_y": -0.277,
    }),
    "mouthLeft|mouthRight": (-4.532, {
        "lips_x": 1.847, "chin_x": 3.139,
    }),
    "mouthLowerDown*": (-2.160, {
        "corner_x": 0.593, "corner_y": 0.456, "corner_z": 0.526, "lip_up_y": 2.111,
        "lip_low_y": -1.502, "cheek_y": 0.523, "cheek_z": -0.368, "gap": -0.529, "chin_y": 1.113,
        "bottom_y": -1.268, "bottom_thick": -1.727, "dent_y": 1.213,
    }),
    "mouthPress*": (-0.870, {
        "corner_x": 0.693, "corner_y": -0.297, "corner_z": 0.326, "lip_up_y": 0.209,
        "lip_low_y": 0.926, "cheek_y": 0.812, "cheek_z": -2.009, "gap": -0.090,
        "top_thick": -2.551, "bottom_thick": 0.080, "top_y": -0.655, "bottom_y": -0.356,
        "chin_y": -0.559,
    }),
    "mouthRollLower": (-5.969, {
        "gap": -0.702, "bottom_thick": -4.334, "bottom_y": -0.050, "chin_y": -1.582,
        "dent_y": -1.665, "bottom_z": 3.097, "top_thick": 1.724,
    }),
    "mouthRollUpper": (-3.885, {
        "gap": 0.026, "top_thick": -1.130, "top_y": -1.003, "top_z": 3.921, "bottom_thick": 0.241,
    }),
    "mouthShrugLower": (-11.724, {
        "gap": 0.025, "bottom_y": 2.050, "chin_y": -1.984, "dent_y": 1.001, "bottom_z": 2.180,
        "bottom_thick": -1.023, "+corner_y": -0.679,
    }),
    "mouthShrugUpper": (-0.786, {
        "gap": -0.502, "top_y": 1.539, "top_z": -1.747, "top_thick": -1.719, "bottom_y": 0.429,
        "+corner_y": -1.205,
    }),
    "mouthSmile*": (7.985, {
        "corner_x": 1.357, "corner_y": 3.495, "corner_z": -1.336, "lip_up_y": 1.404,
        "lip_low_y": -1.527, "cheek_y": 2.466, "cheek_z": 0.060, "gap": -0.059, "chin_y": 0.722,
        "top_y": -1.616, "top_thick": 2.262, "bottom_thick": -1.284,
    }),
    "mouthStretch*": (-3.894, {
        "corner_x": 2.749, "corner_y": -0.274, "corner_z": 1.368, "lip_up_y": -0.135,
        "lip_low_y": 0.704, "cheek_y": 1.189, "cheek_z": -2.731, "gap": 0.418, "chin_y": 0.329,
        "bottom_y": 0.264, "bottom_thick": 0.988,
    }),
    "mouthUpperUp*": (-5.220, {
        "corner_x": 0.623, "corner_y": 4.185, "corner_z": 1.113, "lip_up_y": 3.395,
        "lip_low_y": -5.249, "cheek_y": -1.861, "cheek_z": 0.611, "gap": -2.109, "top_y": 0.961,
        "top_thick": -3.512, "chin_y": -0.210,
    }),
    "noseSneer*": (-2.013, {
        "wing_y": 1.210, "wing_x": -1.145, "crease_y": -2.310, "lip_up_y": -0.083,
        "brow_in_y": -0.231, "brow_tip_x": 0.540,
    }),
}  # fmt: skip
"""By channel, `*` standing for Left and Right: bias and weight of each measure of the logit.

Fitted (logistic, squared penalty) to MediaPipe's blendshape model (face_landmarker.task, Apache-2.0) on free
footage and on `training.warp` faces. A measure's name alone is that of the channel's own side, `~` that of
the other side, `+` the mean of both."""

NEUTRAL_MEASURES: dict[str, float] = {
    "lid": 0.289,
    "lid_low_y": -0.292,
    "brow_in_y": 2.054,
    "brow_out_y": 1.762,
    "brow_tip_x": 1.453,
    "corner_x": 2.436,
    "corner_y": -2.628,
    "corner_z": 4.105,
    "cheek_y": 0.469,
    "cheek_z": 3.757,
    "under_y": 2.907,
    "wing_y": -4.137,
    "wing_x": 2.007,
    "crease_y": -2.367,
    "lip_up_y": -2.215,
    "lip_low_y": -2.943,
    "iris_x": 0.073,
    "iris_y": 0.132,
    "gap": 0.194,
    "chin_y": -7.290,
    "top_y": -1.616,
    "bottom_y": -3.635,
    "top_thick": 0.794,
    "bottom_thick": 0.982,
    "top_z": 0.062,
    "bottom_z": -0.453,
    "chin_z": -2.115,
    "dent_y": 2.429,
    "lips_x": 0.000,
    "chin_x": 0.000,
}
"""Measures of a resting face, left and right as one: mean over the faces of the fit that showed little."""
