"""A participant over WebRTC, for the service itself and for aiortc's default path: they offer the same endpoint."""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec

from hoovik_rtc import clock
from hoovik_rtc.testing import Call, Clip
from tests.bench.record import Heard, Record, note

OPUS_MS = 20.0
"""An Opus packet is handed over when its 20 ms of sound have been heard, but aiortc's sender reports say that its first
sample was captured at that moment; so `audio_ms` runs 20 ms ahead of the microphone."""

_decoder = msgspec.json.Decoder(Heard)


class WebRtcPlayer(Call):
    """Plays a clip and notes what comes back, reading as little of it as possible.

    Args:
        clip: what to play.
        phase: seconds, 0…1: when within a second its first packet leaves.
        avatar: whether it consents to an avatar, beside emotions.
    """

    def __init__(self, clip: Clip, phase: float, avatar: bool = True) -> None:
        super().__init__(clip)
        self.record = Record(audio_ahead_ms=OPUS_MS)
        self.fps = clip.fps
        self._avatar = avatar
        for track in (self.video, self.audio):
            if track is not None:
                track.phase = phase
        self._welcomed = asyncio.Event()
        self._seen = asyncio.Event()
        self._consented_at = 0.0
        self._bytes_before = 0
        self.connection.on("connectionstatechange", self._state_changed)

    async def join(self, base: str, http: aiohttp.ClientSession) -> None:
        """Connect, and wait for the welcome.

        Raises:
            CallRefusedError: with what the service said.
            TimeoutError: no welcome came.
        """
        await self.dial(http, f"{base}/whip/bench", name="")
        await asyncio.wait_for(self._welcomed.wait(), 20)

    def agree(self) -> None:
        """Consent."""
        self._consented_at = clock.now_ms()
        self.control("consent", avatar=self._avatar, emotion=True)

    async def seen(self) -> None:
        """Wait for the first measured frame, the first emotion update where no avatar is asked for."""
        await self._seen.wait()

    async def begin(self) -> None:
        """The measured window begins."""
        self._bytes_before = await self._bytes()

    async def end(self) -> None:
        """It ends."""
        self.record.bytes_sent = await self._bytes() - self._bytes_before
        self.record.sent = list(self.sent_video)
        if self.video is not None and self.video.started_ms is not None:
            self.record.named = [self.video.started_ms + n * 1000 / self.fps for n in range(len(self.sent_video))]

    async def leave(self, base: str, http: aiohttp.ClientSession) -> None:
        """Hang up and say so."""
        self.connection.remove_listener("connectionstatechange", self._state_changed)
        await self.close()
        await http.delete(f"{base}{self.location}")

    def _message(self, text: str) -> None:
        at = clock.now_ms()
        heard = _decoder.decode(text)
        note(self.record, heard, at)
        if heard.type == "welcome":
            self._welcomed.set()
        elif (
            heard.payload.measured or (not self._avatar and heard.type == "emotion_update")
        ) and not self._seen.is_set():
            self.record.consent_to_first_ms = at - self._consented_at
            self._seen.set()

    def _state_changed(self) -> None:
        if self.connection.connectionState in ("failed", "closed"):
            self.record.lost = True

    async def _bytes(self) -> int:
        report = await self.connection.getStats()
        return sum(one.bytesSent for one in report.values() if one.type == "transport")
