"""A face in a single picture, small, tight, turned or far."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.stills import find
from hoovik_inference.types import Floats, Image
from tests import media


@pytest.fixture(scope="module")
def models() -> Iterator[FaceModels]:
    made = FaceModels()
    yield made
    made.close()


def off(found: Floats | None, wanted: Floats) -> float:
    """Mean distance of landmarks in widths of the face."""
    assert found is not None
    width = float(np.linalg.norm(wanted[234, :2] - wanted[454, :2]))
    return float(np.linalg.norm(found[:, :2] - wanted[:, :2], axis=1).mean()) / width


def tight(side: int) -> tuple[Image, Floats]:
    """The astronaut's face alone, cut at brow and chin, and where its landmarks are."""
    photo, landmarks = media.astronaut()
    points = landmarks[:, :2] * photo.shape[1::-1]
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    size = max(right - left, bottom - top)
    x, y = round((left + right - size) / 2), round((top + bottom - size) / 2)
    part = photo[y : y + round(size), x : x + round(size)]
    small = np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    wanted = landmarks.copy()
    wanted[:, :2] = (points - (x, y)) / part.shape[0]
    return small, wanted


@pytest.mark.parametrize("side", [48, 64, 200])
def test_a_picture_of_nothing_but_a_face_is_found(models: FaceModels, side: int) -> None:
    picture, wanted = tight(side)
    assert off(find(models, picture), wanted) < (0.06 if side < 100 else 0.03)


def test_landmarks_of_a_turned_framing_come_back_to_where_the_face_is(models: FaceModels) -> None:
    photo, landmarks = media.astronaut()
    height, width = photo.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 65.0, 1.0)
    turned = np.asarray(cv2.warpAffine(photo, turn, (width, height), borderValue=(128, 128, 128)), np.uint8)
    wanted = landmarks.copy()
    wanted[:, :2] = (landmarks[:, :2] * (width, height)) @ turn[:, :2].T + turn[:, 2]
    wanted[:, :2] /= (width, height)
    assert off(find(models, turned), wanted) < 0.06


def test_a_far_face_in_a_large_picture_is_found(models: FaceModels) -> None:
    photo, _ = media.astronaut()
    large = np.full((720, 1280, 3), 90, np.uint8)
    small = np.asarray(cv2.resize(photo, (360, 360), interpolation=cv2.INTER_AREA), np.uint8)
    large[340:700, 860:1220] = small
    found = find(models, large)
    assert found is not None
    x, y = found[1, :2] * (1280, 720)
    assert 860 < x < 1220 and 340 < y < 700


def test_no_face_is_found_in_what_is_none(models: FaceModels) -> None:
    rng = np.random.default_rng(0)
    assert find(models, rng.integers(0, 256, (48, 48, 3), np.uint8)) is None
    assert find(models, np.zeros((240, 320, 3), np.uint8)) is None


def test_a_grey_picture_is_refused(models: FaceModels) -> None:
    with pytest.raises(ValueError, match="expected"):
        find(models, np.zeros((48, 48), np.uint8))


@pytest.mark.shared
def test_most_faces_of_48_pixels_are_found(models: FaceModels, shared_media: Path) -> None:
    file = shared_media.parent / "data" / "fer2013" / "public_test.npz"
    if not file.is_file():
        pytest.skip("needs ../shared/data/fer2013")
    with np.load(file) as data:
        images = data["images"][np.random.default_rng(0).permutation(len(data["images"]))[:200]]
    found = [find(models, np.repeat(image[..., None], 3, axis=2)) is not None for image in images]
    assert np.mean(found) >= 0.97
