"""Path (b): aiortc as its examples use it, `await track.recv()`, with the service's stages behind it.

    python -m tests.bench.aiortc_path --port 8080

The same WHIP endpoint and data channels as the service. Pictures and sound come through aiortc's jitter buffers, its
decoder thread for each track, and its prefetch of four packets of sound. It is used well: `recv()` is drained at
once and only the newest picture waits, so no queue builds up in aiortc. Seats in its receivers note when packets
came and what sender reports said; what they pass on is unchanged.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any, cast

import av
import numpy as np
from aiohttp import web
from aiortc import (
    MediaStreamTrack,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtcpSrPacket, RtpPacket
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from hoovik_inference.types import Floats, Image
from hoovik_rtc import clock
from hoovik_rtc.media.tap import JITTER_BUFFER, RTCP_HANDLER
from hoovik_rtc.media.timeline import SenderClock, Timeline
from tests.bench.baseline import Baseline, Person, Said, Shown

MAX_NOTED = 512
"Arrivals remembered per track."


class Seat:
    """In front of one receiver's jitter buffer: when did the last packet of a frame come, when was it captured?"""

    def __init__(self, receiver: RTCRtpReceiver, clock_rate: int, sender: SenderClock) -> None:
        self._buffer: Any = getattr(receiver, JITTER_BUFFER)
        self._handle_rtcp: Any = getattr(receiver, RTCP_HANDLER)
        self._timeline = Timeline(clock_rate, sender)
        self._arrivals: dict[int, float] = {}
        self._first: int | None = None
        self._ssrc = 0
        setattr(receiver, JITTER_BUFFER, self)
        setattr(receiver, RTCP_HANDLER, self._on_rtcp)

    def add(self, packet: RtpPacket) -> Any:
        """What aiortc calls as its jitter buffer."""
        self._ssrc = packet.ssrc
        self._arrivals[packet.timestamp] = clock.now_ms()
        if len(self._arrivals) > MAX_NOTED:
            self._arrivals.pop(next(iter(self._arrivals)))
        answer = self._buffer.add(packet)
        if self._first is None and answer[1] is not None:
            self._first = answer[1].timestamp  # aiortc counts a track's presentation times from here
        return answer

    def times(self, pts: int) -> tuple[float, float]:
        """(capture, arrival of the last packet) of the frame with this presentation time, Unix ms."""
        timestamp = ((self._first or 0) + pts) & 0xFFFFFFFF
        arrival = self._arrivals.get(timestamp, clock.now_ms())
        return self._timeline.capture_ms(self._ssrc, timestamp, arrival), arrival

    async def _on_rtcp(self, packet: Any) -> None:
        if isinstance(packet, RtcpSrPacket):
            info = packet.sender_info
            self._timeline.report(packet.ssrc, info.ntp_timestamp, info.rtp_timestamp, clock.now_ms())
        await self._handle_rtcp(packet)


class Guest:
    """One connection."""

    def __init__(self, baseline: Baseline) -> None:
        self.connection = RTCPeerConnection()
        self._baseline = baseline
        self._person: Person | None = None
        self._channels: dict[str, RTCDataChannel] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._sender = SenderClock()
        self.connection.on("track", self._track)
        self.connection.on("datachannel", self._channel)

    async def answer(self, sdp: str) -> str:
        """The answer to an offer."""
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return self.connection.localDescription.sdp

    async def close(self) -> None:
        """The participant left."""
        if self._person is not None:
            self._person.close()
        await self.connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _track(self, track: MediaStreamTrack) -> None:
        receiver = next(one.receiver for one in self.connection.getTransceivers() if one.receiver.track is track)
        seat = Seat(receiver, 90_000 if track.kind == "video" else 48_000, self._sender)
        reading = self._watch(track, seat) if track.kind == "video" else self._hear(track, seat)
        self._tasks.append(asyncio.ensure_future(reading))

    async def _watch(self, track: MediaStreamTrack, seat: Seat) -> None:
        while True:
            try:
                frame = cast(VideoFrame, await track.recv())
            except MediaStreamError:
                return
            if self._person is not None and frame.pts is not None:
                capture, arrival = seat.times(frame.pts)

                def rgb(frame: VideoFrame = frame) -> Image:
                    return cast(Image, frame.to_ndarray(format="rgb24"))

                self._person.picture(Shown(rgb, capture, arrival))

    async def _hear(self, track: MediaStreamTrack, seat: Seat) -> None:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
        while True:
            try:
                frame = cast(AudioFrame, await track.recv())
            except MediaStreamError:
                return
            if self._person is not None and frame.pts is not None:
                capture, arrival = seat.times(frame.pts)

                def samples(frame: AudioFrame = frame) -> Floats:
                    parts = [part.to_ndarray()[0] for part in resampler.resample(frame)]
                    return cast(Floats, np.concatenate([np.zeros(0, np.float32), *parts]))

                self._person.sound(Said(samples, capture, arrival))

    def _channel(self, channel: RTCDataChannel) -> None:
        self._channels[channel.label] = channel
        if channel.label == "hoovik.control":
            channel.on("message", self._control)
            channel.send('{"type":"welcome","payload":{}}')

    def _control(self, text: str) -> None:
        if '"consent"' in text and self._person is None:
            self._person = Person(self._baseline, self._send)

    def _send(self, kind: str, text: str) -> None:
        channel = self._channels.get("hoovik.avatar" if kind == "avatar_frame" else "hoovik.emotion")
        if channel is not None and channel.readyState == "open":
            channel.send(text)


class Server:
    """WHIP in front of the guests."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline
        self._guests: dict[str, Guest] = {}

    async def post(self, request: web.Request) -> web.Response:
        """A participant joins."""
        guest = Guest(self._baseline)
        name = f"g{id(guest):x}"
        self._guests[name] = guest
        answer = await guest.answer(await request.text())
        headers = {"Content-Type": "application/sdp", "Location": f"{request.path}/{name}"}
        return web.Response(status=201, body=answer.encode(), headers=headers)

    async def delete(self, request: web.Request) -> web.Response:
        """A participant leaves."""
        guest = self._guests.pop(request.match_info["name"], None)
        if guest is not None:
            await guest.close()
        return web.Response()

    async def close(self, _: web.Application) -> None:
        """Everybody leaves."""
        await asyncio.gather(*(guest.close() for guest in self._guests.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    baseline, app = Baseline(), web.Application()
    server = Server(baseline)
    app.add_routes(baseline.routes())
    app.add_routes([web.post("/whip/{room}", server.post), web.delete("/whip/{room}/{name}", server.delete)])
    app.cleanup_ctx.append(baseline.live)
    app.on_shutdown.append(server.close)
    web.run_app(app, host="127.0.0.1", port=options.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
