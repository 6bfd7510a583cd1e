"""`hoovik-rtc features` as somebody calls it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from hoovik_inference.face.task import TaskLandmarker
from hoovik_inference.face.vector import face_vector
from hoovik_inference.types import Image
from hoovik_rtc import features
from hoovik_rtc.cli import main
from tests.unit.inference.faces import photo, photo_landmarks
from tests.unit.inference.task_file import task_file


class Landmarker:
    """Sees a face where a picture is bright."""

    sizes: list[tuple[int, ...]] = []

    def find(self, image: Image) -> Any:
        self.sizes.append(image.shape)
        if image.mean() < 128:
            return None
        return SimpleNamespace(landmarks=photo_landmarks(), blendshapes=None, matrix=None)


class Task:
    """As many as are asked for."""

    @contextmanager
    def lent(self) -> Iterator[Landmarker]:
        yield Landmarker()

    def close(self) -> None:
        pass


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "deeper").mkdir(parents=True)
    for name, value, size in (("b.png", 200, 32), ("a.jpg", 10, 32), ("deeper/large.png", 250, 2500)):
        Pillow.fromarray(np.full((size, size, 3), value, np.uint8)).save(folder / name)
    (folder / "broken.png").write_text("no picture")
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_each_picture_has_its_name_and_its_numbers(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(features, "shared_task", lambda path: Task())
    Landmarker.sizes.clear()
    command = ["features", "--task-file", "x.task", "--data", str(pictures), "--out", str(tmp_path / "f.npz")]
    assert main(command) == 0
    with np.load(tmp_path / "f.npz") as found:
        assert found["name"].tolist() == ["a.jpg", "b.png", "broken.png", "deeper/large.png"]
        assert found["found"].tolist() == [False, True, False, True]
        assert found["face"].shape == (4, 326) and found["face"].dtype == np.float32
        np.testing.assert_array_equal(found["face"][1], face_vector(photo_landmarks()))
        assert not found["face"][[0, 2]].any()
    said = capsys.readouterr()
    assert "4 pictures: 2 faces, 1 without, 1 unreadable" in said.out and "broken.png cannot be read" in said.err
    assert (2500, 2500, 3) in Landmarker.sizes, "large pictures keep their size"


def test_with_the_task_file_a_photo_has_the_vector_that_it_gives(tmp_path: Path) -> None:
    path = task_file()
    (tmp_path / "data").mkdir()
    Pillow.fromarray(photo()).save(tmp_path / "data" / "photo.png")
    out = tmp_path / "f.npz"
    assert main(["features", "--task-file", str(path), "--data", str(tmp_path / "data"), "--out", str(out)]) == 0
    landmarker = TaskLandmarker(path)
    one = landmarker.find(photo())
    landmarker.close()
    assert one is not None
    with np.load(out) as found:
        assert found["found"].tolist() == [True]
        np.testing.assert_allclose(found["face"][0], face_vector(one.landmarks, one.blendshapes, one.matrix), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--data", "nowhere"], 1, "nowhere does not exist; expected a folder of pictures"),
        (["--data", "/dev/null"], 1, "/dev/null is no folder"),
        (["--data", "."], 1, "has no pictures; expected files such as .jpg"),
        (["--task-file", "nothing.task"], 1, "--task-file: there is no file nothing.task"),
        (["--task-file", "/dev/null"], 1, "--task-file: there is no file /dev/null"),
        (["--out", "f.npy"], 2, "a name that ends in .npz"),
    ],
)
def test_what_cannot_be_done_is_said(
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    code: int,
    said: str,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    command = ["features", "--task-file", "x.task", "--data", str(pictures), "--out", str(tmp_path / "f.npz")]
    assert main([*command, *options]) == code
    shown = capsys.readouterr()
    assert said in shown.err and "Traceback" not in shown.err and not (tmp_path / "f.npz").exists()
