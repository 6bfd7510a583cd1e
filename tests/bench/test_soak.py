"""The soak and the churn in small: that they run, that nothing stays behind, and that they would see it if it did."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import threading
from pathlib import Path

import pytest

from hoovik_rtc.config import Config, LimitsConfig
from hoovik_rtc.testing import Clip
from tests import fakes
from tests.bench import churn, crowd, soak, watch
from tests.bench.watch import Seen
from tests.conftest import Serve
from tests.waiting import until

CALM = Seen(0.0, 100.0, 10, 10, 50.0, 8, 0.5, 0.0, 8.0, 12.0, 1.0)


POOLS = ("face", "decode", "audio", "inference", "asyncio")
"Their threads come with the work and stay; how many there may be is fixed."


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def strangers() -> int:
    return sum(not thread.name.startswith(POOLS) for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def settle_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "SETTLE_S", 1.0)


async def test_six_visits_leave_no_descriptor_no_thread_and_nobody(serve: Serve, moving_clip: Clip) -> None:
    closes: list[float] = []
    async with serve(Config(limits=LimitsConfig(load=0.99)), fakes.engine()) as service:

        async def visits(joins: int) -> None:
            await crowd.churn(service.base, moving_clip, joins, 2, 0.2, lambda _, took: closes.append(took))

        await visits(2)
        await asyncio.sleep(0.5)
        fds, threads = descriptors(), strangers()
        await visits(6)
        assert service.bot.stats()["participants"] == service.bot.stats()["rooms"] == 0
        await until(lambda: descriptors() <= fds)
        await until(lambda: strangers() <= threads)
    assert len(closes) == 8


def test_a_short_soak_says_what_it_saw(tmp_path: Path, moving_clip: Clip) -> None:
    arguments = [
        "--minutes",
        "0.05",
        "--participants",
        "1",
        "--every",
        "0.5",
        "--rehearsal",
        "0.5",
        "--out",
        str(tmp_path),
    ]
    assert soak.main(arguments) in (0, 1)  # too short to hold it to its verdict
    report = json.loads((tmp_path / "soak.json").read_text())
    assert report["participants_at_the_end"] == 1 and report["messages"] > 0
    assert len(report["samples"]) > 3 and all(one["rss_mib"] > 50 for one in report["samples"])
    assert report["fds"]["after"] > 0 and report["close_max_s"] < 10
    assert (tmp_path / "soak.png").stat().st_size > 1000


def test_a_short_churn_says_what_it_saw(tmp_path: Path, moving_clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOVIK_LIMITS__LOAD", "0.99")
    monkeypatch.setenv("HOOVIK_LIMITS__JOINS_PER_MINUTE", "1")  # set by the command, restored by the fixture
    arguments = ["--joins", "3", "--at-once", "1", "--media-s", "0.2", "--rehearsal", "0.5", "--out", str(tmp_path)]
    assert churn.main(arguments, moving_clip) in (0, 1)
    report = json.loads((tmp_path / "churn.json").read_text())
    assert len(report["rss_by_visit_mib"]) == len(report["close_by_visit_s"]) == 3
    assert report["counters"]["consent_given"] == 4
    assert (tmp_path / "churn.png").stat().st_size > 1000


@pytest.mark.parametrize(("per_minute", "held"), [(0.0, True), (0.1, True), (0.2, False)])
def test_the_soak_sees_memory_that_grows(per_minute: float, held: bool) -> None:
    during = [dataclasses.replace(CALM, at_s=s, rss_mib=100 + per_minute * s / 60) for s in range(0, 1800, 5)]
    report = soak.judged(during, CALM, CALM, 1800.0)
    assert report["verdict"]["rss_growth_under_3_percent"] is held
    assert report["warm_up_s"] == 180


def test_the_soak_does_not_count_the_warm_up_as_growth() -> None:
    during = [dataclasses.replace(CALM, at_s=s, rss_mib=80 if s < 180 else 100) for s in range(0, 1800, 5)]
    assert soak.judged(during, CALM, CALM, 1800.0)["rss_growth"] == 0


@pytest.mark.parametrize(("at_the_end", "held"), [(8, True), (7, False)])
def test_the_soak_sees_who_was_lost(at_the_end: int, held: bool) -> None:
    during = [dataclasses.replace(CALM, at_s=s, participants=8 if s < 900 else at_the_end) for s in range(0, 1800, 5)]
    assert soak.judged(during, CALM, CALM, 1800.0)["verdict"]["everybody_stayed"] is held


def test_threads_and_descriptors_that_stay_are_seen() -> None:
    after = dataclasses.replace(CALM, threads=11, fds=12)
    verdict = soak.judged([CALM], CALM, after, 10.0)["verdict"]
    assert not verdict["threads_back"] and not verdict["fds_back"]
    verdict = churn.judged([100.0], [0.1], CALM, after)["verdict"]
    assert not verdict["threads_back"] and not verdict["fds_back"]


@pytest.mark.parametrize(("per_join", "held"), [(0.0, True), (0.04, True), (0.06, False)])
def test_the_churn_sees_memory_that_stays(per_join: float, held: bool) -> None:
    rss = [100 + min(n, 80) * 1.0 + per_join * n for n in range(300)]
    report = churn.judged(rss, [0.1] * 300, CALM, CALM)
    assert report["verdict"]["rss_growth_at_most_10_mib"] is held


def test_the_churn_sees_one_slow_close() -> None:
    report = churn.judged([100.0] * 300, [0.1] * 299 + [2.1], CALM, CALM)
    assert not report["verdict"]["every_close_within_2_s"]
    assert report["close_s"] == {"p50": 0.1, "max": 2.1}
