"""One participant's face, frame by frame: landmarks, then everything that is read from them."""

from __future__ import annotations

import math

import numpy as np

from hoovik_inference.face.action_units import action_units
from hoovik_inference.face.baseline import Baseline
from hoovik_inference.face.blendshapes import blendshapes
from hoovik_inference.face.confidence import confidence
from hoovik_inference.face.detect import Box
from hoovik_inference.face.gaze import closed, gaze
from hoovik_inference.face.measures import measure_aligned
from hoovik_inference.face.mesh import FaceMesh
from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.picture import size, whole
from hoovik_inference.face.pose import align, angles
from hoovik_inference.face.zoom import zoom_on
from hoovik_inference.types import FaceEstimate, Floats, Picture

COUNT_EVERY_MS = 1000.0
"Capture time between two counts of the faces: people rarely come into a picture more often."
SEARCH_EVERY_MS = 500.0
"Capture time between two searches of the whole picture where the mesh finds no face."


class MeshFaceObserver:
    """A `FaceObserver` on MediaPipe's face mesh and geometry alone."""

    def __init__(
        self,
        models: FaceModels | None = None,
        *,
        pictures: bool = False,
        baseline: bool = True,
        count_every_ms: float = COUNT_EVERY_MS,
    ) -> None:
        """Start the tracker.

        Args:
            models: Shared with other observers; its own, closed with it, where none are given.
            pictures: The images don't follow each other: search in each anew.
            baseline: Learn the participant's resting face (off for pictures of many people).
            count_every_ms: Capture time between two counts of the faces in the picture.
        """
        self._models = models or FaceModels()
        self._own_models = models is None
        self._mesh = FaceMesh(self._models, pictures=pictures)
        self._count_every_ms = count_every_ms
        self._counted_ms = self._searched_ms = -math.inf
        self._faces = 1
        self._learning = baseline
        self._baseline = Baseline()

    def observe(self, image: Picture, time_ms: float) -> FaceEstimate | None:
        """Measure `image` captured at `time_ms`; None where no face is found.

        Raises:
            ValueError: `image` or `time_ms` is not what it should be.
            RuntimeError: The observer was closed.
        """
        if not math.isfinite(time_ms):
            raise ValueError(f"time_ms is {time_ms}; expected a capture time in milliseconds")
        landmarks = self._find(image, time_ms)
        if landmarks is None:
            return None
        if not 0 <= time_ms - self._counted_ms < self._count_every_ms:
            self._counted_ms = time_ms
            self._faces = max(1, len(self._detect(image)))
        return self.read(landmarks, *size(image), time_ms, self._faces)

    def read(self, landmarks: Floats, width: int, height: int, time_ms: float, faces: int = 1) -> FaceEstimate:
        """What `observe` makes of landmarks (478, 3) of a `width` x `height` picture."""
        alignment = align(landmarks, width, height)
        head = angles(alignment.rotation)
        measures = measure_aligned(alignment)
        rested = self._baseline.apply(measures, head, time_ms) if self._learning else measures
        shapes = blendshapes(rested)
        return FaceEstimate(
            time_ms=time_ms,
            landmarks=landmarks,
            blendshapes=shapes,
            action_units=action_units(shapes),
            head_pose=head,
            gaze=gaze(measures, head),
            blink=closed(measures),
            confidence=confidence(landmarks, alignment, head),
            faces=faces,
        )

    def calibrate(self) -> None:
        """The next measured face is this participant's neutral one."""
        self._baseline.calibrate()

    def close(self) -> None:
        """Release the tracker. Further calls are errors; closing twice is none."""
        self._mesh.close()
        if self._own_models:
            self._models.close()

    def _find(self, image: Picture, time_ms: float) -> Floats | None:
        """Landmarks of the participant: in the whole picture, or in the part where a far face was found."""
        landmarks = self._mesh.find(image)
        if landmarks is None and not 0 <= time_ms - self._searched_ms < SEARCH_EVERY_MS:
            self._searched_ms = time_ms
            found = self._detect(image)
            if found:
                landmarks = self._mesh.search(image, zoom_on(found[0], image))
        return landmarks

    def _detect(self, image: Picture) -> list[Box]:
        with self._models.detect.lent() as detector:
            return detector.find(whole(image).cut(image))


def warm(models: FaceModels, threads: int = 1) -> None:
    """Load what so many threads at once will use and run it, so that no participant waits for it."""
    models.load(threads)
    observer = MeshFaceObserver(models)
    observer.observe(np.zeros((120, 160, 3), np.uint8), 0.0)
    observer.close()
