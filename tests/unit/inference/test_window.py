"""Modality, windows and smoothing."""

from __future__ import annotations

import math

import pytest

from hoovik_inference.emotion import Aligner, modality, usable_voice
from hoovik_inference.types import SEQ_LEN
from tests.unit.inference.faces import face, voice


@pytest.mark.parametrize(
    ("face_ms", "voice_ms", "mic", "camera", "expected"),
    [
        (1000.0, 1000.0, True, True, "both"),
        (600.0, 600.0, True, True, "both"),
        (599.0, 1000.0, True, True, "audio_only"),
        (1000.0, 599.0, True, True, "video_only"),
        (599.0, 599.0, True, True, None),
        (None, 1000.0, True, True, "audio_only"),
        (1000.0, None, True, True, "video_only"),
        (-math.inf, -math.inf, True, True, None),
        (None, None, True, True, None),
        (1000.0, 1000.0, False, True, "video_only"),
        (1000.0, 1000.0, True, False, "audio_only"),
        (1000.0, 1000.0, False, False, None),
        (599.0, 1000.0, False, True, None),
    ],
)
def test_a_modality_is_out_after_400_ms_or_at_once_when_switched_off(
    face_ms: float | None, voice_ms: float | None, mic: bool, camera: bool, expected: str | None
) -> None:
    assert modality(1000.0, face_ms, voice_ms, mic, camera) == expected


def test_silence_is_media_and_digital_silence_is_none() -> None:
    assert usable_voice(-80.0)
    assert not usable_voice(-100.0)


def test_the_first_step_is_a_window_with_masked_padding_in_front() -> None:
    first_face, first_voice = face(100.0), voice(90.0)
    window = Aligner().step(first_face, first_voice, "both")
    assert window is not None
    assert window.faces == (None,) * 9 + (first_face,)
    assert window.voices == (None,) * 9 + (first_voice,)
    assert window.time_ms == 100.0


def test_a_window_holds_the_newest_ten_steps_oldest_first() -> None:
    aligner = Aligner()
    for n in range(25):
        window = aligner.step(face(n * 100.0), voice(n * 100.0 + 20.0), "both")
    assert window is not None
    assert len(window.faces) == len(window.voices) == SEQ_LEN
    assert [f.time_ms for f in window.faces if f] == [n * 100.0 for n in range(15, 25)]
    assert window.time_ms == 2420.0, "the newest measurement is a voice"


def test_there_is_no_window_of_nothing() -> None:
    aligner = Aligner()
    assert aligner.step(None, None, "both") is None
    assert aligner.step(face(), None, "audio_only") is None, "a masked face is no measurement"


def test_a_missing_measurement_is_masked_in_its_step_only() -> None:
    aligner = Aligner()
    aligner.step(face(0.0), voice(0.0), "both")
    window = aligner.step(None, voice(100.0), "both")
    assert window is not None
    assert window.faces[-1] is None
    assert window.faces[-2] is not None
    assert None not in window.voices[-2:]


def test_a_modality_that_is_out_is_masked_in_the_whole_window_and_begins_anew() -> None:
    aligner = Aligner()
    for n in range(5):
        aligner.step(face(n * 100.0), voice(n * 100.0), "both")
    alone = aligner.step(face(500.0), voice(500.0), "audio_only")
    assert alone is not None
    assert alone.faces == (None,) * SEQ_LEN
    assert sum(v is not None for v in alone.voices) == 6
    again = aligner.step(face(600.0), voice(600.0), "both")
    assert again is not None
    assert [f.time_ms for f in again.faces if f] == [600.0]


def test_steps_from_long_ago_are_dropped() -> None:
    aligner = Aligner()
    for n in range(SEQ_LEN):
        aligner.step(face(n * 100.0), None, "video_only")
    window = aligner.step(face(60_000.0), None, "video_only")
    assert window is not None
    assert [f.time_ms for f in window.faces if f] == [60_000.0]


def test_a_capture_time_that_began_anew_begins_a_new_window() -> None:
    aligner = Aligner()
    aligner.step(face(1e12), None, "video_only")
    window = aligner.step(face(0.0), None, "video_only")
    assert window is not None
    assert sum(f is not None for f in window.faces) == 1


def test_a_cleared_aligner_remembers_nothing() -> None:
    aligner = Aligner()
    aligner.step(face(0.0), None, "video_only")
    aligner.clear()
    window = aligner.step(face(100.0), None, "video_only")
    assert window is not None
    assert sum(f is not None for f in window.faces) == 1


def test_a_slower_beat_keeps_its_steps_for_longer() -> None:
    aligner = Aligner(300.0)
    for n in range(SEQ_LEN):
        aligner.step(face(n * 400.0), None, "video_only")
    window = aligner.step(face(4000.0), None, "video_only")
    assert window is not None
    assert sum(f is not None for f in window.faces) == SEQ_LEN


def test_a_modality_that_goes_out_between_two_steps_is_masked_without_a_new_step() -> None:
    aligner = Aligner()
    assert aligner.without("video_only") is None
    for n in range(3):
        aligner.step(face(n * 100.0), voice(n * 100.0), "both")
    window = aligner.without("video_only")
    assert window is not None
    assert [f.time_ms for f in window.faces if f] == [0.0, 100.0, 200.0]
    assert window.voices == (None,) * SEQ_LEN
    assert (window.modality, window.time_ms) == ("video_only", 200.0)
    assert aligner.without("audio_only") is None, "nothing is left"
