"""The private names of aiortc that tap.py sits on: this fails at once when one moves."""

from __future__ import annotations

import inspect

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver
from aiortc.rtp import RtpPacket

from hoovik_rtc.media import tap
from hoovik_rtc.media.packets import MediaPacket


class Listening:
    def __init__(self) -> None:
        self.packets: list[MediaPacket] = []

    def packet(self, packet: MediaPacket) -> None:
        self.packets.append(packet)

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None: ...


async def receiver() -> tuple[RTCPeerConnection, RTCRtpReceiver]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    return connection, connection.addTransceiver("video", direction="recvonly").receiver


async def test_the_names_are_there() -> None:
    connection, one = await receiver()
    for name in (
        tap.JITTER_BUFFER,
        tap.NACK_GENERATOR,
        tap.BITRATE_ESTIMATOR,
        tap.RTCP_SSRC,
        "_send_rtcp",
        tap.RTP_HANDLER,
        tap.RTCP_HANDLER,
        "_send_rtcp_pli",
        "_send_rtcp_nack",
    ):
        assert hasattr(one, name), name
    await connection.close()


def test_the_receiver_calls_its_jitter_buffer_as_we_expect() -> None:
    source = inspect.getsource(RTCRtpReceiver._handle_rtp_packet)
    assert "pli_flag, encoded_frame = self.__jitter_buffer.add(packet)" in source
    assert "packet._data = depayload(codec, packet.payload)" in source
    assert inspect.signature(RTCRtpReceiver._handle_rtp_packet).parameters.keys() == {
        "self",
        "packet",
        "arrival_time_ms",
    }


def test_the_receiver_asks_its_estimator_as_we_expect() -> None:
    source = inspect.getsource(RTCRtpReceiver._handle_rtp_packet)
    assert "remb = self.__remote_bitrate_estimator.add(" in source
    assert "fci=pack_remb_fci(*remb)" in source
    assert "RemoteBitrateEstimator()" in inspect.getsource(RTCRtpReceiver.__init__)


async def test_a_seated_tap_gets_packets_and_hands_no_frame_to_aiortc() -> None:
    connection, one = await receiver()
    listening = Listening()
    seated = tap.Tap(one, listening, lambda _: None)
    assert getattr(one, tap.JITTER_BUFFER) is seated
    packet = RtpPacket(payload_type=97, sequence_number=7, timestamp=9000, ssrc=5, marker=1, payload=b"\x10abc")
    packet._data = b"abc"  # type: ignore[attr-defined]
    assert seated.add(packet) == (False, None)
    assert listening.packets[0].marker and listening.packets[0].data == b"abc"
    await connection.close()
