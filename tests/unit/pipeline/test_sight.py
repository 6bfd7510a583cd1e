"""One participant's picture, with a real decoder and without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

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
from tests.fakes import FakeExpression, engine
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
