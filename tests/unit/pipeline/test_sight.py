"""One participant's picture, with a real decoder and without a network."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from hoovik_inference.types import Floats
from hoovik_rtc import clock
from hoovik_rtc.media.decode import Picture, VideoDecoder
from hoovik_rtc.media.packets import EncodedFrame, MediaPacket
from hoovik_rtc.media.timeline import SenderClock
from hoovik_rtc.pipeline.analysis import InThreads
from hoovik_rtc.pipeline.eye import Expressed, Seen
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.sight import Sight
from hoovik_rtc.pipeline.workers import Workers
from hoovik_rtc.telemetry import Telemetry
from hoovik_rtc.testing import Clip
from tests.fakes import FakeExpression, FakeFace, engine
from tests.waiting import until


class Rig:
    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.telemetry = Telemetry()
        self.workers = Workers()
        self.seen: list[Seen] = []
        self.expressed: list[Expressed] = []
        self.keyframes = 0
        self.sent = 0
        load = Load(2.0)
        analysis = InThreads(self.workers, engine(), load.meter, self.telemetry)
        self.sight = Sight(analysis, SenderClock(), self, self.seen.append, self.expressed.append, load, self.telemetry)

    def request_keyframe(self) -> None:
        self.keyframes += 1

    def request_again(self, sequence_numbers: list[int]) -> None: ...

    def send(self, at_ms: float) -> None:
        """The clip's next frame in one packet, which came at this time."""
        n, self.sent = self.sent, self.sent + 1
        data = self.clip.video[n % len(self.clip.video)]
        self.sight.packet(MediaPacket(1, n & 0xFFFF, n * 3000, True, b"\x10" + data, data, at_ms))


@asynccontextmanager
async def rig(clip: Clip) -> AsyncIterator[Rig]:
    one = Rig(clip)
    try:
        yield one
    finally:
        await one.sight.close()
        one.workers.close()


async def test_every_picture_of_30_a_second_is_looked_at(moving_clip: Clip) -> None:
    async with rig(moving_clip) as one:
        begin = clock.now_ms()
        for n in range(10):
            one.send(begin + n * 33.4)
            await until(lambda n=n: len(one.seen) == n + 1)  # type: ignore[misc]
        assert one.telemetry.counted("video_frames_decoded") == 10
        assert one.keyframes == 0
        assert [seen.anew for seen in one.seen] == [True] + [False] * 9, "the observer begins with the first"


async def test_expressions_are_read_ten_times_a_second_and_only_while_asked_for(moving_clip: Clip) -> None:
    async with rig(moving_clip) as one:
        begin = clock.now_ms()

        async def play(frames: range) -> None:
            for n in frames:
                one.send(begin + n * 33.4)
                await until(lambda n=n: len(one.seen) == n + 1)  # type: ignore[misc]

        await play(range(10))
        assert FakeExpression.read == 0, "nobody asked"
        one.sight.express(True)
        await play(range(10, 40))
        await until(lambda: len(one.expressed) == 10)
        assert one.expressed[0].scores[1] == pytest.approx(0.8)
        one.sight.express(False)
        await play(range(40, 50))
        assert FakeExpression.read == 10


class Vectored(FakeFace):
    """Gives a vector of each face that it measured."""

    asked = 0

    @property
    def vector(self) -> Floats | None:
        type(self).asked += 1
        return np.full(326, self._time_ms, np.float32)


async def test_vectors_are_told_ten_times_a_second_and_only_while_asked_for(moving_clip: Clip) -> None:
    Vectored.asked = 0
    telemetry, workers, load = Telemetry(), Workers(), Load(2.0)
    seen: list[Seen] = []
    senses = dataclasses.replace(engine(), face=Vectored, expression=None, vectors=True)
    eye = InThreads(workers, senses, load.meter, telemetry).eye(seen.append, lambda _: None, lambda: None)

    async def play(frames: range) -> None:
        for n in frames:
            data = moving_clip.video[n % len(moving_clip.video)]
            at = 1000.0 + n * 33.4
            eye.put(EncodedFrame(data, n * 3000, 1, not data[0] & 1, False, at, at), True, False)
            await until(lambda n=n: len(seen) == n + 1)  # type: ignore[misc]

    await play(range(10))
    assert Vectored.asked == 0 and all(one.face is not None and one.face.vector is None for one in seen)
    eye.express(True)
    await play(range(10, 40))
    told = [one.face for one in seen if one.face is not None and one.face.vector is not None]
    assert len(told) == 10 == Vectored.asked
    assert all(one.vector is not None and one.vector[0] == np.float32(one.time_ms) for one in told)
    eye.express(False)
    await play(range(40, 50))
    assert Vectored.asked == 10
    await eye.close()
    workers.close()


async def test_a_decoder_that_brings_nothing_for_five_seconds_is_made_anew(
    moving_clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder can end without a word: packets come, the connection stands, and no picture appears any more."""
    ended: list[VideoDecoder] = []
    decode = VideoDecoder.decode

    def silent(self: VideoDecoder, frame: EncodedFrame) -> Picture | None:
        return None if self in ended else decode(self, frame)

    monkeypatch.setattr(VideoDecoder, "decode", silent)
    async with rig(moving_clip) as one:
        begin = clock.now_ms()
        one.send(begin)
        await until(lambda: len(one.seen) == 1)
        ended.append(one.sight._eye._decoder)  # type: ignore[attr-defined]
        for n in range(1, 170):
            one.send(begin + n * 33.4)
            decoded = n + 1
            await until(
                lambda decoded=decoded: (  # type: ignore[misc]
                    one.telemetry.counted("video_frames_decoded")
                    + one.telemetry.counted("video_frames_without_reference")
                    >= decoded
                    or one.telemetry.counted("video_decoder_renewed") > 0
                )
            )
        assert one.telemetry.counted("video_decoder_renewed") == 1
        assert one.keyframes >= 1, "the sender is asked for a beginning"
        await until(lambda: len(one.seen) > 1)
