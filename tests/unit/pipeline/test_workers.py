"""How many jobs run at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hoovik_rtc.pipeline.workers import Turns, Workers, at_once


@pytest.mark.parametrize(("cores", "jobs"), [(0.5, 1), (1, 1), (2, 1), (3, 2), (64, 2)])
def test_two_cores_work_on_one_face_at_a_time_and_more_on_two(cores: float, jobs: int) -> None:
    assert at_once(2, cores) == jobs


@pytest.mark.parametrize("jobs", [1, 2])
def test_so_many_run_at_a_time(jobs: int) -> None:
    turns = Turns(jobs)
    lock = threading.Lock()
    now = most = 0
    together = threading.Barrier(jobs)

    def job() -> None:
        nonlocal now, most
        with turns.taken():
            with lock:
                now += 1
                most = max(most, now)
            together.wait(5)
            with lock:
                now -= 1

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(job) for _ in range(8)]:
            future.result(10)
    assert most == jobs


def test_one_that_does_not_end_keeps_nobody_for_long() -> None:
    turns = Turns(1)
    stuck, done = threading.Event(), []
    with ThreadPoolExecutor(2) as pool:

        def never() -> None:
            with turns.taken():
                stuck.wait(10)

        def short() -> None:
            with turns.taken():
                done.append(1)

        pool.submit(never)
        for _ in range(5):
            pool.submit(short).result(5)
        assert len(done) == 5
        stuck.set()


def test_pools_have_the_sizes_of_the_reference() -> None:
    workers = Workers(2.0)
    assert [pool._max_workers for pool in (workers.face, workers.audio, workers.inference)] == [2, 2, 1]
    workers.close()
