"""Faces in a whole picture: how many, where, and a closer look at far ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from hoovik_inference.face import FaceDetector, MeshFaceObserver, zoom_on
from hoovik_inference.types import Image
from tests.unit.inference.faces import photo, photo_landmarks


def scene(size: int, *, at: tuple[int, int] = (200, 100), shape: tuple[int, int] = (720, 1280)) -> Image:
    """The portrait, `size` pixels wide, somewhere in a large grey picture."""
    picture = np.full((*shape, 3), 128, np.uint8)
    small = cv2.resize(photo(), (size, size), interpolation=cv2.INTER_AREA)
    picture[at[1] : at[1] + size, at[0] : at[0] + size] = small
    return picture


@pytest.fixture
def detector() -> Iterator[FaceDetector]:
    one = FaceDetector()
    yield one
    one.close()


@pytest.fixture
def observer() -> Iterator[MeshFaceObserver]:
    one = MeshFaceObserver()
    yield one
    one.close()


def test_the_largest_and_most_central_face_comes_first(detector: FaceDetector) -> None:
    both = scene(400, at=(500, 200))
    both[60:320, 100:360] = cv2.resize(photo(), (260, 260))
    first, second = detector.find(both)
    assert first.width > 1.3 * second.width
    assert first.x == pytest.approx(700 / 1280, abs=0.05)


def test_nobody_is_nobody_and_a_closed_detector_says_so(detector: FaceDetector) -> None:
    assert detector.find(np.zeros((120, 160, 3), np.uint8)) == []
    detector.close()
    with pytest.raises(RuntimeError, match="was closed"):
        detector.find(photo())


def test_a_face_too_far_for_the_mesh_is_measured_through_a_zoom_and_followed(observer: MeshFaceObserver) -> None:
    for n in range(12):
        face = observer.observe(scene(240, at=(900 + 2 * n, 400)), n * 33.0)
        assert face is not None
        eyes = face.landmarks[[33, 263], :2] * (1280, 720)
        own = photo_landmarks()[[33, 263], :2] * 240 + (900 + 2 * n, 400)
        assert np.abs(eyes - own).max() < 5, "landmarks are those of the whole picture"


def test_a_zoomed_face_that_leaves_is_gone_and_one_elsewhere_is_found_within_half_a_second(
    observer: MeshFaceObserver,
) -> None:
    assert observer.observe(scene(240, at=(900, 400)), 0.0) is not None
    empty = np.full((720, 1280, 3), 128, np.uint8)
    assert all(observer.observe(empty, 33.0 * n) is None for n in range(1, 10))
    seen = [observer.observe(scene(240, at=(100, 60)), 330.0 + 33.0 * n) is not None for n in range(16)]
    assert any(seen)


def test_a_picture_of_another_size_leaves_the_zoom(observer: MeshFaceObserver) -> None:
    assert observer.observe(scene(240), 0.0) is not None
    assert observer.observe(photo(), 1000.0) is not None


def test_faces_are_counted_each_second_of_capture_time_and_every_other_one_where_there_is_but_one(
    observer: MeshFaceObserver,
) -> None:
    one = np.ascontiguousarray(np.hstack([photo(), np.full_like(photo(), 128)]))
    two = np.ascontiguousarray(np.hstack([photo(), photo()]))
    counts = []
    for picture, at in ((one, 0.0), (two, 1010.0), (two, 2010.0), (one, 2500.0), (one, 3020.0), (two, 50.0)):
        face = observer.observe(picture, at)
        assert face is not None
        counts.append(face.faces)
    assert counts == [1, 1, 2, 2, 1, 2], "the last is a stream whose time began anew"


def test_a_zoom_stays_inside_the_picture() -> None:
    from hoovik_inference.face import Box

    picture = np.zeros((100, 200, 3), np.uint8)
    for x, y in ((0.0, 0.0), (1.0, 1.0), (0.5, 0.5), (1.2, -0.3)):
        zoom = zoom_on(Box(x, y, 0.3, 0.5), picture)
        assert zoom.cut(picture).size > 0
        assert 0 <= zoom.left < zoom.left + zoom.width <= 200
        assert 0 <= zoom.top < zoom.top + zoom.height <= 100


@pytest.mark.shared
def test_a_group_seen_from_afar_has_one_participant_and_is_counted(
    shared_media: Path, observer: MeshFaceObserver
) -> None:
    picture = cv2.cvtColor(cv2.imread(str(shared_media / "multi_face.jpg")), cv2.COLOR_BGR2RGB)
    face = observer.observe(np.asarray(picture, np.uint8), 0.0)
    assert face is not None
    assert face.faces >= 4
