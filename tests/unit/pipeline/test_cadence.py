"""When avatar frames leave."""

from __future__ import annotations

import pytest

from hoovik_rtc.pipeline.cadence import Cadence


def predicted(faces: list[float], end: float) -> list[float]:
    """Times of predicted frames for faces measured at these times."""
    cadence = Cadence()
    out = []
    for at in [*faces, end]:
        while cadence.due is not None and cadence.due <= at:
            now = cadence.due
            if cadence.predict(now):
                out.append(now)
        if at != end:
            cadence.face(at)
    return out


def test_a_source_of_30_or_25_fps_needs_no_prediction() -> None:
    assert predicted([n * 33.3 for n in range(30)], 30 * 33.3) == []
    assert predicted([n * 40.0 for n in range(25)], 1000.0) == []


def test_a_source_of_10_fps_is_filled_up_to_the_output_rate() -> None:
    out = predicted([n * 100.0 for n in range(10)], 1000.0)
    assert len(out) + 10 == pytest.approx(30, abs=2)


def test_prediction_begins_after_43_ms_and_ends_when_the_face_is_gone() -> None:
    out = predicted([0.0], 2000.0)
    assert out[0] == 43.0
    assert 380 < out[-1] <= 400


def test_sound_carries_the_frames_once_the_face_is_gone() -> None:
    cadence = Cadence()
    assert cadence.sound_carries(0.0)
    cadence.face(0.0)
    assert not cadence.sound_carries(400.0)
    assert cadence.sound_carries(401.0)


def test_a_camera_switched_off_stops_prediction_at_once() -> None:
    cadence = Cadence()
    cadence.face(0.0)
    cadence.stop()
    assert cadence.due is None
    assert cadence.sound_carries(1.0)
