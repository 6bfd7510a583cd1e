"""A stage is bounded, keeps the order, and works on what is newest."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hoovik_rtc.pipeline.stage import Stage


class Rig:
    def __init__(self, capacity: int = 4) -> None:
        self.pool = ThreadPoolExecutor(2)
        self.gate = threading.Event()
        self.gate.set()
        self.batches: list[list[int]] = []
        self.delivered: list[list[int]] = []
        self.dropped: list[int] = []
        self.arrived = asyncio.Event()
        self.stage: Stage[int, list[int]] = Stage(self.pool, self.work, self.deliver, capacity, self.dropped.append)

    def work(self, batch: list[int]) -> list[int]:
        self.gate.wait(5)
        if 13 in batch:
            raise ValueError("thirteen")
        self.batches.append(batch)
        return batch

    def deliver(self, result: list[int]) -> None:
        self.delivered.append(result)
        self.arrived.set()

    async def until(self, items: int) -> None:
        while sum(map(len, self.delivered)) < items:
            self.arrived.clear()
            await asyncio.wait_for(self.arrived.wait(), 5)


async def test_everything_that_waited_is_one_batch() -> None:
    rig = Rig()
    rig.gate.clear()
    for n in range(4):
        rig.stage.put(n)
    assert rig.stage.depth == 3
    rig.gate.set()
    await rig.until(4)
    assert rig.delivered == [[0], [1, 2, 3]]
    await rig.stage.close()


async def test_what_waits_is_bounded_and_drops_are_said() -> None:
    rig = Rig(capacity=3)
    rig.gate.clear()
    for n in range(9):
        rig.stage.put(n)
    assert rig.stage.depth <= 3
    assert sum(rig.dropped) == 6
    rig.gate.set()
    await rig.until(3)
    assert rig.delivered == [[0], [7, 8]]
    await rig.stage.close()


async def test_closing_waits_for_the_worker_and_delivers_nothing_more() -> None:
    rig = Rig()
    rig.gate.clear()
    rig.stage.put(1)
    closing = asyncio.ensure_future(rig.stage.close())
    await asyncio.sleep(0)
    assert not closing.done()
    rig.gate.set()
    await closing
    assert rig.batches == [[1]]
    assert rig.delivered == []
    rig.stage.put(2)
    assert rig.stage.depth == 0


async def test_a_bug_in_the_work_is_reported_and_the_stage_goes_on() -> None:
    rig = Rig()
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context["exception"]))
    rig.stage.put(13)
    while not problems:
        await asyncio.sleep(0)
    rig.stage.put(1)
    await rig.until(1)
    assert rig.delivered == [[1]]
    with pytest.raises(ValueError, match="thirteen"):
        raise problems[0]  # type: ignore[misc]
    await rig.stage.close()
