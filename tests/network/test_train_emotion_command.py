"""`hoovik-rtc train emotion` as somebody calls it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[train]'")
pytest.importorskip("optuna", reason="needs Optuna: pip install 'hoovik-rtc[train]'")
pytest.importorskip("xgboost", reason="needs XGBoost: pip install 'hoovik-rtc[models]'")
pytest.importorskip("transformers", reason="needs transformers: pip install 'hoovik-rtc[models]'")

from hoovik_inference.emotion.reference import load  # noqa: E402
from hoovik_rtc.cli import main  # noqa: E402
from tests import media  # noqa: E402
from tests.conftest import SHARED  # noqa: E402
from tests.unit.inference import acted, tiny_models  # noqa: E402
from tests.unit.inference.task_file import task_file  # noqa: E402


@pytest.fixture(scope="module")
def voice_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wav2vec2 of random weights: what it says of voices means nothing."""
    return tiny_models.wav2vec2(tmp_path_factory.mktemp("voice"))


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    """RAVDESS's sounds by four people, one of them spoiled."""
    folder = acted.corpus(tmp_path / "data", actors=4)
    (folder / "Actor_01" / "03-01-06-01-01-01-01.wav").write_bytes(b"RIFF of nothing" * 99)
    return folder


def command(data: Path, out: Path, voice: Path, *more: str) -> list[str]:
    return ["train", "emotion", "--data", str(data), "--out", str(out), "--voice-model", str(voice), "--epochs", "3",
            "--device", "cpu", *more]  # fmt: skip


def film(file: Path, seconds: float = 1.2, fps: int = 10) -> None:
    """A face that moves and a voice, as RAVDESS's 01-….mp4."""
    frames = media.talking_frames(320, 240, fps)
    sound = media.vowels(seconds, 44_100)
    with av.open(str(file), "w") as container:
        video = container.add_stream("libx264", rate=fps)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        audio = container.add_stream("aac", rate=44_100, layout="mono")
        for picture in frames[: round(seconds * fps)]:
            container.mux(video.encode(VideoFrame.from_ndarray(picture, format="rgb24")))
        for start in range(0, len(sound) - 1023, 1024):
            part = AudioFrame.from_ndarray(sound[None, start : start + 1024], format="fltp", layout="mono")
            part.sample_rate, part.pts = 44_100, start
            container.mux(audio.encode(part))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def test_sounds_alone_make_a_bundle_and_the_spoiled_one_is_named(
    voices: Path, voice_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(command(voices, out, voice_model)) == 0
    said = capsys.readouterr().out
    assert "24 audio_only, 0 video_only, 0 both; 1 more skipped" in said
    assert "skipped ravdess-01-06-01-01-01-01: " in said and "03-01-06-01-01-01-01.wav cannot be read" in said
    assert "audio_only, people never seen: accuracy" in said
    bundle = load(out)
    assert bundle.classes == ("neutral", "happy", "angry"), "of fear only the spoiled one was there"
    assert bundle.shape.audio == 32 and set(bundle.shares) == {"audio_only"}
    for name in ("curves.svg", "confusion.svg", "reliability.svg", "importance.svg", "anomaly.svg"):
        assert (out / name).read_text().startswith("<?xml")
    assert "## Figures" in bundle.card and "1 more could not be read" in bundle.card
    assert all(f"ravdess-0{actor}" in bundle.card for actor in range(1, 5))
    assert {"transformer", "boosted"} <= set(json.loads((out / "history.json").read_text()))


def test_a_search_is_told_and_drawn(
    voices: Path, voice_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(command(voices, out, voice_model, "--tune", "2")) == 0
    capsys.readouterr()
    assert (out / "search.svg").exists() and "2 trials of XGBoost with Optuna" in load(out).card


def test_too_few_people_a_folder_that_is_there_and_no_model_are_refused(
    voices: Path, voice_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    for actor in (3, 4):
        shutil.rmtree(voices / f"Actor_0{actor}")
    assert main(command(voices, out, voice_model)) == 1
    assert "ravdess has 2 actors" in capsys.readouterr().err
    assert main(command(voices, voices, voice_model)) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(command(voices, out, tmp_path / "none" / "model")) == 1
    assert "--voice-model" in capsys.readouterr().err
    assert not out.exists()


def test_films_need_the_task_file(voice_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "01-01-03-01-01-01-01.mp4").touch()
    task = ("--task", str(tmp_path / "nothing.task"))
    assert main(command(data, tmp_path / "out", voice_model, *task)) == 1
    assert "--task" in capsys.readouterr().err


def test_a_killed_run_goes_on_with_the_clips_that_it_had_read(
    voices: Path, voice_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, work = tmp_path / "out", tmp_path / "out.work"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    running = subprocess.Popen(
        [sys.executable, "-m", "hoovik_rtc", *command(voices, out, voice_model)],
        env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    while not list(work.glob("clips-*/*.npz")) and running.poll() is None:
        sleep(0.02)
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 130 and not out.exists()
    before = {file: file.stat().st_mtime_ns for file in work.glob("clips-*/ravdess*.npz")}
    assert before
    assert main(command(voices, out, voice_model, "--resume")) == 0
    capsys.readouterr()
    after = {file: file.stat().st_mtime_ns for file in work.glob("clips-*/ravdess*.npz")}
    assert len(after) == 24 and before.items() <= after.items(), "none is read twice"
    assert load(out).classes == ("neutral", "happy", "angry")


def test_faces_and_voices_of_films_train_all_modalities(
    voice_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    film(tmp_path / "film.mp4")
    for actor in (1, 2, 3):
        for emotion in (1, 3, 5):
            for repetition in (1, 2):
                shutil.copy(tmp_path / "film.mp4", data / f"01-01-{emotion:02}-01-01-{repetition:02}-{actor:02}.mp4")
    assert main(command(data, tmp_path / "out", voice_model, "--task", str(task_file()))) == 0
    assert "0 audio_only, 0 video_only, 18 both; 0 more skipped" in capsys.readouterr().out
    bundle = load(tmp_path / "out")
    assert set(bundle.shares) == {"audio_only", "video_only", "both"}
    assert bundle.shape.face == 326 and np.ptp(bundle.normaliser.face_mean) > 0


@pytest.mark.shared
def test_real_recordings_are_read(voice_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recordings = SHARED / "data" / "ravdess_speech_16k"
    if not recordings.is_dir():
        pytest.skip("needs ../shared/data/ravdess_speech_16k (CC BY-NC-SA, not part of this repository)")
    for actor in sorted(recordings.iterdir())[:3]:
        for file in sorted(actor.glob("03-01-0[15]-01-01-0?-??.flac")):
            (tmp_path / "data" / actor.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, tmp_path / "data" / actor.name)
    assert main(command(tmp_path / "data", tmp_path / "out", voice_model)) == 0
    assert "12 audio_only, 0 video_only, 0 both; 0 more skipped" in capsys.readouterr().out
