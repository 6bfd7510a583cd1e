"""Path (c): the upload design, JPEGs and PCM chunks over Socket.IO, with the service's stages behind it.

    python -m tests.bench.upload_path --port 8080

As the reference engine does it: beside the call a page sends a JPEG five times a second and 0.1 s of 16 kHz mono
int16 sound at a time, and results come back over the same socket. It is used well: binary attachments, not base64;
the WebSocket transport from the beginning, uncompressed; JPEGs decoded by OpenCV on the face pool; only the newest
picture waits; results are written once, by the service's own encoder.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any, cast

import cv2
import msgspec
import numpy as np
import socketio
from aiohttp import web

from hoovik_inference.types import Floats, Image
from hoovik_rtc import clock
from tests.bench.baseline import Baseline, Person, Said, Shown
from tests.bench.upload_player import Json

MAX_MESSAGE = 1 << 20


class Guest:
    """One socket: messages go out in order, by a task of its own."""

    def __init__(self, server: socketio.AsyncServer, sid: str, baseline: Baseline) -> None:
        self._server = server
        self._sid = sid
        self._outgoing: asyncio.Queue[tuple[str, str]] = asyncio.Queue(256)
        self._baseline = baseline
        self._writer = asyncio.ensure_future(self._write())
        self.person: Person | None = None

    def consent(self) -> None:
        """From here on its media is looked at."""
        self.person = self.person or Person(self._baseline, self._send)

    def close(self) -> None:
        """The participant left."""
        self._writer.cancel()
        if self.person is not None:
            self.person.close()

    def _send(self, kind: str, text: str) -> None:
        if self._outgoing.full():
            self._outgoing.get_nowait()
            self._baseline.telemetry.count("upload_messages_dropped")
        self._outgoing.put_nowait((kind, text))

    async def _write(self) -> None:
        while True:
            kind, text = await self._outgoing.get()
            await self._server.emit(kind, msgspec.Raw(text.encode()), to=self._sid)


class Events(socketio.AsyncNamespace):  # type: ignore[misc]  # it ships no types
    """What pages send."""

    def __init__(self, baseline: Baseline) -> None:
        super().__init__("/")
        self._baseline = baseline
        self._guests: dict[str, Guest] = {}

    async def on_connect(self, sid: str, environ: dict[str, Any]) -> None:
        """A participant joins."""
        self._guests[sid] = Guest(self.server, sid, self._baseline)

    async def on_disconnect(self, sid: str, reason: str) -> None:
        """A participant leaves."""
        self._guests.pop(sid).close()

    async def on_consent(self, sid: str, data: dict[str, Any]) -> None:
        """The participant agrees."""
        self._guests[sid].consent()

    async def on_frame(self, sid: str, data: dict[str, Any]) -> None:
        """A JPEG."""
        person, jpeg = self._guests[sid].person, data["jpeg"]
        if person is not None:
            person.picture(Shown(lambda: decoded(jpeg), data["timestamp"], clock.now_ms()))

    async def on_audio(self, sid: str, data: dict[str, Any]) -> None:
        """A chunk of sound."""
        person, pcm = self._guests[sid].person, data["pcm"]
        if person is not None:
            person.sound(Said(lambda: sound(pcm), data["timestamp"], clock.now_ms()))


def decoded(jpeg: bytes) -> Image:
    """(H, W, 3) RGB."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None, "the load sends whole JPEGs"
    return cast(Image, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


def sound(pcm: bytes) -> Floats:
    """(n,) -1…1."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    baseline, app = Baseline(), web.Application()
    server = socketio.AsyncServer(
        async_mode="aiohttp", json=Json, max_http_buffer_size=MAX_MESSAGE, http_compression=False
    )
    server.register_namespace(Events(baseline))
    server.attach(app)
    app.add_routes(baseline.routes())
    app.cleanup_ctx.append(baseline.live)
    web.run_app(app, host="127.0.0.1", port=options.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
