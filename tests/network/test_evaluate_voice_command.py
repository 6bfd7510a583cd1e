"""`hoovik-rtc evaluate --task voice` as somebody calls it, with the encoder that ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hoovik_inference.evaluation.recordings import recordings, sound_of
from hoovik_inference.evaluation.voices import RecordedVoices
from hoovik_inference.types import EMOTIONS
from hoovik_rtc.cli import main
from hoovik_rtc.evaluate.voices import evaluate_voices
from tests.unit.inference import acted, sounds

KEYS = {"accuracy", "uar", "macro_f1", "ece", "found", "n", "confusion"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two actors, three emotions; beside them silence, and a file that is no recording."""
    folder = acted.corpus(tmp_path_factory.mktemp("voices"), 2)
    acted.write(sounds.silence(2.0), folder / "03-01-08-01-01-01-02.wav")
    (folder / "03-01-08-01-01-02-01.flac").write_text("no recording")
    acted.write(sounds.silence(1.0), folder / "song.wav")
    return folder


def report(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    assert set(found) >= KEYS
    return found


def test_a_tree_is_scored_whole_and_in_running_windows_by_actor_and_sex(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, drawn = tmp_path / "out.json", tmp_path / "out.svg"
    assert main(["evaluate", "--task", "voice", "--data", str(corpus), "--json", str(out), "--plot", str(drawn)]) == 0
    got = report(out)
    assert (got["n"], got["task"], got["codec"], got["recordings"]) == (14, "voice", None, 14)
    assert got["classes"] == list(EMOTIONS) and got["confusion_columns"] == [*EMOTIONS, "missed"]
    assert got["found"] == pytest.approx(12 / 14)
    assert got["confusion"][EMOTIONS.index("surprise")][-1] == 2, "silence and a broken file are missed, and count"
    assert len(got["unreadable"]) == 1 and "03-01-08-01-01-02-01.flac" in got["unreadable"][0]
    assert list(got["windows"]) == ["whole", "1", "2", "3"]
    assert got["windows"]["whole"]["uar"] == got["uar"]
    assert got["windows"]["1"]["n"] > 14 and got["windows"]["3"]["n"] == 14, "recordings of 1.6 s are one window of 3 s"
    assert {name: one["n"] for name, one in got["by_actor"].items()} == {"1": 7, "2": 7}
    assert {name: one["n"] for name, one in got["by_sex"].items()} == {"female": 7, "male": 7}
    assert got["left_out"] == {"recordings whose names are not RAVDESS's": 1}
    assert drawn.read_text("utf-8").startswith("<?xml")
    said = capsys.readouterr()
    for words in ("whole recordings", "windows of 3 s", "UAR", "2 of 14 whole recordings without a voice", "female"):
        assert words in said.out
    assert "03-01-08-01-01-02-01.flac cannot be read" in said.err


def test_it_reads_what_the_encoder_reads(corpus: Path) -> None:
    result = evaluate_voices(corpus)
    reader = RecordedVoices()
    right = 0
    for one in recordings(corpus).recordings:
        if EMOTIONS[one.label] != "surprise":
            found = reader.read(sound_of(one.file), [0])[0][0]
            assert found is not None
            right += int(found.argmax() == one.label)
    assert result.first.accuracy == pytest.approx(right / 14)


def test_one_window_alone_is_scored_where_it_is_asked_for(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert main(["evaluate", "--task", "voice", "--data", str(corpus), "--window", "1", "--json", str(out)]) == 0
    got = report(out)
    assert list(got["windows"]) == ["1"] and got["window"] == 1 and got["n"] > 14


def test_a_call_changes_what_is_read_and_the_same_way_each_time(corpus: Path, tmp_path: Path) -> None:
    found = []
    for name, options in (
        ("a", []),
        ("b", ["--codec", "opus:16k", "--loss", "0.3"]),
        ("c", ["--codec", "opus:16k", "--loss", "0.3"]),
    ):
        out = tmp_path / f"{name}.json"
        assert main(["evaluate", "--task", "voice", "--data", str(corpus), "--json", str(out), *options]) == 0
        found.append({key: report(out)[key] for key in (*KEYS, "reliability")})
    assert found[1] == found[2] and found[0] != found[1]
    assert (report(tmp_path / "b.json")["codec"], report(tmp_path / "b.json")["loss"]) == ("opus:16k", 0.3)


def test_classes_and_a_limit_choose_the_recordings(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    command = ["evaluate", "--task", "voice", "--data", str(corpus), "--json", str(out)]
    assert main([*command, "--classes", "happy,angry"]) == 0
    got = report(out)
    assert got["classes"] == ["happy", "angry"] and got["n"] == 8
    assert got["left_out"]["neutral"] == 4 and got["left_out"]["surprise"] == 2
    assert np.sum(got["confusion"]) == 8
    assert main([*command, "--limit", "3"]) == 0
    assert report(out)["n"] == 3


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--codec", "opus"], 2, "expected opus and kilobits a second, such as opus:16k"),
        (["--codec", "opus:16k", "--loss", "2"], 2, "expected a share of the packets"),
        (["--loss", "0.05"], 2, "--loss needs a call to lose packets in"),
        (["--window", "4"], 2, "invalid choice"),
        (["--limit", "0"], 2, "expected 1 or more recordings"),
        (["--classes", "happy"], 2, "two or more of neutral, happy"),
        (["--json", "nowhere/out.json"], 2, "there is no folder nowhere"),
        (["--data", "nothing"], 1, "nothing does not exist; expected a folder of recordings"),
        (["--data", "pyproject.toml"], 1, "expected a folder of recordings"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_work(
    corpus: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, said: str
) -> None:
    given = [] if options[0] == "--data" else ["--data", str(corpus)]
    try:
        assert main(["evaluate", "--task", "voice", *given, *options]) == code
    except SystemExit as exc:  # argparse's own
        assert exc.code == code
    shown = capsys.readouterr()
    assert said in shown.err and "Traceback" not in shown.err and shown.out == ""


def test_train_voice_says_what_is_wrong_with_the_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[train]'")
    assert main(["train", "voice", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "has no recordings" in capsys.readouterr().err
