"""`hoovik-rtc evaluate` as somebody calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from hoovik_inference.evaluation import faces
from hoovik_inference.types import EMOTIONS
from hoovik_rtc.cli import main
from hoovik_rtc.evaluate import faces as evaluate_faces
from tests.readers import NO_FACE, BrightnessReader, grey

KEYS = {"accuracy", "uar", "macro_f1", "ece", "found", "n", "confusion"}


@pytest.fixture(autouse=True)
def by_brightness(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command with a reader whose answers are known, in one process."""
    monkeypatch.setattr(faces, "ExpressionPictures", BrightnessReader)
    monkeypatch.setattr(evaluate_faces, "available", lambda: 1.0)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Of each class two that are read rightly; one happy face looks sad, one sad face is missed."""
    names = [*EMOTIONS, *EMOTIONS, "happy", "sad"]
    images = [*(grey(name) for name in names[:14]), grey("sad"), NO_FACE]
    classes = sorted(EMOTIONS)
    labels = np.array([classes.index(name) for name in names])
    np.savez(tmp_path / "corpus.npz", images=np.stack(images), labels=labels, classes=np.array(classes))
    return tmp_path / "corpus.npz"


def report(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    assert set(found) >= KEYS
    return found


def test_an_npz_is_scored_as_table_json_and_plot(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, drawn = tmp_path / "out.json", tmp_path / "out.svg"
    assert main(["evaluate", "--task", "face", "--data", str(corpus), "--json", str(out), "--plot", str(drawn)]) == 0
    got = report(out)
    assert (got["n"], got["classes"], got["model"]) == (16, list(EMOTIONS), "brightness-1")
    assert got["found"] == pytest.approx(15 / 16)
    assert got["accuracy"] == pytest.approx(14 / 16)
    assert got["uar"] == pytest.approx((5 + 2 * 2 / 3) / 7)
    assert got["ece"] == pytest.approx(14 / 15 - 0.4, abs=1e-6)
    happy, sad = EMOTIONS.index("happy"), EMOTIONS.index("sad")
    assert got["confusion"][happy][sad] == 1 and got["confusion"][sad][-1] == 1
    assert got["confusion_columns"] == [*EMOTIONS, "missed"]
    assert got["per_class"]["sad"] == {
        "n": 3, "found": 2, "missed": 1, "recall": pytest.approx(2 / 3), "precision": pytest.approx(2 / 3),
        "f1": pytest.approx(2 / 3),
    }  # fmt: skip
    assert drawn.read_text("utf-8").startswith("<?xml")
    table = capsys.readouterr().out
    for words in (
        "accuracy",
        "87.5 %",
        "UAR",
        "90.5 %",
        "macro-F1",
        "ECE",
        "93.8 %",
        "1 of 16 pictures without",
        "sad",
    ):
        assert words in table


def test_folders_are_scored_and_what_is_left_out_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, shown in (("Anger", "angry"), ("calm", "neutral"), ("contempt", "fear"), ("sad", "sad")):
        (tmp_path / "data" / name).mkdir(parents=True)
        Pillow.fromarray(grey(shown)).save(tmp_path / "data" / name / "1.png")
    (tmp_path / "data" / "sad" / "broken.jpg").write_text("no picture")
    (tmp_path / "data" / "sad" / "notes.txt").write_text("no picture")
    command = ["evaluate", "--task", "face", "--data", str(tmp_path / "data"), "--json", str(tmp_path / "out.json")]
    assert main(command) == 1
    said = capsys.readouterr()
    assert "contempt: no class of ours" in said.err and "surprise" in said.err and "--classes" in said.err
    assert said.out == "" and not (tmp_path / "out.json").exists()
    assert main([*command, "--classes", "angry,neutral,sadness"]) == 0
    said = capsys.readouterr()
    got = report(tmp_path / "out.json")
    assert (got["n"], got["classes"]) == (4, ["neutral", "sad", "angry"])
    assert got["accuracy"] == got["found"] == 0.75
    assert got["confusion"] == [[1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 0]]
    assert got["left_out"] == {"contempt": 1, "files that are no pictures": 1}
    assert got["renamed"] == {"Anger": "angry", "calm": "neutral"}
    assert len(got["unreadable"]) == 1 and "broken.jpg" in said.err
    assert "Anger → angry, calm → neutral" in said.err and "contempt (1)" in said.err


def test_a_subset_renormalises_what_is_read(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert (
        main(["evaluate", "--task", "face", "--data", str(corpus), "--classes", "happy,sad", "--json", str(out)]) == 0
    )
    got = report(out)
    assert got["n"] == 6 and got["classes"] == ["happy", "sad"]
    assert got["confusion"] == [[2, 1, 0], [0, 2, 1]]
    assert got["ece"] == pytest.approx(4 / 5 - 0.4 / 0.5, abs=1e-6)
    assert got["left_out"] == {name: 2 for name in sorted(EMOTIONS) if name not in ("happy", "sad")}


def test_a_limit_draws_the_same_pictures_each_time(corpus: Path, tmp_path: Path) -> None:
    found = []
    for name in ("a.json", "b.json"):
        command = ["evaluate", "--task", "face", "--data", str(corpus), "--limit", "5", "--json", str(tmp_path / name)]
        assert main(command) == 0
        found.append({key: report(tmp_path / name)[key] for key in KEYS})
    assert found[0] == found[1] and found[0]["n"] == 5


def test_where_no_face_is_found_there_is_a_table_and_no_calibration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "a.npz", images=NO_FACE[None], labels=np.zeros(1, int), classes=np.array(["happy"]))
    command = ["evaluate", "--task", "face", "--data", str(tmp_path / "a.npz")]
    assert main([*command, "--json", str(tmp_path / "a.json"), "--plot", str(tmp_path / "a.png")]) == 0
    got = report(tmp_path / "a.json")
    assert got["ece"] is None and got["found"] == got["accuracy"] == 0.0
    assert "1 of 1 pictures without a found face" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--classes", "happy"], 2, "two or more of neutral, happy"),
        (["--classes", ""], 2, "two or more"),
        (["--classes", "happy,contempt"], 2, "contempt: not a class; ours are"),
        (["--limit", "0"], 2, "expected 1 or more"),
        (["--limit", "many"], 2, "invalid int"),
        (["--plot", "out.bmp"], 2, ".png, .svg, .pdf"),
        (["--plot", "nowhere/out.png"], 2, "there is no folder nowhere"),
        (["--json", "nowhere/out.json"], 2, "there is no folder nowhere"),
        (["--json", "."], 2, "is a folder"),
        (["--task", "voices"], 2, "invalid choice"),
        (["--codec", "opus:16k"], 2, "--codec is for --task voice, visemes and emotion, not for face"),
        (["--loss", "0.05"], 2, "--loss needs a call to lose packets in"),
        (["--data", "nothing.npz"], 1, "nothing.npz does not exist; expected"),
        (["--data", "/dev/null"], 1, "expected"),
        (["--data", "one.npz", "--data", "other.npz"], 2, "--data is given 2 times; --task face takes one"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_work(
    corpus: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, said: str
) -> None:
    given = [] if options[0] == "--data" else ["--data", str(corpus)]
    command = ["evaluate", "--task", "face", *given, *options]
    try:
        assert main(command) == code
    except SystemExit as exc:  # argparse's own
        assert exc.code == code
    shown = capsys.readouterr()
    assert said in shown.err and "Traceback" not in shown.err and shown.out == ""


def test_a_disk_that_is_full_leaves_the_table(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    assert main(["evaluate", "--task", "face", "--data", str(corpus), "--json", str(full)]) == 1
    shown = capsys.readouterr()
    assert "87.5 %" in shown.out and "/dev/full cannot be written: No space left" in shown.err
