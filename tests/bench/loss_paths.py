"""What is compared under loss: the service, and aiortc alone; both note what reaches whoever would measure it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from aiohttp import web
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from hoovik_inference.types import (
    FaceEstimate,
    FaceObserver,
    Floats,
    Image,
    Picture,
    Planes,
    Portrait,
    VoiceEstimate,
    VoiceObserver,
)
from hoovik_rtc import clock
from hoovik_rtc.bot import Bot
from hoovik_rtc.config import Config
from hoovik_rtc.pipeline.engine import build
from hoovik_rtc.web.app import create_app
from hoovik_rtc.wire.messages import AvatarFrame
from tests.bench import marks

MAX_DIFFERENCE = 1.0
"Mean difference in luma beyond which a picture is not the one that was sent; decoding the same makes none."


def glance(picture: Picture) -> Image:
    """A picture's luma, one pixel in eight each way."""
    luma = picture.y if isinstance(picture, Planes) else planes(VideoFrame.from_ndarray(picture, format="rgb24")).y
    return luma[::8, ::8].copy()


def planes(frame: VideoFrame) -> Planes:
    """The planes of a YUV picture."""
    if frame.format.name != "yuv420p":
        frame = frame.reformat(format="yuv420p")
    y, u, v = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    )
    return Planes(y, u, v)


@dataclass
class Noted:
    """What one path got to measure."""

    faces: list[tuple[float, int]] = field(default_factory=list)
    "(Unix ms, mark) of each picture that was there to be measured, or rather: whose face was."
    sounds: list[tuple[float, float, int]] = field(default_factory=list)
    "(Unix ms, ms behind its capture, samples at 48 kHz) of each piece of sound."
    named: dict[int, int] = field(default_factory=dict)
    "Sequence number of each measured avatar_frame → mark."
    truth: dict[int, Image] = field(default_factory=dict)
    "Mark → what its picture looks like, see `glance`; empty: whatever comes counts."
    broken: int = 0
    "Pictures that came but do not look like what was sent: decoded without what they build on."
    bot: Bot | None = None
    "Of the service; None of aiortc alone."

    def genuine(self, picture: Picture) -> int | None:
        """The mark of a picture that looks as it was sent."""
        mark = marks.read(picture)
        if mark is None:
            return None
        wanted = self.truth.get(mark)
        if wanted is not None and np.abs(glance(picture).astype(int) - wanted).mean() > MAX_DIFFERENCE:
            self.broken += 1
            return None
        return mark

    def sound_counts(self) -> dict[str, int]:
        """Samples at 48 kHz since the start: decoded, recovered, concealed."""
        if self.bot is None:
            return {"decoded": sum(samples for _, _, samples in self.sounds), "recovered": 0, "concealed": 0}
        counted = self.bot.telemetry.counted
        return {name: counted(f"audio_samples_{name}") for name in ("decoded", "recovered", "concealed")}


class _Face:
    """A face observer that notes which picture it measured when."""

    def __init__(self, observer: FaceObserver, noted: Noted) -> None:
        self._observer = observer
        self._noted = noted

    def observe(self, image: Picture, time_ms: float) -> FaceEstimate | None:
        mark = self._noted.genuine(image)
        found = self._observer.observe(image, time_ms)
        if found is not None and mark is not None:
            self._noted.faces.append((clock.now_ms(), mark))
        return found

    def portrait(self, picture: Picture) -> Portrait | None:
        return self._observer.portrait(picture)

    @property
    def vector(self) -> Floats | None:
        return self._observer.vector

    def calibrate(self) -> None:
        self._observer.calibrate()

    def close(self) -> None:
        self._observer.close()


class _Voice:
    """A voice observer that notes when it heard what."""

    def __init__(self, observer: VoiceObserver, noted: Noted) -> None:
        self._observer = observer
        self._noted = noted

    @property
    def wanted(self) -> int:
        return self._observer.wanted

    def observe(self, samples: Floats, time_ms: float, lost: int = 0) -> list[VoiceEstimate]:
        now = clock.now_ms()
        self._noted.sounds.append((now, now - time_ms, len(samples) * 3))
        return self._observer.observe(samples, time_ms)

    def express(self, on: bool) -> None:
        self._observer.express(on)


@contextlib.asynccontextmanager
async def ours() -> AsyncIterator[tuple[str, Noted]]:
    """The service, with its real models; yields its address and what it notes."""
    noted = Noted()
    engine = build(Config())
    face, voice = engine.face, engine.voice
    engine = dataclasses.replace(engine, face=lambda: _Face(face(), noted), voice=lambda: _Voice(voice(), noted))
    noted.bot = bot = Bot(Config(), engine)

    def said(message: AvatarFrame) -> None:
        if message.payload.measured and noted.faces:
            noted.named[message.sequence] = noted.faces[-1][1]

    bot.on("avatar_frame", said)
    await bot.start()
    async with _served(create_app(bot)) as base:
        yield base, noted
    await bot.close()


@contextlib.asynccontextmanager
async def aiortc_alone() -> AsyncIterator[tuple[str, Noted]]:
    """`await track.recv()`, drained at once; every picture that comes counts as measured."""
    noted = Noted()
    connections: list[RTCPeerConnection] = []
    tasks: list[asyncio.Task[None]] = []

    async def watch(track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = cast(VideoFrame, await track.recv())
                mark = noted.genuine(planes(frame))
                if mark is not None:
                    noted.faces.append((clock.now_ms(), mark))

    async def listen(track: MediaStreamTrack) -> None:
        first: float | None = None
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = cast(AudioFrame, await track.recv())
                now = clock.now_ms()
                at = (frame.pts or 0) / 48
                first = now - at if first is None else min(first, now - at)
                noted.sounds.append((now, now - at - first, frame.samples))

    async def post(request: web.Request) -> web.Response:
        connection = RTCPeerConnection()
        connections.append(connection)

        def track(one: MediaStreamTrack) -> None:
            tasks.append(asyncio.ensure_future((watch if one.kind == "video" else listen)(one)))

        connection.on("track", track)
        await connection.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        headers = {"Content-Type": "application/sdp", "Location": f"{request.path}/one"}
        return web.Response(status=201, body=connection.localDescription.sdp.encode(), headers=headers)

    async def delete(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/whip/{room}", post), web.delete("/whip/{room}/one", delete)])
    async with _served(app) as base:
        yield base, noted
    for connection in connections:
        await connection.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
