"""478 landmarks of one face, tracked from frame to frame, by MediaPipe's bundled face mesh.

The mesh's own solution hands each picture through a graph of forty nodes on threads of its own. Here one graph
follows a known face: crop, network, refinement, on the calling thread. A second one searches; it runs only
where no face is followed. Same networks, same landmarks, two thirds of the time.
"""

from __future__ import annotations

import math

import numpy as np

from hoovik_inference.face.graph import Graph
from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.picture import Part, around, check, size, whole
from hoovik_inference.types import Floats, Picture

LANDMARKS = 478
"468 of the mesh and 5 of each iris (468…472 the participant's right, 473…477 the left)."
ROI_SCALE = 1.5
"Side of the square that the network looks at, in longer sides of the landmarks' bounding box (MediaPipe's own)."

_RECORD = np.dtype([("tag", "u1"), ("size", "u1"), ("x_tag", "u1"), ("x", "<f4"), ("y_tag", "u1"), ("y", "<f4"),
                    ("z_tag", "u1"), ("z", "<f4")])  # fmt: skip
"A landmark on the wire: field 1, 15 bytes, then three fixed32 fields (protobuf encoding)."
_HEADER = np.array([0x0A, 15, 0x0D, 0x15, 0x1D], np.uint8)
_RIGHT_EYE, _LEFT_EYE = 33, 263
"Outer corners; the square is turned with the line between them."


class FaceMesh:
    """The face mesh with refined lips, lids and irises; keeps following the face it found.

    One instance per participant: what it remembers from the frame before is that participant's.
    """

    def __init__(self, models: FaceModels | None = None, *, pictures: bool = False) -> None:
        """Start the tracker.

        Args:
            models: shared with others; its own, closed with it, where none are given.
            pictures: Search in each image anew, for images that don't follow each other.
        """
        self._models = models or FaceModels()
        self._own_models = models is None
        self._pictures = pictures
        self._closed = False
        self._seen: Floats | None = None  # landmarks in pixels of a picture of the size _size
        self._size = (0, 0)

    def find(self, picture: Picture) -> Floats | None:
        """Landmarks of the face in `picture`, or None where there is none.

        Returns:
            (478, 3) float32: x by width, y by height, 0…1 inside the picture; z in units of x, smaller is
            nearer to the camera.

        Raises:
            ValueError: `picture` is not what it should be.
            RuntimeError: The tracker was closed.
        """
        landmarks = self.follow(picture)
        return self.search(picture) if landmarks is None else landmarks

    def follow(self, picture: Picture) -> Floats | None:
        """Landmarks of the face that the frame before showed, near its place; None where it is lost."""
        self._check(picture)
        if self._seen is None or self._size != size(picture):
            return None
        x, y, side, turn = _square(self._seen)
        reach = side / 2 * (abs(math.cos(turn)) + abs(math.sin(turn)))
        part = around(picture, x - reach, y - reach, x + reach, y + reach)
        roi = Graph.rect(
            (x - part.left) / part.width, (y - part.top) / part.height, side / part.width, side / part.height, turn
        )
        with self._models.follow.lent() as graph:
            found = graph.run(Graph.image(part.cut(picture)), roi)
        return self._keep(None if found is None else Graph.message(found), part, picture)

    def search(self, picture: Picture, part: Part | None = None) -> Floats | None:
        """Landmarks of the largest face found anew in `picture`, or in a part of it."""
        self._check(picture)
        part = part or whole(picture)
        with self._models.search.lent() as graph:
            found = graph.run(Graph.image(part.cut(picture)))
        return self._keep(None if found is None else Graph.first_message(found), part, picture)

    def close(self) -> None:
        """Stop the tracker. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            if self._own_models:
                self._models.close()

    def _check(self, picture: Picture) -> None:
        check(picture)
        if self._closed:
            raise RuntimeError("this FaceMesh was closed; make a new one")

    def _keep(self, message: bytes | None, part: Part, picture: Picture) -> Floats | None:
        """Landmarks of the whole picture, remembered for the next one."""
        if message is None:
            self._seen = None
            return None
        landmarks = part.back(_landmarks(message))
        if not self._pictures:
            self._size = size(picture)
            self._seen = landmarks[:, :2] * np.array(self._size, np.float32)
        return landmarks


def _square(points: Floats) -> tuple[float, float, float, float]:
    """Where the network looks next: centre and side in pixels, turn in radians.

    As MediaPipe's FaceLandmarkLandmarksToRoi: bounding box, its longer side times 1.5, turned with the eyes.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    centre = (low + high) / 2
    across = points[_LEFT_EYE] - points[_RIGHT_EYE]
    return (
        float(centre[0]),
        float(centre[1]),
        ROI_SCALE * float((high - low).max()),
        math.atan2(float(across[1]), float(across[0])),
    )


def _landmarks(message: bytes) -> Floats:
    """A serialized landmark list as (478, 3); read at once, ten times faster than field by field."""
    if len(message) == LANDMARKS * _RECORD.itemsize:
        table = np.frombuffer(message, _RECORD)
        head = np.stack([table[name] for name in ("tag", "size", "x_tag", "y_tag", "z_tag")], axis=1)
        if (head == _HEADER).all():
            points: Floats = np.stack([table["x"], table["y"], table["z"]], axis=1).astype(np.float32)
            return points
    return Graph.points(message)
