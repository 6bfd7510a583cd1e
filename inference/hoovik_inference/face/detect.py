"""Where faces are in a whole picture, near or far, and how many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hoovik_inference.face._native import quiet_start
from hoovik_inference.face.picture import check
from hoovik_inference.types import Image

with quiet_start():
    from mediapipe.python.solutions import face_detection as _solution

FULL_RANGE = 1
"MediaPipe's full-range model: faces up to 5 m away; the mesh's own detector sees those within 2 m."


@dataclass(frozen=True, slots=True)
class Box:
    """A face in a picture."""

    x: float
    "Centre, 0…1 of the width."
    y: float
    "Centre, 0…1 of the height."
    width: float
    "0…1 of the picture's width."
    height: float
    "0…1 of the picture's height."


class FaceDetector:
    """Finds all faces with MediaPipe's bundled full-range detector (about 4 ms). Calls must not overlap."""

    def __init__(self) -> None:
        self._closed = False
        with quiet_start():
            self._detector = _solution.FaceDetection(min_detection_confidence=0.5, model_selection=FULL_RANGE)
            self._detector.process(np.zeros((64, 64, 3), np.uint8))

    def find(self, image: Image) -> list[Box]:
        """All faces in `image` (H, W, 3 RGB uint8), the participant first: the largest and most central one.

        Raises:
            ValueError: `image` is not (H, W, 3) uint8.
            RuntimeError: The detector was closed.
        """
        check(image)
        if self._closed:
            raise RuntimeError("this FaceDetector was closed; make a new one")
        found = self._detector.process(np.ascontiguousarray(image)).detections or ()
        boxes = []
        for one in found:
            box = one.location_data.relative_bounding_box
            boxes.append(Box(box.xmin + box.width / 2, box.ymin + box.height / 2, box.width, box.height))
        return sorted(boxes, key=prominence, reverse=True)

    def close(self) -> None:
        """Stop the detector. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self._detector.close()


def prominence(box: Box) -> float:
    """How much of the picture is this face's: its share of the area, halved at the edge."""
    off_centre = min(1.0, 2 * max(abs(box.x - 0.5), abs(box.y - 0.5)))
    return box.width * box.height * (1 - 0.5 * off_centre)
