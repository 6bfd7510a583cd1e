"""One WebRTC connection to one participant: offer in, answer out, packets and channels handed on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError
from aiortc.exceptions import OperationError as NegotiationError
from aiortc.sdp import candidate_from_sdp

from hoovik_rtc import clock
from hoovik_rtc.config import Config
from hoovik_rtc.errors import OfferError
from hoovik_rtc.media.answer import wanting_fec
from hoovik_rtc.media.association import Association
from hoovik_rtc.media.channels import Channels
from hoovik_rtc.media.ingress import Ingress, abandon, ingresses
from hoovik_rtc.media.offer import Offer, usable_candidate
from hoovik_rtc.media.tap import Listener, Tap

logger = logging.getLogger(__name__)

_CODECS = {"audio": ("opus",), "video": ("VP8", "rtx")}
CLOSE_S = 1.5
"A connection that has not closed by then is counted, and taken apart…"
ABANDON_S = 0.4
"…within this."
SILENT_MS = 5000.0
"Nothing at all for so long on a connection that had media: the way to the peer is dead, or the peer is."
LISTEN_S = 0.5
"How often that is looked at."


class PeerOwner(Protocol):
    """Who is told about one connection; called on the event loop."""

    @property
    def audio(self) -> Listener:
        """Gets the packets of the voice."""
        ...

    @property
    def video(self) -> Listener:
        """Gets the packets of the picture."""
        ...

    def channel_open(self, label: str) -> None:
        """A channel may be written to."""
        ...

    def control(self, text: str) -> None:
        """A control message came in."""
        ...

    def refused(self, code: str, sentence: str) -> None:
        """Something that came in on a channel was refused."""
        ...

    def connected(self) -> None:
        """Media and channels can flow."""
        ...

    def disconnected(self, reason: str) -> None:
        """The connection is gone for good; said once."""
        ...


class Peer:
    """A receive-only connection. `answer` once, then `close` once."""

    def __init__(self, config: Config, owner: PeerOwner, count: Callable[[str], None]) -> None:
        servers = [RTCIceServer(urls=url) for url in config.ice_servers]
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._limits = config.limits
        self._owner = owner
        self._count = count
        self._candidates = 0
        self._gone = False
        self._deadline: asyncio.TimerHandle | None = None
        self._listening: asyncio.TimerHandle | None = None
        self._ingresses: list[Ingress] = []
        self.silent = False
        "Nothing has come for SILENT_MS; the connection is kept, until ICE gives it up after half a minute."
        self.channels = Channels(config.limits, owner.channel_open, owner.control, owner.refused, count)
        self.video_tap: Tap | None = None
        self.audio_tap: Tap | None = None

    async def answer(self, offer: Offer) -> str:
        """Answer a checked offer: VP8 and Opus, receive-only, all candidates included.

        Raises:
            OfferError: aiortc found something in it that it cannot answer.
        """
        connection = self._connection
        connection.on("connectionstatechange", self._state_changed)
        connection.on("datachannel", self._channel)
        for kind in offer.sections:
            self._prepare(kind)
        try:
            await connection.setRemoteDescription(RTCSessionDescription(offer.text, "offer"))
            self._seat(offer)
            if connection.sctp is not None:
                Association(connection.sctp, self._count)
            self._ingresses = ingresses(connection, self._count)
            await connection.setLocalDescription(await connection.createAnswer())
            for ingress in self._ingresses:
                ingress.seat()
        except (ValueError, InvalidAccessError, InvalidStateError, NegotiationError) as exc:
            await self.close()
            raise OfferError(f"The offer cannot be answered: {exc}.") from exc
        except BaseException:
            await self.close()
            raise
        if self._gone:
            await self.close()
            raise OfferError("The connection failed before it could begin: no candidate can be reached.")
        self._deadline = asyncio.get_running_loop().call_later(self._limits.connect_s, self._too_late)
        return wanting_fec(connection.localDescription.sdp)

    async def add_candidate(self, line: str, mid: str | None, index: int | None) -> None:
        """Take a trickled candidate (`candidate:…`); mDNS names and those beyond the limit are dropped.

        Raises:
            OfferError: not a candidate, or of an unknown media section.
        """
        line = line.removeprefix("a=")
        self._candidates += 1
        if self._candidates > self._limits.candidates or not usable_candidate(line):
            self._count("candidate_dropped")
            return
        try:
            candidate = candidate_from_sdp(line.removeprefix("candidate:"))
            candidate.sdpMid, candidate.sdpMLineIndex = mid, index
            await self._connection.addIceCandidate(candidate)
        except (ValueError, AssertionError, LookupError, InvalidStateError) as exc:
            raise OfferError(
                "The ICE candidate cannot be used; expected `candidate:…` of a section of the offer."
            ) from exc

    async def close(self) -> None:
        """Close within CLOSE_S + ABANDON_S, leaving nothing behind; further events are not reported."""
        self._gone = True
        for timer in (self._deadline, self._listening):
            if timer is not None:
                timer.cancel()
        for ingress in self._ingresses:
            ingress.close()
        closing = asyncio.ensure_future(self._connection.close())
        _, late = await asyncio.wait({closing}, timeout=CLOSE_S)
        if late:
            self._count("peer_close_timeout")
            logger.warning("a connection did not close in time")
            closing.cancel()
            await abandon(self._connection, ABANDON_S)
        else:
            closing.result()

    def _prepare(self, kind: str) -> None:
        """Pin the codec before the offer is applied: aiortc would answer in the offer's order otherwise."""
        transceiver = self._connection.addTransceiver(kind, direction="recvonly")
        capabilities = RTCRtpReceiver.getCapabilities(kind)
        assert capabilities is not None
        transceiver.setCodecPreferences([codec for codec in capabilities.codecs if codec.name in _CODECS[kind]])

    def _seat(self, offer: Offer) -> None:
        """Tap the voice and the picture; one of each per connection, further sections stay inactive."""
        for transceiver in self._connection.getTransceivers():
            if transceiver.mid == offer.audio_mid and transceiver.kind == "audio":
                self.audio_tap = Tap(transceiver.receiver, self._owner.audio, self._count)
            elif transceiver.mid == offer.video_mid and transceiver.kind == "video":
                self.video_tap = Tap(transceiver.receiver, self._owner.video, self._count)
            else:
                transceiver.direction = "inactive"

    def _channel(self, channel: RTCDataChannel) -> None:
        try:
            self.channels.attach(channel)
        except Exception:
            # A bug of ours: raised from here it would be blamed on the participant's message.
            self._count("channel_failed")
            logger.exception("a data channel could not be attached")

    def _state_changed(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            if self._deadline is not None:
                self._deadline.cancel()
            if self._listening is None:
                self._listen()
            self._owner.connected()
        elif state in ("failed", "closed"):
            self._lose(state)

    def _listen(self) -> None:
        """Note when nothing comes any more, and when it comes again."""
        heard = [ingress.heard_ms for ingress in self._ingresses if ingress.heard_ms is not None]
        media = any(ingress.media for ingress in self._ingresses)
        silent = media and clock.now_ms() - max(heard) > SILENT_MS
        if silent != self.silent:
            self.silent = silent
            self._count("peer_silent" if silent else "peer_returned")
        if not self._gone:
            self._listening = asyncio.get_running_loop().call_later(LISTEN_S, self._listen)

    def _too_late(self) -> None:
        self._count("peer_connect_timeout")
        self._lose("connect_timeout")

    def _lose(self, reason: str) -> None:
        if not self._gone:
            self._gone = True
            self._owner.disconnected(reason)
