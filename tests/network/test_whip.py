"""Calls over WHIP: real connections to a service with a fake engine."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import aiohttp

from hoovik_inference.types import FaceEstimate, Picture
from hoovik_rtc.config import Config, LimitsConfig
from hoovik_rtc.testing import Clip, call
from tests.conftest import Serve
from tests.fakes import FakeFace, FakeVoice, engine
from tests.waiting import until


async def test_a_call_is_answered_and_speaks_after_consent(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        assert one.location.startswith("/whip/test/")
        (welcome,) = await one.wait_for("welcome")
        assert welcome["payload"]["session_id"] == one.location.rsplit("/", 1)[1]
        await one.consent()
        await one.wait_for("avatar_frame", 20)
        await one.wait_for("emotion_update", 5, where=lambda m: m["payload"]["modality"] == "both")
        sequences = [m["sequence"] for m in one.received.messages if "sequence" in m]
        assert len(set(sequences)) == len(sequences)


async def test_nothing_is_decoded_before_consent(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        await one.wait_for("welcome")
        await until(lambda: service.bot.telemetry.counted("video_packets_without_consent") >= 60)
        assert FakeFace.shown == []
        assert FakeVoice.heard == 0
        assert service.bot.telemetry.counted("video_frames_decoded") == 0
        assert one.received.counts() == {"welcome": 1}


async def test_withdrawn_consent_stops_decoding_within_a_second(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        await one.consent()
        await one.wait_for("avatar_frame", 10)
        one.control("consent", avatar=False, emotion=False)
        await one.wait_for("consent_state", 2)
        await asyncio.sleep(1.0)
        decoded = service.bot.telemetry.counted("video_frames_decoded")
        heard, spoken = FakeVoice.heard, one.received.counts()["avatar_frame"]
        await asyncio.sleep(0.5)
        assert service.bot.telemetry.counted("video_frames_decoded") == decoded
        assert FakeVoice.heard == heard
        assert one.received.counts()["avatar_frame"] == spoken
        one.control("consent", avatar=True, emotion=True)
        await one.wait_for("avatar_frame", spoken + 5)


async def test_what_a_voice_expresses_is_read_only_with_consent_to_that(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        await one.consent(emotion=False)
        await until(lambda: FakeVoice.heard > 16_000)
        assert FakeVoice.read == 0
        one.control("consent", avatar=True, emotion=True)
        await until(lambda: FakeVoice.read > 5)
        one.control("consent", avatar=True, emotion=False)
        await one.wait_for("consent_state", 2, where=lambda m: not m["payload"]["emotion"])
        await asyncio.sleep(0.2)  # what was under way
        heard, read = FakeVoice.heard, FakeVoice.read
        await until(lambda: FakeVoice.heard > heard + 8_000)
        assert FakeVoice.read == read


async def test_after_consent_was_withdrawn_and_given_again_no_face_is_another_one(
    serve: Serve, moving_clip: Clip
) -> None:
    """Observers count faces from 1 each: the first one got to 2 here, and the second one begins anew."""
    numbers = iter((2, 1))

    class Numbered(FakeFace):
        def __init__(self) -> None:
            self._number = next(numbers)

        def observe(self, image: Picture, time_ms: float) -> FaceEstimate | None:
            found = super().observe(image, time_ms)
            return None if found is None else dataclasses.replace(found, track=self._number)

    fake = dataclasses.replace(engine(), face=Numbered)
    async with serve(engine=fake) as service, call(service.base, moving_clip) as one:
        await one.consent()
        await one.wait_for("emotion_update", 2, where=lambda m: m["payload"].get("face_track") == 2)
        one.control("consent", avatar=False, emotion=False)
        await one.wait_for("consent_state", 2)
        one.control("consent", avatar=True, emotion=True)
        await one.wait_for("emotion_update", 2, where=lambda m: m["payload"].get("face_track") == 1)
        assert service.bot.telemetry.counted("notice_another_face") == 0


async def test_avatar_only_consent_runs_no_emotion_model(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        await one.consent(emotion=False)
        await one.wait_for("avatar_frame", 30)
        assert one.received.counts()["emotion_update"] == 0


async def test_stop_ends_the_analysis_and_only_the_host_may_stop_all(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip, name="a") as host:
        await host.consent()
        await host.wait_for("avatar_frame", 5)
        async with call(service.base, moving_clip, name="b") as guest:
            await guest.consent()
            guest.control("stop", scope="all")
            (error,) = await guest.wait_for("error")
            assert error["payload"]["code"] == "not_host"
            host.control("stop", scope="all")
            states = await guest.wait_for("consent_state", 2)
            assert states[-1]["payload"]["avatar"] is False
            assert "host" in states[-1]["payload"]["reason"]


async def test_avatar_frames_go_to_the_room_and_emotions_to_oneself_and_the_host(
    serve: Serve, moving_clip: Clip
) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip, name="a") as host:
        await host.consent()
        async with call(service.base, moving_clip, name="b") as guest:
            await guest.consent()
            await guest.wait_for("emotion_update", 5)
            (host_id, guest_id) = [
                (await one.wait_for("welcome"))[0]["payload"]["participant_id"] for one in (host, guest)
            ]
            await host.wait_for("emotion_update", 3, where=lambda m: m["participant_id"] == guest_id)
            await guest.wait_for("avatar_frame", 3, where=lambda m: m["participant_id"] == host_id)
            assert all(m["participant_id"] == guest_id for m in guest.received.of("emotion_update"))
            others = [m for m in guest.received.of("avatar_frame") if m["participant_id"] == host_id]
            session = host.location.rsplit("/", 1)[1]
            assert all(m["session_id"] != session for m in others), "a session id is the key to consent and stop"


async def test_without_video_the_voice_alone_speaks(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, call(service.base, Clip((), 0, moving_clip.audio)) as one:
        await one.consent()
        (update, *_) = await one.wait_for("emotion_update", 3)
        assert update["payload"]["modality"] == "audio_only"
        assert "au" not in update["payload"]
        frames = await one.wait_for("avatar_frame", 10)
        assert all(not m["payload"]["measured"] for m in frames)


async def test_without_audio_the_face_alone_speaks(serve: Serve, moving_clip: Clip) -> None:
    clip = Clip(moving_clip.video, 30, (), moving_clip.keyframes)
    async with serve(engine=engine()) as service, call(service.base, clip) as one:
        await one.consent()
        (update, *_) = await one.wait_for("emotion_update", 3)
        assert update["payload"]["modality"] == "video_only"
        assert "audio_ms" not in update["payload"]


async def test_without_a_data_channel_the_events_carry_everything(serve: Serve, moving_clip: Clip) -> None:
    async with (
        serve(engine=engine()) as service,
        call(service.base, moving_clip, channels=()) as one,
        aiohttp.ClientSession() as http,
    ):
        url = f"{service.base}/v1/sessions/{one.location.rsplit('/', 1)[1]}"
        async with http.ws_connect(f"{url}/events") as events:
            assert (await events.receive_json())["type"] == "welcome"
            consent = {"type": "consent", "payload": {"avatar": True, "emotion": True}}
            async with http.post(f"{url}/control", json=consent) as response:
                assert response.status == 202
            seen: set[str] = set()
            while not seen >= {"consent_state", "avatar_frame", "emotion_update"}:
                seen.add((await events.receive_json(timeout=5))["type"])
            await events.send_str(json.dumps({"type": "stop"}))
            while (message := await events.receive_json(timeout=5))["type"] != "consent_state":
                pass
            assert message["payload"]["avatar"] is False


async def test_events_come_as_sse_too(serve: Serve, moving_clip: Clip) -> None:
    async with (
        serve(engine=engine()) as service,
        call(service.base, moving_clip) as one,
        aiohttp.ClientSession() as http,
    ):
        url = f"{service.base}/v1/sessions/{one.location.rsplit('/', 1)[1]}/events"
        await one.consent()
        async with http.get(url, headers={"Accept": "text/event-stream"}) as response:
            assert response.content_type == "text/event-stream"
            lines = [await response.content.readline() for _ in range(3)]
        assert json.loads(lines[0].removeprefix(b"data: "))["type"] == "welcome"
        async with http.get(url) as response:
            assert response.status == 400


async def test_a_session_is_resumed_with_its_token(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        await one.consent()
        await one.wait_for("avatar_frame", 3)
        token = (await one.wait_for("welcome"))[0]["payload"]["resume"]
        await one.connection.close()
        async with call(service.base, moving_clip, resume=token) as again:
            assert again.location == one.location
            frames = await again.wait_for("avatar_frame", 3)
            assert frames[0]["sequence"] > one.received.of("avatar_frame")[-1]["sequence"]
            one.location = ""


async def test_a_peer_that_hangs_up_is_let_go_of(serve: Serve, moving_clip: Clip) -> None:
    config = Config(limits=LimitsConfig(resume_s=0.2))
    async with serve(config, engine()) as service, call(service.base, moving_clip) as one:
        await one.consent()
        await one.wait_for("avatar_frame", 3)
        await one.connection.close()
        await until(lambda: service.bot.stats()["participants"] == 0)
        one.location = ""


async def test_media_state_takes_effect_at_once(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        await one.consent()
        await one.wait_for("emotion_update", 3, where=lambda m: m["payload"]["modality"] == "both")
        one.control("media_state", camera=False)
        await one.wait_for("notice", where=lambda m: m["payload"]["code"] == "modality_audio_only")
        one.control("media_state", mic=False)
        await one.wait_for("notice", where=lambda m: m["payload"]["code"] == "modality_none")
        before = len(one.received.of("emotion_update"))
        await asyncio.sleep(0.4)
        assert len(one.received.of("emotion_update")) <= before + 1
        one.control("media_state", mic=True, camera=True)
        await one.wait_for("notice", where=lambda m: m["payload"]["code"] == "modality_both")


async def test_no_face_and_several_faces_are_said(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        FakeFace.found = False
        await one.consent()
        await one.wait_for("notice", where=lambda m: m["payload"]["code"] == "no_face")
        FakeFace.found = True
        await one.wait_for("notice", where=lambda m: m["payload"]["code"] == "face_found")
        FakeFace.faces = 2
        await one.wait_for("notice", where=lambda m: m["payload"]["code"] == "several_faces")


async def test_a_change_of_resolution_in_the_middle_goes_on(serve: Serve, moving_clip: Clip) -> None:
    import numpy as np

    from hoovik_rtc.testing import encode

    rng = np.random.default_rng(7)
    small = rng.integers(60, 200, (240, 320, 3), np.uint8)
    large = rng.integers(60, 200, (720, 1280, 3), np.uint8)
    clip = encode([small] * 20 + [large] * 20, 30)
    async with serve(engine=engine()) as service, call(service.base, clip) as one:
        await one.consent()
        await until(lambda: {(240, 320, 3), (720, 1280, 3)} <= set(FakeFace.shown))
        assert service.bot.telemetry.counted("video_decode_failed") == 0


async def test_consent_that_is_withdrawn_and_given_in_one_breath_is_analysed_again(
    serve: Serve, moving_clip: Clip
) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        await one.consent()
        await one.wait_for("avatar_frame", 5)
        meeting, participant = service.bot.meeting_of(one.location.rsplit("/", 1)[1])
        for given in (False, True):
            payload = {"avatar": given, "emotion": given}
            meeting.control(participant, json.dumps({"type": "consent", "payload": payload}))
        await one.wait_for("consent_state", 3)
        before = one.received.counts()["avatar_frame"]
        await one.wait_for("avatar_frame", before + 10)


async def test_emotion_without_avatar_goes_on_with_the_voice_when_the_picture_stops(
    serve: Serve, moving_clip: Clip
) -> None:
    async with serve(engine=engine()) as service, call(service.base, moving_clip) as one:
        await one.consent(avatar=False)
        await one.wait_for("emotion_update", 3, where=lambda m: m["payload"]["modality"] == "both")
        assert one.video is not None
        one.video.paused = True
        late = await one.wait_for("emotion_update", 5, where=lambda m: m["payload"]["modality"] == "audio_only")
        assert late[-1]["payload"]["latency_ms"] < 1000
        assert late[-1]["timestamp_ms"] > late[0]["timestamp_ms"]


async def test_trickled_candidates_are_taken_and_ice_restarts_are_not(serve: Serve, moving_clip: Clip) -> None:
    async with (
        serve(engine=engine()) as service,
        call(service.base, moving_clip) as one,
        aiohttp.ClientSession() as http,
    ):
        url = service.base + one.location
        kind = {"Content-Type": "application/trickle-ice-sdpfrag"}
        mine = one.connection.localDescription.sdp.split("a=ice-ufrag:")[1].split()[0]
        candidate = (
            "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 2113937151 127.0.0.1 9 typ host\r\n"
        )
        for body, headers, status in (
            (f"a=ice-ufrag:{mine}\r\n{candidate}", kind, 204),
            (f"a=ice-ufrag:{mine}\r\na=end-of-candidates\r\n", kind, 204),
            (f"a=ice-ufrag:new1\r\na=ice-pwd:x\r\n{candidate}", kind, 422),
            (candidate, {**kind, "If-Match": '"another"'}, 412),
            (candidate, {"Content-Type": "text/plain"}, 415),
        ):
            async with http.patch(url, data=body, headers=headers) as response:
                assert response.status == status, body
