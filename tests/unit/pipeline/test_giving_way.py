"""Who gives way keeps twenty looks a second, whatever the camera and the crowd."""

from __future__ import annotations

import random

import pytest

from hoovik_rtc.pipeline.gate import CROWDED, GivingWay


def looks(fps: float, waiting: int, seconds: float = 20.0, jitter_ms: float = 0.0) -> float:
    """Looks a second of a camera whose pictures always find so many others waiting."""
    one, rng = GivingWay(), random.Random(0)
    count = int(fps * seconds)
    times = [n * 1000 / fps + rng.uniform(-jitter_ms, jitter_ms) for n in range(count)]
    return sum(not one.gives(waiting, at) for at in times) / seconds


@pytest.mark.parametrize("jitter_ms", [0.0, 5.0])
@pytest.mark.parametrize("fps", [24.0, 25.0, 30.0])
def test_a_camera_that_always_meets_a_crowd_keeps_twenty_looks_a_second(fps: float, jitter_ms: float) -> None:
    assert 19.9 <= looks(fps, CROWDED + 5, jitter_ms=jitter_ms) <= 21.5


@pytest.mark.parametrize("fps", [5.0, 15.0, 20.0])
def test_a_slow_camera_gives_way_to_nobody(fps: float) -> None:
    assert looks(fps, CROWDED + 5) == pytest.approx(fps, abs=0.1)


def test_where_few_wait_nobody_gives_way() -> None:
    assert looks(30.0, CROWDED - 1) == 30.0


def test_credit_is_not_saved_up() -> None:
    one = GivingWay()
    for n in range(300):
        assert not one.gives(0, n * 33.3)
    gave = [one.gives(CROWDED, (300 + n) * 33.3) for n in range(6)]
    assert gave == [True, False, False, True, False, False]


def test_times_that_leap_back_or_stand_still_earn_nothing() -> None:
    one = GivingWay()
    assert one.gives(CROWDED, 10_000.0)
    assert not any(one.gives(CROWDED, at) for at in (5_000.0, 5_000.0, 5_000.0, 4_000.0, 4_000.0))
