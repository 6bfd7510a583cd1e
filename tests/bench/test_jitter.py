"""The counting of label changes, and what of a film it counts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from hoovik_inference.face import signs
from hoovik_inference.types import EMOTIONS, PORTRAIT_SIDE, FaceEstimate, Floats, Picture, Portrait
from hoovik_rtc.pipeline import engine as engines
from hoovik_rtc.testing import Clip
from tests import fakes, media
from tests.bench import jitter
from tests.bench.jitter import Label


def row(names: list[str], every_ms: float = 100.0) -> list[Label]:
    return [Label(index * every_ms, name, 0.5) for index, name in enumerate(names)]


def test_changes_are_counted_over_the_time_between_neighbours() -> None:
    got = jitter.jitter(row(["sad", "sad", "happy", "sad", "sad"]))
    assert (got.labels, got.changes, got.seconds, got.changes_per_s) == (5, 2, 0.4, 5.0)
    assert got.shares == {"sad": 0.8, "happy": 0.2} and got.probability == 0.5
    assert jitter.jitter(row(["sad"] * 20)).changes_per_s == 0.0
    assert jitter.jitter([]).labels == 0


def test_a_face_that_was_away_is_no_neighbour_of_itself() -> None:
    away = [*row(["sad", "sad"]), Label(5000.0, "happy", 0.5), Label(5100.0, "happy", 0.5)]
    got = jitter.jitter(away)
    assert (got.changes, got.seconds) == (0, 0.2)


def test_clips_one_after_the_other_are_no_neighbours() -> None:
    together = jitter.joined([row(["sad", "sad"]), [], row(["happy", "fear"])])
    got = jitter.jitter(together)
    assert (got.labels, got.changes, got.seconds) == (4, 1, 0.2)


class Portrayed(fakes.FakeFace):
    """A face in every picture, and a portrait of it that shows nothing."""

    def __init__(self) -> None:
        self._now_ms = 0.0

    def observe(self, image: Picture, time_ms: float) -> FaceEstimate | None:
        self._now_ms = time_ms
        return super().observe(image, time_ms)

    def portrait(self, picture: Picture) -> Portrait | None:
        pixels = np.zeros((PORTRAIT_SIDE, PORTRAIT_SIDE), np.float32)
        return Portrait(self._now_ms, pixels, np.zeros(52, np.float32), np.zeros(signs.COUNT, np.float32))


class Moody:
    """Reads the first and the second class by turns."""

    def __init__(self) -> None:
        self._read = 0

    def __call__(self, portrait: Portrait) -> Floats:
        scores = np.full(7, 0.05, np.float32)
        scores[self._read % 2] = 0.7
        self._read += 1
        return scores


def test_a_film_is_counted_at_each_reading_and_at_each_update(
    tmp_path: Path, moving_clip: Clip, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    media.write_webm(tmp_path / "film.webm", moving_clip)  # two seconds at 30 pictures a second
    engine = dataclasses.replace(fakes.engine(), face=Portrayed, expression=Moody())
    monkeypatch.setattr(engines, "build", lambda config: engine)
    before, after = jitter.watch(tmp_path / "film.webm", engine)
    assert 18 <= len(before) <= 20 and {one.name for one in before} == {EMOTIONS[0], EMOTIONS[1]}
    assert jitter.jitter(before).changes == len(before) - 1
    assert 15 <= len(after) <= 20 and jitter.jitter(after).changes == 0  # the fake model always says neutral
    out = tmp_path / "out.json"
    assert jitter.main([str(tmp_path / "film.webm"), str(tmp_path / "film.webm"), "--json", str(out)]) == 0
    one, two, both = json.loads(out.read_text("utf-8"))
    assert one == two and one["clip"] == "film.webm" and both["clip"] == "all"
    assert one["before"]["changes_per_s"] == both["before"]["changes_per_s"] == pytest.approx(10, rel=0.05)
    assert both["before"]["labels"] == 2 * len(before) and both["before"]["changes"] == 2 * len(before) - 2
    assert "film.webm" in capsys.readouterr().out
    assert jitter.main([str(tmp_path / "nowhere.mp4")]) == 1
    assert "nowhere.mp4" in capsys.readouterr().err
