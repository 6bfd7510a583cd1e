"""A reader over many pictures: in order, whoever reads them, and with real faces."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from hoovik_inference.evaluation import Readings, readings
from hoovik_inference.evaluation.pictures import Source
from hoovik_inference.types import EMOTIONS
from tests.readers import NO_FACE, BrightnessReader, grey


def guesses(read: Readings) -> list[str | None]:
    return [None if np.isnan(row).any() else EMOTIONS[int(row.argmax())] for row in read.probabilities]


def test_readings_keep_the_order_of_the_pictures_and_count_them() -> None:
    names = [*EMOTIONS, *reversed(EMOTIONS)] * 3
    done: list[int] = []
    read = readings([grey(name) for name in names], BrightnessReader, advance=done.append)
    assert guesses(read) == names
    assert sum(done) == len(names) and len(done) > 1
    assert read.model == "brightness-1" and read.unreadable == ()


def test_more_threads_read_the_same(tmp_path: Path) -> None:
    sources: list[Source] = [*(grey(name) for name in EMOTIONS * 6)]
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    sources[5], sources[20] = NO_FACE, broken
    Pillow.fromarray(grey("fear")).save(tmp_path / "fear.png")
    sources[30] = tmp_path / "fear.png"
    one = readings(sources, BrightnessReader)
    two = readings(sources, BrightnessReader, threads=3)
    assert np.array_equal(one.probabilities, two.probabilities, equal_nan=True)
    assert one.unreadable == two.unreadable and "broken.png" in one.unreadable[0] and len(one.unreadable) == 1
    found = guesses(one)
    assert found[5] is None and found[20] is None and found[30] == "fear" and found.count(None) == 2


class Broken(BrightnessReader):
    made = read_of = 0

    def __init__(self) -> None:
        type(self).made += 1

    def read(self, image: object) -> None:
        type(self).read_of += 1
        raise RuntimeError("out of order")


@pytest.mark.parametrize("threads", [1, 3])
def test_a_reader_that_fails_is_heard_at_once_and_all_are_closed(threads: int) -> None:
    Broken.made = Broken.closed = Broken.read_of = 0
    with pytest.raises(RuntimeError, match="out of order"):
        readings([NO_FACE] * 3000, Broken, threads=threads)
    assert Broken.closed == Broken.made == threads
    assert Broken.read_of < 100  # not the other 2900 as well


def test_no_more_readers_are_made_than_there_is_work_for() -> None:
    Broken.made = 0
    with pytest.raises(RuntimeError):
        readings([NO_FACE], Broken, threads=16)
    assert Broken.made == 1


def test_libraries_get_their_own_threads_back() -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        readings([NO_FACE], BrightnessReader)
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)
