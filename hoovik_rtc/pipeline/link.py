"""The connection of one participant: what a Peer reports, sorted to where it belongs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hoovik_rtc.config import Config
from hoovik_rtc.media.offer import Offer
from hoovik_rtc.media.packets import MediaPacket
from hoovik_rtc.media.peer import Peer
from hoovik_rtc.media.tap import Listener, Tap
from hoovik_rtc.telemetry import Telemetry


class Track:
    """The listener of one track: hands packets to the sense while there is one, else drops and counts them.

    There is a sense only while there is consent, so nothing can be decoded without it.
    """

    def __init__(self, kind: str, telemetry: Telemetry) -> None:
        self.sense: Listener | None = None
        self.packets = 0
        self.bytes = 0
        self._name = f"{kind}_packets_without_consent"
        self._telemetry = telemetry

    def packet(self, packet: MediaPacket) -> None:
        """One RTP packet."""
        self.packets += 1
        self.bytes += len(packet.payload)
        if self.sense is None:
            self._telemetry.count(self._name)
        else:
            self.sense.packet(packet)

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None:
        """One sender report."""
        if self.sense is not None:
            self.sense.report(ssrc, ntp, rtp, arrival_ms)


class LinkOwner(Protocol):
    """Who is told what comes over a link."""

    def link_open(self, link: Link, label: str) -> None:
        """A channel may be written to."""
        ...

    def link_control(self, link: Link, text: str) -> None:
        """A control message came in."""
        ...

    def link_refused(self, link: Link, code: str, sentence: str) -> None:
        """Something inbound was refused."""
        ...

    def link_lost(self, link: Link, reason: str) -> None:
        """The connection is gone for good."""
        ...


class Link:
    """One connection of one participant; implements what a Peer asks of its owner."""

    def __init__(self, config: Config, owner: LinkOwner, telemetry: Telemetry) -> None:
        self.audio = Track("audio", telemetry)
        self.video = Track("video", telemetry)
        self.offered = self.answered = ""
        self._owner = owner
        self._telemetry = telemetry
        self._peer = Peer(config, self, telemetry.count)

    async def answer(self, offer: Offer) -> str:
        """The SDP answer to a checked offer."""
        self.offered = offer.text
        self.answered = await self._peer.answer(offer)
        return self.answered

    async def add_candidate(self, line: str, mid: str | None, index: int | None) -> None:
        """A trickled candidate."""
        await self._peer.add_candidate(line, mid, index)

    @property
    def send(self) -> Callable[..., bool]:
        """Send (kind, text) on the channel for it; False where there is none or it is full."""
        return self._peer.channels.send

    @property
    def video_tap(self) -> Tap | None:
        """The seat in the video receiver; None without video."""
        return self._peer.video_tap

    @property
    def audio_tap(self) -> Tap | None:
        """The seat in the audio receiver; None without audio."""
        return self._peer.audio_tap

    async def close(self) -> None:
        """Close the connection; nothing is reported afterwards."""
        await self._peer.close()

    # What the Peer reports.

    def channel_open(self, label: str) -> None:
        """A channel may be written to."""
        self._owner.link_open(self, label)

    def control(self, text: str) -> None:
        """A control message came in."""
        self._owner.link_control(self, text)

    def refused(self, code: str, sentence: str) -> None:
        """Something inbound was refused."""
        self._owner.link_refused(self, code, sentence)

    def connected(self) -> None:
        """Media and channels can flow."""
        self._telemetry.count("peers_connected")

    def disconnected(self, reason: str) -> None:
        """The connection is gone for good."""
        self._telemetry.count(f"peers_lost_{reason}")
        self._owner.link_lost(self, reason)
