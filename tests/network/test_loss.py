"""Under loss, disorder and narrow paths the sound arrives, the picture goes on, and no delay is left behind.

Minutes of it in simulated time, where chance is seeded and no machine is slow; seconds of it between real peers.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from hoovik_rtc.testing import Call, Clip, call, encode
from tests import media
from tests.conftest import Serve, Service
from tests.fakes import FakeFace, engine
from tests.network import chromium, simulated
from tests.network.impairment import CLEAR, GilbertElliott, Impairment
from tests.network.relay import Relay, relaying
from tests.network.simulated import Seen, World
from tests.waiting import until

ONE_WAY_MS = 50.0
SECONDS = 60.0
END = SECONDS * 1000
HELD = [(0.01, 99.0, 0.5), (0.05, 97.0, 1.0), (0.10, 93.0, 2.0), (0.20, 85.0, 4.0)]
"Loss, per cent of the sound that is to be heard, seconds without a new picture that are allowed."
SEEDS = pytest.mark.parametrize("seed", range(3))


def lossy(loss: float) -> Impairment:
    return Impairment(loss=loss, delay_ms=ONE_WAY_MS)


@SEEDS
@pytest.mark.parametrize(("loss", "sound", "freeze_s"), HELD)
def test_the_sound_is_heard_whether_its_sender_repeats_itself_or_is_asked_to(
    loss: float, sound: float, freeze_s: float, seed: int
) -> None:
    for fec in (True, False):
        world = World(seed, lossy(loss))
        heard = simulated.audio(world, SECONDS, fec=fec)
        world.run(END)
        assert heard.sound() >= sound
        assert heard.lag_ms() <= 500


@SEEDS
@pytest.mark.parametrize(("loss", "sound", "freeze_s"), HELD)
def test_the_picture_never_stands_still_for_long(loss: float, sound: float, freeze_s: float, seed: int) -> None:
    world = World(seed, lossy(loss))
    seen = simulated.video(world, SECONDS)
    world.run(END)
    assert seen.freeze_s(1000, END - 500) <= freeze_s


def test_a_sender_that_repeats_itself_is_heard_without_being_asked_even_if_it_answers_nothing() -> None:
    world = World(1, lossy(0.20))
    heard = simulated.audio(world, SECONDS, fec=True, answers=False)
    world.run(END)
    assert heard.sound() >= 93
    assert heard.lag_ms() <= 300


@SEEDS
def test_no_delay_is_left_when_loss_ends(seed: int) -> None:
    world = World(seed, lossy(0.20))
    heard, seen = simulated.audio(world, 12, fec=False), simulated.video(world, 12)
    world.change(8000, Impairment(delay_ms=ONE_WAY_MS))
    world.run(12_000)
    for one in (heard, seen):
        assert one.lag_ms(0, 8000) > ONE_WAY_MS + 50
        assert one.lag_ms(10_000) <= ONE_WAY_MS + 1


DISORDER = {
    "reorder": Impairment(reorder=0.25, delay_ms=ONE_WAY_MS),
    "jitter": Impairment(jitter_ms=200, delay_ms=200),
    "both": Impairment(reorder=0.25, jitter_ms=50, delay_ms=100, duplicate=0.1),
}


@SEEDS
@pytest.mark.parametrize("network", DISORDER)
def test_disorder_costs_neither_a_second_nor_a_storm_of_requests(network: str, seed: int) -> None:
    world = World(seed, DISORDER[network])
    heard, seen = simulated.audio(world, SECONDS), simulated.video(world, SECONDS)
    world.run(END)
    assert max(heard.lag_ms(), seen.lag_ms()) <= 1000
    assert heard.sound() >= 95
    assert seen.freeze_s(1000, END - 500) <= 0.6
    assert seen.asked < 0.35 * seen.sent
    assert heard.asked < 0.15 * heard.sent
    assert seen.keyframes_asked <= 5


def test_bursts_of_loss_are_survived() -> None:
    world = World(2, Impairment(bursts=GilbertElliott(enter=0.02, leave=0.25), delay_ms=ONE_WAY_MS))
    heard, seen = simulated.audio(world, SECONDS), simulated.video(world, SECONDS)
    world.run(END)
    assert heard.sound() >= 95
    assert seen.freeze_s(1000, END - 500) <= 2.5
    assert max(heard.lag_ms(), seen.lag_ms()) <= 1200


def test_after_silence_of_the_network_both_go_on_at_once() -> None:
    world = World(1, Impairment(delay_ms=ONE_WAY_MS))
    heard, seen = simulated.audio(world, 10), simulated.video(world, 10)
    world.change(3000, Impairment(blackout=True))
    world.change(6000, Impairment(delay_ms=ONE_WAY_MS))
    world.run(10_000)
    assert min(at for at, _ in seen.lags if at > 6000) <= 6300
    assert min(at for at, _ in heard.lags if at > 6000) <= 6150
    assert seen.asked < 20


@pytest.fixture(scope="module")
def clip() -> Clip:
    """One keyframe in four seconds: without an answer to PLI the picture would stand still until the next one."""
    frames = media.talking_frames(320, 240)
    return encode(frames, 30, media.vowels(media.CYCLE_S), bitrate=400_000, keyframe_every=len(frames), fec=True)


async def joined(one: Call) -> None:
    await one.consent()
    await one.wait_for("avatar_frame", 20)


def sound_of(service: Service) -> dict[str, int]:
    counted = service.bot.telemetry.counted
    return {name: counted(f"audio_samples_{name}") for name in ("decoded", "recovered", "concealed")}


async def through(relay: Relay, service: Service, impairment: Impairment, seconds: float) -> tuple[float, int]:
    """Per cent of the sound that was decoded or recovered meanwhile, and how many faces were looked at."""
    before, shown = sound_of(service), len(FakeFace.shown)
    relay.both(impairment)
    await asyncio.sleep(seconds)
    got = {name: n - before[name] for name, n in sound_of(service).items()}
    return 100 * (got["decoded"] + got["recovered"]) / (seconds * 48_000), len(FakeFace.shown) - shown


@pytest.mark.parametrize("fec", [True, False], ids=["with FEC", "without FEC"])
async def test_ten_per_cent_of_loss_between_real_peers(serve: Serve, clip: Clip, fec: bool) -> None:
    played = clip if fec else replace(clip, audio=encode([], 0, media.vowels(media.CYCLE_S)).audio)
    async with (
        serve(engine=engine()) as service,
        relaying(3, up=Impairment(delay_ms=ONE_WAY_MS), down=Impairment(delay_ms=ONE_WAY_MS)) as relay,
        call(service.base, played, through=relay, answers_pli=True) as one,
    ):
        await joined(one)
        sound, faces = await through(relay, service, lossy(0.10), 6.0)
        assert sound >= 90  # 93 in the long run: six seconds, and a share of a second at their ends
        assert faces >= 15
        counted = service.bot.telemetry.counted
        assert counted("video_packets_repaired") > 0
        assert (counted("audio_samples_recovered") > 0) == fec
        assert counted("audio_packets_repaired") > 0 or fec
        relay.both(CLEAR)
        before = sound_of(service)
        await asyncio.sleep(2.0)
        assert sound_of(service)["concealed"] - before["concealed"] <= 960 * 10


async def test_disorder_between_real_peers(serve: Serve, clip: Clip) -> None:
    async with serve(engine=engine()) as service, relaying(4) as relay, call(service.base, clip, through=relay) as one:
        await joined(one)
        sound, faces = await through(relay, service, DISORDER["both"], 5.0)
        assert sound >= 90
        assert faces >= 15
        late = [m["payload"]["latency_ms"] for m in one.received.of("emotion_update")[-10:]]
        assert max(late) <= 1500


async def test_a_path_too_narrow_for_the_picture_still_carries_the_voice(serve: Serve, clip: Clip) -> None:
    """The sender knows no rate control: what does not fit is lost at the queue, and the lag stays the queue's."""
    narrow = Impairment(rate_kbit=300, queue_ms=200, delay_ms=ONE_WAY_MS)
    async with serve(engine=engine()) as service, relaying(5) as relay, call(service.base, clip, through=relay) as one:
        await joined(one)
        sound, _ = await through(relay, service, narrow, 5.0)
        assert relay.counts()["up"]["queue_full"] > 0
        assert sound >= 50
        latest = one.received.of("emotion_update")[-1]
        assert latest["payload"]["latency_ms"] <= 1500


async def test_three_seconds_without_a_network_end_nothing(serve: Serve, clip: Clip) -> None:
    async with serve(engine=engine()) as service, relaying(6) as relay, call(service.base, clip, through=relay) as one:
        await joined(one)
        (welcome,) = one.received.of("welcome")
        relay.both(Impairment(blackout=True))
        await asyncio.sleep(3.0)
        before = one.received.counts()
        relay.both(CLEAR)
        await one.wait_for("avatar_frame", before["avatar_frame"] + 10, where=lambda m: bool(m["session_id"]))
        await one.wait_for("emotion_update", before["emotion_update"] + 5)
        assert one.received.of("welcome") == [welcome]
        assert one.received.of("avatar_frame")[-1]["session_id"] == welcome["payload"]["session_id"]
        assert service.bot.stats()["participants"] == 1


@pytest.mark.browser
@pytest.mark.skipif(not chromium.there(), reason=chromium.MISSING)
async def test_a_browser_is_heard_and_seen_through_ten_per_cent_of_loss(serve: Serve, tmp_path: Path) -> None:
    clear = Impairment(delay_ms=ONE_WAY_MS)
    async with serve(engine=engine()) as service, relaying(7, up=clear, down=clear) as relay:
        async with chromium.browsing(service.base, relay, tmp_path) as browser:
            await until(lambda: len(FakeFace.shown) > 30, 30)
            sound, faces = await through(relay, service, lossy(0.10), 6.0)
            assert sound >= 88
            assert faces >= 15
            assert service.bot.telemetry.counted("audio_packets_repaired") > 0
            assert relay.counts()["up"]["loss"] > 30
    assert "useinbandfec=1" in browser.report["answer"]
    assert browser.outbound("audio")["retransmittedPacketsSent"] > 0
    assert browser.outbound("video")["retransmittedPacketsSent"] > 0


def lags(seen: Seen) -> list[float]:
    return [lag for _, lag in seen.lags]


def test_the_same_seed_is_the_same_minute() -> None:
    runs = []
    for _ in range(2):
        world = World(9, lossy(0.1))
        seen = simulated.video(world, 10)
        world.run(10_000)
        runs.append(lags(seen))
    assert runs[0] == runs[1]
