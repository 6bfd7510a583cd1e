"""The face upright and of one size."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hoovik_inference.face import signs
from hoovik_inference.face.crop import LEAST_STD, cut, face_of, standardised, upright
from hoovik_inference.face.follow import Square
from hoovik_inference.face.mesh import FaceMesh
from hoovik_inference.face.person import Person
from hoovik_inference.face.pose import align
from hoovik_inference.types import PORTRAIT_SIDE, Image, Planes
from tests import media


def square_of(image: Image, pictures: FaceMesh) -> Square:
    landmarks = pictures.find(image)
    assert landmarks is not None
    height, width = image.shape[:2]
    return upright(align(landmarks, width, height), width, height)


@pytest.fixture(scope="module")
def mesh() -> FaceMesh:
    return FaceMesh(pictures=True)


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean difference in grey levels."""
    return float(np.abs(one.astype(np.int16) - other).mean())


def test_a_turned_and_a_smaller_picture_give_the_same_cut(mesh: FaceMesh) -> None:
    photo, _ = media.astronaut()
    straight = cut(photo, square_of(photo, mesh))
    assert straight.shape == (PORTRAIT_SIDE, PORTRAIT_SIDE) and straight.dtype == np.uint8
    height, width = photo.shape[:2]
    for degrees, scale in ((20.0, 1.0), (-30.0, 0.8), (0.0, 0.5)):
        move = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
        moved = np.asarray(cv2.warpAffine(photo, move, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
        assert apart(cut(moved, square_of(moved, mesh)), straight) < 8.0
        assert apart(cut(moved, square_of(photo, mesh)), straight) > 15.0, "it would differ, were the face not followed"


def test_planes_of_a_decoder_give_the_same_cut_as_rgb(mesh: FaceMesh) -> None:
    photo, _ = media.astronaut()
    square = square_of(photo, mesh)
    packed = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2YUV_I420), np.uint8)
    height, width = photo.shape[:2]
    chroma = packed[height:].reshape(2, height // 2, width // 2)
    assert apart(cut(Planes(packed[:height], chroma[0], chroma[1]), square), cut(photo, square)) < 1.5


def test_a_mirrored_cut_is_the_mirror_image() -> None:
    photo, _ = media.astronaut()
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.uint8)
    square = Square(240.3, 200.7, 180.0, 0.3)
    assert apart(cut(grey, square, mirror=True), cut(grey, square)[:, ::-1]) < 1.0


def test_fine_stripes_are_averaged_and_not_sampled() -> None:
    stripes = np.zeros((480, 480), np.uint8)
    stripes[:, ::2] = 255
    grey = cut(stripes, Square(240.0, 240.0, 240.0, 0.0))
    assert grey.std() < 20.0 and 110 < grey.mean() < 145


def test_what_lies_outside_the_picture_is_as_at_its_edge() -> None:
    bright = np.full((100, 100), 200, np.uint8)
    assert (cut(bright, Square(0.0, 0.0, 100.0, math.pi / 4)) == 200).all()


def test_light_and_exposure_are_taken_out() -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(60, 160, (48, 48)).astype(np.uint8)
    darker = (grey.astype(np.float32) * 0.5 + 10).astype(np.uint8)
    assert np.abs(standardised(grey) - standardised(darker)).mean() < 0.05
    assert standardised(grey).mean() == pytest.approx(0.0, abs=1e-4)
    flat = np.full((48, 48), 100, np.uint8)
    flat[0, 0] = 101
    assert np.abs(standardised(flat)).max() <= 1.0 / LEAST_STD + 1e-3, "noise is not stretched into a picture"


def test_a_portrait_carries_the_time_and_the_uncalibrated_blendshapes_and_what_its_pixels_tell() -> None:
    photo, landmarks = media.astronaut()
    height, width = photo.shape[:2]
    shapes = np.linspace(0, 1, 52, dtype=np.float32)
    person = Person(1)
    assert person.portrait(photo) is None, "nothing was read yet"
    person.read(landmarks, (width, height), 77.0, 1, photo, shapes)
    one = person.portrait(photo)
    assert one is not None and one.time_ms == 77.0
    assert one.pixels.shape == (PORTRAIT_SIDE, PORTRAIT_SIDE) and one.pixels.dtype == np.float32
    np.testing.assert_array_equal(one.pixels, standardised(face_of(photo, align(landmarks, width, height))))
    np.testing.assert_array_equal(one.blendshapes, shapes)
    assert one.signs.shape == (signs.COUNT,) and np.isfinite(one.signs).all()
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.time_ms = 0.0  # type: ignore[misc]
