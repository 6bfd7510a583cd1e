"""A seat in aiortc's receivers, by private names; ingress.py and association.py have the other two.

It takes the seat of a receiver's jitter buffer: packets arrive there after SRTP, RTX unwrapping, NACK and
depayloading, with the marker bit still on them. Returning no frame keeps aiortc's decoder thread idle.
tests/unit/media/test_tap_contract.py fails at once when one of these names moves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from aiortc import RTCRtpReceiver
from aiortc.rtp import RTCP_PSFB_APP, RtcpPsfbPacket, RtcpSrPacket, RtpPacket, pack_remb_fci

from hoovik_rtc import clock
from hoovik_rtc.budget import Budget
from hoovik_rtc.media.packets import MediaPacket

logger = logging.getLogger(__name__)

JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
NACK_GENERATOR = "_RTCRtpReceiver__nack_generator"
BITRATE_ESTIMATOR = "_RTCRtpReceiver__remote_bitrate_estimator"
RTCP_SSRC = "_RTCRtpReceiver__rtcp_ssrc"
RTCP_HANDLER = "_handle_rtcp_packet"
RTP_HANDLER = "_handle_rtp_packet"
MAX_SSRCS = 8
"More streams than this on one receiver are dropped: aiortc keeps state for each for ever."


MAX_JUMP = 3000
"A sequence number farther away than this needs a second packet that follows it."
MAX_PACKETS_PER_S = 1500
"Of one receiver: 12 Mbit/s of full packets, five times a 720p call."
GAP_MS = 1000.0
"A picture that was away for longer, with packets missing, gets a keyframe at once."
TELL_BITRATE_MS = 1000.0
"A sender whose bitrate is or was limited is told at least this often: one message may get lost."
BITRATE_EVERY_MS = 200.0
"A sender is told of the path's bitrate no more often,"
BITRATE_FELL = 0.97
"except where it fell below this share of what was told last."
NO_LIMIT = 100_000_000
"Bits a second that a sender is told where it was limited and is no longer, before its own rate is estimated."


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
        self._heard_ms = float("inf")
        self._estimate = NO_LIMIT
        self._limit: int | None = None
        self._bitrate_told_ms: float | None = None  # None: never limited, aiortc's feedback is enough
        self._tasks: set[asyncio.Task[None]] = set()
        if not hasattr(receiver, JITTER_BUFFER):
            raise RuntimeError(
                "aiortc moved its jitter buffer; expected aiortc 1.16. Install the pinned version "
                "(pip install 'aiortc>=1.16,<1.17')."
            )
        setattr(receiver, JITTER_BUFFER, self)
        # aiortc asks for lost packets once, at once, and for all of them anew with each loss; see missing.py.
        setattr(receiver, NACK_GENERATOR, None)
        self._estimator = getattr(receiver, BITRATE_ESTIMATOR)
        if self._estimator is not None:
            setattr(receiver, BITRATE_ESTIMATOR, _Estimator(self._estimator, self._limited))
        self._pass_on_rtp = getattr(receiver, RTP_HANDLER)
        self._pass_on_rtcp = getattr(receiver, RTCP_HANDLER)
        setattr(receiver, RTP_HANDLER, self._on_rtp)
        setattr(receiver, RTCP_HANDLER, self._on_rtcp)

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """What aiortc calls as its jitter buffer: (send a PLI, frame)."""
        data: bytes = packet._data  # type: ignore[attr-defined]  # set by the receiver just before
        self._ssrc = packet.ssrc
        media = MediaPacket(
            ssrc=packet.ssrc,
            sequence=packet.sequence_number,
            timestamp=packet.timestamp,
            marker=bool(packet.marker),
            payload=packet.payload,
            data=data,
            arrival_ms=clock.now_ms(),
        )
        try:
            self._listener.packet(media)
        except Exception:
            # A bug of ours: raised from here it would end the peer's whole connection inside aiortc.
            self._count("packet_failed")
            logger.exception("a packet could not be handled")
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

    def limit_bitrate(self, bits_per_s: int | None) -> None:
        """Ask the sender of a picture (REMB) for at most so many bits a second, now and until it is changed.

        None lifts the limit: what aiortc estimates of the path counts again. Nothing happens on a receiver of sound.
        """
        if self._estimator is None or bits_per_s == self._limit:
            return
        self._limit = bits_per_s
        self._count("bitrate_limited" if bits_per_s is not None else "bitrate_limit_lifted")
        self._tell_bitrate(clock.now_ms())

    def _limited(self, estimate: int) -> int:
        self._estimate = estimate
        if self._bitrate_told_ms is not None:
            self._bitrate_told_ms = clock.now_ms()
        return estimate if self._limit is None else min(estimate, self._limit)

    def _tell_bitrate(self, now_ms: float) -> None:
        self._bitrate_told_ms = now_ms
        own, ssrcs = getattr(self._receiver, RTCP_SSRC), list(self._last)
        if own is None or not ssrcs:
            return  # nothing heard yet: the next packet brings it
        bitrate = self._estimate if self._limit is None else min(self._estimate, self._limit)
        fci = pack_remb_fci(bitrate, ssrcs)
        packet = RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=own, media_ssrc=0, fci=fci)
        self._spawn(self._receiver._send_rtcp(packet))

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
        self._last[packet.ssrc] = packet.sequence_number
        now_ms = clock.now_ms()
        if self._estimator is not None:
            if now_ms - self._heard_ms > GAP_MS and last is not None and packet.sequence_number != (last + 1) & 0xFFFF:
                self._count("video_returned")
                self.request_keyframe()
            if self._bitrate_told_ms is not None and now_ms - self._bitrate_told_ms >= TELL_BITRATE_MS:
                self._tell_bitrate(now_ms)
        self._heard_ms = now_ms
        await self._pass_on_rtp(packet, arrival_time_ms=arrival_time_ms)

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


class _Estimator:
    """Stands before aiortc's estimator of one path: what the sender is told goes through `limit`, and is thinned out.

    aiortc tells it with each packet while the path seems overused, which takes much of the loop's time on a busy
    machine. As libwebrtc's REMB throttler does: at once where it fell, else five times a second.
    """

    def __init__(self, estimator: Any, limit: Callable[[int], int]) -> None:
        self._estimator = estimator
        self._limit = limit
        self._told = 0
        self._told_ms = float("-inf")

    def add(self, **packet: Any) -> tuple[int, list[int]] | None:
        """What aiortc calls for each packet: (bits a second, SSRCs) where a REMB is to be sent."""
        estimate: tuple[int, list[int]] | None = self._estimator.add(**packet)
        if estimate is None:
            return None
        now_ms = clock.now_ms()
        if now_ms - self._told_ms < BITRATE_EVERY_MS and estimate[0] >= BITRATE_FELL * self._told:
            return None
        self._told, self._told_ms = estimate[0], now_ms
        return self._limit(estimate[0]), estimate[1]
