"""A participant for tests, benchmarks and examples: plays encoded media into a service and collects its answers.

The media is encoded beforehand, so playing costs nothing that could disturb a measurement. It is a real WebRTC
peer (aiortc): real ICE, DTLS, SRTP, RTP, SCTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import aiohttp
import av
import msgspec
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from av.audio.frame import AudioFrame
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from hoovik_inference.types import Floats, Image
from hoovik_rtc import clock
from hoovik_rtc.errors import HoovikError
from hoovik_rtc.media.recording import Recording, Shown

OPUS_SAMPLES = 960
"20 ms at 48 kHz."


class CallRefusedError(HoovikError):
    """The service refused the call; `status` and `body` are what it said."""

    def __init__(self, status: int, body: str, headers: Any) -> None:
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Clip:
    """Encoded media that a call plays, over and over."""

    video: tuple[bytes, ...]
    "VP8 frames."
    fps: float
    "Frames a second."
    audio: tuple[bytes, ...]
    "Opus packets of 20 ms."
    keyframes: tuple[bool, ...] = ()
    "Which of the frames are keyframes."

    @property
    def seconds(self) -> float:
        """Length of one round."""
        return max(len(self.video) / self.fps if self.fps else 0.0, len(self.audio) / 50)


def encode(
    frames: Iterable[Image],
    fps: float,
    voice: Floats | None = None,
    *,
    bitrate: int = 800_000,
    keyframe_every: int = 15,
    fec: bool = False,
) -> Clip:
    """Encode (H, W, 3) RGB pictures as VP8 and (n,) 48 kHz mono -1…1 sound as Opus, as a browser's call would.

    With `fec`, each Opus packet repeats the one before it, as browsers do once they hear of loss.
    """
    video: list[bytes] = []
    keys: list[bool] = []
    codec: VideoCodecContext | None = None
    for index, image in enumerate(frames):
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format="yuv420p")
        if codec is not None and (codec.width, codec.height) != (frame.width, frame.height):
            codec = None  # a change of size in the middle, as browsers make them: a new keyframe
        if codec is None:
            codec = _vp8(frame.width, frame.height, fps, bitrate, keyframe_every)
        frame.pts = index
        frame.time_base = fractions.Fraction(1, max(1, round(fps)))
        for packet in codec.encode(frame):
            video.append(bytes(packet))
            keys.append(packet.is_keyframe)
    return Clip(tuple(video), fps, tuple(_opus(voice, fec)) if voice is not None else (), tuple(keys))


def clip_of(path: Path, *, width: int, height: int, fps: float = 30.0, seconds: float = 8.0) -> Clip:
    """A clip from a file, its picture fitted into `width` × `height` with a border, its sound as it is."""
    pictures: list[tuple[float, Image]] = []
    with Recording(path) as recording:
        for item in recording:
            if item.time_ms > seconds * 1000:
                break
            if isinstance(item, Shown):
                pictures.append((item.time_ms, _fit(item.rgb(), width, height)))
    step = 1000 / fps
    end = pictures[-1][0] if pictures else 0.0
    frames: list[Image] = []
    at = 0
    for index in range(int(end / step)):
        while at + 1 < len(pictures) and pictures[at + 1][0] <= index * step:
            at += 1
        frames.append(pictures[at][1])
    return encode(frames, fps, sound_of(path, seconds), bitrate=1_000_000)


def sound_of(path: Path, seconds: float) -> Floats | None:
    """The first `seconds` of a file's sound as (n,) 48 kHz mono -1…1; None where it has none."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return None
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        parts: list[Floats] = []
        for frame in container.decode(audio=0):
            parts += [cast(Floats, part.to_ndarray()[0]) for part in resampler.resample(frame)]
    samples: Floats = np.concatenate(parts)[: int(seconds * 48_000)]
    return samples


def _fit(image: Image, width: int, height: int) -> Image:
    """Scaled to fit, on grey."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = (int(image.shape[1] * scale) // 2 * 2, int(image.shape[0] * scale) // 2 * 2)
    frame = VideoFrame.from_ndarray(image, format="rgb24").reformat(width=size[0], height=size[1], format="rgb24")
    canvas = np.full((height, width, 3), 128, np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = frame.to_ndarray(format="rgb24")
    return canvas


def _vp8(width: int, height: int, fps: float, bitrate: int, keyframe_every: int) -> VideoCodecContext:
    codec = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height = width, height
    codec.pix_fmt = "yuv420p"
    codec.time_base = fractions.Fraction(1, max(1, round(fps)))
    codec.bit_rate = bitrate
    codec.gop_size = keyframe_every
    codec.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "error-resilient": "1"}
    return codec


def _opus(voice: Floats, fec: bool) -> Iterable[bytes]:
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate = 48_000
    codec.layout = "mono"
    codec.format = "flt"
    codec.bit_rate = 32_000
    codec.options = {"application": "voip", "frame_duration": "20"}
    if fec:
        codec.options |= {"fec": "1", "packet_loss": "20"}
    for start in range(0, len(voice) - OPUS_SAMPLES + 1, OPUS_SAMPLES):
        piece = np.ascontiguousarray(voice[start : start + OPUS_SAMPLES][None, :], np.float32)
        frame = AudioFrame.from_ndarray(piece, format="flt", layout="mono")
        frame.sample_rate = 48_000
        frame.pts = start
        yield from (bytes(packet) for packet in codec.encode(frame))


class _Playing(MediaStreamTrack):
    """Hands aiortc one encoded packet at its time."""

    def __init__(self, kind: str, packets: tuple[bytes, ...], per_second: float, sent: list[float]) -> None:
        super().__init__()
        self.kind = kind
        self._packets = packets
        self._per_second = per_second
        self._sent = sent
        self._index = 0
        self._ahead = 0
        self._start: float | None = None
        self.paused = False
        self.phase: float | None = None
        "If set, the first packet leaves at the next moment that lies so many seconds behind a whole one."
        self.started_ms: float | None = None
        "When the first packet is due, Unix ms; each further one is due at its time after it."

    def jump_to(self, wanted: tuple[bool, ...]) -> None:
        """Go on at the next of the packets that are wanted, leaving out those before it."""
        for ahead in range(len(wanted)):
            if wanted[(self._index + self._ahead + ahead) % len(wanted)]:
                self._ahead += ahead
                return

    async def recv(self) -> av.Packet[Any]:
        """The next packet, when it is due."""
        loop = asyncio.get_running_loop()
        if self._start is None:
            self._start = loop.time()
            if self.phase is not None:
                self._start += (self.phase - self._start) % 1.0
            self.started_ms = clock.now_ms() + (self._start - loop.time()) * 1000
        while True:
            due = self._start + self._index / self._per_second
            await asyncio.sleep(max(0.0, due - loop.time()))
            index, self._index = self._index, self._index + 1
            if not self.paused:
                break
        packet = av.Packet(self._packets[(index + self._ahead) % len(self._packets)])
        clock_rate = 90_000 if self.kind == "video" else 48_000
        packet.pts = packet.dts = round(index * clock_rate / self._per_second)
        packet.time_base = fractions.Fraction(1, clock_rate)
        self._sent.append(clock.now_ms())
        return packet


@dataclass
class Received:
    """What the bot said to one call."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    "Everything, in order of arrival."
    times: list[float] = field(default_factory=list)
    "When each came, Unix ms."

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The messages of one type."""
        return [message for message in self.messages if message["type"] == kind]

    def timed(self, kind: str) -> list[tuple[float, dict[str, Any]]]:
        """The messages of one type with their times."""
        return [(at, one) for at, one in zip(self.times, self.messages, strict=True) if one["type"] == kind]

    def counts(self) -> Counter[str]:
        """How many of each type."""
        return Counter(message["type"] for message in self.messages)


class Detour(Protocol):
    """Something between a call and the service that both sides take for the other; it exchanges addresses in SDP."""

    def offer(self, sdp: str) -> str:
        """The offer as the service gets it."""
        ...

    def answer(self, sdp: str) -> str:
        """The answer as the call gets it."""
        ...


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
            self.audio = _Playing("audio", clip.audio, 50.0, self.sent_audio)
            self.connection.addTrack(self.audio)
        if clip is not None and clip.video:
            self.video = _Playing("video", clip.video, clip.fps, self.sent_video)
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
        query = {"name": name} | ({"resume": resume} if resume else {})
        headers = {"Content-Type": "application/sdp"}
        offer = await self.offer()
        if through is not None:
            offer = through.offer(offer)
        async with http.post(url, data=offer, params=query, headers=headers) as response:
            body = await response.text()
            if response.status != 201:
                raise CallRefusedError(response.status, body, response.headers)
            self.location = response.headers["Location"]
        await self.answered(body if through is None else through.answer(body))

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
