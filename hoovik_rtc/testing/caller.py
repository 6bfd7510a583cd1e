"""One participant's connection: plays a clip, consents, and waits for what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import msgspec
from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)

from hoovik_rtc import clock
from hoovik_rtc.testing.clip import Clip
from hoovik_rtc.testing.playing import Playing
from hoovik_rtc.testing.received import Received
from hoovik_rtc.testing.whip import Detour, post


class Call:
    """One participant's connection to a service; use `call()`."""

    def __init__(
        self,
        clip: Clip | None,
        channels: tuple[str, ...] = ("control", "emotion", "avatar"),
        answers_pli: bool = False,
    ) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.received = Received()
        self.sent_video: list[float] = []
        self.sent_audio: list[float] = []
        self.keyframes_asked = 0
        "Requests that came (PLI, FIR); counted where they are answered."
        self.location = ""
        self.answer = ""
        self.channels: dict[str, RTCDataChannel] = {}
        self._arrived = asyncio.Event()
        self.video = self.audio = None
        if clip is not None and clip.audio:
            self.audio = Playing("audio", clip.audio, 50.0, self.sent_audio)
            self.connection.addTrack(self.audio)
        if clip is not None and clip.video:
            self.video = Playing("video", clip.video, clip.fps, self.sent_video)
            sender = self.connection.addTrack(self.video)
            if answers_pli:
                sender._send_keyframe = lambda: self._keyframe(clip)  # type: ignore[method-assign]
            for transceiver in self.connection.getTransceivers():
                if transceiver.kind == "video":
                    codecs = RTCRtpSender.getCapabilities("video").codecs
                    transceiver.setCodecPreferences([codec for codec in codecs if codec.name in ("VP8", "rtx")])
        for name in channels:
            unreliable: dict[str, Any] = {"ordered": False, "maxRetransmits": 0} if name == "avatar" else {}
            channel = self.connection.createDataChannel(f"hoovik.{name}", protocol="hoovik.v1.json", **unreliable)
            channel.on("message", self._message)
            self.channels[name] = channel

    async def offer(self) -> str:
        """The SDP offer, candidates included."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def answered(self, sdp: str) -> None:
        """Take the bot's answer."""
        self.answer = sdp
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def dial(
        self,
        http: aiohttp.ClientSession,
        url: str,
        *,
        name: str = "tester",
        resume: str | None = None,
        through: Detour | None = None,
    ) -> None:
        """Offer and take the answer over WHIP at `url`; with `resume`, go on with the session of that token.

        Raises:
            CallRefusedError: with the status and what the service said.
        """
        query = ({"name": name} if name else {}) | ({"resume": resume} if resume else {})
        offer = await self.offer()
        answer, self.location = await post(http, url, offer if through is None else through.offer(offer), query)
        await self.answered(answer if through is None else through.answer(answer))

    def control(self, kind: str, **payload: Any) -> None:
        """Send one control message."""
        self.channels["control"].send(json.dumps({"type": kind, "payload": payload}))

    async def consent(self, avatar: bool = True, emotion: bool = True) -> None:
        """Wait for the welcome and agree."""
        await self.wait_for("welcome")
        self.control("consent", avatar=avatar, emotion=emotion)

    async def wait_for(
        self,
        kind: str,
        count: int = 1,
        timeout: float = 20.0,
        where: Callable[[dict[str, Any]], bool] | None = None,
    ) -> list[dict[str, Any]]:
        """Wait until `count` messages of a type (that satisfy `where`) have come; returns them.

        Raises:
            TimeoutError: with what has come instead.
        """
        wanted = where or (lambda _: True)

        async def enough() -> list[dict[str, Any]]:
            while len(found := [one for one in self.received.of(kind) if wanted(one)]) < count:
                self._arrived.clear()
                await self._arrived.wait()
            return found

        try:
            return await asyncio.wait_for(enough(), timeout)
        except TimeoutError:
            came = dict(self.received.counts())
            raise TimeoutError(f"no {count} × {kind} within {timeout} s; came: {came}") from None

    async def close(self) -> None:
        """Hang up."""
        await self.connection.close()

    def _keyframe(self, clip: Clip) -> None:
        """A keyframe was asked for: what is encoded beforehand has one somewhere."""
        assert self.video is not None
        self.keyframes_asked += 1
        self.video.jump_to(clip.keyframes)

    def _message(self, text: str) -> None:
        self.received.times.append(clock.now_ms())
        self.received.messages.append(msgspec.json.decode(text))
        self._arrived.set()


@contextlib.asynccontextmanager
async def call(
    base: str,
    clip: Clip | None,
    *,
    room: str = "test",
    name: str = "tester",
    resume: str | None = None,
    channels: tuple[str, ...] = ("control", "emotion", "avatar"),
    through: Detour | None = None,
    answers_pli: bool = False,
) -> AsyncIterator[Call]:
    """Call a service at `base` (http://host:port) over WHIP; leaves with DELETE.

    With `through`, media goes through that instead of straight to the service. With `answers_pli`, the clip jumps to
    its next keyframe when the service asks for one; without, it plays on, and its pictures are those of their time.

    Raises:
        CallRefusedError: with the status and what the service said.
    """
    one = Call(clip, channels, answers_pli)
    async with aiohttp.ClientSession() as http:
        try:
            await one.dial(http, f"{base}/whip/{room}", name=name, resume=resume, through=through)
            yield one
        finally:
            await one.close()
            if one.location:
                with contextlib.suppress(aiohttp.ClientError):
                    await http.delete(f"{base}{one.location}")
