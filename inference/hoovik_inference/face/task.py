"""MediaPipe's face landmarker with blendshapes, for whoever has its file: `face_landmarker.task` (Apache-2.0).

Not part of the package and never downloaded by it. As the reference engine runs it: IMAGE mode, each picture anew.
"""

from __future__ import annotations

import hashlib
import logging
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face._native import quiet_start
from hoovik_inference.face.models import FaceModels, Shared
from hoovik_inference.face.observing import COUNT_EVERY_MS, Observing
from hoovik_inference.face.picture import check, size, whole
from hoovik_inference.face.tracks import Tracks, box_of
from hoovik_inference.face.vector import face_vector
from hoovik_inference.types import BLENDSHAPES, FaceEstimate, Floats, Image, Picture

with quiet_start():
    import mediapipe
    from mediapipe.tasks.python.core.base_options import BaseOptions
    from mediapipe.tasks.python.vision.face_landmarker import FaceLandmarker, FaceLandmarkerOptions

SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
"Of the file that the reference engine and our own head's training use."
CONFIDENCE = 0.2
"Least confidence of detection, presence and tracking (the reference's)."

_PARTS = {"face_detector.tflite", "face_landmarks_detector.tflite", "face_blendshapes.tflite"}
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
        check_task(path)
        options = FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(path)),
            num_faces=1,
            min_face_detection_confidence=CONFIDENCE,
            min_face_presence_confidence=CONFIDENCE,
            min_tracking_confidence=CONFIDENCE,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        self._closed = self._greeted = False
        with quiet_start():
            self._task = FaceLandmarker.create_from_options(options)
            # Networks are loaded in the first run, and their library greets.
            self._run(np.zeros((64, 64, 3), np.uint8))

    def find(self, image: Image) -> TaskFace | None:
        """The face in `image` (H, W, 3 RGB uint8), or None where there is none.

        Raises:
            ValueError: `image` is not (H, W, 3) uint8.
            RuntimeError: It was closed.
        """
        check(image)
        if self._closed:
            raise RuntimeError("this TaskLandmarker was closed; make a new one")
        if self._greeted:
            return self._run(image)
        # The first face makes a library write one more line.
        with quiet_start():
            found = self._run(image)
        self._greeted = found is not None
        return found

    def close(self) -> None:
        """Release the networks. Closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self._task.close()

    def _run(self, image: Image) -> TaskFace | None:
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        found = self._task.detect(picture)
        if not found.face_landmarks:
            return None
        scored = {shape.category_name: shape.score for shape in found.face_blendshapes[0]}
        return TaskFace(
            np.array([(p.x, p.y, p.z) for p in found.face_landmarks[0]], np.float32),
            np.array([scored.get(name, 0.0) for name in BLENDSHAPES], np.float32),
            np.asarray(found.facial_transformation_matrixes[0], np.float64),
        )


class TaskFaceObserver(Observing):
    """A `FaceObserver` on a task file: its landmarks and scores, and what ours read from landmarks and pixels.

    It finds one face a picture, each time anew. Somebody else's is left out for as long as the participant's own was
    seen a moment ago.
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
        self._vector: Floats | None = None

    @property
    def vector(self) -> Floats | None:
        """(326,) of the picture observed last, as the reference's models take it; None where it gave no face."""
        return self._vector

    def observe(self, image: Picture, time_ms: float) -> FaceEstimate | None:
        """Measure `image` captured at `time_ms`; None where no face is found.

        Raises:
            ValueError: `image` or `time_ms` is not what it should be.
            RuntimeError: The observer was closed.
        """
        self._begin(image, time_ms)
        self._vector = None
        rgb = whole(image).cut(image)
        with self._task.lent() as landmarker:
            found = landmarker.find(rgb)
        if found is None or not self._take(found, rgb, time_ms):
            self._person.forget_portrait()
            return None
        self._vector = face_vector(found.landmarks, found.blendshapes, found.matrix)
        faces = max(1, self._tracks.faces)
        return self._who().read(found.landmarks, size(rgb), time_ms, faces, rgb, found.blendshapes)

    def _take(self, found: TaskFace, rgb: Image, time_ms: float) -> bool:
        """Whether the face is the participant's, whoever that is now."""
        if self._pictures:
            self._tracks = Tracks()
        if not self._tracks.take(box_of(found.landmarks), time_ms):
            return False
        if self._count_due(time_ms):
            self._count(rgb, time_ms)
        return True


def shared_task(path: Path) -> Shared[TaskLandmarker]:
    """The networks of a task file, shared by all observers: as many copies as there are threads that use them at once.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no face landmarker with blendshapes.
    """
    check_task(path)
    return Shared(lambda: TaskLandmarker(path))


def check_task(path: Path) -> None:
    """Refuse what is no face landmarker with blendshapes; warn, through `logging`, about another one than SHA256.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is something else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}; expected MediaPipe's face_landmarker.task")
    names: set[str] = set()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    if not names >= _PARTS:
        missing = ", ".join(sorted(_PARTS - names))
        raise ValueError(f"{path} lacks {missing}; expected MediaPipe's face_landmarker.task, with blendshapes")
    found = file_sha256(path)
    if found != SHA256:
        _log.warning("another face landmarker than the one that was tested", extra={"sha256": found, "tested": SHA256})


def file_sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
