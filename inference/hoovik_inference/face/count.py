"""How many faces a picture shows."""

from __future__ import annotations

import math

import numpy as np

from hoovik_inference.face._native import quiet_start
from hoovik_inference.face.mesh import check_image
from hoovik_inference.types import Image

with quiet_start():
    from mediapipe.python.solutions import face_detection as _solution

EVERY_MS = 1000.0
"Capture time between two counts: people rarely come into a picture more often."


class FaceCounter:
    """Counts faces with MediaPipe's bundled short-range detector, about once a second of capture time.

    The detector is started at the first count: many participants are never counted.
    """

    def __init__(self, every_ms: float = EVERY_MS) -> None:
        if not every_ms >= 0:
            raise ValueError(f"every_ms is {every_ms}; expected 0 or more")
        self._every_ms = every_ms
        self._counted_ms = -math.inf
        self._count = 0
        self._detector: _solution.FaceDetection | None = None
        self._closed = False

    def count(self, image: Image, time_ms: float) -> int:
        """Faces last counted; counts anew in `image` (H, W, 3 RGB) where the last count is old by `time_ms`.

        A capture time before the last count's (a new stream) counts anew.

        Raises:
            ValueError: `image` is not (H, W, 3) uint8.
            RuntimeError: The counter was closed.
        """
        check_image(image)
        if self._closed:
            raise RuntimeError("this FaceCounter was closed; make a new one")
        if 0 <= time_ms - self._counted_ms < self._every_ms:
            return self._count
        if self._detector is None:
            with quiet_start():
                self._detector = _solution.FaceDetection(min_detection_confidence=0.5, model_selection=0)
                self._detector.process(np.zeros((64, 64, 3), np.uint8))
        self._count = len(self._detector.process(np.ascontiguousarray(image)).detections or ())
        self._counted_ms = time_ms
        return self._count

    def close(self) -> None:
        """Stop the detector. Closing twice does nothing."""
        self._closed = True
        if self._detector is not None:
            self._detector.close()
            self._detector = None
