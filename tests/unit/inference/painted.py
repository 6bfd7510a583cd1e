"""Eyes that look where they are told to: painted into a photo, inside the lids that it shows."""

from __future__ import annotations

import math

import cv2
import numpy as np

from hoovik_inference.types import Floats, Image

_EYES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
"The lids' edges, own right and own left: from the outer corner (first) to the inner one (ninth) and back."
EYEBALL_CM, IRIS_CM, OPENING_CM = 1.2, 0.585, 2.8
"Radius of eyeball and iris (Bekerman et al., Journal of Ophthalmology 2014), width of the eye's opening."
_WHITE, _IRIS, _PUPIL = (222, 214, 208), (92, 64, 44), (16, 12, 10)
FINER = 4
"Painted so many times larger, then averaged."


def looking(photo: Image, landmarks: Floats, left_deg: float, up_deg: float) -> Image:
    """The photo with eyes that look so many degrees to the own left and up, in the head."""
    height, width = photo.shape[:2]
    out = cv2.resize(photo, (width * FINER, height * FINER), interpolation=cv2.INTER_CUBIC)
    points = landmarks[:, :2].astype(np.float64) * (width * FINER, height * FINER)
    for indices in _EYES:
        lids = points[list(indices)]
        corners = lids[[0, 8]]
        middle, across = corners.mean(axis=0), float(np.hypot(*(corners[1] - corners[0])))
        along = points[263] - points[33]
        along /= np.hypot(*along)  # to the own left, which is the picture's right
        up = np.array((along[1], -along[0]))
        cm = across / OPENING_CM
        mask = np.zeros(out.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.round(lids).astype(np.int32)], (255,))
        eye = np.full_like(out, _WHITE)
        # Straight ahead the iris lies a little over the line of the corners.
        reach = EYEBALL_CM * cm
        at = middle + along * reach * math.sin(math.radians(left_deg))
        at = at + up * (0.144 * across / 2 + reach * math.sin(math.radians(up_deg)))
        place = (round(float(at[0]) * 16), round(float(at[1]) * 16))
        cv2.circle(eye, place, round(IRIS_CM * cm * 16), _IRIS, -1, cv2.LINE_AA, 4)
        cv2.circle(eye, place, round(0.4 * IRIS_CM * cm * 16), _PUPIL, -1, cv2.LINE_AA, 4)
        out[mask > 0] = eye[mask > 0]
    return np.asarray(cv2.resize(out, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
