"""What of ours waits for SCTP's window, what is called lost, and how long an acknowledgement is awaited."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from aiortc import RTCDataChannel, RTCDataChannelParameters, RTCSctpTransport
from aiortc import rtcsctptransport as sctp

from hoovik_rtc.media.association import JITTER, RTO_MIN_S, RTO_S, Association

PIECE = sctp.USERDATA_MAX_LENGTH


class _Dtls:
    state = "connected"
    _role = "server"


class Sender:
    """An association under our guard, and one unreliable channel; what it sends is noted and goes nowhere."""

    def __init__(self) -> None:
        dtls: Any = _Dtls()
        transport: Any = RTCSctpTransport(dtls)
        self.transport = transport
        self.sent: list[sctp.Chunk] = []
        self.counts: Counter[str] = Counter()
        self.transport._send_chunk = self._note
        self.transport._association_state = RTCSctpTransport.State.ESTABLISHED
        self.transport._data_channel_id = 1
        self.transport._ssthresh = 1 << 20
        Association(self.transport, lambda name: self.counts.update([name]))
        self.first = self.transport._local_tsn
        parameters = RTCDataChannelParameters(label="avatar", ordered=False, maxRetransmits=0, negotiated=True, id=3)
        self.channel = RTCDataChannel(self.transport, parameters)

    async def _note(self, chunk: sctp.Chunk) -> None:
        self.sent.append(chunk)

    async def say(self, *sizes: int) -> None:
        for size in sizes:
            self.channel.send("x" * size)
        await self.transport._data_channel_flush()

    async def acknowledge(self, upto: int, *gaps: tuple[int, int]) -> None:
        """All before number `upto` have come, and those of the gaps (numbers, both included)."""
        sack = sctp.SackChunk()
        sack.cumulative_tsn = (self.first + upto - 1) % 2**32
        sack.advertised_rwnd = 1 << 20
        sack.gaps = [(start - upto + 1, end - upto + 1) for start, end in gaps]
        await self.transport._receive_sack_chunk(sack)

    def data(self) -> list[sctp.DataChunk]:
        return [chunk for chunk in self.sent if isinstance(chunk, sctp.DataChunk)]

    def jittery(self, round_trip_s: float, deviation_s: float, apart_s: float) -> None:
        """The round trip as measured so far, and how far apart the chunks under way were sent."""
        self.transport._srtt, self.transport._rttvar = round_trip_s, deviation_s
        for number, chunk in enumerate(self.transport._sent_queue):
            chunk._sent_time = 1000.0 + number * apart_s


@pytest.fixture
async def sender() -> Any:
    sender = Sender()
    sender.transport._cwnd = 16 * PIECE
    yield sender
    sender.transport._t3_cancel()


async def overtake(sender: Sender, first: int, by: int) -> None:
    """A chunk, all before it there, is overtaken by so many, one acknowledgement each."""
    for number in range(first + 1, first + by + 1):
        await sender.acknowledge(first, (first + 1, number))


async def reorder(sender: Sender) -> None:
    """The first two come in the wrong order."""
    await overtake(sender, 0, by=1)
    await sender.acknowledge(2)


def lost(sender: Sender) -> bool:
    return any(isinstance(chunk, sctp.ForwardTsnChunk) for chunk in sender.sent)


async def test_where_the_network_reorders_what_jitter_explains_is_not_lost(sender: Sender) -> None:
    """Overtaken by five that were sent within the jitter: aiortc alone would abandon it, and halve the window."""
    await sender.say(*[1000] * 8)
    await reorder(sender)
    sender.jittery(0.4, 0.05, apart_s=JITTER * 0.05 / 10)
    before = sender.transport._cwnd
    await overtake(sender, 2, by=5)
    assert not lost(sender)
    assert sender.transport._cwnd == before
    await sender.acknowledge(8)
    assert sender.transport._flight_size == 0


async def test_where_it_does_not_the_third_miss_counts(sender: Sender) -> None:
    await sender.say(*[1000] * 8)
    sender.jittery(0.4, 0.05, apart_s=JITTER * 0.05 / 10)
    before = sender.transport._cwnd
    await overtake(sender, 0, by=2)
    assert sender.transport._cwnd == before
    await overtake(sender, 0, by=3)
    assert sender.transport._cwnd == before // 2
    assert lost(sender)


async def test_what_jitter_does_not_explain_is_lost(sender: Sender) -> None:
    await sender.say(*[1000] * 8)
    await reorder(sender)
    sender.jittery(0.4, 0.001, apart_s=0.033)
    before = sender.transport._cwnd
    await overtake(sender, 2, by=3)
    assert sender.transport._cwnd == before // 2
    assert lost(sender)


async def test_the_jitter_allowed_for_is_never_more_than_a_round_trip(sender: Sender) -> None:
    await sender.say(*[1000] * 8)
    await reorder(sender)
    sender.jittery(0.1, 10.0, apart_s=0.033)
    await overtake(sender, 2, by=5)
    assert lost(sender)


async def test_bytes_that_wait_for_the_window_count_as_buffered(sender: Sender) -> None:
    sender.transport._cwnd = PIECE
    told: list[int] = []
    sender.channel.on("bufferedamountlow", lambda: told.append(len(sender.data())))
    await sender.say(5 * PIECE)
    assert len(sender.data()) == 1
    assert sender.channel.bufferedAmount == 4 * PIECE
    await sender.acknowledge(1)  # and the window grows to two
    assert sender.channel.bufferedAmount == 2 * PIECE and told == []
    await sender.acknowledge(3)
    assert sender.channel.bufferedAmount == 0 and told == [5]


async def test_an_abandoned_message_is_not_buffered_for_good(sender: Sender) -> None:
    sender.transport._cwnd = PIECE
    await sender.say(3 * PIECE)
    sender.transport._t3_cancel()
    sender.transport._t3_expired()
    await sender.transport._transmit()
    assert sender.channel.bufferedAmount == 0
    assert len(sender.data()) == 1


async def test_the_window_is_used_with_the_acknowledgement_that_opens_it(sender: Sender) -> None:
    """Aiortc sends what was begun, and leaves the next message to another acknowledgement."""
    sender.transport._cwnd = PIECE
    await sender.say(PIECE, PIECE // 4, PIECE // 4, PIECE // 4)
    assert len(sender.data()) == 1
    await sender.acknowledge(1)
    assert len(sender.data()) == 4
    assert sender.transport._flight_size <= sender.transport._cwnd


async def test_never_more_is_under_way_than_the_window_and_a_chunk(sender: Sender) -> None:
    sender.transport._cwnd = 3 * PIECE
    waited = 0
    for number in range(100):
        await sender.say(*[1700] * 8)
        last = len(sender.data()) - 1
        sender.jittery(0.4, 0.1, apart_s=0.01)
        await sender.acknowledge(last - 1 + number % 2, (last, last))
        assert sender.transport._flight_size < sender.transport._cwnd + PIECE
        waited = max(waited, sender.channel.bufferedAmount)
    assert waited > 0


async def test_a_round_trip_is_not_measured_with_what_had_come_before(sender: Sender) -> None:
    await sender.say(*[1000] * 3)
    sender.jittery(0.1, 0.01, apart_s=0.0)
    await sender.acknowledge(0, (1, 2))
    sender.transport._sent_queue.popleft()  # abandoned: the others came long ago
    await sender.acknowledge(3)
    assert (sender.transport._srtt, sender.transport._rttvar) == (0.1, 0.01)


@pytest.mark.parametrize(("round_trip_s", "waits_s"), [(0.001, RTO_MIN_S), (0.3, 0.52), (3.0, RTO_S)])
async def test_the_wait_for_an_acknowledgement_is_measured_and_bounded(
    sender: Sender, round_trip_s: float, waits_s: float
) -> None:
    for _ in range(100):
        sender.transport._update_rto(round_trip_s)
    assert sender.transport._rto == pytest.approx(waits_s, abs=0.001)
