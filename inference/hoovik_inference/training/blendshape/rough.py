"""The same face as another camera would show it: smaller, tilted, blurred, noisy, compressed."""

from __future__ import annotations

import math

import cv2
import numpy as np

from hoovik_inference.face.follow import Square, around
from hoovik_inference.types import Floats, Image

LEAST_PX, MOST_PX = 60.0, 300.0
"Width of the face that is rendered; never much more than the picture itself shows."
TILT_DEG = 25.0
"Largest tilt in the picture."
_SIDES = (234, 454)
_ROOM = 2.2
"Side of what is rendered, in widths of the face."
_ENLARGED = 1.25


def roughened(picture: Image, landmarks: Floats, rng: np.random.Generator) -> tuple[Image, Floats]:
    """Another picture of the face, square, and where its landmarks (478, 3), normalised, lie in there."""
    height, width = picture.shape[:2]
    places = landmarks * np.array((width, height, width), np.float32)
    now = float(np.linalg.norm(np.subtract(*places[list(_SIDES)])))
    most = max(LEAST_PX, min(MOST_PX, now * _ENLARGED))
    scale = math.exp(rng.uniform(math.log(LEAST_PX), math.log(most))) / now
    centre = (places[:, :2].max(axis=0) + places[:, :2].min(axis=0)) / 2
    centre += rng.uniform(-0.15, 0.15, 2).astype(np.float32) * now
    side = round(now * scale * _ROOM)
    tilt = math.radians(rng.uniform(-TILT_DEG, TILT_DEG))
    turn = np.array(((math.cos(tilt), -math.sin(tilt)), (math.sin(tilt), math.cos(tilt)))) * scale
    matrix = np.column_stack([turn, side / 2 - turn @ centre])
    # What is shrunk is smoothed first, as a camera's lens and scaler do.
    sharp = picture if scale > 0.7 else cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
    out = cv2.warpAffine(sharp, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = places.copy()
    moved[:, :2] = places[:, :2] @ turn.T + matrix[:, 2]
    moved[:, 2] *= scale
    return _worn(np.asarray(out, np.uint8), rng), (moved / side).astype(np.float32)


def nearby(landmarks: Floats, size: tuple[int, int], rng: np.random.Generator) -> Square:
    """Where a tracker would look for a face that moved a little since the frame before."""
    square = around(landmarks, *size)
    return Square(
        x=square.x + rng.normal(0.0, 0.015) * square.side,
        y=square.y + rng.normal(0.0, 0.015) * square.side,
        side=square.side * math.exp(rng.normal(0.0, 0.03)),
        turn=square.turn + rng.normal(0.0, 0.03),
    )


def _worn(picture: Image, rng: np.random.Generator) -> Image:
    out = picture.astype(np.float32)
    if rng.random() < 0.4:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.0 + picture.shape[0] / 400)), np.float32)
    if rng.random() < 0.5:
        out = (out - 128) * rng.uniform(0.6, 1.2) + 128 + rng.uniform(-40, 40)
    if rng.random() < 0.5:
        out += rng.normal(0.0, rng.uniform(1.0, 8.0), out.shape).astype(np.float32)
    worn = np.clip(out, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        _, packed = cv2.imencode(".jpg", worn, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        worn = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return worn
