"""Whether an engine keeps up: judged from times that are told."""

from __future__ import annotations

import pytest

from hoovik_inference.voice.large import Pace

HOP = 0.3


def _run(pace: Pace, load: float, seconds: float) -> None:
    for _ in range(round(seconds / HOP)):
        pace.took(HOP, load * HOP)


def test_an_engine_faster_than_real_time_keeps_up() -> None:
    pace = Pace()
    _run(pace, 0.9, 60.0)
    assert pace.keeps_up and not pace.try_due
    assert pace.load == pytest.approx(0.9, abs=1e-6)


def test_one_slow_run_changes_nothing() -> None:
    pace = Pace()
    _run(pace, 0.5, 10.0)
    assert pace.took(HOP, 5 * HOP) and pace.keeps_up


def test_an_engine_slower_than_real_time_falls_behind_within_seconds() -> None:
    pace = Pace()
    _run(pace, 0.5, 10.0)
    _run(pace, 2.0, 3.0)
    assert not pace.keeps_up


def test_an_engine_just_below_real_time_that_fell_behind_stays_behind() -> None:
    pace = Pace(retry_s=1.0)
    _run(pace, 2.0, 10.0)
    pace.rested(1.0)
    assert not pace.took(HOP, 0.9 * HOP)


def test_after_a_rest_one_try_decides() -> None:
    pace = Pace(retry_s=30.0)
    _run(pace, 2.0, 10.0)
    pace.rested(29.0)
    assert not pace.try_due
    pace.rested(1.0)
    assert pace.try_due
    assert pace.took(HOP, 0.5 * HOP)
    assert pace.keeps_up and not pace.try_due


def test_each_failed_try_doubles_the_rest_up_to_a_limit() -> None:
    pace = Pace(retry_s=10.0)
    _run(pace, 2.0, 10.0)
    rests = []
    for _ in range(7):
        rest = 0.0
        while not pace.try_due:
            pace.rested(1.0)
            rest += 1.0
        rests.append(rest)
        pace.took(HOP, 2 * HOP)
    assert rests == [10.0, 20.0, 40.0, 80.0, 160.0, 160.0, 160.0]


def test_what_was_under_way_when_it_fell_behind_is_no_try() -> None:
    pace = Pace(retry_s=10.0)
    _run(pace, 2.0, 10.0)
    assert not pace.took(HOP, 0.1 * HOP)
    pace.rested(10.0)
    assert pace.try_due


@pytest.mark.parametrize(("calm_s", "rest_s"), [(10.0, 20.0), (30.0, 10.0)])
def test_only_a_load_that_stays_low_brings_the_first_rest_back(calm_s: float, rest_s: float) -> None:
    pace = Pace(retry_s=10.0)
    _run(pace, 2.0, 10.0)
    pace.rested(10.0)
    assert pace.took(HOP, 0.5 * HOP)
    _run(pace, 0.5, calm_s)
    _run(pace, 5.0, 10.0)
    pace.rested(rest_s - 0.5)
    assert not pace.try_due
    pace.rested(0.5)
    assert pace.try_due


def test_rest_begins_when_it_falls_behind() -> None:
    pace = Pace(retry_s=10.0)
    pace.rested(100.0)
    _run(pace, 2.0, 10.0)
    assert not pace.keeps_up and not pace.try_due


@pytest.mark.parametrize("arguments", [{"again": 0.0}, {"again": 1.1}, {"memory_s": 0.0}, {"retry_s": -1.0}])
def test_limits_that_make_no_sense_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Pace(**arguments)


@pytest.mark.parametrize(("sound_s", "took_s"), [(0.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (float("nan"), 1.0)])
def test_times_that_cannot_be_are_refused(sound_s: float, took_s: float) -> None:
    with pytest.raises(ValueError, match="s were taken for"):
        Pace().took(sound_s, took_s)
