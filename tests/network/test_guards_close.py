"""However a connection ends, it ends within two seconds and leaves nothing behind: no task, no thread, no socket."""

from __future__ import annotations

import asyncio
import os
import struct
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiortc import RTCRtpReceiver

from hoovik_rtc.media.tap import MAX_SSRCS
from hoovik_rtc.testing import Call, Clip, call
from tests.conftest import Serve, Service
from tests.fakes import engine
from tests.network.impairment import Impairment
from tests.network.relay import relaying
from tests.waiting import until

CLOSE_S = 2.0
SDP = {"Content-Type": "application/sdp"}


def held() -> tuple[int, int, int]:
    """Tasks, aiortc's threads (our pools start theirs as they are needed), file descriptors."""
    threads = [thread for thread in threading.enumerate() if thread.name.endswith("-decoder")]
    return len(asyncio.all_tasks()), len(threads), len(os.listdir("/proc/self/fd"))


@asynccontextmanager
async def leaving_nothing(serve: Serve, clip: Clip) -> AsyncIterator[Service]:
    """A service that has had a call (pools and caches are there); in the end it holds what it held before."""
    async with serve(engine=engine()) as service:
        async with call(service.base, clip) as one:
            await one.consent()
            await one.wait_for("avatar_frame", 3)
        await asyncio.sleep(0.5)
        before = held()
        yield service
        assert service.bot.stats()["participants"] == 0

        for _ in range(500):  # not `until`: that is a task itself
            if all(now <= then for now, then in zip(held(), before, strict=True)):
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"tasks, threads, descriptors: {before} before, {held()} after: {asyncio.all_tasks()}")


async def leave(service: Service) -> float:
    """Everybody in the room leaves; how long that took, in seconds."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for participant in service.bot.participants("test"):
        await service.bot.leave(participant.session_id)
    return loop.time() - start


async def test_a_call_with_as_many_streams_as_there_may_be(serve: Serve, moving_clip: Clip) -> None:
    async with leaving_nothing(serve, moving_clip) as service, call(service.base, moving_clip) as one:
        await one.consent()
        await one.wait_for("avatar_frame", 3)
        transport = one.connection.getSenders()[0].transport
        for ssrc in range(MAX_SSRCS + 4):
            for payload_type in (96, 97):
                await transport._send_rtp(
                    struct.pack("!BBHLL", 0x80, payload_type, 1, 1, 1000 * payload_type + ssrc) + b"abc"
                )
        await until(lambda: service.bot.telemetry.counted("rtp_too_many_ssrcs") > 0)
        await asyncio.sleep(2)  # reports about all of them go out
        assert await leave(service) < CLOSE_S


async def test_a_participant_who_never_connected(serve: Serve, moving_clip: Clip) -> None:
    async with leaving_nothing(serve, moving_clip) as service, aiohttp.ClientSession() as http:
        one = Call(moving_clip)
        async with http.post(f"{service.base}/whip/test", data=await one.offer(), headers=SDP) as response:
            assert response.status == 201
        assert await leave(service) < CLOSE_S
        await one.close()


@pytest.mark.parametrize("after_ms", [60, 120, 180, 240, 300])
async def test_a_participant_in_the_middle_of_the_handshake(
    serve: Serve, moving_clip: Clip, after_ms: int, caplog: pytest.LogCaptureFixture
) -> None:
    slow = Impairment(delay_ms=40)
    async with (
        leaving_nothing(serve, moving_clip) as service,
        relaying(up=slow, down=slow) as relay,
        aiohttp.ClientSession() as http,
    ):
        one = Call(moving_clip)
        await one.dial(http, f"{service.base}/whip/test", through=relay)
        await asyncio.sleep(after_ms / 1000)
        assert await leave(service) < CLOSE_S
        assert caplog.messages == []
        await one.close()


async def test_a_participant_who_vanished(serve: Serve, moving_clip: Clip) -> None:
    async with leaving_nothing(serve, moving_clip) as service, relaying() as relay:
        async with call(service.base, moving_clip, through=relay) as one:
            await one.consent()
            await one.wait_for("avatar_frame", 3)
            relay.both(Impairment(blackout=True))
            await one.connection.close()
            assert await leave(service) < CLOSE_S


async def test_a_connection_whose_close_hangs_is_taken_apart(
    serve: Serve, moving_clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with leaving_nothing(serve, moving_clip) as service, call(service.base, moving_clip) as one:
        await one.consent()
        await one.wait_for("avatar_frame", 3)
        with monkeypatch.context() as patched:
            never = asyncio.Event()
            patched.setattr(RTCRtpReceiver, "stop", lambda self: never.wait())
            assert await leave(service) < CLOSE_S
        assert service.bot.telemetry.counted("peer_close_timeout") == 1
