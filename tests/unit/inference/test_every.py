from __future__ import annotations

import pytest

from hoovik_inference.face.every import Every


@pytest.mark.parametrize("fps", [7.5, 10.0, 12.0, 15.0, 25.0, 30.0, 60.0])
def test_it_is_due_as_often_as_asked_or_with_every_picture_where_they_come_more_rarely(fps: float) -> None:
    every = Every(100.0)
    times = [n * 1000 / fps + 0.3 * (n % 3) for n in range(int(20 * fps))]
    assert sum(map(every.due, times)) == pytest.approx(20 * min(fps, 10.0), abs=1)


def test_the_first_picture_is_due_whatever_its_time_and_the_same_again_is_not() -> None:
    for time_ms in (-5.0, 0.0, 1e12):
        every = Every(100.0)
        assert [every.due(time_ms), every.due(time_ms)] == [True, False]


def test_after_a_pause_it_is_due_once() -> None:
    every = Every(100.0)
    assert [every.due(at) for at in (0.0, 950.0, 1000.0, 1049.0, 1051.0)] == [True, True, False, False, True]


def test_a_stream_whose_time_began_anew_does_not_wait_for_the_old_one() -> None:
    every = Every(100.0)
    assert every.due(50_000.0)
    assert every.due(10.0)
    assert not every.due(50.0)
