"""The bad network itself: seeded, changeable, and without a way around it."""

from __future__ import annotations

import asyncio

import pytest
from aiortc import RTCPeerConnection

from hoovik_rtc.testing import Call, Clip, call
from tests.conftest import Serve
from tests.fakes import engine
from tests.network.impairment import CLEAR, Direction, GilbertElliott, Impairment
from tests.network.relay import relaying
from tests.waiting import until


def fates(direction: Direction, n: int = 5000, size: int = 1000, every_ms: float = 10.0) -> list[list[float]]:
    return [direction.fate(index * every_ms, size) for index in range(n)]


ALL = Impairment(0.1, GilbertElliott(0.02, 0.3), 50, 20, 0.1, 80, 0.05, 900)


def test_the_same_seed_gives_each_packet_the_same_fate() -> None:
    assert fates(Direction(3, ALL)) == fates(Direction(3, ALL))
    assert fates(Direction(3, ALL)) != fates(Direction(4, ALL))


def test_a_setting_changes_nothing_but_what_it_is_about() -> None:
    plain = fates(Direction(3, Impairment(loss=0.2)))
    late = fates(Direction(3, Impairment(loss=0.2, delay_ms=50, duplicate=0.3)))
    assert [bool(fate) for fate in plain] == [bool(fate) for fate in late]


def test_a_clear_network_delivers_each_packet_once_and_at_once() -> None:
    assert fates(Direction(1), 100) == [[index * 10.0] for index in range(100)]


@pytest.mark.parametrize("loss", [0.01, 0.2])
def test_loss_is_the_share_that_was_asked_for(loss: float) -> None:
    lost = sum(not fate for fate in fates(Direction(5, Impairment(loss=loss)), 20_000))
    assert lost / 20_000 == pytest.approx(loss, rel=0.15)


def test_bursts_lose_packets_in_a_row() -> None:
    got = fates(Direction(5, Impairment(bursts=GilbertElliott(enter=0.01, leave=0.2))), 20_000)
    text = "".join("." if fate else "x" for fate in got)
    runs = [len(run) for run in text.split(".") if run]
    assert sum(runs) / len(runs) == pytest.approx(5, rel=0.25)
    assert sum(runs) / len(text) == pytest.approx(0.01 / 0.21, rel=0.3)


def test_jitter_moves_packets_around_their_delay_and_never_before_they_came() -> None:
    late = [
        fate[0] - index * 10 for index, fate in enumerate(fates(Direction(1, Impairment(delay_ms=50, jitter_ms=80))))
    ]
    assert min(late) == 0.0 and max(late) > 125
    assert 45 < sum(late) / len(late) < 65


def test_a_share_of_packets_comes_behind_their_followers() -> None:
    got = [fate[0] for fate in fates(Direction(1, Impairment(reorder=0.25, reorder_ms=35)))]
    overtaken = sum(later < earlier for earlier, later in zip(got, got[1:], strict=False))
    assert overtaken / len(got) == pytest.approx(0.25 * 0.75, abs=0.03)


def test_duplicates_come_twice() -> None:
    twice = sum(len(fate) == 2 for fate in fates(Direction(1, Impairment(duplicate=0.3))))
    assert twice / 5000 == pytest.approx(0.3, abs=0.03)


def test_a_rate_cap_queues_up_to_its_bound_and_drops_the_tail() -> None:
    direction = Direction(1, Impairment(rate_kbit=400, queue_ms=200))  # 800 kbit/s are sent
    got = fates(direction, 1000)
    out = [fate[0] for fate in got if fate]
    assert 8 * len(out) / (out[-1] / 1000) == pytest.approx(400, rel=0.05)
    assert max(fate[0] - index * 10 for index, fate in enumerate(got) if fate) <= 200 + 1000 * 8 / 400
    assert direction.counts["queue_full"] == 1000 - len(out)


def test_a_blackout_drops_everything_until_it_is_lifted() -> None:
    direction = Direction(1, Impairment(blackout=True))
    assert direction.fate(0, 100) == []
    direction.impairment = CLEAR
    assert direction.fate(10, 100) == [10]
    assert direction.counts == {"in": 2, "out": 1, "blackout": 1}


def addresses(sdp: str) -> set[str]:
    return {" ".join(line.split()[4:6]) for line in sdp.splitlines() if line.startswith("a=candidate:")}


async def test_neither_side_learns_of_the_other() -> None:
    async with relaying() as relay:
        one, other = Call(Clip((b"x",), 30, (b"x",))), RTCPeerConnection()
        offer = await one.offer()
        assert addresses(offer) and not addresses(relay.offer(offer))
        assert not any(f" {address.split()[1]} " in relay.offer(offer) for address in addresses(offer))
        answer = relay.answer(offer)
        assert addresses(answer) and not addresses(answer) & addresses(offer)
        assert not any(f" {address.split()[1]} " in answer for address in addresses(offer))
        await one.close()
        await other.close()


async def test_everything_of_a_call_goes_through_the_relay(serve: Serve, moving_clip: Clip) -> None:
    """What is not counted there does not arrive: all of it stops with a blackout, and goes on after it."""
    async with (
        serve(engine=engine()) as service,
        relaying(up=Impairment(delay_ms=20), down=Impairment(delay_ms=20)) as relay,
        call(service.base, moving_clip, through=relay) as one,
    ):
        await one.consent()
        await one.wait_for("avatar_frame", 20)
        assert relay.counts()["up"]["out"] >= len(one.sent_video) - 10
        relay.both(Impairment(blackout=True))
        await asyncio.sleep(0.3)
        decoded, heard = service.bot.telemetry.counted("video_frames_decoded"), one.received.counts()["avatar_frame"]
        await asyncio.sleep(0.5)
        assert service.bot.telemetry.counted("video_frames_decoded") == decoded
        assert one.received.counts()["avatar_frame"] == heard
        assert relay.counts()["up"]["blackout"] >= 20
        relay.both(CLEAR)
        await until(lambda: one.received.counts()["avatar_frame"] > heard + 10)


async def test_the_front_passes_whip_on_with_the_relay_in_the_services_place(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=engine()) as service, relaying() as relay, relay.front(service.base) as front:
        async with call(front, moving_clip) as one:
            await one.consent()
            await one.wait_for("avatar_frame", 10)
            assert relay.counts()["up"]["out"] > 10
        await until(lambda: service.bot.stats()["participants"] == 0)
