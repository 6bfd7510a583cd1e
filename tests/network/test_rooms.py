"""Built-in rooms: who hears of whom, and the bot in them."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from hoovik_rtc.bot import Bot
from hoovik_rtc.config import BotConfig, Config, LimitsConfig
from hoovik_rtc.testing import Call, Clip
from hoovik_signaling import SignalingError
from tests.conftest import Serve
from tests.fakes import engine
from tests.waiting import until


async def joined(http: aiohttp.ClientSession, base: str, name: str = "n", **more: Any) -> Any:
    socket = await http.ws_connect(f"{base}/ws/rooms/r")
    await socket.send_json({"type": "join", "name": name, **more})
    return socket, await socket.receive_json(timeout=5)


async def test_members_hear_of_each_other_and_the_bot_is_there(serve: Serve) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        a, hello_a = await joined(http, service.base, "a")
        assert [(peer["name"], peer["bot"]) for peer in hello_a["peers"]] == [("Hoovik", True)]
        b, hello_b = await joined(http, service.base, "b")
        assert hello_a["self"] in hello_b["peers"]
        assert await a.receive_json(timeout=5) == {"type": "peer-joined", "peer": hello_b["self"]}
        await a.send_json({"type": "signal", "to": hello_b["self"]["id"], "candidate": None})
        assert await b.receive_json(timeout=5) == {"type": "signal", "from": hello_a["self"]["id"], "candidate": None}
        await b.close()
        assert await a.receive_json(timeout=5) == {"type": "peer-left", "id": hello_b["self"]["id"]}


async def test_an_offer_to_the_bot_is_answered_and_analysed(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        room, hello = await joined(http, service.base, "a")
        one = Call(moving_clip)
        offer = {"type": "offer", "sdp": await one.offer()}
        await room.send_json({"type": "signal", "to": hello["peers"][0]["id"], "description": offer})
        answer = await room.receive_json(timeout=5)
        assert answer["from"] == hello["peers"][0]["id"]
        await one.answered(answer["description"]["sdp"])
        await one.consent()
        await one.wait_for("avatar_frame", 10)
        await one.wait_for("emotion_update", 3)
        await room.close()
        await until(lambda: service.bot.stats()["queue_depth"] == 0)
        await one.close()


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("nonsense", "bad_request"),
        ('{"type": "join", "name": 5}', "bad_request"),
        ('{"type": "signal", "to": "x"}', "bad_request"),
        ('{"type": "join", "name": "' + "n" * 200 + '"}', "bad_request"),
    ],
)
async def test_a_wrong_first_message_is_refused_and_ends_the_connection(serve: Serve, first: str, code: str) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        socket = await http.ws_connect(f"{service.base}/ws/rooms/r")
        await socket.send_str(first)
        error = await socket.receive_json(timeout=5)
        assert (error["type"], error["code"]) == ("error", code)
        assert (await socket.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_a_bad_offer_or_unknown_peer_is_an_error_and_the_room_goes_on(serve: Serve) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        room, hello = await joined(http, service.base)
        bot = hello["peers"][0]["id"]
        await room.send_json({"type": "signal", "to": bot, "description": {"type": "offer", "sdp": "x"}})
        assert (await room.receive_json(timeout=5))["code"] == "bad_offer"
        await room.send_json({"type": "signal", "to": "nobody", "candidate": None})
        assert (await room.receive_json(timeout=5))["code"] == "unknown_peer"


async def test_the_bot_can_be_kept_out_of_rooms_and_join_one_as_a_member(serve: Serve, moving_clip: Clip) -> None:
    hall = Config(bot=BotConfig(in_rooms=False))
    bot = Bot(Config(bot=BotConfig(name="Visitor")), engine())
    await bot.start()
    async with serve(hall, engine()) as service, aiohttp.ClientSession() as http:
        room, hello = await joined(http, service.base, "a")
        assert hello["peers"] == []
        membership = await bot.join(service.base.replace("http", "ws") + "/ws/rooms/r")
        (visitor,) = [(await room.receive_json(timeout=5))["peer"]]
        assert (visitor["name"], visitor["bot"]) == ("Visitor", True)
        one = Call(moving_clip)
        offer = {"type": "offer", "sdp": await one.offer()}
        await room.send_json({"type": "signal", "to": visitor["id"], "description": offer})
        await one.answered((await room.receive_json(timeout=5))["description"]["sdp"])
        await one.consent()
        await one.wait_for("avatar_frame", 5)
        await room.close()
        await until(lambda: bot.stats()["participants"] == 0)
        await membership.leave()
        await one.close()
    closed: list[bool] = []
    bot.on("closed", lambda: closed.append(True))
    await bot.close()
    await bot.close()
    assert closed == [True]


async def test_joining_what_is_no_room_says_so() -> None:
    bot = Bot(engine=engine())
    with pytest.raises(SignalingError, match="Check the URL"):
        await bot.join("ws://127.0.0.1:9/ws/rooms/r")
    await bot.close()


@pytest.mark.parametrize(("origins", "status"), [((), 403), (("https://elsewhere.example",), 101), (("*",), 101)])
async def test_a_page_of_another_origin_gets_in_only_where_the_config_names_it(
    serve: Serve, origins: tuple[str, ...], status: int
) -> None:
    async with serve(Config(origins=origins), engine()) as service, aiohttp.ClientSession() as http:
        url = f"{service.base}/ws/rooms/r"
        if status == 101:
            async with http.ws_connect(url, origin="https://elsewhere.example") as socket:
                assert not socket.closed
        else:
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await http.ws_connect(url, origin="https://elsewhere.example")
        async with http.ws_connect(url, origin=service.base) as own:
            assert not own.closed


async def test_a_room_that_asks_for_a_token_refuses_without(serve: Serve) -> None:
    async with serve(Config(token="sesame"), engine()) as service, aiohttp.ClientSession() as http:
        _, refused = await joined(http, service.base)
        assert refused["code"] == "unauthorized"
        _, hello = await joined(http, service.base, token="sesame")
        assert hello["type"] == "joined"
        await asyncio.sleep(0)


async def offered(room: Any, to: str, clip: Clip) -> Call:
    one = Call(clip)
    await room.send_json({"type": "signal", "to": to, "description": {"type": "offer", "sdp": await one.offer()}})
    while "description" not in (answer := await room.receive_json(timeout=5)):
        pass
    await one.answered(answer["description"]["sdp"])
    return one


async def test_a_stale_token_makes_one_session_however_often_it_is_offered(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        room, hello = await joined(http, service.base, resume="of-yesterday")
        bot = hello["peers"][0]["id"]
        first = await offered(room, bot, moving_clip)
        await first.consent()
        second = await offered(room, bot, moving_clip)
        await second.wait_for("avatar_frame", 3)
        assert service.bot.stats()["participants"] == 1
        (welcome,) = await second.wait_for("welcome")
        assert welcome["payload"]["participant_id"] == hello["self"]["id"]
        second.control("consent", avatar=False, emotion=False)
        await second.wait_for("consent_state")
        await asyncio.sleep(0.7)
        decoded = service.bot.telemetry.counted("video_frames_decoded")
        await asyncio.sleep(0.4)
        assert service.bot.telemetry.counted("video_frames_decoded") == decoded
        await first.close()
        await second.close()


async def test_who_leaves_on_purpose_is_forgotten_at_once_and_who_is_lost_may_come_back(
    serve: Serve, moving_clip: Clip
) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        room, hello = await joined(http, service.base)
        one = await offered(room, hello["peers"][0]["id"], moving_clip)
        await one.consent()
        (welcome,) = await one.wait_for("welcome")
        await room.close()  # lost
        await one.close()
        await asyncio.sleep(0.2)
        assert service.bot.stats()["participants"] == 1
        room, hello = await joined(http, service.base, resume=welcome["payload"]["resume"])
        again = await offered(room, hello["peers"][0]["id"], moving_clip)
        (back,) = await again.wait_for("welcome")
        assert back["payload"]["session_id"] == welcome["payload"]["session_id"]
        assert back["payload"]["participant_id"] == hello["self"]["id"]
        await again.wait_for("avatar_frame", 3)
        await room.send_json({"type": "leave"})
        await until(lambda: service.bot.stats()["participants"] == 0)
        await again.close()


async def test_one_member_cannot_throw_out_another_by_flooding_them(serve: Serve) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        victim, hello = await joined(http, service.base, "v")
        flooder, _ = await joined(http, service.base, "f")
        signal = {"type": "signal", "to": hello["self"]["id"], "candidate": None}
        await asyncio.gather(*(flooder.send_json(signal) for _ in range(1500)))
        await until(lambda: service.bot.telemetry.counted("room_messages_refused") > 0)
        await victim.send_json({"type": "signal", "to": "nobody", "candidate": None})
        while (message := await victim.receive_json(timeout=5))["type"] != "error":
            pass
        assert message["code"] == "unknown_peer"


async def test_who_comes_back_leaves_no_second_seat_behind(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        watcher, _ = await joined(http, service.base, "watcher")
        room, hello = await joined(http, service.base, "a")
        assert (await watcher.receive_json(timeout=5))["type"] == "peer-joined"
        one = Call(moving_clip)
        offer = {"type": "offer", "sdp": await one.offer()}
        await room.send_json({"type": "signal", "to": hello["peers"][0]["id"], "description": offer})
        await one.answered((await room.receive_json(timeout=5))["description"]["sdp"])
        token = (await one.wait_for("welcome"))[0]["payload"]["resume"]
        again, hello_again = await joined(http, service.base, "a", resume=token)
        assert await watcher.receive_json(timeout=5) == {"type": "peer-left", "id": hello["self"]["id"]}
        assert await watcher.receive_json(timeout=5) == {"type": "peer-joined", "peer": hello_again["self"]}
        assert hello["self"] not in hello_again["peers"]
        await one.close()


async def test_a_refusal_for_want_of_room_says_when_to_ask_again(serve: Serve, moving_clip: Clip) -> None:
    config = Config(limits=LimitsConfig(participants=0))
    async with serve(config, engine=engine()) as service, aiohttp.ClientSession() as http:
        room, hello = await joined(http, service.base, "a")
        one = Call(moving_clip)
        offer = {"type": "offer", "sdp": await one.offer()}
        await room.send_json({"type": "signal", "to": hello["peers"][0]["id"], "description": offer})
        error = await room.receive_json(timeout=5)
        assert (error["type"], error["code"], error["retry_after_s"]) == ("error", "full", 10)
        await one.close()
