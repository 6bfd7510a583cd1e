"""Eyes and ears in a process of their own: the same results, and a call that outlives that process."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from hoovik_rtc.config import Config
from hoovik_rtc.errors import AnalysisError
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.outside import InProcess
from hoovik_rtc.telemetry import Telemetry
from hoovik_rtc.testing import Clip, call
from tests import media
from tests.conftest import Serve, Service
from tests.waiting import until


@pytest.fixture(scope="module")
def talking() -> Clip:
    return media.talking_clip(320, 240)


def analysis_of(service: Service) -> InProcess:
    """The process that analyses for a bot, seen from here."""
    found = service.bot._analysis
    assert isinstance(found, InProcess)
    return found


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
        eye = analysis_of(service).eye(lambda _: None, lambda: None)
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
