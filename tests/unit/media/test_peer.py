"""One connection: what is refused of it, when it counts as silent, and that it is given up in time."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from hoovik_rtc.config import Config, LimitsConfig
from hoovik_rtc.errors import OfferError
from hoovik_rtc.media import offer as offers
from hoovik_rtc.media.packets import MediaPacket
from hoovik_rtc.media.peer import LISTEN_S, SILENT_MS, Peer
from hoovik_rtc.testing import Call, Clip
from tests.waiting import until


class Owner:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.audio = self.video = self
        self.lost: list[str] = []

    def packet(self, packet: MediaPacket) -> None: ...

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None: ...

    def channel_open(self, label: str) -> None:
        raise RuntimeError("a bug of ours")

    def control(self, text: str) -> None: ...

    def refused(self, code: str, sentence: str) -> None: ...

    def connected(self) -> None: ...

    def disconnected(self, reason: str) -> None:
        self.lost.append(reason)


def made(**limits: Any) -> tuple[Peer, Owner, Counter[str]]:
    owner, counts = Owner(), Counter[str]()
    return Peer(Config(limits=LimitsConfig(**limits)), owner, lambda name: counts.update([name])), owner, counts


async def test_a_participant_who_does_not_connect_is_given_up(moving_clip: Clip) -> None:
    peer, owner, counts = made(connect_s=0.05)
    one = Call(moving_clip)
    await peer.answer(offers.check(await one.offer(), LimitsConfig()))
    await until(lambda: bool(owner.lost))
    assert owner.lost == ["connect_timeout"] and counts["peer_connect_timeout"] == 1
    await peer.close()
    await one.close()
    assert owner.lost == ["connect_timeout"]


async def test_candidates_are_bounded(moving_clip: Clip) -> None:
    peer, _, counts = made(candidates=3)
    one = Call(moving_clip)
    await peer.answer(offers.check(await one.offer(), LimitsConfig()))
    for number in range(5):
        await peer.add_candidate(f"candidate:1 1 udp 2130706431 127.0.0.1 {9000 + number} typ host", "0", 0)
    assert counts["candidate_dropped"] == 2
    await peer.close()
    await one.close()


async def test_a_name_is_not_looked_up_and_what_is_no_candidate_is_refused(moving_clip: Clip) -> None:
    peer, _, counts = made()
    one = Call(moving_clip)
    await peer.answer(offers.check(await one.offer(), LimitsConfig()))
    await peer.add_candidate("candidate:1 1 udp 2130706431 any-name.local 9000 typ host", "0", 0)
    assert counts["candidate_dropped"] == 1
    with pytest.raises(OfferError, match="candidate"):
        await peer.add_candidate("candidate:1 x udp 1 127.0.0.1 port typ host", "0", 0)
    await peer.close()
    await one.close()


async def test_silence_on_a_connection_that_had_media_is_noticed_and_its_end_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer, owner, counts = made()
    now = 1_000_000.0
    monkeypatch.setattr("hoovik_rtc.clock.now_ms", lambda: now)
    ingress: Any = SimpleNamespace(heard_ms=None, media=False, close=lambda: None)
    peer._ingresses = [ingress]

    def after(ms: float, heard: bool = False) -> bool:
        nonlocal now
        now += ms
        if heard:
            ingress.heard_ms = now
        if peer._listening is not None:
            peer._listening.cancel()
        peer._listen()
        return peer.silent

    assert not after(60_000)  # never heard at all
    assert not after(0, heard=True) and not after(60_000)  # data only: it says something every few seconds
    ingress.media = True
    assert not after(0, heard=True) and not after(SILENT_MS) and after(LISTEN_S * 1000) and after(20_000)
    assert not after(0, heard=True)
    assert counts == {"peer_silent": 1, "peer_returned": 1}
    assert owner.lost == []
    await peer.close()


async def test_a_bug_of_ours_as_a_channel_opens_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    peer, _, counts = made()
    channel: Any = SimpleNamespace(label="hoovik.control", protocol="", on=lambda *_: None)
    peer._channel(channel)
    assert counts["channel_failed"] == 1
    assert "could not be attached" in caplog.text
    await peer.close()
