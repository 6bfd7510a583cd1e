"""At which ticks the windows of participants are read, and in which batches."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any, cast

import pytest

from hoovik_inference.types import SEQ_LEN, EmotionEstimate, EmotionModel, Window
from hoovik_rtc.pipeline.feeling import Feeling
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.workers import Workers
from hoovik_rtc.telemetry import Telemetry
from tests import fakes
from tests.waiting import until


class Model(fakes.FakeEmotion):
    """Of any beat; notes its batches, and may be told to wait."""

    def __init__(self, step_ms: float) -> None:
        self.step_ms = step_ms
        self.batches: list[int] = []

    def infer(self, windows: Sequence[Window]) -> list[EmotionEstimate]:
        self.batches.append(len(windows))
        return super().infer(windows)


class Person:
    """Has a window at each step, and in between where a modality just went out."""

    def __init__(self) -> None:
        self.steps: list[bool] = []
        self.switched = False
        self.told = 0

    def window(self, now_ms: float, step: bool) -> Window | None:
        self.steps.append(step)
        if not step and not self.switched:
            return None
        self.switched = False
        return Window(now_ms, (fakes.face(now_ms),) * SEQ_LEN, (None,) * SEQ_LEN, "video_only")

    def on_emotion(self, estimate: EmotionEstimate) -> None:
        self.told += 1


async def ticks(model: Model, people: list[Person], count: int, switch_at: int = -1) -> Telemetry:
    telemetry, workers = Telemetry(), Workers()
    feeling = Feeling(cast(EmotionModel, model), lambda: cast(Any, people), workers, telemetry, Load(2.0))
    for number in range(count):
        people[0].switched = number == switch_at
        feeling._tick(1e6 + 100.0 * number)
        if feeling._running is not None:
            await asyncio.wait_for(feeling._running, 5)
    await feeling.stop()
    workers.close()
    return telemetry


async def test_a_model_of_ten_steps_a_second_is_asked_at_each_tick() -> None:
    model, people = Model(100.0), [Person(), Person()]
    await ticks(model, people, 7)
    assert model.batches == [2] * 7
    assert people[0].steps == [True] * 7


async def test_a_slower_one_is_asked_at_its_steps_for_everybody_at_once() -> None:
    model, people = Model(300.0), [Person(), Person(), Person()]
    await ticks(model, people, 9)
    assert model.batches == [3, 3, 3]
    assert people[1].steps == [True, False, False] * 3 and people[1].told == 3


async def test_whose_modality_goes_out_between_two_steps_is_read_alone() -> None:
    model, people = Model(300.0), [Person(), Person(), Person()]
    await ticks(model, people, 6, switch_at=4)
    assert model.batches == [3, 3, 1]
    assert [one.told for one in people] == [3, 2, 2]


async def test_a_new_vector_is_read_at_once_and_what_comes_meanwhile_right_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1e6]
    monkeypatch.setattr("hoovik_rtc.clock.now_ms", lambda: now[0])
    release = threading.Event()

    class Slow(Model):
        def infer(self, windows: Sequence[Window]) -> list[EmotionEstimate]:
            release.wait(5)
            return super().infer(windows)

    model, people = Slow(300.0), [Person(), Person(), Person()]
    workers, telemetry = Workers(), Telemetry()
    feeling = Feeling(cast(EmotionModel, model), lambda: cast(Any, people), workers, telemetry, Load(2.0))
    first, second, third = (cast(Any, one) for one in people)
    feeling.voiced(first)
    feeling.voiced(second)
    feeling.voiced(third)
    feeling._tick(now[0])
    assert [len(one.steps) for one in people] == [2, 1, 1], "the others' windows are made when they are read"
    release.set()
    await until(lambda: [one.told for one in people] == [1, 1, 1])
    assert model.batches == [1, 2]
    now[0] += 100.0
    feeling.voiced(first)
    assert feeling._running is not None and feeling._running.done(), "too early for a step"
    now[0] += 100.0
    feeling._tick(now[0])
    await until(lambda: first.told == 2)
    await feeling.stop()
    feeling.voiced(second)
    assert model.batches == [1, 2, 1], "nothing is read once it has stopped"
    workers.close()
