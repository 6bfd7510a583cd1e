"""People are told once, and only what lasts."""

from __future__ import annotations

import dataclasses

from hoovik_inference.types import FaceQuality
from hoovik_rtc.pipeline.notices import AWAY_MS, Notices
from hoovik_rtc.pipeline.voice_engine import VoiceEngine


def made() -> tuple[Notices, list[str]]:
    said: list[str] = []
    return Notices(lambda code, sentence: said.append(code) if sentence.endswith(".") else None), said


def test_a_face_that_is_missing_for_a_second_is_said_once_and_so_is_its_return() -> None:
    notices, said = made()
    for at in range(0, 3000, 33):
        notices.no_face(float(at))
    assert said == ["no_face"]
    notices.face(1, 1, 3000.0)
    notices.face(1, 1, 3033.0)
    assert said == ["no_face", "face_found"]


def test_a_blink_of_the_detector_is_not_worth_a_word() -> None:
    notices, said = made()
    for at in range(0, 9000, 900):
        notices.no_face(float(at))
        notices.face(1, 1, at + 33.0)
    assert said == []


def test_several_faces_are_said_each_time_that_somebody_comes() -> None:
    notices, said = made()
    for faces in (1, 2, 2, 3, 1, 2):
        notices.face(faces, 1, 0.0)
    assert said == ["several_faces", "several_faces"]


def test_a_modality_is_said_when_it_has_lasted_and_not_while_the_senses_open() -> None:
    notices, said = made()
    for at in range(0, 900, 100):
        notices.modality("audio_only", float(at), 0.0)
    assert said == []
    for at in range(900, 3000, 100):
        notices.modality("audio_only" if at % 500 else "both", float(at), 0.0)
    assert said == [], "it never lasted"
    for at in range(3000, 5000, 100):
        notices.modality(None, float(at), 0.0)
    for at in range(5000, 7000, 100):
        notices.modality("both", float(at), 0.0)
    assert said == ["modality_none", "modality_both"]


def test_another_face_is_said_when_it_is_followed_and_the_first_one_is_not() -> None:
    notices, said = made()
    for n, track in enumerate((1, 1, 2, 2, 1)):
        notices.face(1, track, n * 100.0)
    assert said == ["another_face", "another_face"]


def test_who_comes_under_a_new_number_after_a_while_is_not_called_another_one() -> None:
    for away, codes in (
        (AWAY_MS - 1.0, ["no_face", "face_found", "another_face"]),
        (61_000.0, ["no_face", "face_found"]),
    ):
        notices, said = made()
        notices.face(1, 1, 0.0)
        for at in range(500, int(away), 500):
            notices.no_face(float(at))
        notices.face(1, 2, away)
        notices.face(1, 2, away + 33.0)
        assert said == codes


def test_after_a_while_without_pictures_it_is_said_that_what_was_learnt_is_forgotten() -> None:
    said: list[str] = []
    notices = Notices(lambda code, sentence: said.append(f"{code}: {sentence}"))
    notices.face(1, 1, 0.0)
    notices.face(1, 2, 70_000.0)
    assert said == ["face_found: A face is seen again; what was learnt of the one before is forgotten."]


def test_numbers_of_an_observer_that_began_anew_are_not_compared_with_those_before() -> None:
    notices, said = made()
    notices.face(1, 1, 0.0)
    notices.face(1, 2, 100.0)
    notices.anew()
    notices.face(1, 1, 200.0)
    assert said == ["another_face"], "it would have been said once more"
    notices.face(1, 2, 300.0)
    assert said == ["another_face", "another_face"]


WELL = FaceQuality(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)


def test_a_face_that_stays_dark_is_said_once_and_so_is_the_light() -> None:
    notices, said = made()
    dark = dataclasses.replace(WELL, light=0.1)
    for at in range(0, 6000, 33):
        notices.quality(dark, float(at))
    assert said == ["face_unclear"]
    notices.quality(WELL, 6033.0)
    notices.quality(WELL, 6066.0)
    assert said == ["face_unclear", "face_clear"]


def test_a_hand_before_the_face_for_a_moment_and_a_turned_head_are_not_worth_a_word() -> None:
    notices, said = made()
    for at in range(0, 20_000, 100):
        covered = at % 3000 < 1500
        notices.quality(dataclasses.replace(WELL, visible=0.1 if covered else 1.0, turn=0.0), float(at))
    assert said == []


def test_a_face_at_the_limit_is_not_said_again_and_again() -> None:
    notices, said = made()
    for at in range(0, 30_000, 100):
        notices.quality(dataclasses.replace(WELL, size=0.3 if at % 6000 < 3000 else 0.4), float(at))
    assert said == ["face_unclear"]


def test_two_short_moments_are_not_one_that_lasts() -> None:
    notices, said = made()
    for at in range(0, 10_000, 100):
        notices.quality(dataclasses.replace(WELL, size=0.5, visible=0.1 if at in (100, 9000) else 1.0), float(at))
    assert said == []


def test_which_engine_reads_voices_is_said_where_it_is_another_than_the_chosen_one() -> None:
    notices, said = made()
    fine = VoiceEngine("wav2vec2", "wav2vec2")
    behind = VoiceEngine("wav2vec2", "light", "behind", 1.4)
    for engine in (fine, fine, behind, behind, fine, fine):
        notices.voice_engine(engine)
    assert said == ["voice_engine_behind", "voice_engine_back"]
    for engine in (VoiceEngine("sensevoice", "light", reason) for reason in ("missing", "failed")):
        notices.voice_engine(engine)
    assert said[2:] == ["voice_engine_missing", "voice_engine_failed"]


def test_the_light_engine_alone_is_worth_no_word() -> None:
    notices, said = made()
    notices.voice_engine(VoiceEngine())
    assert said == []
