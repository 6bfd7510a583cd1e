"""The SCTP association under the data channels of one peer: what it takes, and how long it waits.

Like tap.py it sits on private names of aiortc; tests/unit/media/test_association_contract.py fails at once when one
moves. Only a participant reaches this far (DTLS), but what one of them sends must not stop the others' calls.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
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
RTO_S = 1.0
"Wait for an acknowledgement so long and no longer: the network may be back after a blackout."
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
            await self._sack(chunk)
        else:
            self._count("sctp_malformed")

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
        self._measure(seconds)
        self._transport._rto = min(self._transport._rto, RTO_S)


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
