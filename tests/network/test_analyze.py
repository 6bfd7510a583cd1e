"""Recordings through the same stages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image as Picture

from hoovik_rtc.cli import main
from hoovik_rtc.testing import Clip
from hoovik_rtc.wire.schemas import FOLDER
from tests import media


def analyze(file: Path, out: Path) -> list[dict[str, Any]]:
    assert main(["analyze", str(file), "--out", str(out)]) == 0
    messages: list[dict[str, Any]] = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    schema = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in ("avatar_frame", "emotion_update")}
    for message in messages:
        jsonschema.validate(message, schema[message["type"]])
    assert [m["sequence"] for m in messages] == list(range(1, len(messages) + 1))
    return messages


def of(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [message for message in messages if message["type"] == kind]


def test_a_film_with_sound_gives_both_messages_in_its_own_time(tmp_path: Path) -> None:
    file = tmp_path / "talk.webm"
    media.write_webm(file, media.talking_clip(640, 480))
    messages = analyze(file, tmp_path / "out.jsonl")
    frames, updates = of(messages, "avatar_frame"), of(messages, "emotion_update")
    assert len(frames) == pytest.approx(120, abs=4)
    assert len(updates) == pytest.approx(39, abs=2)
    assert updates[-1]["payload"]["modality"] == "both"
    times = [m["timestamp_ms"] for m in frames]
    assert times == sorted(times) and times[0] <= 40 and 3900 <= times[-1] <= 4050
    wanted = np.array([media.truth(at / 1000)["smile"] for at in times])
    got = np.array([m["payload"]["blendshapes"]["smile"] for m in frames])
    assert np.corrcoef(wanted, got)[0, 1] > 0.85


def test_sound_alone_and_pictures_alone_are_fine(tmp_path: Path) -> None:
    sound = tmp_path / "voice.wav"
    media.write_wav(sound, media.vowels(2.0))
    messages = analyze(sound, tmp_path / "a.jsonl")
    assert {m["payload"]["modality"] for m in of(messages, "emotion_update")} == {"audio_only"}
    assert len(of(messages, "avatar_frame")) > 50
    clip = media.talking_clip(640, 480)
    film = tmp_path / "silent.webm"
    media.write_webm(film, Clip(clip.video[:40], clip.fps, ()))
    messages = analyze(film, tmp_path / "b.jsonl")
    assert {m["payload"]["modality"] for m in of(messages, "emotion_update")} == {"video_only"}


def test_one_picture_gives_one_frame_and_one_reading(tmp_path: Path) -> None:
    file = tmp_path / "face.png"
    Picture.fromarray(media.astronaut()[0]).save(file)
    messages = analyze(file, tmp_path / "out.jsonl")
    assert [m["type"] for m in messages] == ["avatar_frame", "emotion_update"]
    assert messages[0]["timestamp_ms"] == 0
    assert messages[0]["payload"]["measured"]


def test_what_is_no_media_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no media at all")
    for file in (text, tmp_path / "nothing.mp4", tmp_path):
        assert main(["analyze", str(file)]) == 1
        said = capsys.readouterr().err
        assert file.name in said and "expected" in said
    sound = tmp_path / "voice.wav"
    media.write_wav(sound, media.vowels(0.5))
    assert main(["analyze", str(sound), "--out", str(tmp_path / "no" / "where.jsonl")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_film_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = tmp_path / "whole.webm"
    media.write_webm(whole, media.talking_clip(640, 480))
    cut = tmp_path / "cut.webm"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    messages = analyze(cut, tmp_path / "out.jsonl")
    assert 30 < len(of(messages, "avatar_frame")) < 110


@pytest.mark.shared
@pytest.mark.parametrize("name", ["face_noface.mov", "bbaf2n.mpg", "cold_corpus3.wav", "mfa_laughter.flac"])
def test_real_recordings_are_read(shared_media: Path, tmp_path: Path, name: str) -> None:
    messages = analyze(shared_media / name, tmp_path / "out.jsonl")
    assert len(of(messages, "avatar_frame")) > 50
    assert len(of(messages, "emotion_update")) > 20
