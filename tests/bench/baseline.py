"""The service's own stages behind another transport: what both baselines share.

The models, what is made of their results, when a message leaves and how it is written are the service's own
objects, and so are the sizes of the pools; only how media comes in and messages go out belongs to a baseline. Both
are treated kindly: of pictures only the newest waits for a worker, nothing is queued behind a slow one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from aiohttp import web

from hoovik_inference.types import EmotionEstimate, FaceEstimate, Floats, Image, VoiceEstimate
from hoovik_rtc import clock
from hoovik_rtc.config import Config
from hoovik_rtc.pipeline import engine as engines
from hoovik_rtc.pipeline.cadence import Cadence
from hoovik_rtc.pipeline.engine import Engine
from hoovik_rtc.pipeline.envelope import Envelope
from hoovik_rtc.pipeline.expression import Expression
from hoovik_rtc.pipeline.stall import StallSampler
from hoovik_rtc.pipeline.workers import Workers
from hoovik_rtc.telemetry import Telemetry
from hoovik_rtc.wire import json as wire

MAX_SOUND = 50
"Pieces of sound that wait at most; the oldest go."
Send = Callable[[str, str], None]
"(type of the message, its text)"


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that waits to be looked at."""

    rgb: Callable[[], Image]
    "Makes (H, W, 3) RGB, on a worker."
    capture_ms: float
    arrival_ms: float


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of sound that waits to be listened to."""

    samples: Callable[[], Floats]
    "Makes (n,) 16 kHz mono -1…1, on a worker."
    capture_ms: float
    "Of its first sample."
    arrival_ms: float


class Baseline:
    """Models, pools, the emotion tick and the figures, as the service has them."""

    def __init__(self) -> None:
        self.telemetry = Telemetry()
        self.workers = Workers()
        self.people: set[Person] = set()
        self._engine: Engine | None = None
        self._stalls = StallSampler(self.telemetry)

    @property
    def engine(self) -> Engine:
        """The models; there once the baseline is ready."""
        assert self._engine is not None
        return self._engine

    async def live(self, _: web.Application) -> AsyncIterator[None]:
        """For `app.cleanup_ctx`."""
        loop = asyncio.get_running_loop()
        self._engine = await loop.run_in_executor(self.workers.face, engines.build, Config())
        feeling = asyncio.ensure_future(self._feel())
        self._stalls.start()
        yield
        feeling.cancel()
        await asyncio.gather(feeling, return_exceptions=True)
        await self._stalls.stop()
        for one in list(self.people):
            one.close()
        self.workers.close()

    def routes(self) -> list[web.RouteDef]:
        """What `make bench` asks every service."""
        return [web.get("/ready", self._ready), web.get("/stats/json", self._stats)]

    async def _ready(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ready" if self._engine is not None else "loading"})

    async def _stats(self, request: web.Request) -> web.Response:
        return web.json_response(self.telemetry.snapshot(float(request.query.get("seconds", 60))))

    async def _feel(self) -> None:
        """Ten times a second, the windows of all in one call to the model."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + 0.1, loop.time())
            await asyncio.sleep(due - loop.time())
            now = clock.now_ms()
            ready = [(one, window) for one in self.people if (window := one.expression.window(now)) is not None]
            if ready:
                windows = [window for _, window in ready]
                estimates = await loop.run_in_executor(self.workers.inference, self.engine.emotion.infer, windows)
                for (one, _), estimate in zip(ready, estimates, strict=True):
                    one.felt(estimate)


class Person:
    """One participant of a baseline.

    Args:
        baseline: what all participants share.
        send: called on the loop with each message.
    """

    def __init__(self, baseline: Baseline, send: Send) -> None:
        self.expression = Expression()
        self._baseline = baseline
        self._send = send
        self._face = baseline.engine.face()
        self._voice = baseline.engine.voice()
        self._cadence = Cadence()
        self._envelope = Envelope("bench", f"p-{id(self):x}")
        self._picture: Shown | None = None
        self._sounds: deque[Said] = deque(maxlen=MAX_SOUND)
        self._shown, self._spoken = asyncio.Event(), asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks = [asyncio.ensure_future(self._look()), asyncio.ensure_future(self._listen())]
        baseline.people.add(self)

    def picture(self, one: Shown) -> None:
        """A picture came; one that still waits is skipped for it."""
        if self._picture is not None:
            self._baseline.telemetry.count("video_frames_skipped")
        self._picture = one
        self._shown.set()

    def sound(self, one: Said) -> None:
        """A piece of sound came."""
        self._sounds.append(one)
        self._spoken.set()

    def close(self) -> None:
        """The participant left."""
        self._baseline.people.discard(self)
        for task in self._tasks:
            task.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def felt(self, estimate: EmotionEstimate) -> None:
        """The model read the newest window."""
        self.expression.felt(estimate)
        timestamp = min(self.expression.timestamp_ms or estimate.time_ms, estimate.time_ms)
        payload = self.expression.emotion(estimate, clock.now_ms() - timestamp)
        self._send("emotion_update", wire.encode(self._envelope.emotion(timestamp, payload)))

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._shown.wait()
            self._shown.clear()
            picture, self._picture = self._picture, None
            if picture is None:
                continue
            one = picture

            def observe(one: Shown = one) -> FaceEstimate | None:
                started = clock.now_ms()
                image = one.rgb()
                converted = clock.now_ms()
                self._baseline.telemetry.took("convert", converted - started)
                face = self._face.observe(image, one.capture_ms)
                self._baseline.telemetry.took("face", clock.now_ms() - converted)
                return face

            face = await loop.run_in_executor(self._baseline.workers.face, observe)
            if face is not None:
                now = clock.now_ms()
                self.expression.saw(face, now)
                self._cadence.face(now)
                self._avatar(now, measured=True)
                self._baseline.telemetry.took("last_packet_to_avatar", clock.now_ms() - one.arrival_ms)
                self._arm(now)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._spoken.wait()
            self._spoken.clear()
            batch = list(self._sounds)
            self._sounds.clear()

            def observe(batch: list[Said] = batch) -> list[tuple[VoiceEstimate, float]]:
                started = clock.now_ms()
                out = []
                for one in batch:
                    samples = one.samples()
                    end = one.capture_ms + len(samples) / 16
                    out += [(estimate, one.arrival_ms) for estimate in self._voice.observe(samples, end)]
                self._baseline.telemetry.took("voice", clock.now_ms() - started)
                return out

            for voice, arrival_ms in await loop.run_in_executor(self._baseline.workers.audio, observe):
                now = clock.now_ms()
                self.expression.heard(voice, now)
                if self.expression.modality(now) == "audio_only" and self._cadence.sound(now):
                    self.expression.forget_face(now)
                    self._avatar(now, measured=False)
                self._baseline.telemetry.took("last_packet_to_voice", clock.now_ms() - arrival_ms)

    def _avatar(self, now: float, measured: bool) -> None:
        timestamp = self.expression.timestamp_ms
        if timestamp is None:
            return
        payload = self.expression.avatar(self.expression.pose(now, measured), clock.now_ms() - timestamp)
        self._send("avatar_frame", wire.encode(self._envelope.avatar(timestamp, payload)))

    def _arm(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._cadence.due is not None:
            delay = max(0.0, self._cadence.due - now) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay, self._predict)

    def _predict(self) -> None:
        now = clock.now_ms()
        if self._cadence.gone(now):
            self.expression.forget_face(now)
        if self._cadence.predict(now):
            self._avatar(now, measured=False)
        self._arm(now)
