"""The SCTP association under the data channels of one peer: what it takes, how long it waits, what it calls lost.

Like tap.py it sits on private names of aiortc; tests/unit/media/test_association_contract.py fails at once when one
moves. Only a participant reaches this far (DTLS), but what one of them sends must not stop the others' calls.

What is sent never exceeds aiortc's congestion window. Corrected is what closes that window without need, and what lets
old messages wait for it:

- A chunk is lost when three acknowledgements pass over it (RFC 9260, 7.2.4); where the network was seen to reorder,
  only when it is later than jitter explains, as RACK has it (RFC 8985, 6.2). Else reordering alone would halve the
  window, and abandon what is never sent again.
- A round trip is measured with what was just received, not with what a gap had acknowledged before (6.3.1).
- The wait for an acknowledgement is what was measured, from RTO_MIN_S to RTO_S. After it the window is one chunk, as it
  has to be (7.2.3); aiortc never doubles the wait (6.3.3 E2), nor do we: one chunk each time, as in TCP's thin streams.
- `bufferedAmount` of a channel counts what waits for the window, as W3C WebRTC (6.2) has it; in aiortc it ends before.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

from aiortc import RTCSctpTransport

from hoovik_rtc.media.ingress import MALFORMED

RTO = "_rto"
WINDOW_LEFT = "_advertised_rwnd"
HANDLE = "_handle_data"
HANDLE_DATA = "_receive_data_chunk"
HANDLE_SACK = "_receive_sack_chunk"
STREAM = "_get_inbound_stream"
MESSAGE = "_data_channel_receive"
ROUND_TRIP = "_update_rto"
TRANSMIT = "_transmit"
RTO_S = 1.0
"Wait for an acknowledgement so long and no longer: the network may be back after a blackout."
RTO_MIN_S = 0.4
"…and no less than that, as browsers' SCTP has it; RFC 9260 recommends 1 s (section 16)."
ACK_DELAY_S = 0.22
"Least margin above a round trip: a peer may keep an acknowledgement for 200 ms (RFC 9260, 6.2)."
MEMORY = 500
"Acknowledgements for which jitter is allowed for after one that showed reordering: some ten seconds of ours."
JITTER = 8
"""Times the mean deviation of the round trip that a chunk may come after one sent later; no more than a round trip, as
in RFC 8985. Jitter of ±J each way deviates by 2 J / 3 in the mean and displaces by up to 2 J: 3 times, and a margin."""
WINDOW = 320 * 1024
"Bytes of unfinished messages that are kept; the largest message announced is 256 KiB."
MAX_STREAMS = 64
"Streams that a participant may use; four channels need four."
MAX_MISORDERED = 1024
"Chunks that may be ahead of a missing one."
_PARAMETERS = {1: 20, 2: 20, 4: 4, 5: 4, 6: 4, 9: 4, 130: 4}
"Chunk type → where its parameters begin (RFC 9260, RFC 6525)."


class Association:
    """The guard of one association, before it starts.

    Args:
        transport: of a connection whose remote description is set.
        count: called with the name of each drop.
    """

    def __init__(self, transport: RTCSctpTransport, count: Callable[[str], None]) -> None:
        self._transport: Any = transport
        self._count = count
        setattr(transport, RTO, RTO_S)
        setattr(transport, WINDOW_LEFT, WINDOW)
        self._handle = _seat(transport, HANDLE, self._on_packet)
        self._data = _seat(transport, HANDLE_DATA, self._on_data)
        self._sack = _seat(transport, HANDLE_SACK, self._on_sack)
        self._stream = _seat(transport, STREAM, self._stream_of)
        self._message = _seat(transport, MESSAGE, self._on_message)
        self._measure = _seat(transport, ROUND_TRIP, self._on_round_trip)
        self._transmit = _seat(transport, TRANSMIT, self._on_transmit)
        self._reordered = 0  # acknowledgements for which jitter is still allowed for
        self._timely = True  # whether the chunk that a round trip is measured with was just acknowledged
        self._held: Counter[int] = Counter()  # stream → bytes that wait for the window, as its channel was told

    async def _on_packet(self, data: bytes) -> None:
        if not well_formed(data):
            self._count("sctp_malformed")
            return
        try:
            await self._handle(data)
        except MALFORMED:
            self._count("sctp_malformed")

    async def _on_data(self, chunk: Any) -> None:
        """A piece of a message; beyond the window it is dropped, and comes again where the sender keeps to it."""
        transport = self._transport
        if transport._advertised_rwnd < len(chunk.user_data) or len(transport._sack_misordered) > MAX_MISORDERED:
            self._count("channel_window_exceeded")
            return
        await self._data(chunk)

    async def _on_sack(self, chunk: Any) -> None:
        """An acknowledgement: of nothing that was not sent, or aiortc would walk through all that it names."""
        unacknowledged = (self._transport._local_tsn - 1 - chunk.cumulative_tsn) % 2**32
        before = 0
        for first, last in chunk.gaps:
            if not before < first <= last <= unacknowledged:
                self._count("sctp_malformed")
                return
            before = last
        if unacknowledged < 2**31:
            await self._acknowledge(chunk)
        else:
            self._count("sctp_malformed")

    async def _acknowledge(self, sack: Any) -> None:
        sent = self._transport._sent_queue
        self._timely = bool(sent) and not sent[0]._acked
        overtaken = self._overtaken()
        if self._reordered:
            self._tolerate(sack)
        await self._sack(sack)
        came = any(chunk._acked or (sack.cumulative_tsn - chunk.tsn) % 2**32 < 2**31 for chunk in overtaken)
        self._reordered = MEMORY if came else max(0, self._reordered - 1)
        await self._transport._data_channel_flush()  # aiortc would leave what is free now to the next acknowledgement

    def _overtaken(self) -> list[Any]:
        """Chunks sent once that have not come, unlike later ones: if they come yet, the network reorders."""
        overtaken: list[Any] = []
        missing: list[Any] = []
        for chunk in self._transport._sent_queue:
            if chunk._acked:
                overtaken += missing
                missing = []
            elif chunk._sent_count == 1 and not chunk._abandoned:
                missing.append(chunk)
        return overtaken

    def _tolerate(self, sack: Any) -> None:
        """Keep chunks from a third miss that may just have been overtaken: what came was sent little after them."""
        transport = self._transport
        sent = transport._sent_queue
        if not sent or not sack.gaps or transport._srtt is None:
            return
        newest = (sack.cumulative_tsn + sack.gaps[-1][1] - sent[0].tsn) % 2**32
        if newest >= len(sent) or sent[newest]._sent_time is None:
            return
        late = sent[newest]._sent_time - min(JITTER * transport._rttvar, transport._srtt)
        for chunk in islice(sent, newest):
            if chunk._sent_count == 1 and chunk._sent_time > late:
                chunk._misses = min(chunk._misses, 1)

    async def _on_transmit(self) -> None:
        """Send what the window takes, and tell the channels what it did not take."""
        await self._transmit()
        transport = self._transport
        held: Counter[int] = Counter()
        for chunk in transport._outbound_queue:
            held[chunk.stream_id] += len(chunk.user_data)
        before, self._held = self._held, held
        for stream_id in {*held, *before}:
            channel = transport._data_channels.get(stream_id)
            if channel is not None and held[stream_id] != before[stream_id]:
                channel._addBufferedAmount(held[stream_id] - before[stream_id])

    def _stream_of(self, stream_id: int) -> Any:
        streams = self._transport._inbound_streams
        if stream_id not in streams and len(streams) >= MAX_STREAMS:
            raise ValueError("too many streams")  # of the chunk: counted where the packet is handled
        return self._stream(stream_id)

    async def _on_message(self, stream_id: int, pp_id: int, data: bytes) -> None:
        """A whole message; one that cannot be read must not take the others of its packet with it."""
        try:
            await self._message(stream_id, pp_id, data)
        except MALFORMED:
            self._count("channel_message_malformed")

    def _on_round_trip(self, seconds: float) -> None:
        transport = self._transport
        if self._timely:
            self._measure(seconds)
            wait = transport._srtt + max(4 * transport._rttvar, ACK_DELAY_S)
            transport._rto = min(max(wait, RTO_MIN_S), RTO_S)


def _seat(transport: RTCSctpTransport, name: str, instead: Callable[..., Any]) -> Callable[..., Any]:
    """Put ourselves before a method; returns what was there."""
    method: Callable[..., Any] = getattr(transport, name)
    setattr(transport, name, instead)
    return method


def well_formed(data: bytes) -> bool:
    """Whether each chunk and each parameter of an SCTP packet has a length: aiortc does not go on without."""
    at, end = 12, len(data)
    while at + 4 <= end:
        kind, _, length = struct.unpack_from("!BBH", data, at)
        if length < 4 or at + length > end:
            return False
        parameter = at + _PARAMETERS.get(kind, length)
        while parameter + 4 <= at + length:
            size = int.from_bytes(data[parameter + 2 : parameter + 4], "big")
            if size < 4:
                return False
            parameter += size + -size % 4
        at += length + -length % 4
    return True
