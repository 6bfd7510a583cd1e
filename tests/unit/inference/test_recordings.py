"""Trees of recordings named as RAVDESS's, and reading their sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hoovik_inference.evaluation import DataError, UnreadableError
from hoovik_inference.evaluation.recordings import recordings, sound_of
from hoovik_inference.types import EMOTIONS
from tests.unit.inference import acted, sounds


def named(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_a_name_says_emotion_intensity_actor_and_sex(tmp_path: Path) -> None:
    found = recordings(named(tmp_path, "a/b/03-01-05-02-01-02-12.wav", "03-01-06-01-02-01-07.FLAC")).recordings
    fear, angry = found
    assert (EMOTIONS[fear.label], fear.strong, fear.actor, fear.sex, fear.statement) == ("fear", False, 7, "male", 2)
    assert (EMOTIONS[angry.label], angry.strong, angry.actor, angry.sex) == ("angry", True, 12, "female")


def test_all_eight_emotions_are_ours_and_calm_is_neutral(tmp_path: Path) -> None:
    found = recordings(named(tmp_path, *(f"03-01-0{n}-01-01-01-01.wav" for n in range(1, 9)))).recordings
    ours = ["neutral", "neutral", "happy", "sad", "angry", "fear", "disgust", "surprise"]
    assert [EMOTIONS[one.label] for one in found] == ours


def test_other_names_are_counted_and_other_files_passed_over(tmp_path: Path) -> None:
    named(tmp_path, "03-01-01-01-01-01-01.wav", "song.wav", "03-01-09-01-01-01-01.wav", "notes.txt", ".03.wav")
    found = recordings(tmp_path)
    assert len(found.recordings) == 1
    assert found.left_out == {"recordings whose names are not RAVDESS's": 2}


def test_classes_that_are_not_asked_for_are_left_out_by_name(tmp_path: Path) -> None:
    found = recordings(named(tmp_path, *(f"03-01-0{n}-01-01-01-01.wav" for n in (1, 2, 3, 4))))
    only = found.only(["happy", "sad"])
    assert [EMOTIONS[one.label] for one in only.recordings] == ["happy", "sad"]
    assert only.left_out == {"neutral": 2}
    with pytest.raises(DataError, match="no recording of angry, fear"):
        found.only(["angry", "fear"])


def test_some_are_the_same_each_time_in_their_old_order(tmp_path: Path) -> None:
    found = recordings(named(tmp_path, *(f"03-01-01-01-01-01-{n:02d}.wav" for n in range(1, 40))))
    some = found.some(7)
    assert some.recordings == found.some(7).recordings and len(some.recordings) == 7
    assert [one.actor for one in some.recordings] == sorted(one.actor for one in some.recordings)
    assert found.some(99) is found


@pytest.mark.parametrize("name", ["nothing", "file.wav", "empty"])
def test_what_has_no_recordings_is_refused_with_what_was_expected(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.wav").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="RAVDESS"):
        recordings(tmp_path / name)


def test_sound_is_16_khz_mono_and_the_mean_of_its_channels(tmp_path: Path) -> None:
    tone = sounds.tone(440, 0.5, 0.4)
    acted.write(tone, tmp_path / "mono.wav")
    acted.write(np.stack([tone, 0 * tone], axis=1), tmp_path / "left.wav")
    np.testing.assert_allclose(sound_of(tmp_path / "mono.wav"), tone, atol=1e-4)
    np.testing.assert_allclose(sound_of(tmp_path / "left.wav"), tone / 2, atol=1e-4)


def test_what_is_no_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF nothing of the kind")
    (tmp_path / "empty.flac").touch()
    acted.write(np.zeros(0, np.float32), tmp_path / "silent.wav")
    for name in ("broken.wav", "empty.flac", "silent.wav", "missing.wav"):
        with pytest.raises(UnreadableError, match=name):
            sound_of(tmp_path / name)


def test_a_flac_that_breaks_off_is_named_or_read_as_far_as_it_goes(tmp_path: Path) -> None:
    acted.write(sounds.noise(2.0), tmp_path / "whole.wav")
    data = (tmp_path / "whole.wav").read_bytes()
    (tmp_path / "part.wav").write_bytes(data[: len(data) // 2])
    assert 0.8 < len(sound_of(tmp_path / "part.wav")) / 16_000 < 1.1
