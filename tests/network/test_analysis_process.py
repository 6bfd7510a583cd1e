"""Eyes and ears in processes of their own: the same results, and a call that outlives each of them."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from hoovik_rtc.bot import Bot
from hoovik_rtc.config import Config
from hoovik_rtc.errors import AnalysisError
from hoovik_rtc.pipeline.analysis import AnEar, AnEye
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.outside import InProcess
from hoovik_rtc.pipeline.several import InProcesses, processes
from hoovik_rtc.telemetry import Telemetry
from hoovik_rtc.testing import Clip, call
from tests import media
from tests.conftest import Serve, Service
from tests.waiting import until


@pytest.fixture(scope="module")
def talking() -> Clip:
    return media.talking_clip(320, 240)


def all_of(service: Service) -> list[InProcess]:
    """The processes that analyse for a bot, seen from here."""
    found = service.bot._analysis
    assert isinstance(found, InProcesses)
    return found.each


def analysis_of(service: Service) -> InProcess:
    """The one that has the first participant's eye."""
    return all_of(service)[0]


def process_of(service: Service) -> int:
    """Its number."""
    pid = analysis_of(service).pid
    assert pid is not None
    return pid


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("where", ["process", "threads"])
async def test_a_call_is_analysed_wherever_its_eyes_and_ears_work(serve: Serve, talking: Clip, where: str) -> None:
    async with serve(Config(analysis=where)) as service, call(service.base, talking) as one:  # type: ignore[arg-type]
        await one.consent()
        frames = await one.wait_for("avatar_frame", 20, where=lambda m: bool(m["payload"]["measured"]))
        assert max(frame["payload"]["blendshapes"]["jawOpen"] for frame in frames) > 0.05
        await one.wait_for("emotion_update", 5)
        await until(lambda: service.bot.telemetry.counted("video_frames_decoded") > 15)
        assert service.bot.stats()["stages"]["face"]["n"] > 0
        assert service.bot.load.costs.face_ms > 0


async def test_a_call_goes_on_when_the_process_that_analyses_is_killed(serve: Serve, talking: Clip) -> None:
    async with serve() as service, call(service.base, talking) as one:
        await one.consent()
        await one.wait_for("avatar_frame", 5, where=lambda m: bool(m["payload"]["measured"]))
        first = process_of(service)
        os.kill(first, signal.SIGKILL)
        await until(lambda: service.bot.telemetry.counted("analysis_process_ended") == 1)
        seen = len(one.received.of("avatar_frame"))
        await until(
            lambda: any(frame["payload"]["measured"] for frame in one.received.of("avatar_frame")[seen + 15 :]), 30
        )
        assert process_of(service) != first
        one.control("consent", avatar=False, emotion=False)
        await one.wait_for("consent_state", 2)


async def test_nothing_is_decoded_over_there_once_consent_is_withdrawn(serve: Serve, talking: Clip) -> None:
    async with serve() as service, call(service.base, talking) as one:
        await one.consent()
        await one.wait_for("avatar_frame", 5, where=lambda m: bool(m["payload"]["measured"]))
        one.control("consent", avatar=False, emotion=False)
        await one.wait_for("consent_state", 2)
        await until(lambda: not analysis_of(service)._senses)
        await asyncio.sleep(0.3)  # the last report
        decoded = service.bot.telemetry.counted("video_frames_decoded")
        await asyncio.sleep(0.5)
        assert service.bot.telemetry.counted("video_frames_decoded") == decoded


async def test_the_process_ends_with_the_bot(serve: Serve) -> None:
    async with serve() as service:
        pid = process_of(service)
        assert runs(pid)
    await until(lambda: not runs(pid))


async def test_a_process_that_does_not_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(AnalysisError, match="did not start"):
        await InProcess.start(Config(), Load(2.0), Telemetry())


async def test_who_leaves_while_the_process_is_started_anew_is_gone_and_the_bot_closes(
    serve: Serve, talking: Clip
) -> None:
    async with serve() as service:
        async with call(service.base, talking) as one:
            await one.consent()
            await one.wait_for("avatar_frame", 5, where=lambda m: bool(m["payload"]["measured"]))
            analysis = analysis_of(service)
            os.kill(process_of(service), signal.SIGKILL)
            await until(lambda: not analysis.ready)
            one.control("consent", avatar=False, emotion=False)
            await one.wait_for("consent_state", 2)
        await until(lambda: not service.bot.participants("test"))
        assert not analysis._senses
    assert analysis.pid is None


async def test_a_process_that_hangs_is_ended_with_the_bot(serve: Serve, talking: Clip) -> None:
    async with serve() as service, call(service.base, talking) as one:
        await one.consent()
        await one.wait_for("avatar_frame", 5, where=lambda m: bool(m["payload"]["measured"]))
        pid = process_of(service)
        os.kill(pid, signal.SIGSTOP)
        await service.bot.close()
        assert not runs(pid)


async def test_two_who_close_one_sense_do_not_depend_on_each_other(serve: Serve) -> None:
    async with serve() as service:
        eye = analysis_of(service).eye(lambda _: None, lambda _: None, lambda: None)
        first, second = asyncio.ensure_future(eye.close()), asyncio.ensure_future(eye.close())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait_for(second, 5)


async def test_messages_about_nobody_and_a_bug_end_nothing(serve: Serve, talking: Clip) -> None:
    async with serve() as service, call(service.base, talking) as one:
        analysis = analysis_of(service)
        analysis.send("put", 4711, None, True)
        analysis.send("close", 4712)
        analysis.send("eye", 4713)
        analysis.send("put", 4713, "no frame", True)
        await until(lambda: service.bot.telemetry.counted("analysis_message_failed") == 1)
        await one.consent()
        await one.wait_for("avatar_frame", 5, where=lambda m: bool(m["payload"]["measured"]))
        assert service.bot.telemetry.counted("analysis_process_ended") == 0


async def test_participants_are_spread_and_the_eye_and_ear_of_one_are_together(serve: Serve) -> None:
    async with serve(Config(analysts=2)) as service:
        analysis = service.bot._analysis
        assert analysis is not None
        eye = partial(analysis.eye, lambda _: None, lambda _: None, lambda: None)
        ear = partial(analysis.ear, lambda _, __: None)
        ours: list[AnEye | AnEar] = [eye(), ear()]
        assert [one.burden for one in all_of(service)] == [5, 0]
        ours += [ear(), eye(), eye(), ear()]
        assert sorted(one.burden for one in all_of(service)) == [5, 10]
        assert [one.surplus("ear") for one in all_of(service)] == [0, 0]
        ours += [ear(), ear(), eye(), eye()]  # who comes at once, or turns a camera on later
        assert sorted(one.burden for one in all_of(service)) == [10, 15]
        await asyncio.gather(*(sense.close() for sense in ours))
        assert [one.burden for one in all_of(service)] == [0, 0]


async def test_where_one_process_is_gone_newcomers_go_to_the_other(serve: Serve) -> None:
    async with serve(Config(analysts=2)) as service:
        one, other = all_of(service)
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
        await until(lambda: not one.ready)
        assert service.bot._analysis is not None
        eyes = [service.bot._analysis.eye(lambda _: None, lambda _: None, lambda: None) for _ in range(2)]
        assert (one.burden, other.burden) == (0, 8)
        await asyncio.gather(*(eye.close() for eye in eyes))


async def test_where_one_of_them_does_not_start_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[InProcess] = []
    begin = InProcess._begin

    async def second_fails(self: InProcess) -> object:
        started.append(self)
        if len(started) == 2:
            raise AnalysisError("no")
        return await begin(self)

    monkeypatch.setattr(InProcess, "_begin", second_fails)
    with pytest.raises(AnalysisError, match="no"):
        await InProcesses.start(Config(analysts=2), Load(2.0), Telemetry())
    assert [one.pid for one in started] == [None, None]


@pytest.mark.parametrize(
    ("analysts", "cores", "expected"), [(0, 0.5, 1), (0, 1.9, 1), (0, 2.0, 2), (0, 16.0, 2), (3, 1.0, 3)]
)
def test_there_is_a_process_for_each_core_but_two_at_most_or_as_many_as_the_config_says(
    analysts: int, cores: float, expected: int
) -> None:
    assert processes(Config(analysts=analysts), cores) == expected


async def test_where_the_start_is_given_up_half_way_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[InProcess] = []
    begin = InProcess._begin
    ready = asyncio.Event()

    async def second_takes_long(self: InProcess) -> object:
        started.append(self)
        if len(started) == 2:
            await asyncio.sleep(60)
        inbox = await begin(self)
        ready.set()
        return inbox

    monkeypatch.setattr(InProcess, "_begin", second_takes_long)
    starting = asyncio.ensure_future(InProcesses.start(Config(analysts=2), Load(2.0), Telemetry()))
    await asyncio.wait_for(ready.wait(), 30)
    pid = started[0].pid
    assert pid is not None
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not runs(pid)
    assert not [task for task in asyncio.all_tasks() if "InProcess" in str(task.get_coro())]


async def test_a_process_that_cannot_be_started_again_is_tried_later_and_later(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    sleep = asyncio.sleep

    async def at_once(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    async def fails(self: InProcess) -> object:
        if len(waits) < 7:
            raise AnalysisError("no")
        return "inbox"

    monkeypatch.setattr(InProcess, "_begin", fails)
    monkeypatch.setattr("hoovik_rtc.pipeline.outside.asyncio.sleep", at_once)
    await InProcess(Config(), Load(2.0), Telemetry())._again()
    assert waits == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize("where", ["process", "threads"])
async def test_a_bot_that_is_closed_while_it_starts_leaves_nothing_behind(where: str) -> None:
    before = asyncio.all_tasks()
    bot = Bot(Config(analysis=where))  # type: ignore[arg-type]
    starting = asyncio.ensure_future(bot.start())
    await asyncio.sleep(0.1)
    closing = asyncio.ensure_future(bot.close())
    await asyncio.wait_for(asyncio.gather(starting, closing), 30)
    assert not bot.ready
    assert bot._pacing._timer is None
    assert asyncio.all_tasks() == before
