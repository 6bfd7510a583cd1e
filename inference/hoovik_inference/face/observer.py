"""One participant's face, frame by frame: which one it is, where it is, and everything that is read from it."""

from __future__ import annotations

import numpy as np

from hoovik_inference.face import stills
from hoovik_inference.face.mesh import FaceMesh
from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.observing import COUNT_EVERY_MS, SEARCH_EVERY_MS, Observing
from hoovik_inference.face.picture import size, whole
from hoovik_inference.face.tracks import SAME_OVERLAP, Tracks, box_of, overlap
from hoovik_inference.face.zoom import zoom_on
from hoovik_inference.types import FaceEstimate, Floats, Picture


class MeshFaceObserver(Observing):
    """A `FaceObserver` on MediaPipe's face mesh and what is read from its landmarks."""

    def __init__(
        self,
        models: FaceModels | None = None,
        *,
        pictures: bool = False,
        baseline: bool = True,
        count_every_ms: float = COUNT_EVERY_MS,
    ) -> None:
        """Start the tracker; arguments as `Observing` has them."""
        super().__init__(models, pictures=pictures, baseline=baseline, count_every_ms=count_every_ms)
        self._mesh = FaceMesh(self._models, pictures=pictures)
        self._presence: float | None = None  # how sure the network is of the face measured last
        self._last: Floats | None = None  # landmarks of the picture before
        self._last_ms = 0.0

    def observe(self, image: Picture, time_ms: float) -> FaceEstimate | None:
        """Measure `image` captured at `time_ms`; None where no face is found.

        Raises:
            ValueError: `image` or `time_ms` is not what it should be.
            RuntimeError: The observer was closed.
        """
        self._begin(image, time_ms)
        landmarks = self._find_still(image, time_ms) if self._pictures else self._find(image, time_ms)
        if landmarks is None:
            self._person.forget_portrait()
            return None
        return self.read(landmarks, *size(image), time_ms, max(1, self._tracks.faces), picture=image)

    def read(
        self,
        landmarks: Floats,
        width: int,
        height: int,
        time_ms: float,
        faces: int = 1,
        *,
        picture: Picture | None = None,
    ) -> FaceEstimate:
        """What `observe` makes of landmarks (478, 3) of a `width` x `height` picture.

        Args:
            landmarks: Normalised, as the mesh gives them.
            width: Of the picture, in pixels.
            height: Of the picture, in pixels.
            time_ms: Capture time.
            faces: Counted last.
            picture: What they were found in. Without it, what pixels say is carried on, or of no concern.
        """
        presence = None if picture is None else self._presence
        return self._who().read(landmarks, (width, height), time_ms, faces, picture, presence=presence)

    def close(self) -> None:
        """Release the tracker. Further calls are errors; closing twice is none."""
        self._mesh.close()
        super().close()

    # Which face, and where.

    def _find_still(self, image: Picture, time_ms: float) -> Floats | None:
        """Landmarks of the largest face of a picture that has nothing to do with the one before."""
        part = whole(image)
        found = stills.find(self._models, part.cut(image))
        found = None if found is None else part.back(found)
        if found is not None:
            self._judge(found, image)
        if found is not None and self._count_due(time_ms):
            self._tracks = Tracks()
            self._tracks.take(box_of(found), time_ms)
            self._count(image, time_ms)
        return found

    def _find(self, image: Picture, time_ms: float) -> Floats | None:
        """Landmarks of the participant: near the place of the frame before, else wherever they are now."""
        found = self._mesh.follow(image)
        self._presence = self._mesh.presence
        if found is None:
            found = self._search(image, time_ms)
        elif self._count_due(time_ms):
            self._tracks.here(box_of(found), time_ms)
            self._count(image, time_ms)
            other = self._switched(image, time_ms)
            found = found if other is None else other
        self._last, self._last_ms = found, time_ms
        return found

    def _search(self, image: Picture, time_ms: float) -> Floats | None:
        """Landmarks of a face found anew: the participant's, or another one's where theirs is gone."""
        if self._last is not None:
            self._tracks.here(box_of(self._last), self._last_ms)
        near = self._mesh.peek(image)
        due = not 0 <= time_ms - self._counted_ms < SEARCH_EVERY_MS
        if due or (near is not None and self._tracks.gone(time_ms)):
            self._count(image, time_ms)
        elif near is None:
            return None
        wanted = self._tracks.wanted(time_ms)
        if wanted is not None and (near is None or overlap(box_of(near), wanted) < SAME_OVERLAP):
            closer = self._mesh.peek(image, zoom_on(wanted, image))
            near = near if closer is None else closer
        if near is None or not self._tracks.take(box_of(near), time_ms):
            return None
        return self._begin_with(near, image)

    def _switched(self, image: Picture, time_ms: float) -> Floats | None:
        """Landmarks of a face that has been clearly more prominent than the followed one; None where there is none."""
        better = self._tracks.better(time_ms)
        if better is None:
            return None
        other = self._mesh.peek(image, zoom_on(better, image))
        if other is None or overlap(box_of(other), better) < SAME_OVERLAP:
            return None
        self._tracks.take(box_of(other), time_ms, switch=True)
        return self._begin_with(other, image)

    def _begin_with(self, found: Floats, image: Picture) -> Floats:
        """Follow a face that was searched for."""
        self._mesh.look_at(found, image)
        self._judge(found, image)
        return found

    def _judge(self, found: Floats, image: Picture) -> None:
        """Ask how sure the network is of a face that it did not follow: a search does not say."""
        self._mesh.judge(found, image)
        self._presence = self._mesh.presence


def warm(models: FaceModels, threads: int = 1) -> None:
    """Load what so many threads at once will use and run it, so that no participant waits for it."""
    models.load(threads)
    observer = MeshFaceObserver(models)
    observer.observe(np.zeros((120, 160, 3), np.uint8), 0.0)
    observer.close()
