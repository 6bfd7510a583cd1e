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


def test_prediction_begins_after_43_ms_and_ends_when_the_avatar_is_at_rest() -> None:
    out = predicted([0.0], 3000.0)
    assert out[0] == 43.0
    assert 1160 < out[-1] <= 1200


def test_sound_carries_the_frames_once_the_face_is_gone_and_nothing_is_predicted_then() -> None:
    cadence = Cadence()
    assert cadence.sound(0.0)
    cadence.face(0.0)
    assert not cadence.sound(400.0)
    assert cadence.due is not None
    assert cadence.sound(401.0)
    assert cadence.due is None


def test_a_camera_switched_off_lets_the_sound_carry_at_once_and_the_avatar_come_to_rest() -> None:
    cadence = Cadence()
    cadence.face(1000.0)
    cadence.lose(1010.0)
    assert cadence.gone(1010.0)
    assert cadence.due == 1010.0
    assert cadence.predict(1010.0)
    assert cadence.sound(1020.0)


def test_withdrawn_consent_stops_prediction_at_once() -> None:
    cadence = Cadence()
    cadence.face(0.0)
    cadence.stop()
    assert cadence.due is None
    assert cadence.sound(1.0)
