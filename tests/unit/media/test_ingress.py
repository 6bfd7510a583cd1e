"""What reaches aiortc of what reaches a socket: who sent it, and how much of it waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from aiortc import RTCConfiguration, RTCPeerConnection

from hoovik_rtc.media import ingress

PEER = ("192.0.2.1", 4000)
MEDIA = b"\x80\x61" + bytes(40)


class Bench:
    """The guard of one connection that has gathered its sockets."""

    def __init__(self, connection: RTCPeerConnection) -> None:
        self.counts: Counter[str] = Counter()
        (self.guard,) = ingress.ingresses(connection, lambda name: self.counts.update([name]))
        self.under: Any = self.guard._connection

    def seat(self) -> None:
        self.guard.seat()
        self.protocol = self.under._protocols[0]

    def receive(self, data: bytes, address: tuple[str, int] = PEER) -> None:
        self.protocol.datagram_received(data, address)

    def check(self, address: tuple[str, int]) -> None:
        """A connectivity check whose password was right; aioice's own handling is cut off."""
        self.guard._check_incoming = lambda *_: None
        self.under.check_incoming(None, address, self.protocol)

    @property
    def waiting(self) -> int:
        return int(self.under._queue.qsize())


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", direction="recvonly")
    one = Bench(connection)
    await connection.setLocalDescription(await connection.createOffer())
    one.seat()
    yield one
    await connection.close()


async def test_only_what_ice_has_validated_passes(bench: Bench) -> None:
    bench.receive(MEDIA)
    assert bench.waiting == 0 and bench.counts["datagram_foreign"] == 1
    bench.check(PEER)
    bench.receive(MEDIA)
    bench.receive(MEDIA, (PEER[0], PEER[1] + 1))
    bench.receive(MEDIA, ("192.0.2.2", PEER[1]))
    assert bench.waiting == 1 and bench.counts["datagram_foreign"] == 3
    bench.receive(b"")
    bench.receive(bytes([0x01]) * 30)
    bench.receive(MEDIA + bytes(ingress.MAX_DATAGRAM))
    assert bench.waiting == 1
    assert (
        bench.counts["datagram_empty"] == bench.counts["datagram_malformed"] == bench.counts["datagram_too_large"] == 1
    )


async def test_what_waits_is_bounded(bench: Bench) -> None:
    bench.check(PEER)
    for _ in range(ingress.MAX_QUEUED + 50):
        bench.receive(MEDIA)
    assert bench.waiting == ingress.MAX_QUEUED
    assert bench.counts["datagram_queue_full"] == 50


async def test_addresses_of_one_participant_are_bounded_and_the_first_go_on(bench: Bench) -> None:
    for port in range(1000, 1000 + ingress.MAX_ADDRESSES + 10):
        bench.check((PEER[0], port))
    assert bench.counts["ice_addresses_refused"] == 10
    bench.check((PEER[0], 1000))
    bench.receive(MEDIA, (PEER[0], 1000))
    assert bench.waiting == 1


async def test_a_stun_message_with_broken_insides_is_dropped(bench: Bench) -> None:
    attribute = bytes.fromhex("00200002") + b"\x00\x01\x00\x00"  # an address that is cut off
    message = bytes.fromhex("0001") + len(attribute).to_bytes(2, "big") + bytes.fromhex("2112a442") + bytes(12)
    bench.receive(message + attribute)
    assert bench.counts["datagram_malformed"] == 1 and bench.waiting == 0


async def test_the_question_whether_the_peer_is_there_is_repeated(bench: Bench) -> None:
    asked: list[int | None] = []

    async def request(*_: object, retransmissions: int | None = None) -> None:
        asked.append(retransmissions)

    patient = ingress._patient(request)
    for retransmissions in (0, None, 3):
        await patient(None, PEER, retransmissions=retransmissions)
    assert asked == [ingress.CONSENT_REPEATS, None, 3]
