"""Landmarks of many pictures, kept with what made them."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from hoovik_inference.training import landmarks
from hoovik_inference.training.landmarks import kept_landmarks, made_by
from hoovik_inference.types import Floats, Image
from tests.unit.inference.faces import photo


@pytest.fixture(scope="module")
def pictures() -> list[Image]:
    """A face and none."""
    grey = np.asarray(cv2.cvtColor(photo(), cv2.COLOR_RGB2GRAY), np.uint8)
    return [grey, np.zeros_like(grey)]


class Told:
    def __init__(self) -> None:
        self.pictures = 0

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        self.pictures += done

    def kept(self, pictures: list[Image], file: Path) -> Floats:
        """What is kept or found, and how many pictures were looked at for it."""
        self.pictures = 0
        return kept_landmarks(pictures, file, processes=1, progress=self)


def test_landmarks_are_found_once_and_kept_with_what_made_them(pictures: list[Image], tmp_path: Path) -> None:
    told, file = Told(), tmp_path / "work" / "kept.npz"
    first = told.kept(pictures, file)
    assert told.pictures == 2
    assert np.isfinite(first[0]).all() and np.isnan(first[1]).all()
    np.testing.assert_array_equal(told.kept(pictures, file), first)
    assert told.pictures == 0
    assert [path.name for path in file.parent.iterdir()] == ["kept.npz"]
    with np.load(file) as held:
        assert str(held["made_by"]) == made_by()
    assert "mediapipe 0." in made_by() and "OpenCV" in made_by() and "Framing(" in made_by()


def test_landmarks_of_another_mesh_are_found_anew_and_that_is_said(
    pictures: list[Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told, file = Told(), tmp_path / "kept.npz"
    told.kept(pictures, file)
    monkeypatch.setattr(landmarks, "version", lambda name: "99.1")
    with caplog.at_level(logging.WARNING):
        told.kept(pictures, file)
    assert told.pictures == 2
    (record,) = caplog.records
    assert "here is mediapipe 99.1" in record.getMessage() and "kept.npz" in record.getMessage()
    caplog.clear()
    told.kept(pictures, file)
    assert told.pictures == 0 and not caplog.records, "these are of this version"


def test_what_cannot_be_read_or_is_of_other_pictures_is_found_anew_and_that_is_said(
    pictures: list[Image], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text, bare, fewer = tmp_path / "text.npz", tmp_path / "bare.npz", tmp_path / "fewer.npz"
    text.write_text("nothing")
    np.savez(bare, landmarks=np.zeros((2, 478, 3), np.float32))
    np.savez(fewer, landmarks=np.zeros((1, 478, 3), np.float32), made_by=np.array(made_by()))
    for file in (text, bare, fewer):
        caplog.clear()
        told = Told()
        with caplog.at_level(logging.WARNING):
            found = told.kept(pictures, file)
        assert told.pictures == 2 and np.isfinite(found[0]).all()
        (record,) = caplog.records
        assert file.name in record.getMessage() and "anew" in record.getMessage()
