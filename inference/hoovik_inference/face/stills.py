"""A face in a single picture: also in small ones, and in those that show nothing but the face.

The mesh's detector looks for faces that fill a part of a picture. Cut to the face, or 48 pixels wide, it misses many;
with a border around it and enlarged, the same picture shows a face as the detector knows them (`hoovik-rtc evaluate`
prints the share that is found).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from hoovik_inference.face.graph import Graph, parsed
from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.picture import check
from hoovik_inference.face.zoom import zoom_on
from hoovik_inference.types import Floats, Image

GREY = (128, 128, 128)
"Of borders."


@dataclass(frozen=True, slots=True)
class Framing:
    """How a picture is shown to the mesh."""

    side: int
    "Its longer side has at least so many pixels; smaller pictures are enlarged."
    border: float
    "On each side, in longer sides of the picture."
    turn: float = 0.0
    "Degrees that the picture is turned by, anticlockwise."


FRAMINGS = (
    Framing(192, 0.25),
    Framing(192, 0.5),
    Framing(192, 0.0),
    Framing(192, 0.25, 30.0),
    Framing(192, 0.25, -30.0),
)
"In the order in which they are tried: the one that most faces are found with first."


def find(models: FaceModels, image: Image) -> Floats | None:
    """Landmarks (478, 3) of the largest face in `image` (H, W, 3) RGB, normalised to it; None where none is found.

    Raises:
        ValueError: `image` is not (H, W, 3) uint8.
    """
    check(image)
    for framing in FRAMINGS:
        found = _framed(models, image, framing)
        if found is not None:
            return found
    return _far(models, image)


def _framed(models: FaceModels, image: Image, framing: Framing) -> Floats | None:
    height, width = image.shape[:2]
    larger = max(1.0, framing.side / max(height, width))
    border = framing.border * larger * max(height, width)
    out_width, out_height = round(larger * width + 2 * border), round(larger * height + 2 * border)
    # Pixel (x, y, 1) of the picture to the framed one's, about the middles of both.
    turn = math.radians(framing.turn)
    cosine, sine = larger * math.cos(turn), larger * math.sin(turn)
    turned = np.array(((cosine, sine), (-sine, cosine)))
    shift = np.array((out_width - 1, out_height - 1)) / 2 - turned @ (np.array((width - 1, height - 1)) / 2)
    there = np.column_stack((turned, shift))
    framed = cv2.warpAffine(image, there, (out_width, out_height), flags=cv2.INTER_CUBIC, borderValue=GREY)
    found = _search(models, np.asarray(framed, np.uint8))
    if found is None:
        return None
    places = found[:, :2] * (out_width, out_height) - 0.5 - shift
    places = (places @ np.linalg.inv(turned).T + 0.5) / (width, height)
    depth = found[:, 2:] * out_width / (larger * width)
    landmarks: Floats = np.concatenate((places, depth), axis=1).astype(np.float32)
    return landmarks


def _far(models: FaceModels, image: Image) -> Floats | None:
    """Of the most prominent face that the full-range detector sees."""
    with models.detect.lent() as detector:
        boxes = detector.find(image)
    if not boxes:
        return None
    part = zoom_on(boxes[0], image)
    found = _search(models, part.cut(image))
    return None if found is None else part.back(found)


def _search(models: FaceModels, image: Image) -> Floats | None:
    with models.search.lent() as graph:
        packet = graph.run(Graph.image(image))
    message = None if packet is None else Graph.first_message(packet)
    return None if message is None else parsed(message)
