"""What the tap drops before aiortc's receiver keeps state for it, and when it asks for a keyframe of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver
from aiortc.rtp import RtpPacket

from hoovik_rtc.media import tap
from hoovik_rtc.media.packets import MediaPacket


class Listening:
    raises = False

    def packet(self, packet: MediaPacket) -> None:
        if self.raises:
            raise RuntimeError("a bug of ours")

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None: ...


class Bench:
    """A tap on a receiver that takes nothing but a note; its clock is set by hand."""

    def __init__(self, receiver: RTCRtpReceiver) -> None:
        self.now = 1_000_000.0
        self.passed: list[tuple[int, int]] = []
        self.plis: list[int] = []
        self.counts: Counter[str] = Counter()
        setattr(receiver, tap.RTP_HANDLER, self._pass)
        receiver._send_rtcp_pli = self._pli  # type: ignore[method-assign]
        self.listening = Listening()
        self.tap = tap.Tap(receiver, self.listening, lambda name: self.counts.update([name]))

    async def _pass(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        self.passed.append((packet.ssrc, packet.sequence_number))
        packet._data = packet.payload  # type: ignore[attr-defined]
        self.tap.add(packet)

    async def _pli(self, media_ssrc: int) -> None:
        self.plis.append(media_ssrc)

    async def send(self, *numbers: int, ssrc: int = 1) -> None:
        for number in numbers:
            packet = RtpPacket(payload_type=97, sequence_number=number & 0xFFFF, ssrc=ssrc, payload=b"\x10abc")
            await getattr(self.tap._receiver, tap.RTP_HANDLER)(packet, arrival_time_ms=0)
        for task in list(self.tap._tasks):
            await task


@pytest_asyncio.fixture(params=["video"])
async def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    one = Bench(connection.addTransceiver(request.param, direction="recvonly").receiver)
    monkeypatch.setattr("hoovik_rtc.clock.now_ms", lambda: one.now)
    yield one
    await connection.close()


async def test_a_number_far_away_needs_a_second_packet_that_follows_it(bench: Bench) -> None:
    await bench.send(1, 2, 40_000, 3, 4)
    assert [number for _, number in bench.passed] == [1, 2, 3, 4]
    await bench.send(50_000, 50_001, 50_002)
    assert [number for _, number in bench.passed[4:]] == [50_001, 50_002]
    assert bench.counts["rtp_sequence_jump"] == 2


async def test_packets_per_second_are_capped(bench: Bench) -> None:
    await bench.send(*range(tap.MAX_PACKETS_PER_S + 100))
    assert len(bench.passed) == tap.MAX_PACKETS_PER_S
    assert bench.counts["rtp_over_rate"] == 100
    bench.now += 1000
    await bench.send(tap.MAX_PACKETS_PER_S)
    assert len(bench.passed) == tap.MAX_PACKETS_PER_S + 1


async def test_streams_of_one_receiver_are_bounded_and_the_first_go_on(bench: Bench) -> None:
    for ssrc in range(20):
        await bench.send(1, ssrc=ssrc)
    await bench.send(2, ssrc=0)
    assert {ssrc for ssrc, _ in bench.passed} == set(range(tap.MAX_SSRCS))
    assert bench.counts["rtp_too_many_ssrcs"] == 20 - tap.MAX_SSRCS
    assert bench.passed[-1] == (0, 2)


async def test_a_picture_that_comes_back_with_packets_missing_gets_a_keyframe_at_once(bench: Bench) -> None:
    await bench.send(1, 2, 3)
    bench.now += 3000
    await bench.send(200, 201, 202)
    assert bench.counts["video_returned"] == 1 and bench.plis == [1]


async def test_a_picture_that_merely_paused_gets_none(bench: Bench) -> None:
    await bench.send(1, 2)
    bench.now += 3000
    await bench.send(3, 4)
    bench.now += 500
    await bench.send(8)
    assert bench.counts["video_returned"] == 0 and bench.plis == []


@pytest.mark.parametrize("bench", ["audio"], indirect=True)
async def test_sound_has_no_keyframes(bench: Bench) -> None:
    await bench.send(1)
    bench.now += 3000
    await bench.send(200)
    bench.tap.limit_bitrate(1000)
    assert bench.counts["video_returned"] == bench.counts["bitrate_limited"] == 0 and bench.plis == []


async def test_a_bug_of_ours_in_a_packet_ends_nothing(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.listening.raises = True
    await bench.send(1, 2)
    assert bench.counts["packet_failed"] == 2 and len(bench.passed) == 2
    assert "could not be handled" in caplog.text
