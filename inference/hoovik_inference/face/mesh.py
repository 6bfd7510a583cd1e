"""478 landmarks of one face, tracked from frame to frame, by MediaPipe's bundled face mesh.

The mesh's own solution hands each picture through a graph of forty nodes on threads of its own. Here one graph
follows a known face: network and refinement, on the calling thread, of a square that is cut from the picture's planes
before anything becomes RGB. A second one searches; it runs only where no face is followed. Same networks, same
landmarks.
"""

from __future__ import annotations

from hoovik_inference.face.follow import Square, around
from hoovik_inference.face.graph import Graph, parsed
from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.picture import Part, check, size, whole
from hoovik_inference.types import Floats, Picture


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
        self._square: Square | None = None  # where the face was in a picture of the size _size
        self._size = (0, 0)
        self._presence: float | None = None

    def find(self, picture: Picture) -> Floats | None:
        """Landmarks of the face in `picture`, or None where there is none.

        Returns:
            (478, 3) float32: x by width, y by height, 0…1 inside the picture; z in units of x, smaller is
            nearer to the camera.

        Raises:
            ValueError: `picture` is not what it should be.
            RuntimeError: The tracker was closed.
        """
        found = self.follow(picture)
        return self.search(picture) if found is None else found

    def follow(self, picture: Picture) -> Floats | None:
        """Landmarks of the face that the frame before showed, near its place; None where it is lost."""
        self._check(picture)
        if self._square is None or self._size != size(picture):
            return None
        with self._models.follow.lent() as follower:
            found = follower.find(picture, self._square)
            self._presence = follower.presence
        return self._keep(found, picture)

    @property
    def presence(self) -> float | None:
        """How sure the network is of the face that was followed last, in logits; None where it was searched for.

        About 21 to 28 on whole faces, of whatever size and light; a hand or a mask takes a third of it.
        """
        return self._presence

    def judge(self, landmarks: Floats, picture: Picture) -> None:
        """Ask the network how sure it is of a face that was found in another way: `presence` says it."""
        self._check(picture)
        with self._models.follow.lent() as follower:
            follower.find(picture, around(landmarks, *size(picture)))
            self._presence = follower.presence

    def search(self, picture: Picture, part: Part | None = None) -> Floats | None:
        """Landmarks of the largest face found anew in `picture`, or in a part of it; it is followed from then on."""
        return self._keep(self.peek(picture, part), picture)

    def peek(self, picture: Picture, part: Part | None = None) -> Floats | None:
        """As `search`, but whoever is followed stays followed."""
        self._check(picture)
        part = part or whole(picture)
        with self._models.search.lent() as graph:
            packet = graph.run(Graph.image(part.cut(picture)))
        message = None if packet is None else Graph.first_message(packet)
        self._presence = None
        return None if message is None else part.back(parsed(message))

    def look_at(self, landmarks: Floats, picture: Picture) -> None:
        """Follow the face whose landmarks (478, 3) these are in `picture`."""
        self._keep(landmarks, picture)

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

    def _keep(self, found: Floats | None, picture: Picture) -> Floats | None:
        """Remember for the next picture where the landmarks of this one were."""
        if not self._pictures:
            self._size = size(picture)
            self._square = None if found is None else around(found, *self._size)
        return found
