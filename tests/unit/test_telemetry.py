"""Counting from many threads, and durations of the last seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from hoovik_rtc import clock
from hoovik_rtc.telemetry import KEPT, RECENT_S, Telemetry


def on_threads(number: int, work: Callable[[int], None]) -> None:
    together = threading.Barrier(number)

    def run(index: int) -> None:
        together.wait()
        work(index)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock to a number of seconds."""
    at = [1_000_000.0]
    monkeypatch.setattr(clock, "now_ms", lambda: at[0])

    def set_to(seconds: float) -> None:
        at[0] = 1_000_000.0 + seconds * 1000

    return set_to


def test_nothing_is_lost_when_threads_count_at_once() -> None:
    telemetry = Telemetry()

    def work(index: int) -> None:
        for _ in range(5_000):
            telemetry.count("a")
            telemetry.count("b", 3)
            telemetry.took("stage", 1.0)

    on_threads(8, work)
    assert telemetry.counted("a") == 40_000
    assert telemetry.counters() == {"a": 40_000, "b": 120_000}
    assert telemetry.totals() == {"stage": (40_000, 40_000.0)}


def test_a_reader_in_between_sees_counts_that_only_grow() -> None:
    telemetry = Telemetry()
    done = threading.Event()
    seen: list[float] = []

    def read() -> None:
        while not done.is_set():
            seen.append(telemetry.snapshot()["counters"].get("n", 0.0))

    reader = threading.Thread(target=read)
    reader.start()
    names = [f"name_{index}" for index in range(300)]  # the books grow while they are read

    def work(index: int) -> None:
        for name in names:
            telemetry.count("n")
            telemetry.count(name)
            telemetry.took(name, 1.0)

    on_threads(4, work)
    done.set()
    reader.join()
    assert seen == sorted(seen)
    assert telemetry.counted("n") == 1200


def test_threads_that_ended_are_still_counted_and_their_books_are_closed() -> None:
    telemetry = Telemetry()

    def work(_: int) -> None:
        telemetry.count("a")
        telemetry.took("stage", 2.0)

    for _ in range(50):
        on_threads(1, work)
    telemetry.count("a")
    assert telemetry.counted("a") == 51
    assert telemetry.counters()["a"] == 51
    assert telemetry.totals()["stage"] == (50, 100.0)
    assert len(telemetry._books) <= 2


def test_figures_are_those_of_the_durations_given() -> None:
    telemetry = Telemetry()
    for ms in range(1, 102):
        telemetry.took("stage", float(ms))
    figures = telemetry.recent("stage")
    assert figures == {"n": 101, "min": 1, "mean": 51, "max": 101, "p50": 51, "p90": 91, "p95": 96, "p99": 100}
    assert telemetry.snapshot()["stages"] == {"stage": figures}
    assert telemetry.recent("other") is None


def test_durations_of_several_threads_are_read_as_one() -> None:
    telemetry = Telemetry()
    all_wrote = threading.Barrier(4)

    def work(index: int) -> None:
        telemetry.took("stage", float(index))
        all_wrote.wait()

    on_threads(4, work)
    figures = telemetry.recent("stage")
    assert figures is not None
    assert (figures["n"], figures["min"], figures["max"]) == (4, 0, 3)


def test_what_is_older_than_a_minute_is_no_longer_in_the_percentiles(now: Callable[[float], None]) -> None:
    telemetry = Telemetry()
    telemetry.took("stage", 500.0)
    now(30)
    telemetry.took("stage", 5.0)
    assert telemetry.recent("stage", 10.0) == pytest.approx(
        dict.fromkeys(("min", "mean", "max", "p50", "p90", "p95", "p99"), 5.0) | {"n": 1}
    )
    both = telemetry.recent("stage")
    assert both is not None and both["max"] == 500
    now(RECENT_S + 1)
    one = telemetry.recent("stage")
    assert one is not None and one["max"] == 5
    now(2 * RECENT_S)
    assert telemetry.snapshot() == {"counters": {}, "stages": {}, "modalities": {}}
    assert telemetry.totals() == {"stage": (2, 505.0)}


def test_memory_is_bounded_and_the_newest_are_kept() -> None:
    telemetry = Telemetry()
    for ms in range(3 * KEPT):
        telemetry.took("stage", float(ms))
    figures = telemetry.recent("stage")
    assert figures is not None
    assert (figures["n"], figures["min"], figures["max"]) == (KEPT, 2 * KEPT, 3 * KEPT - 1)


def test_message_latencies_stand_by_modality() -> None:
    telemetry = Telemetry()
    telemetry.took("avatar_frame/both", 8.0)
    telemetry.took("emotion_update/audio_only", 20.0)
    snapshot = telemetry.snapshot()
    assert snapshot["stages"] == {}
    assert snapshot["modalities"]["both"]["avatar_frame"]["p50"] == 8
    assert snapshot["modalities"]["audio_only"]["emotion_update"]["max"] == 20
