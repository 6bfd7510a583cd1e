"""MediaPipe's face landmarker with blendshapes, for whoever has its file: `face_landmarker.task` (Apache-2.0).

Not part of the package; `hoovik-rtc models pull face_landmarker` fetches it. As the reference engine runs it: IMAGE
mode, each picture anew.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face._native import quiet_start
from hoovik_inference.face.detect import Box
from hoovik_inference.face.models import FaceModels, Shared
from hoovik_inference.face.observing import COUNT_EVERY_MS, SEARCH_EVERY_MS, Observing
from hoovik_inference.face.picture import check, size, whole
from hoovik_inference.face.tracks import SAME_OVERLAP, Tracks, box_of, overlap
from hoovik_inference.face.vector import face_vector
from hoovik_inference.task_file import SHA256, check_parts, check_task, file_sha256
from hoovik_inference.types import BLENDSHAPES, FaceEstimate, Floats, Image, Picture

with quiet_start():
    import mediapipe
    from mediapipe.tasks.python.core.base_options import BaseOptions
    from mediapipe.tasks.python.vision.face_landmarker import FaceLandmarker, FaceLandmarkerOptions

__all__ = ["SHA256", "TaskFace", "TaskFaceObserver", "TaskLandmarker", "check_task", "file_sha256", "shared_task"]

CONFIDENCE = 0.2
"Least confidence of detection, presence and tracking (the reference's)."
SEVERAL = 10
"Faces that are looked at where the first one is not the one that is wanted."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TaskFace:
    """One face as the task file's networks find it."""

    landmarks: Floats
    "(478, 3) normalised: x by width, y by height, z in units of x."
    blendshapes: Floats
    "(52,) 0…1 in the order of BLENDSHAPES; tongueOut, which the model lacks, is 0."
    matrix: NDArray[np.float64]
    "(4, 4) facial transformation matrix, translation in its last column."


class TaskLandmarker:
    """The networks of one task file. Calls must not overlap."""

    def __init__(self, path: Path) -> None:
        """Load them (some 100 ms).

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is no face landmarker with blendshapes.
        """
        check_parts(path)
        self._path = path
        self._closed = self._greeted = False
        self._task = _loaded(path, 1)
        self._several: FaceLandmarker | None = None  # loaded once it is needed

    def find(self, image: Image, near: Box | None = None) -> TaskFace | None:
        """A face in `image` (H, W, 3 RGB uint8), or None where there is none.

        Args:
            image: Any picture.
            near: Where the face is that is wanted: that one or none. Without it the first one, as the reference has it.

        Raises:
            ValueError: `image` is not (H, W, 3) uint8.
            RuntimeError: It was closed.
        """
        check(image)
        if self._closed:
            raise RuntimeError("this TaskLandmarker was closed; make a new one")
        # The first face makes a library write one more line.
        with contextlib.nullcontext() if self._greeted else quiet_start():
            first = _run(self._task, image)
        self._greeted = self._greeted or bool(first)
        if near is None:
            return first[0] if first else None
        found = _there(first, near)
        if found is None:
            if self._several is None:
                self._several = _loaded(self._path, SEVERAL)
            found = _there(_run(self._several, image), near)
        return found

    def close(self) -> None:
        """Release the networks. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            for task in (self._task, self._several):
                if task is not None:
                    task.close()


def _loaded(path: Path, faces: int) -> FaceLandmarker:
    """The networks, for so many faces a picture.

    Raises:
        ValueError: MediaPipe refuses the file.
    """
    options = FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(path)),
        num_faces=faces,
        min_face_detection_confidence=CONFIDENCE,
        min_face_presence_confidence=CONFIDENCE,
        min_tracking_confidence=CONFIDENCE,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    try:
        with quiet_start():
            task = FaceLandmarker.create_from_options(options)
            # Networks are loaded in the first run, and their library greets.
            _run(task, np.zeros((64, 64, 3), np.uint8))
    except (RuntimeError, ValueError) as exc:
        why = str(exc).splitlines()[0].rstrip(".")
        raise ValueError(f"MediaPipe cannot load {path}: {why}; expected its face_landmarker.task") from exc
    return task


def _run(task: FaceLandmarker, image: Image) -> list[TaskFace]:
    picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image))
    found = task.detect(picture)
    faces = zip(found.face_landmarks, found.face_blendshapes, found.facial_transformation_matrixes, strict=True)
    return [_face(landmarks, shapes, matrix) for landmarks, shapes, matrix in faces]


def _face(landmarks: Any, shapes: Any, matrix: Any) -> TaskFace:
    scored = {shape.category_name: shape.score for shape in shapes}
    return TaskFace(
        np.array([(p.x, p.y, p.z) for p in landmarks], np.float32),
        np.array([scored.get(name, 0.0) for name in BLENDSHAPES], np.float32),
        np.asarray(matrix, np.float64),
    )


def _there(faces: Sequence[TaskFace], near: Box) -> TaskFace | None:
    """The one that overlaps most with the box; None where none is the face that is there."""
    best = max(faces, key=lambda face: overlap(box_of(face.landmarks), near), default=None)
    return None if best is None or overlap(box_of(best.landmarks), near) < SAME_OVERLAP else best


class TaskFaceObserver(Observing):
    """A `FaceObserver` on a task file: its landmarks and scores, and what ours read from landmarks and pixels.

    It finds faces anew in each picture. Which of them is the participant's is told as for our mesh, by `Tracks`: where
    the task file sees only others, nothing is taken from it, and that is said through `logging`, once each time.
    """

    def __init__(
        self,
        task: Shared[TaskLandmarker],
        models: FaceModels | None = None,
        *,
        pictures: bool = False,
        baseline: bool = True,
        count_every_ms: float = COUNT_EVERY_MS,
    ) -> None:
        """Start it with what `shared_task` made, which whoever made it closes; the rest as `Observing` has it."""
        super().__init__(models, pictures=pictures, baseline=baseline, count_every_ms=count_every_ms)
        self._task = task
        self._last: TaskFace | None = None
        self._said_others = False

    @property
    def vector(self) -> Floats | None:
        """(326,) of the picture observed last, as the reference's models take it; None where it gave no face."""
        last = self._last
        return None if last is None else face_vector(last.landmarks, last.blendshapes, last.matrix)

    def observe(self, image: Picture, time_ms: float) -> FaceEstimate | None:
        """Measure `image` captured at `time_ms`; None where no face is found.

        Raises:
            ValueError: `image` or `time_ms` is not what it should be.
            RuntimeError: The observer was closed.
        """
        self._begin(image, time_ms)
        self._last = None
        rgb = whole(image).cut(image)
        found = self._find(rgb, time_ms)
        if found is None:
            self._person.forget_portrait()
            return None
        self._last = found
        faces = max(1, self._tracks.faces)
        return self._who().read(found.landmarks, size(rgb), time_ms, faces, rgb, found.blendshapes)

    def _find(self, rgb: Image, time_ms: float) -> TaskFace | None:
        """The participant's face, whoever that is now."""
        if self._pictures:
            self._tracks = Tracks()
        since_ms = time_ms - self._counted_ms
        if self._said_others and self._tracks.gone(time_ms) and 0 <= since_ms < SEARCH_EVERY_MS:
            return None  # to look for a face that is not to be seen costs several times as much
        found = self._look(rgb, self._tracks.wanted(time_ms))
        if self._tracks.gone(time_ms) and self._search_due(time_ms, found is not None):
            self._count(rgb, time_ms)
            wanted = self._tracks.wanted(time_ms)
            if wanted is not None and (found is None or _there([found], wanted) is None):
                with self._task.lent() as landmarker:
                    closer = landmarker.find(rgb, wanted)
                if closer is None:
                    self._others()
                    return None
                found = closer
        if found is None:
            return None
        if not self._tracks.take(box_of(found.landmarks), time_ms):
            self._others()
            return None
        self._said_others = False
        if self._count_due(time_ms):
            self._count(rgb, time_ms)
            found = self._switched(rgb, time_ms) or found
        return found

    def _others(self) -> None:
        """There are faces, but the task file does not see the participant's."""
        if not self._said_others:
            self._said_others = True
            _log.warning("the task file does not see the face that is followed: nothing is taken from it meanwhile")

    def _look(self, rgb: Image, near: Box | None) -> TaskFace | None:
        """The face there, else the first one: it may have moved."""
        with self._task.lent() as landmarker:
            found = landmarker.find(rgb, near)
            return landmarker.find(rgb) if found is None and near is not None else found

    def _search_due(self, time_ms: float, found: bool) -> bool:
        """Whether faces are to be counted before one is followed that was not there a moment ago."""
        if self._pictures:
            return self._count_due(time_ms)
        return found or not 0 <= time_ms - self._counted_ms < SEARCH_EVERY_MS

    def _switched(self, rgb: Image, time_ms: float) -> TaskFace | None:
        """A face that has been clearly more prominent than the followed one; None where there is none."""
        better = self._tracks.better(time_ms)
        if better is None:
            return None
        with self._task.lent() as landmarker:
            other = landmarker.find(rgb, better)
        if other is not None:
            self._tracks.take(box_of(other.landmarks), time_ms, switch=True)
        return other


def shared_task(path: Path) -> Shared[TaskLandmarker]:
    """The networks of a task file, shared by all observers: as many copies as there are threads that use them at once.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no face landmarker with blendshapes.
    """
    check_task(path)
    return Shared(lambda: TaskLandmarker(path))
