"""Expressions of single pictures: the very models that a call has, on a photograph and on labelled faces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from hoovik_inference.evaluation import figures, labelled, readings
from hoovik_inference.evaluation.faces import ExpressionPictures
from hoovik_inference.types import EMOTIONS, Image
from tests.unit.inference.faces import photo


@pytest.fixture(scope="module")
def reader() -> Iterator[ExpressionPictures]:
    made = ExpressionPictures()
    yield made
    made.close()


def small(side: int) -> Image:
    """The astronaut's face alone, so many pixels wide, as FER2013 has its faces."""
    cut = photo()[45:205, 75:235]
    return np.asarray(cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def test_a_smile_is_read_as_happy_in_a_photograph_and_in_a_face_of_48_pixels(reader: ExpressionPictures) -> None:
    for image in (photo(), small(160), small(48)):
        read = reader.read(image)
        assert read is not None and read.shape == (7,)
        assert read.sum() == pytest.approx(1.0, abs=1e-4) and read.min() >= 0.0
        assert EMOTIONS[int(read.argmax())] == "happy"


def test_where_no_face_is_nothing_is_read(reader: ExpressionPictures) -> None:
    assert reader.read(np.full((120, 160, 3), 128, np.uint8)) is None
    assert reader.read(np.zeros((1, 1, 3), np.uint8)) is None


def test_a_picture_is_read_alike_whatever_came_before_it_and_in_whichever_thread() -> None:
    dark = np.asarray(small(160) // 2, np.uint8)
    sources = [photo(), dark, np.zeros((48, 48), np.uint8), small(48)] * 10
    one = readings(sources, ExpressionPictures).probabilities
    three = readings(sources[::-1], ExpressionPictures, threads=3).probabilities[::-1]
    assert np.array_equal(one, three, equal_nan=True)
    assert np.isnan(one[2]).all() and not np.isnan(one[[0, 1, 3]]).any()


@pytest.mark.shared
def test_faces_that_nobody_trained_on_are_found_and_read(shared_media: Path) -> None:
    file = shared_media.parent / "data" / "fer2013" / "public_test.npz"
    pictures = labelled(file).only(None).some(500)
    read = readings(pictures.sources, ExpressionPictures)
    got = figures(pictures.labels, read.probabilities)
    assert got.n == 500 and got.found >= 0.96
    assert got.accuracy >= 0.60 and got.uar >= 0.55
    assert got.ece <= 0.12  # a bin holds few of 500: by chance alone this is some 0.04
