"""Pools of one thread: sound first, kinds in rows, and the loop reads on between two jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hoovik_rtc.pipeline.turns import MOST_FACES, PATIENCE_S, Turns


async def rest() -> None:
    """Until all jobs have run."""
    for _ in range(50):
        await asyncio.sleep(0)


class Log:
    def __init__(self) -> None:
        self.ran: list[str] = []

    def job(self, name: str) -> Callable[[], None]:
        return lambda: self.ran.append(name)


async def test_sound_comes_first_then_decoding_then_faces() -> None:
    turns, log = Turns(), Log()
    for pool, name in ((turns.face, "face"), (turns.decode, "decode"), (turns.audio, "audio")):
        pool.submit(log.job(name))
        pool.submit(log.job(name))
    await rest()
    assert log.ran == ["audio", "audio", "decode", "decode", "face", "face"]


async def test_sound_waits_for_a_few_faces_at_most() -> None:
    turns, log = Turns(), Log()
    for _ in range(10):
        turns.face.submit(log.job("face"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    turns.audio.submit(log.job("audio"))
    before = len(log.ran)
    await rest()
    assert log.ran.index("audio") - before <= MOST_FACES
    assert log.ran.count("face") == 10


async def test_what_comes_during_a_row_waits_for_the_next_round() -> None:
    turns, log = Turns(), Log()

    def again() -> None:
        log.ran.append("audio")
        if log.ran.count("audio") < 20:
            turns.audio.submit(again)

    turns.audio.submit(again)
    turns.face.submit(log.job("face"))
    await rest()
    assert log.ran.index("face") <= 2, "sound that never ends must not keep faces waiting"


async def test_the_loop_goes_on_between_two_jobs() -> None:
    turns, log = Turns(), Log()
    turns.face.submit(log.job("first"))
    turns.face.submit(log.job("second"))
    asyncio.get_running_loop().call_soon(log.job("loop"))
    await rest()
    assert log.ran == ["first", "loop", "second"]


async def test_a_job_that_fails_says_so_to_who_waits_for_it_and_the_next_one_runs() -> None:
    turns, log = Turns(), Log()

    def fail() -> None:
        raise ValueError("no")

    failing = turns.decode.submit(fail)
    turns.decode.submit(log.job("next"))
    await rest()
    assert log.ran == ["next"]
    with pytest.raises(ValueError, match="no"):
        failing.result()


async def test_the_loop_may_wait_for_a_job() -> None:
    turns = Turns()
    assert await asyncio.get_running_loop().run_in_executor(turns.face, lambda: 42) == 42


async def test_what_waits_when_they_are_closed_never_runs() -> None:
    turns, log = Turns(), Log()
    waiting = turns.face.submit(log.job("face"))
    turns.close()
    await rest()
    assert log.ran == []
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        turns.face.submit(log.job("face"))


async def test_expressions_are_read_where_nothing_else_waits() -> None:
    turns, log = Turns(), Log()
    for _ in range(4):
        turns.expression.submit(log.job("expression"))
        turns.face.submit(log.job("face"))
        turns.audio.submit(log.job("audio"))
    await rest()
    assert log.ran == ["audio"] * 4 + ["face"] * 4 + ["expression"] * 4


async def test_an_expression_that_waited_long_is_read_though_faces_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    passed = 0.0
    begun = loop.time()
    monkeypatch.setattr(loop, "time", lambda: begun + passed)
    turns, log = Turns(), Log()

    def again() -> None:
        nonlocal passed
        passed += PATIENCE_S / 10
        log.ran.append("face")
        if log.ran.count("face") < 40:
            turns.face.submit(again)

    turns.face.submit(again)
    turns.expression.submit(log.job("expression"))
    turns.expression.submit(log.job("expression"))
    for _ in range(100):
        await asyncio.sleep(0)
    assert log.ran.index("expression") in (10, 11)
    assert log.ran.count("face") == 40 and log.ran.count("expression") == 2
