"""The private names of aiortc and aioice that ingress.py sits on: this fails at once when one moves."""

from __future__ import annotations

import inspect

from aioice import ice
from aiortc import RTCConfiguration, RTCDtlsTransport, RTCPeerConnection, RTCRtpReceiver
from aiortc.rtcicetransport import RTCIceTransport
from aiortc.rtp import is_rtcp

from hoovik_rtc.media import ingress


async def test_the_names_are_there() -> None:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = connection.addTransceiver("video", direction="recvonly").receiver
    transport = receiver.transport
    for name in (ingress.HANDLE_RTP, ingress.HANDLE_RTCP, "_task"):
        assert hasattr(transport, name), name
    under = transport.transport._connection
    names = (ingress.CHECK_INCOMING, ingress.CHECK_COMPLETE, ingress.DATA_RECEIVED, ingress.CONSENT_TASK)
    for name in (*names, "_protocols", "_queue"):
        assert hasattr(under, name), name
    assert hasattr(connection, ingress.IS_CLOSED)
    assert hasattr(receiver, ingress.RTCP_TASK)
    assert hasattr(receiver, "_handle_disconnect")
    await connection.close()


def test_datagrams_and_checks_come_as_we_expect() -> None:
    received = inspect.getsource(ice.StunProtocol.datagram_received)
    assert "self.receiver.data_received(data, self.local_candidate.component)" in received
    assert "self._queue.put_nowait((data, component))" in inspect.getsource(ice.Connection.data_received)
    assert list(inspect.signature(ice.StunProtocol.datagram_received).parameters) == ["self", "data", "addr"]
    assert list(inspect.signature(ice.Connection.check_incoming).parameters) == ["self", "message", "addr", "protocol"]
    asked = inspect.getsource(ice.Connection.request_received)
    assert asked.index("check_message_integrity") < asked.index("self.check_incoming(")
    assert "self._recv = self._connection.recv" in inspect.getsource(RTCIceTransport.__init__)
    assert 'raise InvalidStateError("RTCIceTransport is closed")' in inspect.getsource(RTCIceTransport.start)
    assert "await iceTransport.start(" in inspect.getsource(RTCPeerConnection)


def test_consent_is_asked_for_as_we_expect() -> None:
    assert "retransmissions=0," in inspect.getsource(ice.Connection.query_consent)
    assert "pair.protocol.request(" in inspect.getsource(ice.Connection.query_consent)
    assert "retransmissions" in inspect.signature(ice.StunProtocol.request).parameters


def test_a_transport_hands_on_what_it_decrypted_as_we_expect() -> None:
    source = inspect.getsource(RTCDtlsTransport._recv_next)
    assert "await self._handle_rtp_data(data, arrival_time_ms=arrival_time_ms)" in source
    assert "await self._handle_rtcp_data(data)" in source
    assert "self._ssl.recv(1500)" in source
    assert "msg[1] >= 192 and msg[1] <= 208" in inspect.getsource(is_rtcp)


def test_a_receiver_ends_as_we_expect() -> None:
    source = inspect.getsource(RTCRtpReceiver.stop)
    assert "self.__rtcp_task.cancel()" in source
    assert "await self.__rtcp_exited.wait()" in source
