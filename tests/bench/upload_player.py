"""A participant of the upload design: JPEGs and PCM chunks over Socket.IO, beside whatever call there may be."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, Final

import aiohttp
import msgspec
import socketio

from hoovik_rtc import clock
from tests.bench.material import CHUNK_SAMPLES, Material
from tests.bench.record import Heard, Record, note

CHUNK_S: Final = CHUNK_SAMPLES / 16_000
_decoder = msgspec.json.Decoder(tuple[str, Heard])


class Json:
    """What Socket.IO uses to write and read its packets: as cheap as can be had."""

    @staticmethod
    def dumps(data: Any, **_: Any) -> str:
        """JSON text; `msgspec.Raw` goes in as it is."""
        return msgspec.json.encode(data).decode()

    @staticmethod
    def loads(text: str, **_: Any) -> Any:
        """Our messages with only what the load reads of them; anything else in full."""
        if text.startswith(('["avatar_frame"', '["emotion_update"')):
            return list(_decoder.decode(text))
        return msgspec.json.decode(text)


class UploadPlayer:
    """Sends pictures at `fps` and sound in chunks of 0.1 s.

    A picture that could not be handed over before the next one was captured is skipped, newest first: kinder than
    the design, whose pages let them pile up.

    Args:
        media: what to send.
        fps: pictures a second.
        phase: seconds, 0…1: when within a second its first picture leaves.
    """

    def __init__(self, media: Material, fps: float, phase: float) -> None:
        self.record = Record()
        self.fps = fps
        self._media = media
        self._phase = phase
        self._client = socketio.AsyncClient(json=Json, reconnection=False)
        self._client.on("avatar_frame", self._heard)
        self._client.on("emotion_update", self._heard)
        self._client.on("disconnect", self._lost)
        self._tasks: list[asyncio.Task[None]] = []
        self._seen = asyncio.Event()
        self._leaving = False
        self._consented_at = 0.0
        self._bytes = self._bytes_before = 0

    async def join(self, base: str, http: aiohttp.ClientSession) -> None:
        """Connect."""
        await self._client.connect(base, transports=["websocket"], wait_timeout=20)
        self._count_bytes()
        loop = asyncio.get_running_loop()
        start = loop.time() + (self._phase - loop.time()) % 1.0
        self._tasks = [asyncio.ensure_future(self._pictures(start)), asyncio.ensure_future(self._sound(start))]

    def agree(self) -> None:
        """From here on the results count."""
        self._consented_at = clock.now_ms()
        self._tasks.append(asyncio.ensure_future(self._client.emit("consent", {})))

    async def seen(self) -> None:
        """Wait for the first measured frame."""
        await self._seen.wait()

    async def begin(self) -> None:
        """The measured window begins."""
        self._bytes_before = self._bytes

    async def end(self) -> None:
        """It ends."""
        self.record.bytes_sent = self._bytes - self._bytes_before
        self.record.named = self.record.sent

    async def leave(self, base: str, http: aiohttp.ClientSession) -> None:
        """Hang up."""
        self._leaving = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.disconnect()

    async def _pictures(self, start: float) -> None:
        loop = asyncio.get_running_loop()
        jpegs, step = self._media.jpegs, self._media.clip.fps / self.fps
        for index in itertools.count():
            due = start + index / self.fps
            if loop.time() > due + 1 / self.fps:
                continue
            await asyncio.sleep(max(0.0, due - loop.time()))
            at = clock.now_ms()
            self.record.sent.append(at)
            jpeg = jpegs[round(index * step) % len(jpegs)]
            await self._client.emit("frame", {"timestamp": at, "jpeg": jpeg})

    async def _sound(self, start: float) -> None:
        loop = asyncio.get_running_loop()
        for index in itertools.count(1):  # a chunk leaves when its last sample was captured
            await asyncio.sleep(max(0.0, start + index * CHUNK_S - loop.time()))
            chunk = self._media.chunks[index % len(self._media.chunks)]
            await self._client.emit("audio", {"timestamp": clock.now_ms() - CHUNK_S * 1000, "pcm": chunk})

    async def _heard(self, heard: Heard) -> None:
        at = clock.now_ms()
        note(self.record, heard, at)
        if heard.payload.measured and not self._seen.is_set():
            self.record.consent_to_first_ms = at - self._consented_at
            self._seen.set()

    async def _lost(self, *_: Any) -> None:
        self.record.lost = self.record.lost or not self._leaving

    def _count_bytes(self) -> None:
        """Count what goes into the WebSocket: 8 bytes of header for each client message of 126 bytes to 64 kB."""
        websocket = self._client.eio.ws
        for name in ("send_bytes", "send_str"):
            setattr(websocket, name, self._counting(getattr(websocket, name)))

    def _counting(self, send: Any) -> Any:
        async def counted(data: bytes | str) -> None:
            self._bytes += len(data) + 8
            await send(data)

        return counted
