"""The task file behind the same interface as our own mesh."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from hoovik_inference.face import FaceModels, MeshFaceObserver
from hoovik_inference.face.models import Shared
from hoovik_inference.face.task import SHA256, TaskFaceObserver, TaskLandmarker, check_task, shared_task
from hoovik_inference.types import BLENDSHAPES, FaceEstimate, FaceObserver, Image
from tests.unit.inference.faces import photo, shape
from tests.unit.inference.task_file import task_file
from tests.unit.inference.test_face_observer import pictures
from tests.unit.inference.test_face_vector import by_the_rules
from tests.unit.inference.test_mesh import planes


@pytest.fixture(scope="module")
def task() -> Iterator[Shared[TaskLandmarker]]:
    shared = shared_task(task_file())
    yield shared
    shared.close()


@pytest.fixture(scope="module")
def models() -> Iterator[FaceModels]:
    shared = FaceModels()
    yield shared
    shared.close()


def seen(observer: FaceObserver, image: Image, time_ms: float = 0.0) -> FaceEstimate:
    face = observer.observe(image, time_ms)
    assert face is not None
    return face


def test_it_measures_what_the_mesh_measures(task: Shared[TaskLandmarker], models: FaceModels) -> None:
    observer: FaceObserver = TaskFaceObserver(task, models, baseline=False)
    own: FaceObserver = MeshFaceObserver(models, pictures=True, baseline=False)
    face, other = seen(observer, photo(), 7.0), seen(own, photo(), 7.0)
    assert face.time_ms == 7.0
    assert face.faces == other.faces == 1
    assert face.landmarks.shape == (478, 3)
    assert np.abs(face.landmarks - other.landmarks)[:, :2].max() < 0.03
    assert abs(face.head_pose.yaw - other.head_pose.yaw) < 4.0
    assert shape(face, "mouthSmileLeft") > 0.7, "the photo smiles"
    assert face.blendshapes.shape == (52,)
    assert shape(face, "tongueOut") == 0.0
    observer.close()
    own.close()


def test_without_a_baseline_scores_are_the_task_files_own(task: Shared[TaskLandmarker], models: FaceModels) -> None:
    observer = TaskFaceObserver(task, models, baseline=False)
    face = seen(observer, photo())
    with task.lent() as landmarker:
        found = landmarker.find(photo())
    observer.close()
    assert found is not None
    np.testing.assert_array_equal(face.blendshapes, found.blendshapes)
    np.testing.assert_array_equal(face.landmarks, found.landmarks)


def independent(image: Image) -> list[float]:
    """The vector by MediaPipe's own example and the rules, without our code."""
    import mediapipe
    from mediapipe.tasks import python
    from mediapipe.tasks.python import vision

    options = vision.FaceLandmarkerOptions(
        base_options=python.BaseOptions(model_asset_path=str(task_file())),
        running_mode=vision.RunningMode.IMAGE,
        num_faces=1,
        min_face_detection_confidence=0.2,
        min_face_presence_confidence=0.2,
        min_tracking_confidence=0.2,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        found = landmarker.detect(picture)
    landmarks = np.array([(p.x, p.y, p.z) for p in found.face_landmarks[0]], np.float32)
    scores = {one.category_name: one.score for one in found.face_blendshapes[0] if one.category_name != "_neutral"}
    assert sorted(scores) == sorted(set(BLENDSHAPES) - {"tongueOut"})
    return by_the_rules(landmarks, scores, np.asarray(found.facial_transformation_matrixes[0]).tolist())


@pytest.mark.parametrize("tilt", [0.0, 12.0])
def test_the_vector_is_the_references_to_the_last_digits(
    task: Shared[TaskLandmarker], models: FaceModels, tilt: float
) -> None:
    matrix = cv2.getRotationMatrix2D((150, 150), tilt, 1.0)
    # Not square: x and y of the vector are by width and height each.
    image = np.ascontiguousarray(cv2.warpAffine(photo(), matrix, (300, 280)), np.uint8)
    observer = TaskFaceObserver(task, models)
    assert observer.vector is None
    seen(observer, image)
    assert observer.vector is not None
    np.testing.assert_allclose(observer.vector, np.array(independent(image), np.float32), rtol=0, atol=1e-5)
    assert observer.observe(np.zeros((240, 320, 3), np.uint8), 40.0) is None
    assert observer.vector is None, "no face, no vector"
    observer.close()


@pytest.mark.shared
@pytest.mark.parametrize("name", ["swiz3n.mpg", "talking_head_8s.mp4", "*_Pexels.mp4"])
def test_the_vector_is_the_references_on_real_footage(
    shared_media: Path, task: Shared[TaskLandmarker], models: FaceModels, name: str
) -> None:
    observer = TaskFaceObserver(task, models)
    for image in pictures(next(shared_media.glob(name)), every=40)[:3]:
        seen(observer, image)
        assert observer.vector is not None
        np.testing.assert_allclose(observer.vector, np.array(independent(image), np.float32), rtol=0, atol=1e-5)
    observer.close()


def test_planes_of_a_decoder_are_read_as_well(task: Shared[TaskLandmarker], models: FaceModels) -> None:
    observer = TaskFaceObserver(task, models, baseline=False)
    rgb, other = seen(observer, photo()), observer.observe(planes(photo()), 40.0)
    observer.close()
    assert other is not None
    assert np.abs(rgb.blendshapes - other.blendshapes).max() < 0.1


def test_calibrating_takes_a_smile_off_the_scores_and_not_off_the_vector(
    task: Shared[TaskLandmarker], models: FaceModels
) -> None:
    observer = TaskFaceObserver(task, models)
    observer.calibrate()
    face = seen(observer, photo())
    vector = observer.vector
    observer.close()
    assert vector is not None
    smile = float(vector[272 + BLENDSHAPES.index("mouthSmileLeft")])
    assert smile > 0.7, "the reference knows no calibration"
    assert shape(face, "mouthSmileLeft") < smile - 0.3


def test_a_second_face_is_told_and_a_picture_without_one_gives_nothing(
    task: Shared[TaskLandmarker], models: FaceModels
) -> None:
    observer = TaskFaceObserver(task, models)
    assert seen(observer, np.ascontiguousarray(np.hstack([photo(), photo()]))).faces == 2
    assert observer.observe(np.zeros((240, 320, 3), np.uint8), 2000.0) is None
    observer.close()


def test_after_close_observing_is_an_error_and_closing_is_none(
    task: Shared[TaskLandmarker], models: FaceModels
) -> None:
    observer = TaskFaceObserver(task, models)
    observer.close()
    observer.close()
    with pytest.raises(RuntimeError, match="was closed"):
        observer.observe(photo(), 0.0)


def test_a_time_that_is_none_and_a_picture_that_is_none_are_refused(
    task: Shared[TaskLandmarker], models: FaceModels
) -> None:
    observer = TaskFaceObserver(task, models)
    with pytest.raises(ValueError, match="expected a capture time"):
        observer.observe(photo(), float("inf"))
    with pytest.raises(ValueError, match=r"expected \(H, W, 3\) uint8 in RGB"):
        observer.observe(np.zeros((24, 32), np.uint8), 0.0)
    observer.close()


def test_an_absent_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    for make in (check_task, shared_task, TaskLandmarker):
        with pytest.raises(FileNotFoundError, match=r"absent\.task; expected MediaPipe's face_landmarker\.task"):
            make(tmp_path / "absent.task")


def archive(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as stream:
        for name in names:
            stream.writestr(name, b"nothing")
    return path


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain.task"
    plain.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"plain\.task lacks face_blendshapes\.tflite"):
        check_task(plain)
    bare = archive(tmp_path / "bare.task", ["face_detector.tflite", "face_landmarks_detector.tflite"])
    with pytest.raises(ValueError, match=r"lacks face_blendshapes\.tflite; expected"):
        check_task(bare)


def test_another_version_of_the_file_is_taken_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = ["face_detector.tflite", "face_landmarks_detector.tflite", "face_blendshapes.tflite"]
    with caplog.at_level(logging.WARNING):
        check_task(archive(tmp_path / "newer.task", names))
    assert [record.getMessage() for record in caplog.records] == [
        "another face landmarker than the one that was tested"
    ]
    assert caplog.records[0].__dict__["tested"] == SHA256


def test_the_known_file_is_taken_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    check_task(task_file())
    assert not caplog.records
