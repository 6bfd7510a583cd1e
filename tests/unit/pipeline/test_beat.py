"""When steps are made, with times that are told."""

from __future__ import annotations

import pytest

from hoovik_rtc.pipeline.beat import Beat

TICK = 100.0


def steps(vectors_ms: list[float], seconds: float, step_ms: float = 300.0) -> list[tuple[float, bool]]:
    """(when, whether with a new vector) of each step, ticks being 17 ms off."""
    beat = Beat(step_ms)
    out: list[tuple[float, bool]] = []
    events = [(at, True) for at in vectors_ms] + [(17.0 + TICK * n, False) for n in range(round(seconds * 10))]
    newest = -1.0
    for at, vector in sorted(events):
        if vector:
            newest = at
        if beat.voiced(at) if vector else beat.due(at, TICK):
            out.append((at, newest > (out[-1][0] if out else -1.0)))
            beat.stepped(at)
    return out


def every(ms: float, seconds: float, begin_ms: float = 40.0) -> list[float]:
    return [begin_ms + ms * n for n in range(round(seconds * 1000 / ms))]


def test_without_vectors_a_step_is_made_at_its_ticks() -> None:
    assert [at for at, _ in steps([], 3.0)] == [17.0 + 300.0 * n for n in range(10)]
    assert len(steps([], 3.0, step_ms=100.0)) == 30


@pytest.mark.parametrize("period", [300.0, 320.0, 400.0, 440.0])
def test_where_vectors_come_about_as_often_as_steps_each_makes_one_and_no_step_is_made_without(period: float) -> None:
    made = steps(every(period, 10.0), 10.0)[3:]
    assert all(new for _, new in made)
    assert {round(b - a) for (a, _), (b, _) in zip(made, made[1:], strict=False)} == {round(period)}


@pytest.mark.parametrize("period", [500.0, 640.0, 900.0, 1200.0])
def test_where_they_come_seldom_each_makes_a_step_and_others_come_in_between(period: float) -> None:
    vectors = every(period, 20.0)
    made = steps(vectors, 20.0)
    assert set(vectors[3:]) <= {at for at, _ in made}, "none waits, once it is known how often they come"
    apart = [b - a for (a, _), (b, _) in zip(made, made[1:], strict=False)][3:]
    assert min(apart) >= 150.0 and max(apart) <= 460.0
    assert 20_000.0 / len(made) == pytest.approx(300.0, rel=0.25), "a step's time, on the average"


def test_vectors_that_come_faster_than_steps_do_not_make_more_than_two_a_step() -> None:
    made = [at for at, _ in steps(every(60.0, 10.0), 10.0)]
    assert min(b - a for a, b in zip(made, made[1:], strict=False)) >= 150.0


def test_where_vectors_end_steps_go_on() -> None:
    made = [at for at, _ in steps(every(320.0, 5.0), 10.0)]
    later = [at for at in made if at > 5500.0]
    assert {b - a for a, b in zip(later, later[1:], strict=False)} == {300.0}
    assert max(b - a for a, b in zip(made, made[1:], strict=False)) <= 600.0
