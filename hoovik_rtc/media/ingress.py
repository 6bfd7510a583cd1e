"""What reaches aiortc of what reaches our sockets: datagrams of whom ICE has validated, whole, bounded in number.

Like tap.py it sits on private names, of aiortc's DTLS transport and of aioice's connection;
tests/unit/media/test_ingress_contract.py fails at once when one moves. What is refused here was sent by anybody on
the Internet, or by a participant who does not keep to the RFCs: it is counted, and the call goes on.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from aiortc import RTCDtlsTransport, RTCPeerConnection
from aiortc.exceptions import InvalidStateError

from hoovik_rtc import clock

CHECK_INCOMING = "check_incoming"
CHECK_COMPLETE = "check_complete"
DATA_RECEIVED = "data_received"
START = "start"
HANDLE_RTP = "_handle_rtp_data"
HANDLE_RTCP = "_handle_rtcp_data"
REQUEST = "request"
CONSENT_TASK = "_query_consent_task"
IS_CLOSED = "_RTCPeerConnection__isClosed"
RTCP_TASK = "_RTCRtpReceiver__rtcp_task"
MAX_DATAGRAM = 1500
"Bytes. aiortc reads so much of one and would be late by the rest for ever."
MAX_QUEUED = 1000
"Datagrams of one connection that may wait for aiortc; a 720p call has about 200 a second."
MAX_ADDRESSES = 64
"Addresses that one participant may reach us from; aioice checks each, and keeps it."
MAX_SSRCS = 16
"Streams of one connection, two receivers with 8 each; libsrtp and aiortc keep state for each for ever."
CONSENT_REPEATS = 1
"A check that the peer is still there (RFC 7675) is sent again once: alone it is lost with a round trip over 0.5 s."
MALFORMED = (AssertionError, struct.error, ValueError, LookupError, TypeError, AttributeError, UnboundLocalError)
"What the parsers of aiortc and aioice raise over bytes that they do not expect."


class Ingress:
    """The guard of one transport, before ICE starts; its sockets are there after gathering.

    Args:
        transport: DTLS over ICE.
        count: called with the name of each drop.
    """

    def __init__(self, transport: RTCDtlsTransport, count: Callable[[str], None]) -> None:
        self._connection: Any = transport.transport._connection
        self._count = count
        self._validated: set[tuple[str, int]] = set()
        self._ssrcs: set[bytes] = set()
        self._closed = False
        self.heard_ms: float | None = None
        "When the last datagram came that ICE vouches for, Unix ms."
        self.media = False
        "Media came at least once."
        self._check_incoming = getattr(self._connection, CHECK_INCOMING)
        self._check_complete = getattr(self._connection, CHECK_COMPLETE)
        setattr(self._connection, CHECK_INCOMING, self._on_check)
        setattr(self._connection, CHECK_COMPLETE, self._on_complete)
        setattr(self._connection, DATA_RECEIVED, self._not_stun)
        self._start = getattr(transport.transport, START)
        setattr(transport.transport, START, self._on_start)
        self._handle_rtp = getattr(transport, HANDLE_RTP)
        self._handle_rtcp = getattr(transport, HANDLE_RTCP)
        setattr(transport, HANDLE_RTP, self._on_rtp)
        setattr(transport, HANDLE_RTCP, self._on_rtcp)

    def seat(self) -> None:
        """Stand before the sockets that ICE has gathered."""
        for protocol in self._connection._protocols:
            protocol.datagram_received = self._receiver(protocol)
            setattr(protocol, REQUEST, _patient(getattr(protocol, REQUEST)))

    def close(self) -> None:
        """Let nothing in any more, before the connection closes: aiortc would go on with a handshake that it ended."""
        self._closed = True
        for protocol in self._connection._protocols:
            protocol.datagram_received = lambda data, address: None
        queue = self._connection._queue
        waiting = [queue.get_nowait() for _ in range(queue.qsize())]
        if None in waiting:
            queue.put_nowait(None)  # the end, for whoever reads

    async def _on_start(self, parameters: Any) -> None:
        """ICE begins, once for each media section that shares it; closed meanwhile, it says so to nobody."""
        try:
            await self._start(parameters)
        except InvalidStateError:
            if not self._closed:
                raise
        consent = getattr(self._connection, CONSENT_TASK)
        if self._closed and consent is not None:
            consent.cancel()  # begun after the end, it would ask for ever

    def _receiver(self, protocol: Any) -> Callable[[bytes, tuple[Any, ...]], None]:
        as_stun = protocol.datagram_received
        component = protocol.local_candidate.component
        queue = self._connection._queue
        validated, ssrcs, count = self._validated, self._ssrcs, self._count

        def received(data: bytes, address: tuple[Any, ...]) -> None:
            if not data:
                count("datagram_empty")
                return
            first = data[0]
            if first < 4:  # STUN, RFC 7983; it authenticates itself
                try:
                    as_stun(data, address)
                except MALFORMED:
                    count("datagram_malformed")
                return
            if (address[0], address[1]) not in validated:
                count("datagram_foreign")
            elif len(data) > MAX_DATAGRAM:
                count("datagram_too_large")
            elif queue.qsize() >= MAX_QUEUED:
                count("datagram_queue_full")
            elif len(ssrcs) >= MAX_SSRCS and _is_rtp(data) and data[8:12] not in ssrcs:
                count("rtp_too_many_ssrcs")
            else:
                self.heard_ms = clock.now_ms()
                queue.put_nowait((data, component))

        return received

    def _not_stun(self, data: bytes, component: int) -> None:
        """What began like STUN and is none."""
        self._count("datagram_malformed")

    def _on_check(self, message: Any, address: tuple[str, int], protocol: Any) -> None:
        """A connectivity check with the right password came."""
        if address not in self._validated:
            if len(self._validated) >= MAX_ADDRESSES:
                self._count("ice_addresses_refused")
                return
            self._validated.add(address)
        self.heard_ms = clock.now_ms()
        self._check_incoming(message, address, protocol)

    def _on_complete(self, pair: Any) -> None:
        """A check of ours came to an end."""
        if pair.state is type(pair).State.SUCCEEDED and len(self._validated) < MAX_ADDRESSES:
            self._validated.add(pair.remote_addr)
        self._check_complete(pair)

    async def _on_rtp(self, data: bytes, arrival_time_ms: int) -> None:
        """An RTP packet, decrypted: it is the participant's. What aiortc trips over must not end its connection."""
        self.media = True
        self._ssrcs.add(data[8:12])
        try:
            await self._handle_rtp(data, arrival_time_ms=arrival_time_ms)
        except MALFORMED:
            self._count("rtp_malformed")

    async def _on_rtcp(self, data: bytes) -> None:
        try:
            await self._handle_rtcp(data)
        except MALFORMED:
            self._count("rtcp_malformed")


def ingresses(connection: RTCPeerConnection, count: Callable[[str], None]) -> list[Ingress]:
    """A guard for each transport of a connection that is described on both sides: one where media is bundled."""
    return [Ingress(transport, count) for transport in _transports(connection)]


async def abandon(connection: RTCPeerConnection, patience_s: float) -> None:
    """End what is left of a connection whose close() hangs: its tasks, threads and sockets."""
    for transceiver in connection.getTransceivers():
        task = getattr(transceiver.receiver, RTCP_TASK)
        if task is not None:
            task.cancel()
        transceiver.receiver._handle_disconnect()
    if connection.sctp is not None:
        connection.sctp._set_state(connection.sctp.State.CLOSED)
    transports = _transports(connection)
    for transport in transports:
        if transport._task is not None:
            transport._task.cancel()
    closing = [asyncio.ensure_future(transport.transport.stop()) for transport in transports]
    if closing:
        _, late = await asyncio.wait(closing, timeout=patience_s)
        for task in late:
            task.cancel()
    closed: asyncio.Future[bool] | None = getattr(connection, IS_CLOSED)
    if closed is not None and not closed.done():
        closed.set_result(True)  # whoever else waits for it


def _patient(request: Callable[..., Any]) -> Callable[..., Any]:
    """A STUN request that is sent again where aioice would send it but once."""

    async def patient(*args: Any, retransmissions: int | None = None, **more: Any) -> Any:
        repeats = CONSENT_REPEATS if retransmissions == 0 else retransmissions
        return await request(*args, retransmissions=repeats, **more)

    return patient


def _transports(connection: RTCPeerConnection) -> list[RTCDtlsTransport]:
    found = [transceiver.receiver.transport for transceiver in connection.getTransceivers()]
    if connection.sctp is not None:
        found.append(connection.sctp.transport)
    return list(dict.fromkeys(found))


def _is_rtp(data: bytes) -> bool:
    """RFC 7983 and RFC 5761."""
    return 127 < data[0] < 192 and len(data) >= 12 and not 192 <= data[1] <= 208
