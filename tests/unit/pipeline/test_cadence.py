"""When avatar frames leave."""

from __future__ import annotations

import itertools
import random

import pytest

from hoovik_rtc.pipeline.cadence import Cadence


def run(faces: list[float], end: float, late_ms: float = 0.0) -> list[tuple[float, bool]]:
    """When frames leave and whether they are measured, for faces measured at these times and a late timer."""
    cadence = Cadence()
    out = []
    for at in [*faces, end]:
        while cadence.due is not None and cadence.due + late_ms <= at:
            now = cadence.due + late_ms
            if cadence.predict(now):
                out.append((now, False))
        if at != end:
            cadence.face(at)
            out.append((at, True))
    return out


def predicted(faces: list[float], end: float) -> list[float]:
    return [at for at, measured in run(faces, end) if not measured]


def gaps(frames: list[tuple[float, bool]], since_ms: float) -> list[float]:
    return [b - a for (a, _), (b, _) in itertools.pairwise(frames) if a >= since_ms]


@pytest.mark.parametrize("fps", [30, 25, 24, 20])
def test_a_source_of_20_fps_and_more_needs_no_prediction(fps: int) -> None:
    out = predicted([n * 1000 / fps for n in range(fps)], 1000.0)
    assert len(out) <= 3, "while the time between the first faces is not known"


def test_a_source_of_30_or_25_fps_needs_none_from_the_first_face_on() -> None:
    assert predicted([n * 33.3 for n in range(30)], 30 * 33.3) == []
    assert predicted([n * 40.0 for n in range(25)], 1000.0) == []


@pytest.mark.parametrize("rate", [15.0, 10.0, 7.5])
def test_faces_measured_less_often_are_filled_up_to_30_frames_at_even_distances(rate: float) -> None:
    faces = [n * 1000 / rate for n in range(int(4 * rate))]
    frames = run(faces, 4000.0)
    assert len([at for at, _ in frames if at >= 1000]) == pytest.approx(90, abs=2)
    assert all(gap == pytest.approx(1000 / 30, abs=0.1) for gap in gaps(frames, 1000.0))
    assert [at for at, measured in frames if measured] == faces


@pytest.mark.parametrize("rate", [15.0, 10.0, 7.5])
@pytest.mark.parametrize("late_ms", [0.0, 4.0])
def test_faces_that_come_a_little_early_or_late_double_no_frame(rate: float, late_ms: float) -> None:
    rng = random.Random(7)
    faces = [n * 1000 / rate + rng.uniform(-7, 7) for n in range(int(10 * rate))]
    frames = run(faces, 10_000.0, late_ms)
    assert len([at for at, _ in frames if at >= 1000]) == pytest.approx(270, rel=0.05)
    assert min(gaps(frames, 1000.0)) > 10
    assert max(gaps(frames, 1000.0)) < 60


def test_a_rate_that_steps_down_and_up_again_is_followed() -> None:
    faces = [n * 33.3 for n in range(30)]
    faces += [faces[-1] + (n + 1) * 100.0 for n in range(20)]
    faces += [faces[-1] + (n + 1) * 33.3 for n in range(60)]
    frames = run(faces, faces[-1] + 1)
    seconds = [sum(a <= at < a + 1000 for at, _ in frames) for a in (0, 1000, 2000, 3000, 4000)]
    assert all(27 <= n <= 33 for n in seconds), seconds
    assert not [at for at, measured in frames if not measured and at > 3400]


def test_one_face_that_is_lost_is_filled_and_changes_nothing_else() -> None:
    faces = [n * 33.3 for n in range(60) if n != 30]
    assert predicted(faces, 60 * 33.3) == [pytest.approx(29 * 33.3 + 43.3, abs=0.2)]


def test_prediction_begins_after_43_ms_and_ends_when_the_avatar_is_at_rest() -> None:
    out = predicted([0.0], 3000.0)
    assert out[0] == pytest.approx(43.3, abs=0.1)
    assert 1160 < out[-1] <= 1200


def test_a_loop_that_was_held_sends_no_burst_of_predicted_frames() -> None:
    cadence = Cadence()
    cadence.face(0.0)
    assert cadence.predict(200.0)
    assert cadence.due is not None
    assert 216 < cadence.due <= 250


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
