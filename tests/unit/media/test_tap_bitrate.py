"""What a sender of pictures is told of its bitrate (REMB), held against a real aiortc sender."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, unpack_remb_fci

from hoovik_rtc.media import tap
from hoovik_rtc.media.packets import MediaPacket
from hoovik_rtc.testing import Call, Clip
from tests.waiting import until


class Deaf:
    def packet(self, packet: MediaPacket) -> None: ...

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None: ...


@asynccontextmanager
async def sending(clip: Clip) -> AsyncIterator[tuple[tap.Tap, list[int], list[str]]]:
    """A tap on a connection that receives `clip`, what its sender is told, and what the tap counts."""
    one = Call(clip, channels=())
    bot = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    told: list[int] = []
    counted: list[str] = []
    await bot.setRemoteDescription(RTCSessionDescription(await one.offer(), "offer"))
    (receiver,) = [t.receiver for t in bot.getTransceivers() if t.kind == "video"]
    seated = tap.Tap(receiver, Deaf(), counted.append)
    await bot.setLocalDescription(await bot.createAnswer())
    (sender,) = [t.sender for t in one.connection.getTransceivers() if t.kind == "video"]
    handle = sender._handle_rtcp_packet

    async def noting(packet: Any) -> None:
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            told.append(unpack_remb_fci(packet.fci)[0])
        await handle(packet)

    sender._handle_rtcp_packet = noting  # type: ignore[method-assign]
    await one.answered(bot.localDescription.sdp)
    try:
        yield seated, told, counted
    finally:
        await one.close()
        await bot.close()


async def test_a_limit_reaches_the_sender_at_once_and_again_each_second_and_is_lifted(moving_clip: Clip) -> None:
    async with sending(moving_clip) as (seated, told, counted):
        await until(lambda: len(told) > 0)  # aiortc's own estimate
        seated.limit_bitrate(50_000)
        await until(lambda: told[-1] <= 50_000)
        limited = len(told)
        await until(lambda: len(told) > limited + 2)
        assert max(told[limited:]) <= 50_000
        seated.limit_bitrate(None)
        await until(lambda: told[-1] > 50_000)
        assert counted == ["bitrate_limited", "bitrate_limit_lifted"]


async def test_a_limit_before_the_first_packet_is_told_with_it(moving_clip: Clip) -> None:
    async with sending(moving_clip) as (seated, told, _):
        seated.limit_bitrate(90_000)
        await until(lambda: len(told) > 1)
        assert max(told) <= 90_000


async def test_a_sender_that_stamps_no_send_times_is_told_too(moving_clip: Clip) -> None:
    async with sending(moving_clip) as (seated, told, _):
        seated._estimator.add = lambda **packet: None  # what no time stamps come to: no estimate, ever
        seated.limit_bitrate(100_000)
        await until(lambda: len(told) > 1)
        assert max(told) <= 100_000
        seated.limit_bitrate(None)
        await until(lambda: told[-1] > 1_000_000)


def test_the_sender_is_told_five_times_a_second_but_at_once_of_a_fall(monkeypatch: pytest.MonkeyPatch) -> None:
    class Overused:
        """Says something with each packet, as aiortc's does while a path is overused."""

        def add(self, bitrate: int) -> tuple[int, list[int]]:
            return bitrate, [1]

    now = 0.0
    monkeypatch.setattr("hoovik_rtc.clock.now_ms", lambda: now)
    estimator = tap._Estimator(Overused(), lambda estimate: estimate)
    told = []
    for packet in range(200):  # two seconds
        now = packet * 10.0
        told.append(estimator.add(bitrate=1_000_000) is not None)
    assert sum(told) == 10
    assert estimator.add(bitrate=900_000) == (900_000, [1])
    assert estimator.add(bitrate=899_000) is None
