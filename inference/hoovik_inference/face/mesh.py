"""478 landmarks of one face, tracked from frame to frame, by MediaPipe's bundled face mesh."""

from __future__ import annotations

from typing import Any

import numpy as np

from hoovik_inference.face._native import quiet_start
from hoovik_inference.types import Floats, Image

with quiet_start():
    from mediapipe.python.solutions import face_mesh as _solution

LANDMARKS = 478
"468 of the mesh and 5 of each iris (468…472 the participant's right, 473…477 the left)."

_greeted = False
"Whether this process has seen a face."

_RECORD = np.dtype([("tag", "u1"), ("size", "u1"), ("x_tag", "u1"), ("x", "<f4"), ("y_tag", "u1"), ("y", "<f4"),
                    ("z_tag", "u1"), ("z", "<f4")])  # fmt: skip
"A landmark on the wire: field 1, 15 bytes, then three fixed32 fields (protobuf encoding)."
_HEADER = np.array([0x0A, 15, 0x0D, 0x15, 0x1D], np.uint8)


class FaceMesh:
    """The face mesh with refined lips, lids and irises; keeps following the face it found.

    One instance per participant: what it remembers from the frame before is that participant's. Runs in
    2 to 3 ms while it follows a face, a little more where it has to search.
    """

    def __init__(self, *, pictures: bool = False, confidence: float = 0.5) -> None:
        """Start the tracker.

        Args:
            pictures: Search in each image anew, for images that don't follow each other.
            confidence: 0…1, least confidence of detection and of tracking.

        Raises:
            ValueError: `confidence` lies outside 0…1.
        """
        if not 0.0 <= confidence <= 1.0:
            raise ValueError(f"confidence is {confidence}; expected 0…1")
        self._closed = False
        with quiet_start():
            self._mesh = _solution.FaceMesh(
                static_image_mode=pictures,
                max_num_faces=1,
                refine_landmarks=True,
                min_detection_confidence=confidence,
                min_tracking_confidence=confidence,
            )
            # The graph's worker threads write their greeting during the first run, and it is slow.
            self._mesh.process(np.zeros((64, 64, 3), np.uint8))

    def find(self, image: Image) -> Floats | None:
        """Landmarks of the face in `image` (H, W, 3 RGB uint8), or None where there is none.

        Returns:
            (478, 3) float32: x by width, y by height, 0…1 inside the picture; z in units of x, smaller is
            nearer to the camera.

        Raises:
            ValueError: `image` is not what it should be.
            RuntimeError: The tracker was closed.
        """
        check_image(image)
        if self._closed:
            raise RuntimeError("this FaceMesh was closed; make a new one")
        faces = self._run(np.ascontiguousarray(image))
        return _landmarks(faces[0]) if faces else None

    def _run(self, image: Image) -> Any:
        global _greeted
        if _greeted:
            return self._mesh.process(image).multi_face_landmarks
        # The first face of a process makes the graph write one more line.
        with quiet_start():
            faces = self._mesh.process(image).multi_face_landmarks
        _greeted = bool(faces)
        return faces

    def close(self) -> None:
        """Stop the tracker. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self._mesh.close()


def check_image(image: Image) -> None:
    """Refuse what is no picture.

    Raises:
        ValueError: Not (H, W, 3) uint8, or empty.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(
            f"image is {image.dtype} {image.shape}; expected (H, W, 3) uint8 in RGB: convert the frame to rgb24"
        )


def _landmarks(face: Any) -> Floats:
    """The landmark list as an array; its bytes are read at once, ten times faster than field by field."""
    raw = face.SerializeToString()
    if len(raw) == LANDMARKS * _RECORD.itemsize:
        table = np.frombuffer(raw, _RECORD)
        head = np.stack([table[name] for name in ("tag", "size", "x_tag", "y_tag", "z_tag")], axis=1)
        if (head == _HEADER).all():
            points: Floats = np.stack([table["x"], table["y"], table["z"]], axis=1).astype(np.float32)
            return points
    return np.array([(p.x, p.y, p.z) for p in face.landmark], np.float32)
