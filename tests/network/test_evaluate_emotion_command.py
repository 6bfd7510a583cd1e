"""`hoovik-rtc evaluate --task emotion` as somebody calls it, with the bundle that ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from hoovik_inference.evaluation.clips import clips
from hoovik_inference.evaluation.pictures import DataError
from hoovik_inference.types import EMOTIONS, Image
from hoovik_rtc.cli import main
from tests import media


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with face and voice among the happy, a voice as RAVDESS has them, and what is neither."""
    folder = tmp_path_factory.mktemp("clips")
    (folder / "Happiness").mkdir()
    media.write_webm(folder / "Happiness" / "one.webm", media.talking_clip(320, 320))
    (folder / "Actor_01").mkdir()
    media.write_wav(folder / "Actor_01" / "03-01-06-01-02-01-01.wav", media.vowels(2.5))
    (folder / "Actor_01" / "1001_IEO_SAD_HI.mp4").write_bytes(b"no clip")
    media.write_wav(folder / "stray.wav", media.vowels(1.0))
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An npz with the astronaut, smiling, twice, and a picture without a face."""
    frames = media.talking_frames(480, 480)
    happy = [cv2.resize(_grey(frames[at]), (96, 96), interpolation=cv2.INTER_AREA) for at in (40, 45)]
    images = np.stack([*happy, np.full((96, 96), 90, np.uint8)]).astype(np.uint8)
    file = tmp_path_factory.mktemp("pictures") / "faces.npz"
    np.savez(file, images=images, labels=np.array([0, 0, 1]), classes=np.array(["happy", "fear"]))
    return file


def _grey(frame: Image) -> Image:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)


def evaluate(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    out = tmp_path / "out.json"
    assert main(["evaluate", "--task", "emotion", *arguments, "--json", str(out)]) == 0
    found: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return found


def test_clips_are_scored_by_folder_and_by_name_and_what_cannot_be_read_is_named(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = evaluate(tmp_path, "--data", str(tree), "--plot", str(tmp_path / "plot.svg"))
    assert found["kind"] == "clips" and found["model"] == "hoovik-lite-1"
    assert found["by_modality"]["both"]["n"] == 1 and found["by_modality"]["both"]["found"] == 1.0
    assert sum(one["n"] for one in found["by_modality"].values()) == 3
    assert "1001_IEO_SAD_HI.mp4" in found["unreadable"][0]
    assert found["remarks"] == ["left out: clips of no class of ours (1)"]
    windows = found["windows"]["both"]
    assert windows["n"] >= 4, "one each half second"
    assert (tmp_path / "plot.svg").stat().st_size > 1000
    told = capsys.readouterr()
    assert "1001_IEO_SAD_HI.mp4" in told.err and "anomaly %" in told.out


def test_pictures_alone_are_seen_for_a_second_each(pictures: Path, tmp_path: Path) -> None:
    found = evaluate(tmp_path, "--data", str(pictures))
    assert found["kind"] == "pictures" and list(found["by_modality"]) == ["video_only"]
    assert (found["n"], found["found"]) == (3, pytest.approx(2 / 3))
    assert found["windows"]["video_only"]["n"] == 2


def test_pictures_and_recordings_become_pairs_and_that_is_said(
    tree: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    voices = tmp_path / "voices"
    voices.mkdir()
    for name in ("03-01-03-01-02-01-01.wav", "03-01-06-01-02-01-01.wav"):
        (voices / name).write_bytes((tree / "Actor_01" / "03-01-06-01-02-01-01.wav").read_bytes())
    found = evaluate(tmp_path, "--data", str(pictures), "--data", str(voices), "--codec", "opus:16k", "--loss", "0.1")
    assert found["kind"] == "pairs" and found["n"] == 3
    assert any("pairs: synthetic" in remark for remark in found["remarks"])
    assert "pairs: synthetic" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--data", "nowhere"], 1, "nowhere is neither clips nor pictures with labels"),
        (
            ["--data", "{tree}", "--data", "{tree}"],
            2,
            "names clips and clips; expected one place, or one",
        ),
        (["--data", "{tree}", "--bundle", "nowhere"], 1, "nowhere is no folder; expected a bundle"),
        (["--data", "{tree}", "--classes", "fear,disgust", "--limit", "0"], 2, "--limit is 0"),
        (["--data", "{tree}", "--classes", "neutral,disgust"], 1, "no clips of neutral, disgust"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tree: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert main(["evaluate", "--task", "emotion", *(one.format(tree=tree) for one in arguments)]) == code
    assert words in capsys.readouterr().err


def test_names_of_corpora_are_read_as_their_makers_mean_them(tmp_path: Path) -> None:
    for name in ("03-01-07-02-01-01-05.wav", "01-02-08-01-01-01-05.mp4", "1091_WSI_FEA_XX.flv", "1091_WSI_NEU_XX.wav"):
        (tmp_path / name).write_bytes(b"")
    found = clips(tmp_path)
    told = {file.name: EMOTIONS[label] for file, label in zip(found.files, found.labels, strict=True)}
    assert told == {
        "03-01-07-02-01-01-05.wav": "disgust",
        "01-02-08-01-01-01-05.mp4": "surprise",
        "1091_WSI_FEA_XX.flv": "fear",
        "1091_WSI_NEU_XX.wav": "neutral",
    }
    with pytest.raises(DataError, match="holds no labelled clip; expected folders named by class"):
        clips(Path(av.__file__).parent)
