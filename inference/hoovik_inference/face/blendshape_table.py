"""Constants of the geometric blendshapes: one row a channel, logits from measures."""

from __future__ import annotations

ROWS: dict[str, tuple[float, dict[str, float]]] = {
    "browDown*": (6.694, {
        "brow_in_y": 1.085, "brow_out_y": -5.099, "brow_tip_x": -3.207, "lid": -0.458,
        "lid_low_y": 0.361, "crease_y": -1.121,
    }),
    "browInnerUp": (-10.864, {
        "+brow_in_y": 7.629, "+brow_out_y": -1.157, "+brow_tip_x": -5.485, "+lid": 2.856,
    }),
    "browOuterUp*": (-10.656, {
        "brow_in_y": -0.724, "brow_out_y": 5.053, "brow_tip_x": -0.270, "lid": 1.855,
        "lid_low_y": -0.729, "crease_y": -0.048,
    }),
    "eyeBlink*": (-2.201, {
        "lid": -6.680, "lid_low_y": 0.929, "under_y": 0.891, "iris_y": -5.393, "brow_in_y": 0.383,
        "cheek_y": -0.410,
    }),
    "eyeLookDown*": (1.146, {
        "iris_y": -3.796, "lid": -9.567, "lid_low_y": -3.016,
    }),
    "eyeLookUp*": (-3.744, {
        "iris_y": 1.400, "lid": 8.715, "lid_low_y": 6.017,
    }),
    "eyeLookIn*": (-2.503, {
        "iris_x": -5.690, "~iris_x": 9.019,
    }),
    "eyeLookOut*": (-2.393, {
        "iris_x": 8.561, "~iris_x": -4.899,
    }),
    "eyeSquint*": (-5.406, {
        "lid": -4.515, "lid_low_y": 0.858, "under_y": 2.680, "iris_y": 0.511, "brow_in_y": -0.706,
        "cheek_y": -0.236,
    }),
    "eyeWide*": (-7.139, {
        "lid": 1.925, "lid_low_y": -2.568, "brow_in_y": -0.003, "brow_out_y": 0.546,
    }),
    "jawForward": (-5.277, {
        "chin_z": 0.005, "chin_y": 0.001, "bottom_z": -0.004,
    }),
    "jawLeft|jawRight": (-4.993, {
        "chin_x": 0.402, "lips_x": -0.533,
    }),
    "jawOpen": (0.153, {
        "gap": 0.651, "chin_y": 0.243, "bottom_y": -0.745, "dent_y": -0.290, "+corner_x": -1.321,
    }),
    "mouthClose": (-11.402, {
        "gap": -2.119, "chin_y": -2.128, "bottom_y": -0.321, "dent_y": -3.015,
        "bottom_thick": 0.661, "top_thick": -2.869,
    }),
    "mouthDimple*": (4.955, {
        "corner_x": -1.129, "corner_y": 0.325, "corner_z": -2.036, "lip_up_y": -0.825,
        "lip_low_y": 0.245, "cheek_y": -1.424, "cheek_z": -0.524, "gap": 0.577, "chin_y": -0.612,
        "top_thick": -1.555, "bottom_thick": 0.319,
    }),
    "mouthFrown*": (-4.213, {
        "corner_x": -0.149, "corner_y": -0.193, "corner_z": 0.182, "lip_up_y": 0.132,
        "lip_low_y": 0.046, "cheek_y": 0.190, "cheek_z": 0.207, "gap": 0.046, "chin_y": 0.150,
        "top_y": 0.845, "bottom_y": 0.079, "bottom_thick": 0.462, "top_thick": -0.072,
        "dent_y": 0.024,
    }),
    "mouthFunnel": (-3.259, {
        "+corner_x": -0.924, "+corner_y": 0.815, "+corner_z": -0.905, "gap": 0.674,
        "chin_y": -0.351, "top_y": -1.057, "bottom_y": -0.972, "top_thick": 0.126,
        "bottom_thick": 2.259, "top_z": -5.940, "bottom_z": -0.579, "chin_z": 1.463,
        "dent_y": -0.608,
    }),
    "mouthPucker": (-36.068, {
        "+corner_x": -4.600, "+corner_y": -1.868, "+corner_z": 7.963, "gap": -0.232,
        "chin_y": -0.049, "top_y": -1.802, "bottom_y": -0.143, "top_thick": 3.897,
        "bottom_thick": -2.266, "top_z": -11.480, "bottom_z": -1.492, "chin_z": -1.532,
        "dent_y": -0.153,
    }),
    "mouthLeft|mouthRight": (-4.757, {
        "lips_x": 2.813, "chin_x": 3.233,
    }),
    "mouthLowerDown*": (1.851, {
        "corner_x": -0.150, "corner_y": 1.033, "corner_z": 0.943, "lip_up_y": 2.970,
        "lip_low_y": -2.204, "cheek_y": -0.352, "cheek_z": -1.319, "gap": -0.470, "chin_y": -0.260,
        "bottom_y": -0.133, "bottom_thick": -2.712, "dent_y": -0.424,
    }),
    "mouthPress*": (12.505, {
        "corner_x": 0.134, "corner_y": 0.372, "corner_z": -0.148, "lip_up_y": 0.963,
        "lip_low_y": 0.320, "cheek_y": -2.065, "cheek_z": -2.243, "gap": 0.181, "top_thick": 1.291,
        "bottom_thick": -3.741, "top_y": -1.957, "bottom_y": -0.339, "chin_y": 0.442,
    }),
    "mouthRollLower": (-2.902, {
        "gap": -0.359, "bottom_thick": -3.648, "bottom_y": 0.092, "chin_y": -0.812,
        "dent_y": -0.035, "bottom_z": 2.750, "top_thick": -1.522,
    }),
    "mouthRollUpper": (-4.870, {
        "gap": -0.224, "top_thick": -5.077, "top_y": -2.526, "top_z": -3.156,
        "bottom_thick": 1.935,
    }),
    "mouthShrugLower": (-14.481, {
        "gap": -0.686, "bottom_y": 2.667, "chin_y": 0.511, "dent_y": 9.126, "bottom_z": -3.010,
        "bottom_thick": -2.757, "+corner_y": -1.909,
    }),
    "mouthShrugUpper": (0.473, {
        "gap": -1.004, "top_y": 1.616, "top_z": -4.134, "top_thick": -1.662, "bottom_y": 0.786,
        "+corner_y": -1.389,
    }),
    "mouthSmile*": (2.164, {
        "corner_x": 1.237, "corner_y": 2.691, "corner_z": -1.105, "lip_up_y": 2.032,
        "lip_low_y": -0.395, "cheek_y": -0.158, "cheek_z": 1.116, "gap": 0.169, "chin_y": 0.140,
        "top_y": -1.395, "top_thick": 5.514, "bottom_thick": -2.304,
    }),
    "mouthStretch*": (10.496, {
        "corner_x": 1.455, "corner_y": 0.843, "corner_z": 1.571, "lip_up_y": 1.720,
        "lip_low_y": -0.049, "cheek_y": -4.285, "cheek_z": -3.598, "gap": 0.116, "chin_y": 0.417,
        "bottom_y": 0.148, "bottom_thick": -0.291,
    }),
    "mouthUpperUp*": (-4.420, {
        "corner_x": 0.692, "corner_y": 2.921, "corner_z": -0.004, "lip_up_y": 4.458,
        "lip_low_y": -2.447, "cheek_y": -4.448, "cheek_z": 0.252, "gap": 0.446, "top_y": -0.116,
        "top_thick": 0.866, "chin_y": -1.050,
    }),
    "noseSneer*": (-5.283, {
        "wing_y": 0.006, "wing_x": 0.001, "crease_y": -0.004, "lip_up_y": 0.000,
        "brow_in_y": 0.001, "brow_tip_x": -0.000,
    }),
}  # fmt: skip
"""By channel, `*` standing for Left and Right: bias and weight of each measure of the logit.

Fitted (logistic, squared penalty) to MediaPipe's blendshape model (face_landmarker.task, Apache-2.0) on free
footage and on `training.warp` faces. A measure's name alone is that of the channel's own side, `~` that of
the other side, `+` the mean of both."""

NEUTRAL_MEASURES: dict[str, float] = {
    "lid": 0.302,
    "lid_low_y": -0.305,
    "brow_in_y": 2.200,
    "brow_out_y": 1.857,
    "brow_tip_x": 1.468,
    "corner_x": 2.403,
    "corner_y": -2.638,
    "corner_z": 4.053,
    "cheek_y": 0.404,
    "cheek_z": 3.742,
    "under_y": 2.916,
    "wing_y": -4.215,
    "wing_x": 2.006,
    "crease_y": -2.396,
    "lip_up_y": -2.250,
    "lip_low_y": -3.197,
    "iris_x": 0.088,
    "iris_y": 0.132,
    "gap": 0.510,
    "chin_y": -7.513,
    "top_y": -1.688,
    "bottom_y": -4.105,
    "top_thick": 0.777,
    "bottom_thick": 1.131,
    "top_z": 0.070,
    "bottom_z": -0.538,
    "chin_z": -2.219,
    "dent_y": 2.317,
    "lips_x": 0.000,
    "chin_x": 0.000,
}
"""Measures of a resting face, left and right as one: mean over the faces of the fit that showed little."""
