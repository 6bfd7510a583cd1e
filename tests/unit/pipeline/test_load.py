"""How often faces are looked at, by a pool with a made-up clock."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from hoovik_rtc.pipeline.load import DEEP, STEPS, Load, People
from tests.unit.pipeline.pool import Pool

TWELVE = People(12, 12, 12)


def always(ms: float) -> Callable[[float], float]:
    return lambda now_ms: ms


def test_a_pool_that_keeps_up_is_left_alone() -> None:
    pool = Pool(12, always(2.0), rest=800).run(30)
    assert pool.steps == []
    assert pool.everyone[0].looks == pytest.approx(900, abs=2)
    assert pool.load.advice is None


@pytest.mark.parametrize(("look_ms", "rate"), [(8.4, 10.0), (9.0, 10.0), (17.0, 7.5), (30.0, 7.5)])
def test_a_pool_that_is_too_slow_comes_to_rest_at_the_rate_that_holds_and_stays_there(
    look_ms: float, rate: float
) -> None:
    pool = Pool(12, always(look_ms), rest=400).run(90)
    assert pool.load.face_rate_hz == rate
    rates = [hz for _, hz in pool.steps]
    assert rates == sorted(rates, reverse=True), "only down, never to and fro"
    assert all(b - a >= 1.0 for (a, _), (b, _) in zip(pool.steps, pool.steps[1:], strict=False)), "one step a second"
    assert pool.steps[-1][0] < 6.0
    if rate > 7.5 or look_ms < 20:
        assert pool.load.queue_depth < DEEP


@pytest.mark.parametrize("look_ms", [5.5, 6.0, 7.0, 7.5])
def test_a_pool_that_is_somewhat_too_slow_is_shared_by_giving_way_and_nobody_waits_long(look_ms: float) -> None:
    pool = Pool(12, always(look_ms), rest=400).run(60)
    assert pool.steps == []
    assert pool.load.queue_depth < 2.0
    looks = [one.looks / 60 for one in pool.everyone]
    assert min(looks) >= 19.9
    assert max(looks) - min(looks) < 6
    assert sum(looks) > 0.9 * min(360, 2000 / look_ms), "the pool does not rest meanwhile"


def test_the_first_step_comes_within_a_second_of_the_overload_and_says_how_many_waited() -> None:
    pool = Pool(12, lambda now: 2.0 if now < 5000 else 20.0).run(8)
    at, advice = pool.said[0]
    assert 5.0 < at <= 6.2
    assert advice.reason == "overloaded"
    assert advice.queue_depth >= DEEP
    assert advice.step.bits_per_s is not None
    assert pool.load.advice is not None
    assert pool.load.advice.step is pool.load.step


def test_the_full_rate_is_back_once_looks_are_fast_again_step_by_step_and_said() -> None:
    pool = Pool(12, lambda now: 20.0 if 3000 < now < 10_000 else 2.0).run(40)
    assert pool.load.face_rate_hz == 30.0
    after = [(at, advice) for at, advice in pool.said if at > 10]
    assert [advice.step.rate_hz for _, advice in after] == [10.0, 15.0, 30.0]
    assert [advice.reason for _, advice in after] == ["recovering", "recovering", "recovered"]
    assert after[0][0] >= 13.0, "few wait for 3 s before the first step up"
    assert all(b - a >= 3.0 for (a, _), (b, _) in zip(after, after[1:], strict=False))
    assert after[-1][1].step.bits_per_s is None
    assert pool.load.advice is None


def test_a_model_that_waits_without_using_the_cpu_fills_the_pool_all_the_same() -> None:
    pool = Pool(3, lambda now: 60.0 if now < 8000 else 2.0, cpu_share=0.0)
    pool.run(8)
    assert pool.load.face_rate_hz in (10.0, 7.5)
    assert pool.run(25).load.face_rate_hz == 30.0


def test_one_participant_whose_looks_take_too_long_is_looked_at_less_often_though_nobody_waits() -> None:
    pool = Pool(1, always(55.0), cpu_share=0.5).run(20)
    assert pool.load.queue_depth == 0.0
    assert [hz for _, hz in pool.steps] == [15.0]
    assert pool.steps[0][0] < 2.5


def test_a_model_of_five_seconds_a_look_ends_at_the_lowest_rate_and_two_wait_at_most() -> None:
    pool = Pool(4, always(5000.0), cpu_share=0.0).run(60)
    assert pool.load.face_rate_hz == 7.5
    assert pool.load.queue_depth <= 2.0
    assert [hz for _, hz in pool.steps] == [15.0, 10.0, 7.5]


def test_overload_that_comes_back_makes_each_further_try_wait_longer_up_to_a_minute() -> None:
    """Whenever the full rate is back, the looks become slow: the prediction is wrong each time."""
    pool = Pool(12, always(2.0))
    pool.wall = lambda now: 20.0 if pool.load.face_rate_hz == 30.0 else 2.0
    pool.run(400)
    ups = [at for at, advice in pool.said if advice.reason == "recovered"]
    waits = [b - a for a, b in zip(ups, ups[1:], strict=False)]
    assert 5 <= len(ups) <= 12
    assert waits[1] > 1.5 * waits[0]
    assert waits[2] > 1.5 * waits[1]
    assert max(waits) <= 75
    full = sum(rate == 30.0 for rate in pool.rates[100_000:]) / len(pool.rates[100_000:])
    assert full < 0.06, "most of the time it stays where it holds"


def test_after_tries_that_held_the_wait_is_short_again() -> None:
    slow = {5, 12, 60}  # seconds in which a look takes long

    pool = Pool(12, lambda now: 20.0 if int(now / 1000) in slow else 2.0).run(58)
    assert pool.load.face_rate_hz == 30.0
    pool.run(22)
    assert pool.load.face_rate_hz == 30.0
    down = next(at for at, advice in pool.said if at > 59)
    up = next(at for at, advice in pool.said if at > down and advice.reason == "recovered")
    assert up - down < 10


def test_a_step_up_is_not_tried_where_it_would_fill_the_pool_beside_what_else_runs() -> None:
    """Looks alone would fit into two cores; the rest of the service leaves one of them."""
    free = Pool(12, lambda now: 20.0 if now < 3000 else 2.5, cpu_share=1.0, rest=200).run(40)
    assert free.load.face_rate_hz == 30.0
    crowded = Pool(12, lambda now: 20.0 if now < 3000 else 2.5, cpu_share=1.0, rest=1200).run(40)
    assert crowded.load.face_rate_hz == 15.0


def test_models_that_are_built_when_twelve_come_at_once_are_no_overload() -> None:
    building = [150.0] * 12

    pool = Pool(12, lambda now: building.pop() if building else 2.0, rest=800).run(10)
    assert [hz for _, hz in pool.steps] in ([], [15.0, 30.0])
    assert pool.load.face_rate_hz == 30.0


def test_when_everybody_leaves_the_full_rate_comes_back() -> None:
    pool = Pool(12, always(30.0), cpu_share=0.2).run(10)
    assert pool.load.face_rate_hz == 7.5
    pool.everyone.clear()
    pool.senders = 0
    assert pool.run(20).load.face_rate_hz == 30.0


def test_the_intervals_let_every_second_third_and_fourth_picture_of_30_through() -> None:
    for every, step in zip((1, 2, 3, 4), STEPS, strict=True):
        frame = 1000 / 30
        assert (every - 1) * frame < step.interval_ms - 8
        assert step.interval_ms < every * frame - 8
        assert step.rate_hz * every == 30.0


def test_depth_is_the_mean_over_the_last_second() -> None:
    load = Load(2.0)
    load.tick(0.0, TWELVE, 0.0)
    for _ in range(4):
        load.meter.queued(200.0)
    load.tick(400.0, TWELVE, 0.0)
    load.tick(1000.0, TWELVE, 0.0)
    assert load.queue_depth == pytest.approx(3.2)
    for _ in range(4):
        load.meter.begun(1200.0)
    load.tick(2000.0, TWELVE, 0.0)
    assert load.queue_depth == pytest.approx(0.8)
    load.tick(3000.0, TWELVE, 0.0)
    assert load.queue_depth == 0.0


def test_reports_of_many_threads_at_once_add_up() -> None:
    load = Load(4.0)
    load.tick(0.0, TWELVE, 0.0)

    def report() -> None:
        for n in range(2000):
            load.meter.queued(float(n))
            load.meter.begun(n - 0.5)
            load.meter.spent("face", 1.0, 2.0)

    threads = [threading.Thread(target=report) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.tick(3000.0, TWELVE, 9000.0)
    load.tick(4000.0, TWELVE, 9000.0)
    assert load.queue_depth == 0.0
    assert load.utilisation(TWELVE, STEPS[0]) == pytest.approx(12 * STEPS[0].least_hz * 2 / 2000, rel=0.01)
