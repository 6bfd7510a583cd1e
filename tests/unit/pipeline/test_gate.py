"""Pictures are looked at as often as the rate in force allows, by each participant at another moment."""

from __future__ import annotations

import pytest

from hoovik_rtc.pipeline.gate import CROWDED, LookGate, ReadingGate
from hoovik_rtc.pipeline.load import STEPS, Load


class At(Load):
    """A load whose rate is set by hand."""

    def __init__(self) -> None:
        super().__init__(2.0)
        self.index = 0

    @property
    def step(self):  # type: ignore[no-untyped-def]
        return STEPS[self.index]


def looks(gate: LookGate, fps: float, seconds: float, begin_ms: float = 0.0) -> list[float]:
    found = []
    for n in range(round(fps * seconds)):
        at = begin_ms + n * 1000 / fps
        if gate.due(at):
            gate.looked(at)
            found.append(at)
    return found


@pytest.mark.parametrize(("index", "rate"), [(0, 30), (1, 15), (2, 10), (3, 7.5)])
@pytest.mark.parametrize("fps", [30, 60])
def test_each_rate_is_kept_whatever_the_camera_sends(index: int, rate: float, fps: float) -> None:
    load = At()
    load.index = index
    assert len(looks(LookGate(load, 0.5), fps, 10.0)) == pytest.approx(rate * 10, abs=2)


def test_participants_who_were_in_step_are_not_after_a_change_of_the_rate() -> None:
    load = At()
    gates = [LookGate(load, share) for share in (0.0, 0.3, 0.6, 0.9)]
    for gate in gates:
        looks(gate, 30, 1.0)
    load.index = 2
    later = [looks(gate, 30, 3.0, 1000.0)[-5:] for gate in gates]
    phases = {round(times[-1] % 100 / 33.4) for times in later}
    assert len(phases) == 3, "a third of the pictures each"
    for times in later:
        assert all(b - a == pytest.approx(100, abs=1) for a, b in zip(times, times[1:], strict=False))


def test_capture_times_that_leap_back_begin_anew() -> None:
    gate = LookGate(At(), 0.0)
    assert looks(gate, 30, 1.0)
    assert gate.due(-5000.0)


def test_expressions_are_due_ten_times_a_second_where_nobody_waits() -> None:
    gate = ReadingGate()
    due = [gate.due(n * 33.4, 0) for n in range(30)]
    assert sum(due) == 10 and due[0]
    assert not gate.late


def test_expressions_give_way_to_looks_that_wait_but_come_once_a_second() -> None:
    gate = ReadingGate()
    gate.due(0.0, 0)
    due = [n for n in range(1, 61) if gate.due(n * 33.4, CROWDED)]
    assert len(due) == 2
    assert gate.late
    assert gate.due(61 * 33.4 + 100.0, 0)
    assert not gate.late, "what comes in time is not late"


def test_a_capture_time_that_leaps_back_is_read_at_once() -> None:
    gate = ReadingGate()
    assert gate.due(10_000.0, 0)
    assert gate.due(0.0, CROWDED)


def test_expressions_come_once_a_second_while_pictures_give_way_or_looks_are_rare() -> None:
    gate = ReadingGate()
    gate.due(0.0, 0)
    assert not gate.due(700.0, 0, spare=True)
    assert gate.due(1000.0, 0, spare=True) and gate.late
    gate.gave_way(1100.0)
    assert not gate.due(1900.0, 0)
    assert gate.due(2000.0, 0)
    assert gate.due(2200.0, 0) and gate.due(2300.0, 0), "the machine has been at rest for a second"
