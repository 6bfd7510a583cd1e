"""What one participant costs, measured as it is spent."""

from __future__ import annotations

import pytest

from hoovik_rtc.pipeline.costs import Costs
from hoovik_rtc.pipeline.load import STEPS, Load


def spend(
    costs: Costs,
    seconds: int,
    people: int,
    *,
    connected: int | None = None,
    decode: float = 0.6,
    face: float = 2.0,
    face_hz: float = 30.0,
    voice: float = 0.5,
    emotion: float = 0.3,
    loop: float = 40.0,
    start: float = 0.0,
) -> None:
    """Seconds of a service with `people` who are analysed; costs of one job in ms, of the loop in ms per second."""
    connected = people if connected is None else connected
    used = 0.0
    costs.tick(start, used, connected, people)
    for second in range(1, seconds + 1):
        for stage, jobs, each in (
            ("decode", 30 * people, decode),
            ("face", int(face_hz * people), face),
            ("voice", 50 * people, voice),
            ("emotion", 10, emotion),
        ):
            for _ in range(jobs):
                costs.add(stage, 1, each)
                used += each
        used += loop * connected
        costs.tick(start + second * 1000.0, used, connected, people)


def test_the_means_come_to_what_is_spent_whatever_the_number_of_participants() -> None:
    for people in (1, 3, 12):
        costs = Costs()
        spend(costs, 60, people, decode=1.0, face=7.0, voice=0.8, emotion=0.5, loop=80.0)
        expected = 30 * 1.0 + 7.5 * 7.0 + 50 * 0.8 + 10 * 0.5 / people + 80.0
        assert costs.participant_ms(7.5) == pytest.approx(expected, rel=0.01)


def test_looks_are_counted_at_the_lowest_rate_whatever_the_rate_is_now() -> None:
    at_full, at_lowest = Costs(), Costs()
    spend(at_full, 60, 4, face_hz=30.0)
    spend(at_lowest, 60, 4, face_hz=7.5)
    assert at_full.participant_ms(7.5) == pytest.approx(at_lowest.participant_ms(7.5), rel=0.01)


def test_nobody_there_changes_nothing() -> None:
    costs = Costs()
    before = costs.participant_ms(7.5)
    spend(costs, 20, 0)
    assert costs.participant_ms(7.5) == before


def test_those_who_only_listen_do_not_make_the_others_look_cheap() -> None:
    costs = Costs()
    spend(costs, 60, 2, loop=60.0)
    before = costs.loop_ms_per_s
    spend(costs, 60, 2, connected=10, loop=15.0, start=60_000.0)
    assert costs.loop_ms_per_s == pytest.approx(before)


def test_one_slow_job_hardly_counts() -> None:
    costs = Costs()
    spend(costs, 30, 2)
    before = costs.face_ms
    costs.add("face", 1, 200.0)
    spend(costs, 2, 2, start=30_000.0)
    assert costs.face_ms < before + 1.0


def test_twelve_fit_on_two_cores_and_not_many_more() -> None:
    """At 0.6 ms a frame, 2 ms a look, 0.5 ms a packet of sound and 5 % of a core for the loop."""
    load = Load(2.0)
    spend(load.costs, 60, 6, loop=50.0)
    assert load.costs.participant_ms(STEPS[-1].rate_hz) == pytest.approx(18 + 15 + 25 + 0.5 + 50, rel=0.01)
    assert load.share(12) < 0.7 <= load.share(13)


def test_twelve_fit_on_two_cores_before_anything_is_measured() -> None:
    assert Load(2.0).share(12) < 0.7
    assert Load(4.0).share(24) < 0.7 <= Load(4.0).share(30)
