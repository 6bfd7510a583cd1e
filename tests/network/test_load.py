"""Real calls on a service whose face model is too slow: nobody is let down silently, and nothing piles up."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from hoovik_inference.types import FaceEstimate, Picture
from hoovik_rtc import clock
from hoovik_rtc.config import Config, LimitsConfig
from hoovik_rtc.pipeline.engine import Engine
from hoovik_rtc.testing import Call, CallRefusedError, Clip, call
from tests import fakes
from tests.conftest import Serve
from tests.waiting import until


class Brake:
    """Makes looks slow until it is let go."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._free = threading.Event()

    def hold(self) -> None:
        self._free.wait(self._seconds)

    def let_go(self) -> None:
        self._free.set()


class SlowFace(fakes.FakeFace):
    """Takes its time for each look, without using the CPU."""

    def __init__(self, brake: Brake) -> None:
        self._brake = brake

    def observe(self, image: Picture, time_ms: float) -> FaceEstimate | None:
        self._brake.hold()
        return super().observe(image, time_ms)


@pytest.fixture
def brake(request: pytest.FixtureRequest) -> Iterator[Brake]:
    one = Brake(request.param)
    yield one
    one.let_go()  # whatever failed: the pools must come to their end


def slow_engine(brake: Brake, how_many: int) -> Engine:
    """The first `how_many` observers are slow."""
    left = [brake] * how_many
    return dataclasses.replace(fakes.engine(), face=lambda: SlowFace(left.pop()) if left else fakes.FakeFace())


def since(one: Call, at_ms: float, measured: bool | None = None) -> list[dict[str, Any]]:
    """A participant's own avatar frames that came after a moment."""
    return [
        message["payload"]
        for at, message in one.received.timed("avatar_frame")
        if at >= at_ms and message["session_id"] == one.location.rsplit("/", 1)[1]
        if measured is None or message["payload"]["measured"] is measured
    ]


def asked(one: Call) -> list[dict[str, Any]]:
    return [message["payload"] for message in one.received.of("backpressure")]


async def rates(calls: list[Call], seconds: float) -> tuple[list[float], list[float]]:
    """Own avatar frames a second of each, and the measured ones among them, from now on."""
    start = clock.now_ms()
    await asyncio.sleep(seconds)
    passed = (clock.now_ms() - start) / 1000
    output = [len(since(one, start)) / passed for one in calls]
    return output, [len(since(one, start, measured=True)) / passed for one in calls]


@pytest.mark.parametrize("brake", [0.06], indirect=True)
async def test_rates_step_down_and_up_again_everybody_hears_of_it_and_avatars_move_30_times_a_second_throughout(
    serve: Serve, moving_clip: Clip, brake: Brake
) -> None:
    async with serve(engine=slow_engine(brake, 9)) as service, contextlib.AsyncExitStack() as stack:
        bot, counted = service.bot, service.bot.telemetry.counted
        calls = [await stack.enter_async_context(call(service.base, moving_clip)) for _ in range(3)]
        for one in calls:
            await one.consent()
        await until(lambda: bot.load.face_rate_hz <= 10.0, 15)
        for one in calls:
            await one.wait_for("backpressure", where=lambda m: m["payload"]["suggested_fps"] <= 10.0)
        assert [payload["reason"] for payload in asked(calls[0])] == ["overloaded"] * len(asked(calls[0]))
        assert counted("bitrate_limited") >= 3
        stats = bot.stats()
        assert stats["face_rate_hz"] == bot.load.face_rate_hz
        assert stats["queue_depth"] > 0
        assert stats["stages"]["loop_stall"]["n"] > 5

        late = await stack.enter_async_context(call(service.base, moving_clip))
        await late.wait_for("welcome")
        assert not asked(late), "who did not agree to anything is asked for nothing"
        await late.consent()
        await late.wait_for("backpressure", timeout=3)
        kinds = [message["type"] for message in late.received.messages if message["type"] != "avatar_frame"]
        assert kinds[:3] == ["welcome", "consent_state", "backpressure"]

        for _ in range(5):  # on a machine that does other things too, some stretches have holes
            output, measured = await rates(calls, 2.0)
            if min(output) >= 24:
                break
        assert all(24 <= hz <= 36 for hz in output), output
        assert all(4 <= hz <= 12 for hz in measured), measured

        brake.let_go()
        await until(lambda: bot.load.face_rate_hz == 30.0, 25)
        for one in [*calls, late]:
            await one.wait_for("backpressure", where=lambda m: m["payload"]["reason"] == "recovered", timeout=3)
            assert asked(one)[-1]["suggested_fps"] == 30.0
        assert counted("load_step_down") == len([p for p in asked(calls[0]) if p["reason"] == "overloaded"])
        assert counted("load_step_up") >= 2
        assert counted("bitrate_limit_lifted") >= 3
        assert counted("backpressure_sent") == sum(len(asked(one)) for one in [*calls, late])
        _, measured = await rates(calls, 1.5)
        assert min(measured) > 15


@pytest.mark.parametrize("brake", [5.0], indirect=True)
async def test_a_model_of_five_seconds_a_look_fills_nothing_and_holds_up_nobody_else(
    serve: Serve, moving_clip: Clip, brake: Brake
) -> None:
    async with serve(engine=slow_engine(brake, 1)) as service, contextlib.AsyncExitStack() as stack:
        calls = [await stack.enter_async_context(call(service.base, moving_clip)) for _ in range(3)]
        await calls[0].consent()
        await until(lambda: service.bot.telemetry.counted("video_frames_skipped") > 0)  # it is stuck in its first look
        for one in calls[1:]:
            await one.consent()
            await one.wait_for("avatar_frame", 3, where=lambda m: bool(m["payload"]["measured"]))
        start = clock.now_ms()
        waiting, depths = [], []
        for _ in range(30):
            await asyncio.sleep(0.1)
            waiting.append(service.bot.load.queue_depth)
            depths.append(service.bot.participants("test")[0].depth)
        seconds = (clock.now_ms() - start) / 1000
        assert max(waiting) <= 2, "looks in front of the pool"
        assert sorted(depths)[len(depths) // 2] <= 2, "a picture, and what the decoders are just about to take"
        assert max(depths) < 15, "ninety pictures came meanwhile"
        assert service.bot.telemetry.counted("video_frames_skipped") > 60
        assert service.bot.telemetry.counted("video_frames_dropped_late") == 0
        for one in calls[1:]:
            assert len(since(one, start, measured=True)) / seconds > 12
        assert not since(calls[0], start, measured=True)
        assert len(calls[0].received.of("emotion_update")) > 15, "the voice goes on"
        brake.let_go()
        await until(lambda: bool(since(calls[0], start, measured=True)))


@pytest.mark.parametrize("brake", [0.06], indirect=True)
async def test_who_comes_back_while_rates_are_low_hears_of_it_again(
    serve: Serve, moving_clip: Clip, brake: Brake
) -> None:
    async with serve(engine=slow_engine(brake, 9)) as service, call(service.base, moving_clip) as one:
        await one.consent()
        await one.wait_for("backpressure")
        (welcome,) = await one.wait_for("welcome")
        await one.connection.close()
        await until(lambda: service.bot.participants("test")[0].link is None)
        limited = service.bot.telemetry.counted("bitrate_limited")
        async with call(service.base, moving_clip, resume=welcome["payload"]["resume"]) as again:
            (advice,) = (await again.wait_for("backpressure", timeout=5))[:1]
            assert advice["payload"]["suggested_fps"] < 30
            assert again.received.messages[0]["type"] == "welcome"
            assert service.bot.telemetry.counted("bitrate_limited") > limited


async def test_a_newcomer_who_would_be_too_much_is_refused_with_a_reason_and_who_was_there_comes_back(
    serve: Serve, moving_clip: Clip
) -> None:
    async with serve(engine=fakes.engine()) as service, aiohttp.ClientSession() as http:
        async with call(service.base, moving_clip) as one:
            (welcome,) = await one.wait_for("welcome")
            assert 0 < service.bot.stats()["load"] < 0.7
            service.bot.load.costs.loop_ms_per_s = 1e6  # as if each took a thousand cores
            with pytest.raises(CallRefusedError, match="lowest rates") as refused:
                async with call(service.base, moving_clip):
                    pass
            assert refused.value.status == 503
            assert int(refused.value.headers["Retry-After"]) > 0
            assert service.bot.telemetry.counted("admission_refused_load") == 1
            await one.connection.close()
            await until(lambda: service.bot.participants("test")[0].link is None)
            token = welcome["payload"]["resume"]
            async with call(service.base, moving_clip, resume=token) as again:
                (welcomed,) = await again.wait_for("welcome")
                assert welcomed["payload"]["session_id"] == welcome["payload"]["session_id"]
            async with http.get(f"{service.base}/stats/json") as response:
                assert (await response.json())["cores"] > 0


async def test_the_bound_on_the_load_is_configuration(serve: Serve, moving_clip: Clip) -> None:
    async with serve(Config(limits=LimitsConfig(load=0.01)), fakes.engine()) as service:
        with pytest.raises(CallRefusedError, match="under 1% is allowed"):
            async with call(service.base, moving_clip):
                pass


async def test_what_a_voice_expresses_gives_way_on_a_busy_machine_while_a_face_is_read(
    serve: Serve, moving_clip: Clip
) -> None:
    async with serve(engine=fakes.engine()) as service, call(service.base, moving_clip) as one:
        counted = service.bot.telemetry.counted
        await one.consent()
        await until(lambda: fakes.FakeVoice.read > 5 and fakes.FakeExpression.read > 2)
        assert counted("voice_expression_gave_way") == 0
        service.bot.load._index = 1  # looks are less frequent than they could be
        await until(lambda: counted("voice_expression_gave_way") == 1)
        await asyncio.sleep(0.2)
        read, heard = fakes.FakeVoice.read, fakes.FakeVoice.heard
        await until(lambda: fakes.FakeVoice.heard > heard + 5_000)
        assert fakes.FakeVoice.read == read
        fakes.FakeFace.found = False
        await until(lambda: fakes.FakeVoice.read > read)  # without a face the voice is what counts
