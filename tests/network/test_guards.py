"""What a call does not let in, from outside and from its own participant: counted, and the call goes on."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing

import aiohttp
import pytest
from aiortc import rtcsctptransport as sctp

from hoovik_rtc.media import association, ingress
from hoovik_rtc.testing import Call, Clip, call
from tests.conftest import Serve, Service
from tests.fakes import engine
from tests.waiting import until

CLIENT_HELLO = bytes.fromhex("16feff0000000000000000") + bytes(60)
MEDIA = b"\x80\x61" + bytes(40)


def addresses(answer: str) -> list[tuple[str, int]]:
    """Where the service can be reached over UDP, from its answer."""
    lines = [line.split() for line in answer.splitlines() if line.startswith("a=candidate:")]
    return list(dict.fromkeys((fields[4], int(fields[5])) for fields in lines if ":" not in fields[4]))


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as one:
        one.bind(("0.0.0.0", 0))
        yield one


@asynccontextmanager
async def live(serve: Serve, clip: Clip) -> AsyncIterator[tuple[Service, Call]]:
    """A service and a call with consent; at the end the call must still be the same, and bring results."""
    async with serve(engine=engine()) as service, call(service.base, clip) as one:
        await one.consent()
        await one.wait_for("avatar_frame", 3)
        yield service, one
        await one.wait_for("avatar_frame", len(one.received.of("avatar_frame")) + 10)
        one.control("ping", client_ms=77)
        await one.wait_for("pong", where=lambda m: m["payload"]["client_ms"] == 77)
        assert service.bot.telemetry.counted("peers_connected") == 1


async def send_media(one: Call, *packets: bytes) -> None:
    """RTP or RTCP of the participant, encrypted like all of it."""
    transport = one.connection.getSenders()[0].transport
    for packet in packets:
        await transport._send_rtp(packet)


async def send_chunk(one: Call, chunk: sctp.Chunk) -> None:
    transport = one.connection.sctp
    assert transport is not None
    await transport._send_chunk(chunk)


async def test_datagrams_of_strangers_are_dropped(serve: Serve, moving_clip: Clip, stranger: socket.socket) -> None:
    async with live(serve, moving_clip) as (service, one):
        counted = service.bot.telemetry.counted
        for address in addresses(one.answer):
            for data in (b"", CLIENT_HELLO, MEDIA, b"\x00\x01", b"\x50" * 2000):
                stranger.sendto(data, address)
        doors = len(addresses(one.answer))
        await until(lambda: counted("datagram_foreign") >= 3 * doors)
        assert counted("datagram_empty") >= doors
        assert counted("datagram_malformed") >= doors


async def test_a_strangers_handshake_is_dropped_while_the_participant_connects(
    serve: Serve, moving_clip: Clip, stranger: socket.socket
) -> None:
    one = Call(moving_clip)
    async with serve(engine=engine()) as service, aiohttp.ClientSession() as http:
        headers = {"Content-Type": "application/sdp"}
        async with http.post(f"{service.base}/whip/test", data=await one.offer(), headers=headers) as response:
            answer = await response.text()
        for address in addresses(answer):
            for _ in range(20):
                stranger.sendto(CLIENT_HELLO, address)
        await until(lambda: service.bot.telemetry.counted("datagram_foreign") >= 20)
        await one.answered(answer)
        await one.wait_for("welcome")
        await one.close()


async def test_packets_that_cannot_be_read_are_dropped(serve: Serve, moving_clip: Clip) -> None:
    async with live(serve, moving_clip) as (service, one):
        extension = struct.pack("!HHBBBB", 0xBEDE, 1, 0x30, 1, 0, 0)  # a send time of one byte
        head = struct.pack("!BBHLL", 0x90, 97, 1, 1, 4242)
        await send_media(one, head + extension + b"\x10abc")
        await until(lambda: service.bot.telemetry.counted("rtp_malformed") == 1)
        await send_media(one, b"\x81\xc8\x00\x01" + bytes(4))


async def test_a_packet_with_nothing_in_it_ends_nothing(serve: Serve, moving_clip: Clip) -> None:
    async with live(serve, moving_clip) as (service, one):
        (participant,) = service.bot.participants("test")
        assert participant.link is not None
        for sender, tap in zip(one.connection.getSenders(), ("audio_tap", "video_tap"), strict=True):
            last = getattr(participant.link, tap)._last[sender._ssrc]
            for number in (last + 1, last + 2):
                kind = {"audio": 96, "video": 97}[sender.kind]
                await send_media(one, struct.pack("!BBHLL", 0x80, kind, number & 0xFFFF, 1, sender._ssrc))
        before = service.bot.telemetry.counted("video_frames_decoded")
        await until(lambda: service.bot.telemetry.counted("video_frames_decoded") > before + 10)
        assert service.bot.telemetry.counted("audio_empty_packet") == 2


async def test_streams_beyond_what_one_connection_may_have_are_dropped(serve: Serve, moving_clip: Clip) -> None:
    async with live(serve, moving_clip) as (service, one):
        for ssrc in range(1000, 1000 + 3 * ingress.MAX_SSRCS):
            await send_media(one, struct.pack("!BBHLL", 0x80, 97, 1, 1, ssrc) + b"\x10abc")
        await until(lambda: service.bot.telemetry.counted("rtp_too_many_ssrcs") >= 2 * ingress.MAX_SSRCS)
        (participant,) = service.bot.participants("test")
        assert participant.link is not None
        (transport,) = {t.receiver.transport for t in participant.link._peer._connection.getTransceivers()}
        assert len(transport._rtp_router.ssrc_table) <= ingress.MAX_SSRCS  # what is refused leaves nothing behind


async def test_datagrams_that_are_too_long_are_dropped(serve: Serve, moving_clip: Clip) -> None:
    async with live(serve, moving_clip) as (service, one):
        await one.connection.getSenders()[0].transport.transport._send(MEDIA + bytes(1800))
        await until(lambda: service.bot.telemetry.counted("datagram_too_large") == 1)


async def test_association_packets_that_cannot_be_read_are_dropped(serve: Serve, moving_clip: Clip) -> None:
    async with live(serve, moving_clip) as (service, one):
        transport = one.connection.sctp
        assert transport is not None
        bare = sctp.HeartbeatChunk()
        acknowledged = sctp.SackChunk()
        acknowledged.cumulative_tsn = transport._last_received_tsn or 0
        acknowledged.gaps = [(1, 60_000)]
        ahead = sctp.SackChunk()
        ahead.cumulative_tsn = ((transport._last_received_tsn or 0) + 1_000_000) % 2**32
        unparsed = sctp.ReconfigChunk()
        unparsed.params = [(13, b"abc")]
        await transport.transport._send_data(_with_bare_parameter(transport, bare))
        for chunk in (acknowledged, ahead, unparsed):
            await send_chunk(one, chunk)
        await until(lambda: service.bot.telemetry.counted("sctp_malformed") == 4)


def _with_bare_parameter(transport: sctp.RTCSctpTransport, chunk: sctp.HeartbeatChunk) -> bytes:
    """A packet whose parameter says that it has no length."""
    whole = sctp.Chunk(body=bytes(4))
    whole.type = chunk.type
    assert transport._remote_port is not None
    return sctp.serialize_packet(
        transport._local_port, transport._remote_port, transport._remote_verification_tag, whole
    )


async def test_unfinished_messages_are_bounded(serve: Serve, moving_clip: Clip) -> None:
    """Pieces of a message that never ends; what came before and comes after on other channels is read."""
    async with live(serve, moving_clip) as (service, one):
        transport = one.connection.sctp
        assert transport is not None
        for _ in range(400):
            chunk = sctp.DataChunk(flags=sctp.SCTP_DATA_FIRST_FRAG)
            chunk.stream_id, chunk.protocol = one.channels["emotion"].id or 0, sctp.WEBRTC_STRING
            chunk.user_data, chunk.stream_seq = bytes(1100), 1
            chunk.tsn, transport._local_tsn = transport._local_tsn, sctp.tsn_plus_one(transport._local_tsn)
            await send_chunk(one, chunk)
            await asyncio.sleep(0)
        await until(lambda: service.bot.telemetry.counted("channel_window_exceeded") > 50)


async def test_streams_of_messages_are_bounded(serve: Serve, moving_clip: Clip) -> None:
    async with live(serve, moving_clip) as (service, one):
        transport = one.connection.sctp
        assert transport is not None
        for stream in range(100, 100 + 2 * association.MAX_STREAMS):
            await transport._send(stream, sctp.WEBRTC_STRING, b"{}")
        await until(lambda: service.bot.telemetry.counted("sctp_malformed") >= association.MAX_STREAMS)


async def test_channels_that_open_twice_or_with_half_a_message_are_refused(serve: Serve, moving_clip: Clip) -> None:
    async with live(serve, moving_clip) as (service, one):
        transport = one.connection.sctp
        assert transport is not None
        label = "hoovik.control"
        again = struct.pack("!BBHLHH", sctp.DATA_CHANNEL_OPEN, 0, 0, 0, len(label), 0) + label.encode()
        await transport._send(one.channels["control"].id or 0, sctp.WEBRTC_DCEP, again)
        await transport._send(40, sctp.WEBRTC_DCEP, again[:12] + b"\xff\xfe" + bytes(12))  # a label that is no text
        await until(lambda: service.bot.telemetry.counted("channel_message_malformed") == 2)
        for number in range(6):
            one.connection.createDataChannel(f"more {number}")
        await until(lambda: service.bot.telemetry.counted("channel_refused") == 5)


async def test_no_datagram_is_longer_than_a_path_of_1280_bytes_takes(serve: Serve, moving_clip: Clip) -> None:
    async with live(serve, moving_clip) as (_, one):
        transport = one.connection.sctp
        assert transport is not None
        under = transport.transport.transport._connection
        sizes: list[int] = []
        hand_on = under.data_received

        def received(data: bytes, component: int) -> None:
            sizes.append(len(data))
            hand_on(data, component)

        under.data_received = received  # type: ignore[method-assign]
        frames = len(one.received.of("avatar_frame"))
        await one.wait_for("avatar_frame", frames + 30)
        assert max(len(str(message)) for message in one.received.messages) > 1280
        assert 1100 < max(sizes) <= 1280 - 40 - 8
