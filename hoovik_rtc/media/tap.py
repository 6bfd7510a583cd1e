"""The only module that touches aiortc's private names.

It takes the seat of a receiver's jitter buffer: packets arrive there after SRTP, RTX unwrapping, NACK and
depayloading, with the marker bit still on them. Returning no frame keeps aiortc's decoder thread idle.
tests/unit/media/test_tap_contract.py fails at once when one of these names moves.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from aiortc import RTCRtpReceiver, RTCSctpTransport
from aiortc.rtp import RtcpSrPacket, RtpPacket

from hoovik_rtc import clock
from hoovik_rtc.budget import Budget
from hoovik_rtc.media.packets import MediaPacket

JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
NACK_GENERATOR = "_RTCRtpReceiver__nack_generator"
CHANNEL_RECEIVE = "_data_channel_receive"
RTCP_HANDLER = "_handle_rtcp_packet"
RTP_HANDLER = "_handle_rtp_packet"
MAX_SSRCS = 8
"More streams than this on one receiver are dropped: aiortc keeps state for each for ever."


MAX_JUMP = 3000
"A sequence number farther away than this needs a second packet that follows it."
MAX_PACKETS_PER_S = 1500
"Of one receiver: 12 Mbit/s of full packets, five times a 720p call."


class Listener(Protocol):
    """Who is told about one track's packets; called on the event loop."""

    def packet(self, packet: MediaPacket) -> None:
        """One RTP packet, in order of arrival, duplicates and padding included."""
        ...

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None:
        """One sender report: RTP time `rtp` was at 64-bit NTP time `ntp`."""
        ...


class Tap:
    """A seat in one receiver of aiortc.

    Args:
        receiver: of a transceiver, before or after it starts.
        listener: gets the packets.
        count: called with the name of each drop.
    """

    def __init__(self, receiver: RTCRtpReceiver, listener: Listener, count: Callable[[str], None]) -> None:
        self._receiver = receiver
        self._listener = listener
        self._count = count
        self._ssrc: int | None = None
        self._last: dict[int, int] = {}  # SSRC → newest sequence number
        self._jumped: dict[int, int] = {}
        self._budget = Budget(MAX_PACKETS_PER_S)
        self._tasks: set[asyncio.Task[None]] = set()
        if not hasattr(receiver, JITTER_BUFFER):
            raise RuntimeError(
                "aiortc moved its jitter buffer; expected aiortc 1.16. Install the pinned version "
                "(pip install 'aiortc>=1.16,<1.17')."
            )
        setattr(receiver, JITTER_BUFFER, self)
        self._pass_on_rtp = getattr(receiver, RTP_HANDLER)
        self._pass_on_rtcp = getattr(receiver, RTCP_HANDLER)
        setattr(receiver, RTP_HANDLER, self._on_rtp)
        setattr(receiver, RTCP_HANDLER, self._on_rtcp)

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """What aiortc calls as its jitter buffer: (send a PLI, frame)."""
        data: bytes = packet._data  # type: ignore[attr-defined]  # set by the receiver just before
        self._ssrc = packet.ssrc
        self._listener.packet(
            MediaPacket(
                ssrc=packet.ssrc,
                sequence=packet.sequence_number,
                timestamp=packet.timestamp,
                marker=bool(packet.marker),
                payload=packet.payload,
                data=data,
                arrival_ms=clock.now_ms(),
            )
        )
        return False, None

    def request_keyframe(self) -> None:
        """Send a PLI for the stream heard last; nothing where none was heard."""
        if self._ssrc is not None:
            self._count("pli_sent")
            self._spawn(self._receiver._send_rtcp_pli(self._ssrc))

    def request_again(self, sequence_numbers: list[int]) -> None:
        """Send a NACK for packets of the stream heard last."""
        if self._ssrc is not None:
            self._spawn(self._receiver._send_rtcp_nack(self._ssrc, sequence_numbers))

    async def _on_rtp(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        if not self._budget.spend():
            self._count("rtp_over_rate")
            return
        last = self._last.get(packet.ssrc)
        if last is None:
            if len(self._last) >= MAX_SSRCS:
                self._count("rtp_too_many_ssrcs")
                return
        elif abs(((packet.sequence_number - last + 0x8000) & 0xFFFF) - 0x8000) > MAX_JUMP:
            confirmed = self._jumped.get(packet.ssrc) == packet.sequence_number
            self._jumped[packet.ssrc] = (packet.sequence_number + 1) & 0xFFFF
            if not confirmed:
                self._count("rtp_sequence_jump")
                return
            self._forget_missing()
        self._last[packet.ssrc] = packet.sequence_number
        await self._pass_on_rtp(packet, arrival_time_ms=arrival_time_ms)

    def _forget_missing(self) -> None:
        """Keep aiortc from listing each number between here and there as lost: that takes the loop 10 ms and more."""
        generator = getattr(self._receiver, NACK_GENERATOR)
        if generator is not None:
            generator.max_seq = None
            generator.missing.clear()

    async def _on_rtcp(self, packet: Any) -> None:
        if isinstance(packet, RtcpSrPacket):
            info = packet.sender_info
            self._listener.report(packet.ssrc, info.ntp_timestamp, info.rtp_timestamp, clock.now_ms())
        await self._pass_on_rtcp(packet)

    def _spawn(self, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(self._send(sending))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, sending: Coroutine[Any, Any, None]) -> None:
        try:
            await sending
        except ConnectionError:
            self._count("rtcp_not_sent")


def guard_channels(transport: RTCSctpTransport, count: Callable[[str], None]) -> None:
    """Keep one malformed data channel message from ending its whole connection.

    aiortc asserts and decodes on the way in; what it raises there travels up into the loop that reads the
    connection and ends it.
    """
    receive = getattr(transport, CHANNEL_RECEIVE)

    async def guarded(stream_id: int, pp_id: int, data: bytes) -> None:
        try:
            await receive(stream_id, pp_id, data)
        except (AssertionError, UnicodeDecodeError, struct.error, ValueError, IndexError):
            count("channel_message_malformed")

    setattr(transport, CHANNEL_RECEIVE, guarded)
