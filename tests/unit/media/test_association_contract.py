"""The private names of aiortc that association.py sits on: this fails at once when one moves."""

from __future__ import annotations

import inspect

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSctpTransport, rtcsctptransport

from hoovik_rtc.media import association

IPV6_UDP = 40 + 8
DTLS = 13 + 8 + 16
"Record header, explicit nonce and tag of AES-GCM in DTLS 1.2."
TURN = 4
"Header of TURN's ChannelData."


async def test_the_names_are_there() -> None:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.createDataChannel("any")
    assert connection.sctp is not None
    for name in (
        association.RTO,
        association.WINDOW_LEFT,
        association.HANDLE,
        association.HANDLE_DATA,
        association.HANDLE_SACK,
        association.STREAM,
        association.MESSAGE,
        association.ROUND_TRIP,
        association.TRANSMIT,
        "_data_channel_flush",
        "_data_channels",
        "_inbound_streams",
        "_local_tsn",
        "_outbound_queue",
        "_rttvar",
        "_sack_misordered",
        "_sent_queue",
        "_set_state",
        "_srtt",
    ):
        assert hasattr(connection.sctp, name), name
    await connection.close()


def test_the_association_works_as_we_expect() -> None:
    source = inspect.getsource(RTCSctpTransport)
    for line in (
        "await self._receive_data_chunk(chunk)",
        "await self._receive_sack_chunk(chunk)",
        "self._get_inbound_stream(chunk.stream_id)",
        "self._advertised_rwnd -= len(chunk.user_data)",
        "self._update_rto(received_time - schunk._sent_time)",
        "if done == 1 and schunk._sent_count == 1:",
        "schunk._acked = True",
        "if schunk._misses == 3:",
        "self._outbound_queue.append(chunk)",
        "await self._transmit()",
        "while self._data_channel_queue and not self._outbound_queue:",
        "channel._addBufferedAmount(-len(user_data))",
        "self._loop.call_later(self._rto, self._t3_expired)",
        "await self._data_channel_receive(stream_id, pp_id, data)",
    ):
        assert line in source, line
    # A timer that does not back off, and nobody who gives up: else a blackout would end the channels.
    expired = inspect.getsource(RTCSctpTransport._t3_expired)
    assert "_rto" not in expired and "CLOSED" not in expired


def test_a_chunk_fits_a_path_of_1280_bytes() -> None:
    packet = rtcsctptransport.SCTP_COMMON_HEADER_LENGTH + rtcsctptransport.SCTP_DATA_CHUNK_HEADER_LENGTH
    packet += rtcsctptransport.USERDATA_MAX_LENGTH
    assert packet + DTLS + TURN + IPV6_UDP <= 1280
