"""The task file behind the same interface as our own mesh."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from hoovik_inference.face import Box, FaceModels, MeshFaceObserver
from hoovik_inference.face.models import Shared
from hoovik_inference.face.task import SHA256, TaskFaceObserver, TaskLandmarker, check_task, shared_task
from hoovik_inference.face.tracks import box_of, overlap
from hoovik_inference.face.zoom import zoom_on
from hoovik_inference.task_file import check_parts
from hoovik_inference.types import BLENDSHAPES, FaceEstimate, FaceObserver, Image, Picture
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


def beside(left: int, right: int) -> Image:
    """The photo on both halves of a wide picture, so large each; 0 leaves a half empty."""
    picture = np.full((320, 640, 3), 128, np.uint8)
    for x, side in ((5, left), (325, right)):
        if not side:
            continue
        picture[5 : 5 + side, x : x + side] = cv2.resize(photo(), (side, side), interpolation=cv2.INTER_AREA)
    return picture


def halves(observer: FaceObserver, images: list[Image], every_ms: float = 100.0) -> list[tuple[int, bool] | None]:
    """Of each picture the number of the face, and whether it is on the right."""
    faces = [observer.observe(image, n * every_ms) for n, image in enumerate(images)]
    return [None if face is None else (face.track, bool(face.landmarks[:, 0].mean() > 0.5)) for face in faces]


def test_of_two_faces_it_measures_the_one_that_is_followed_though_it_finds_the_other_first(
    task: Shared[TaskLandmarker], models: FaceModels
) -> None:
    with task.lent() as landmarker:
        first = landmarker.find(beside(260, 300))
    assert first is not None and first.landmarks[:, 0].mean() > 0.5
    images = [beside(260, 0)] * 3 + [beside(260, 300)] * 20
    observers = TaskFaceObserver(task, models), MeshFaceObserver(models)
    one, other = (halves(observer, images) for observer in observers)
    assert one == other == [(1, False)] * 23
    for observer in observers:
        observer.close()


def test_it_switches_to_a_larger_face_after_a_while(task: Shared[TaskLandmarker], models: FaceModels) -> None:
    observer = TaskFaceObserver(task, models)
    where = halves(observer, [beside(190, 0)] * 10 + [beside(190, 300)] * 45)
    observer.close()
    assert where[:35] == [(1, False)] * 35
    assert where[-1] == (2, True)


def test_where_it_does_not_see_the_followed_face_nothing_is_taken_from_it_and_that_is_said_once(
    task: Shared[TaskLandmarker], models: FaceModels, caplog: pytest.LogCaptureFixture
) -> None:
    class Blind(TaskFaceObserver):
        """Faces are counted on the left as well, where the task file sees none."""

        def _count(self, image: Picture, time_ms: float) -> None:
            self._counted_ms = time_ms
            self._tracks.count([Box(0.25, 0.5, 0.4, 0.8), Box(0.7, 0.4, 0.15, 0.3)], time_ms)

    observer = Blind(task, models)
    with caplog.at_level(logging.WARNING):
        where = halves(observer, [beside(0, 250)] * 30)
    observer.close()
    assert where == [None] * 30
    assert observer.vector is None
    assert len([record for record in caplog.records if "does not see" in record.getMessage()]) == 1


@pytest.mark.shared
def test_in_a_group_each_face_that_it_gives_is_the_one_that_was_asked_for(
    shared_media: Path, task: Shared[TaskLandmarker], models: FaceModels
) -> None:
    group = cv2.cvtColor(cv2.imread(str(shared_media / "multi_face.jpg")), cv2.COLOR_BGR2RGB).astype(np.uint8)
    third = group.shape[1] // 3
    given = others = 0
    for image in (group, group[:, ::-1], group[:, third:], group[:, :-third]):
        image = np.ascontiguousarray(image)
        with models.detect.lent() as detector, task.lent() as landmarker:
            first = landmarker.find(image)
            for box in detector.find(image):
                found = landmarker.find(image, box)
                if found is not None:
                    given += 1
                    assert overlap(box_of(found.landmarks), box) > 0.4
                    others += first is None or not np.array_equal(found.landmarks, first.landmarks)
    assert given >= 8
    assert others >= 5, "most of them are not the one that it gives first"


@pytest.mark.shared
def test_in_a_group_it_measures_the_face_that_our_mesh_follows_or_none(
    shared_media: Path, task: Shared[TaskLandmarker], models: FaceModels
) -> None:
    group = cv2.cvtColor(cv2.imread(str(shared_media / "multi_face.jpg")), cv2.COLOR_BGR2RGB).astype(np.uint8)
    third = group.shape[1] // 3
    same = 0
    for image in (group, group[:, ::-1], group[:, third:], group[:, :-third]):
        image = np.ascontiguousarray(image)
        observer, own = TaskFaceObserver(task, models), MeshFaceObserver(models)
        face, wanted = observer.observe(image, 0.0), seen(own, image)
        if face is not None:
            assert overlap(box_of(face.landmarks), box_of(wanted.landmarks)) > 0.5
            same += 1
        observer.close()
        own.close()
    assert same >= 2


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
        with pytest.raises(
            FileNotFoundError, match=r"no file .*absent\.task; expected MediaPipe's face_landmarker\.task"
        ):
            make(tmp_path / "absent.task")


NAMES = [
    "face_detector.tflite",
    "face_landmarks_detector.tflite",
    "face_blendshapes.tflite",
    "geometry_pipeline_metadata_landmarks.binarypb",
]


def archive(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as stream:
        for name in names:
            stream.writestr(name, b"nothing")
    return path


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain.task"
    plain.write_bytes(b"no archive")
    empty = tmp_path / "empty.task"
    empty.touch()
    cut = tmp_path / "cut.task"
    cut.write_bytes(archive(tmp_path / "whole.task", NAMES).read_bytes()[:200])
    for file in (plain, empty, cut):
        with pytest.raises(ValueError, match=r"\.task is no task file, or only a part of one .*; expected") as refused:
            check_task(file)
        assert file.name in str(refused.value)
    bare = archive(tmp_path / "bare.task", NAMES[:2])
    with pytest.raises(ValueError, match=r"lacks face_blendshapes\.tflite, geometry.*; expected"):
        check_task(bare)
    damaged = bytearray((tmp_path / "whole.task").read_bytes())
    at = damaged.index(b"nothing")
    damaged[at : at + 4] = b"some"
    (tmp_path / "damaged.task").write_bytes(damaged)
    with pytest.raises(ValueError, match=r"damaged\.task is damaged, in face_detector\.tflite; expected"):
        check_parts(tmp_path / "damaged.task")


def test_networks_that_are_none_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"MediaPipe cannot load .*hollow\.task: .*") as refused:
        TaskLandmarker(archive(tmp_path / "hollow.task", NAMES))
    assert "\n" not in str(refused.value)


def test_another_version_of_the_file_is_taken_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        check_task(archive(tmp_path / "newer.task", NAMES))
    assert [record.getMessage() for record in caplog.records] == [
        "another face landmarker than the one that was tested"
    ]
    assert caplog.records[0].__dict__["tested"] == SHA256


def test_the_known_file_is_taken_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    check_task(task_file())
    assert not caplog.records


def test_in_training_the_teacher_reads_the_face_that_our_mesh_found(models: FaceModels) -> None:
    from hoovik_inference.training.blendshape import material

    eyes, picture = material._Eyes(task_file()), beside(260, 300)
    with models.detect.lent() as detector:
        boxes = sorted(detector.find(picture), key=lambda box: box.x)
    assert len(boxes) == 2
    first = eyes.teacher.find(picture)
    assert first is not None and first.landmarks[:, 0].mean() > 0.5
    for box in boxes:
        part = zoom_on(box, picture)
        found = eyes.mesh.search(picture, part)
        assert found is not None and overlap(box_of(found), box) > 0.4
        (row,) = material._read(eyes, picture, found, "", -1, 0, 0, np.random.default_rng(0))
        assert row.taught is not None and overlap(box_of(row.taught), box_of(found)) > 0.7
    for one in (eyes.teacher, eyes.detector, eyes.models):
        one.close()
