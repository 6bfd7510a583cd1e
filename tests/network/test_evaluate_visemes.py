"""`hoovik-rtc evaluate --task visemes` as somebody calls it."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from hoovik_inference.evaluation.phones import MOUTHS
from hoovik_inference.types import Floats
from hoovik_rtc.cli import main
from tests.unit.inference.sounds import RATE, hiss, noise, vowel
from tests.unit.inference.test_textgrid import long_form

KEYS = {
    "accuracy",
    "uar",
    "macro_f1",
    "ece",
    "found",
    "n",
    "confusion",
    "closure_recall",
    "closures",
    "closure_precision",
}


def write(file: Path, sound: Floats) -> None:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Twice a vowel and a hiss; one recording without phones, and one that is none."""
    quiet = noise(0.5, 1e-4)
    sound = np.concatenate([quiet, vowel(120, (750.0, 1300.0, 2700.0), 0.3), hiss(4500, 7500, 0.2), quiet])
    rows = [(0.0, 0.5, "sil"), (0.5, 0.8, "AA1"), (0.8, 1.0, "S"), (1.0, 1.5, "sp")]
    folder = tmp_path / "corpus"
    for place in ("one", "two"):
        (folder / place).mkdir(parents=True)
        write(folder / place / f"{place}.wav", sound)
        (folder / place / f"{place}.TextGrid").write_text(long_form({"phones": rows}))
    write(folder / "alone.wav", sound)
    (folder / "broken.wav").write_text("no sound")
    (folder / "broken.TextGrid").write_text(long_form({"phones": rows}))
    return folder


def test_a_tree_is_scored_as_table_json_and_plot(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, drawn = tmp_path / "out.json", tmp_path / "out.svg"
    assert main(["evaluate", "--task", "visemes", "--data", str(corpus), "--json", str(out), "--plot", str(drawn)]) == 0
    got = json.loads(out.read_text("utf-8"))
    assert set(got) >= KEYS
    assert (got["task"], got["recordings"], got["n"], got["closures"]) == ("visemes", 2, 300, 0)
    assert got["classes"] == list(MOUTHS)
    assert got["closure_recall"] is None
    assert got["found"] == 1.0
    assert np.array(got["confusion"]).sum() == 300
    assert got["left_out"] == {"recordings without a TextGrid": 1}
    assert len(got["unreadable"]) == 1 and "broken.wav" in got["unreadable"][0]
    assert set(got["compared"]) == {"energy viseme"}
    assert drawn.read_text("utf-8").startswith("<?xml")
    said = capsys.readouterr()
    assert "0 closures of the lips" in said.out
    assert "energy viseme" in said.out
    assert "recordings without a TextGrid (1)" in said.err


def test_one_recording_is_scored_as_a_call_delivers_it(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    command = ["evaluate", "--task", "visemes", "--data", str(corpus / "one" / "one.wav"), "--json", str(out)]
    assert main([*command, "--codec", "opus:16k", "--loss", "0.1"]) == 0
    got = json.loads(out.read_text("utf-8"))
    assert (got["codec"], got["loss"], got["recordings"]) == ("opus:16k", 0.1, 1)


@pytest.mark.parametrize(
    ("given", "words"),
    [(["--codec", "mp3:16k"], "expected opus"), (["--codec", "opus:16k", "--loss", "0.9"], "expected a share")],
)
def test_a_call_that_cannot_be_is_refused(
    corpus: Path, given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--task", "visemes", "--data", str(corpus), *given]) == 2
    assert words in capsys.readouterr().err


def test_material_without_phones_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.wav", noise(0.5))
    assert main(["evaluate", "--task", "visemes", "--data", str(tmp_path)]) == 1
    assert "with a TextGrid of the same name" in capsys.readouterr().err
    (tmp_path / "a.TextGrid").write_text("nothing")
    assert main(["evaluate", "--task", "visemes", "--data", str(tmp_path)]) == 1
    assert "cannot be read as a TextGrid" in capsys.readouterr().err
