"""Bad input over the network: a clear answer, and everyone else untouched."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from hoovik_rtc.config import Config, LimitsConfig
from hoovik_rtc.testing import Call, CallRefusedError, Clip, call
from tests.conftest import Serve
from tests.fakes import engine

SDP = {"Content-Type": "application/sdp"}


async def test_delete_leaves_and_further_requests_find_nobody(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        async with call(service.base, moving_clip) as one:
            pass
        assert service.bot.stats()["participants"] == 0
        async with http.delete(service.base + one.location) as response:
            assert response.status == 404
            assert (await response.json())["code"] == "unknown_session"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"hello", SDP, 400),
        (b"", SDP, 400),
        (b"v=0\r\n" + b"m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * 200, SDP, 400),
        (b"v=0\r\n" + b"a=x\r\n" * 30_000, SDP, 413),
        (b"\xff\xfe", SDP, 400),
        (b"{}", {"Content-Type": "application/json"}, 415),
    ],
    ids=["text", "empty", "200 sections", "giant", "not utf-8", "json"],
)
async def test_bad_offers_are_refused_in_words(serve: Serve, body: bytes, headers: dict[str, str], status: int) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        async with http.post(f"{service.base}/whip/test", data=body, headers=headers) as response:
            assert response.status == status
            assert len((await response.json())["message"]) > 20
        assert service.bot.stats()["participants"] == 0


async def test_a_picture_in_h264_only_is_refused(serve: Serve, moving_clip: Clip) -> None:
    one = Call(moving_clip)
    offer = (await one.offer()).replace("VP8/90000", "H264/90000")
    await one.close()
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        async with http.post(f"{service.base}/whip/test", data=offer, headers=SDP) as response:
            assert response.status == 406
            assert "VP8" in (await response.json())["message"]


async def test_a_room_name_that_cannot_be_used_is_refused(serve: Serve) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        async with http.post(f"{service.base}/whip/a%20b", data=b"v=0", headers=SDP) as response:
            assert response.status == 400
            assert "room name" in (await response.json())["message"]


async def test_one_too_many_is_refused_with_a_time_to_come_back(serve: Serve, moving_clip: Clip) -> None:
    config = Config(limits=LimitsConfig(participants=1))
    async with serve(config, engine()) as service, call(service.base, moving_clip) as one:
        with pytest.raises(CallRefusedError) as refused:
            async with call(service.base, moving_clip):
                pass
        assert refused.value.status == 503
        assert int(refused.value.headers["Retry-After"]) > 0
        await one.consent()
        await one.wait_for("avatar_frame", 3)


async def test_a_token_is_asked_for_where_one_is_set(serve: Serve, moving_clip: Clip) -> None:
    async with serve(Config(token="sesame"), engine()) as service:
        with pytest.raises(CallRefusedError, match="401"):
            async with call(service.base, moving_clip):
                pass


@pytest.mark.parametrize(
    "text",
    ["not json", '{"type": "consent", "payload": {"avatar": 1}}', '{"type": "stop", "payload": {"scope": "x"}}'],
)
async def test_malformed_control_messages_get_an_error_and_change_nothing(
    serve: Serve, moving_clip: Clip, text: str
) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        await one.wait_for("welcome")
        one.channels["control"].send(text)
        (error,) = await one.wait_for("error")
        assert error["payload"]["code"] == "bad_message"
        one.channels["control"].send('{"type": "dance"}')
        one.control("ping", client_ms=5)
        (pong,) = await one.wait_for("pong")
        assert pong["payload"]["client_ms"] == 5
        assert service.bot.telemetry.counted("control_unknown_type") == 1
        await one.consent()
        await one.wait_for("avatar_frame", 3)


async def test_too_many_and_too_large_messages_are_refused_and_said_once_a_second(
    serve: Serve, moving_clip: Clip
) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        await one.wait_for("welcome")
        one.channels["control"].send('{"type":"ping","x":"' + "y" * 20_000 + '"}')
        await one.wait_for("error", where=lambda m: m["payload"]["code"] == "message_too_large")
        await asyncio.sleep(1.1)
        for _ in range(150):
            one.control("ping")
        await one.wait_for("error", where=lambda m: m["payload"]["code"] == "too_many_messages")
        assert service.bot.telemetry.counted("too_many_messages") >= 40
        assert len([m for m in one.received.of("error") if m["payload"]["code"] == "too_many_messages"]) <= 3


async def test_health_ready_and_stats_answer(serve: Serve) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        for path in ("/health", "/ready", "/stats/json"):
            async with http.get(service.base + path) as response:
                assert response.status == 200
                body = await response.json()
        assert body["model"] == "fake-1"
        assert body["participants"] == 0


async def test_what_would_break_a_data_channel_inside_aiortc_ends_nothing(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        await one.wait_for("welcome")
        one.channels["control"].send("[" * 16_000)
        await one.wait_for("error", where=lambda m: m["payload"]["code"] == "bad_message")
        transport = one.connection.sctp
        assert transport is not None
        channel = one.channels["control"].id
        await transport._send(channel, 51, b"\xff\xfe not utf-8")  # type: ignore[arg-type]
        await transport._send(channel, 50, b"\x03")  # type: ignore[arg-type]  # an OPEN that is cut off
        one.control("ping", client_ms=1)
        await one.wait_for("pong")
        assert service.bot.telemetry.counted("channel_message_malformed") >= 1


async def test_control_over_http_answers_malformed_messages_with_400_and_floods_with_503(
    serve: Serve, moving_clip: Clip
) -> None:
    async with (
        serve(engine=engine()) as service,
        call(service.base, moving_clip, channels=()) as one,
        aiohttp.ClientSession() as http,
    ):
        url = f"{service.base}/v1/sessions/{one.location.rsplit('/', 1)[1]}/control"
        async with http.post(url, data=b"[" * 9000) as response:
            assert response.status == 400
            assert (await response.json())["code"] == "bad_message"
        statuses = [(await http.post(url, json={"type": "ping"})).status for _ in range(60)]
        assert 503 in statuses or statuses.count(202) == 60  # a slow machine needs more than a second for them
        async with http.get(f"{service.base}/v1/sessions/nobody/events") as response:
            assert response.status == 404


async def test_the_answer_is_sdp_by_its_plain_content_type(serve: Serve, moving_clip: Clip) -> None:
    one = Call(moving_clip)
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        async with http.post(f"{service.base}/whip/test", data=await one.offer(), headers=SDP) as response:
            assert response.status == 201
            assert response.headers["Content-Type"] == "application/sdp"
            assert response.headers["ETag"].startswith('"')
    await one.close()
