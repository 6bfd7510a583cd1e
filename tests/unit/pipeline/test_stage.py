"""A stage is bounded, keeps the order, and works on what is newest."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from hoovik_rtc.pipeline.stage import Stage
from tests.waiting import until


class Rig:
    def __init__(self, capacity: int = 4) -> None:
        self.pool = ThreadPoolExecutor(2)
        self.gate = threading.Event()
        self.gate.set()
        self.batches: list[list[int]] = []
        self.dropped: list[int] = []
        self.waiting = 0
        self.most_waiting = 0
        self.stage: Stage[int] = Stage(
            self.pool, self.work, capacity, self.dropped.append, queued=self.queued, begun=self.begun
        )

    def queued(self) -> None:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)

    def begun(self) -> None:
        self.waiting -= 1

    def work(self, batch: list[int]) -> None:
        self.gate.wait(5)
        if 13 in batch:
            raise ValueError("thirteen")
        self.batches.append(batch)

    async def until(self, items: int) -> None:
        await until(lambda: sum(map(len, self.batches)) >= items)


async def test_everything_that_waited_is_one_batch() -> None:
    rig = Rig()
    rig.gate.clear()
    for n in range(4):
        rig.stage.put(n)
    assert rig.stage.depth == 3
    rig.gate.set()
    await rig.until(4)
    assert rig.batches == [[0], [1, 2, 3]]
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
    assert rig.batches == [[0], [7, 8]]
    await rig.stage.close()


async def test_closing_waits_for_the_worker_and_takes_nothing_more() -> None:
    rig = Rig()
    rig.gate.clear()
    rig.stage.put(1)
    closing = asyncio.ensure_future(rig.stage.close())
    await asyncio.sleep(0)
    assert not closing.done()
    rig.gate.set()
    await closing
    assert rig.batches == [[1]]
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
    assert rig.batches == [[1]]
    with pytest.raises(ValueError, match="thirteen"):
        raise problems[0]  # type: ignore[misc]
    await rig.stage.close()


async def test_one_job_waits_for_a_thread_however_many_items_come() -> None:
    rig = Rig(capacity=1)
    rig.gate.clear()
    for n in range(20):
        rig.stage.put(n)
    assert rig.most_waiting == 1
    rig.gate.set()
    await rig.until(2)
    assert rig.batches[-1] == [19], "the newest"
    await rig.stage.close()
    assert rig.waiting == 0


async def test_items_may_come_from_any_thread() -> None:
    rig = Rig(capacity=10_000)

    def feed() -> None:
        for _ in range(500):
            rig.stage.put(1)

    threads = [threading.Thread(target=feed) for _ in range(4)]
    for thread in threads:
        thread.start()
    await rig.until(2000)
    for thread in threads:
        thread.join()
    await rig.stage.close()
    assert sum(map(len, rig.batches)) == 2000


async def test_a_put_at_the_moment_the_worker_rests_starts_one_job_not_two() -> None:
    rig = Rig()
    submitted: list[int] = []
    submit = rig.pool.submit
    rig.pool.submit = lambda job: (submitted.append(1), submit(job))[1]  # type: ignore[assignment, func-returns-value]

    class Between:
        """The stage's lock; an item comes right after the worker let go of it to rest."""

        def __init__(self, lock: threading.Lock) -> None:
            self.lock = lock
            self.came = False

        def __enter__(self) -> None:
            self.lock.acquire()

        def __exit__(self, *_: object) -> None:
            rests = bool(rig.batches) and not rig.stage._busy and not self.came
            self.lock.release()
            if rests:
                self.came = True
                rig.stage.put(2)

    rig.stage._lock = Between(rig.stage._lock)  # type: ignore[assignment]
    rig.stage.put(1)
    await rig.until(2)
    await rig.stage.close()
    assert rig.batches == [[1], [2]]
    assert len(submitted) == 2


async def test_a_closed_stage_lets_its_owner_go_without_the_cycle_collector() -> None:
    class Owner:
        def __init__(self, pool: ThreadPoolExecutor) -> None:
            self.stage = Stage[int](pool, self.work, 4, self.overflow, queued=self.note, begun=self.note)

        def work(self, items: list[int]) -> None: ...

        def overflow(self, dropped: int) -> None: ...

        def note(self) -> None: ...

    with ThreadPoolExecutor(1) as pool:
        owner = Owner(pool)
        owner.stage.put(1)
        gone = weakref.ref(owner)
        gc.disable()
        try:
            await owner.stage.close()
            owner.stage.put(2)
            del owner
            await asyncio.get_running_loop().run_in_executor(pool, lambda: None)
            assert gone() is None
        finally:
            gc.enable()
