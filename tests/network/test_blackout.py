"""Nothing comes through for a while, in both directions, HTTP included; then the network is back.

LONG_TESTS=1 adds the blackout of 40 s, which no connection outlives.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from hoovik_rtc import clock
from hoovik_rtc.testing import Clip, call
from tests.conftest import Serve
from tests.fakes import engine
from tests.network.impairment import Impairment
from tests.network.relay import Relay, relaying
from tests.returning import returning
from tests.waiting import until

PATH = Impairment(delay_ms=50)
RESULTS_S = 3.0
"The promise: results of what happens after the network is back, within this."
long = pytest.mark.skipif(os.environ.get("LONG_TESTS") != "1", reason="takes a minute: LONG_TESTS=1 runs it")


async def blackout(relay: Relay, seconds: float) -> float:
    """Nothing passes for so long; returns when it ended, Unix ms."""
    relay.both(Impairment(blackout=True))
    await asyncio.sleep(seconds)
    relay.both(PATH)
    return clock.now_ms()


async def test_a_call_goes_on_by_itself_after_three_seconds(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, relaying(up=PATH, down=PATH) as relay:
        async with call(service.base, moving_clip, through=relay) as one:
            await one.consent()
            await one.wait_for("avatar_frame", 60)
            back = await blackout(relay, 3)
            for kind in ("avatar_frame", "emotion_update"):
                await one.wait_for(kind, timeout=RESULTS_S, where=lambda m: bool(m["timestamp_ms"] > back))
            assert service.bot.telemetry.counted("peers_connected") == 1
            assert service.bot.telemetry.counted("video_returned") == 1
            assert service.bot.telemetry.counted("peer_silent") == 0


async def test_a_call_goes_on_by_itself_after_ten_seconds_without_old_frames(serve: Serve, moving_clip: Clip) -> None:
    """A client that does not know how to come back; and what was said to it meanwhile is not sent late."""
    async with serve(engine=engine()) as service, relaying(up=PATH, down=PATH) as relay:
        async with call(service.base, moving_clip, through=relay) as one, call(service.base, moving_clip) as other:
            await one.consent()
            await other.consent()
            await one.wait_for("avatar_frame", 60)
            back = await blackout(relay, 10)
            own = one.received.messages[0]["payload"]["session_id"]

            def fresh(message: dict[str, Any]) -> bool:
                return bool(message["timestamp_ms"] > back and message["session_id"] == own)

            for kind in ("avatar_frame", "emotion_update"):
                await one.wait_for(kind, timeout=RESULTS_S, where=fresh)
            counted = service.bot.telemetry.counted
            assert counted("peers_connected") == 2
            assert counted("peer_silent") == counted("peer_returned") == 1
            stale = [m for at, m in one.received.timed("avatar_frame") if at > back and m["timestamp_ms"] < back - 1000]
            assert len(stale) <= 10
            assert counted("channel_full_avatar") > 100  # the other's 30 a second, meanwhile


@pytest.mark.parametrize("seconds", [10, pytest.param(40, marks=long)])
async def test_a_client_that_comes_back_keeps_its_session(serve: Serve, moving_clip: Clip, seconds: int) -> None:
    async with serve(engine=engine()) as service, relaying(up=PATH, down=PATH) as relay:
        async with returning(service.base, moving_clip, through=relay, reachable=relay.passing.is_set) as one:
            one.call.control("consent", avatar=True, emotion=True)
            await one.call.wait_for("avatar_frame", 30)
            back = await blackout(relay, seconds)

            def fresh(kind: str) -> bool:
                return any(m["timestamp_ms"] > back for m in one.call.received.of(kind))

            await until(lambda: fresh("avatar_frame") and fresh("emotion_update"), RESULTS_S)
            print(f"results {clock.now_ms() - back:.0f} ms after {seconds} s without network")
            assert len(one.sessions) == 1
            assert service.bot.stats()["participants"] == 1
            assert one.connections == service.bot.telemetry.counted("peers_connected")
