"""One participant's picture: packets → frames → decoded → measured face."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hoovik_inference.types import FaceEstimate, FaceObserver
from hoovik_rtc import clock
from hoovik_rtc.media.assemble import VideoAssembler
from hoovik_rtc.media.decode import Picture, UndecodableError, VideoDecoder
from hoovik_rtc.media.packets import EncodedFrame, MediaPacket
from hoovik_rtc.media.timeline import SenderClock, Timeline
from hoovik_rtc.pipeline.cadence import MIN_INTERVAL_MS
from hoovik_rtc.pipeline.stage import Stage
from hoovik_rtc.pipeline.workers import Workers
from hoovik_rtc.telemetry import Telemetry

MAX_WAITING = 30
"Encoded frames that may wait for the decoder: one second."


class Feedback(Protocol):
    """What a receiver can ask of its sender; a Tap is one."""

    def request_keyframe(self) -> None:
        """Ask for a keyframe."""
        ...

    def request_again(self, sequence_numbers: list[int]) -> None:
        """Ask for packets again."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one picture that was looked at."""

    frame: EncodedFrame
    "The picture's source, with its times."
    face: FaceEstimate | None
    "None where no face was found."
    black: bool
    "The picture showed nothing at all: no media."


class Sight:
    """The video of one participant while analysis is consented to.

    Args:
        workers: pools; decoding and measuring run on the face pool.
        observer: makes the face observer, on a worker.
        sender: clock shared with the participant's sound.
        feedback: where keyframes are asked for.
        deliver: called on the loop for each picture that was looked at.
        telemetry: counters and durations.
    """

    def __init__(
        self,
        workers: Workers,
        observer: Callable[[], FaceObserver],
        sender: SenderClock,
        feedback: Feedback,
        deliver: Callable[[Seen], None],
        telemetry: Telemetry,
    ) -> None:
        self._workers = workers
        self._make_observer = observer
        self._observer: FaceObserver | None = None
        self._decoder = VideoDecoder()
        self._needs_keyframe = True
        self._feedback = feedback
        self._deliver = deliver
        self._telemetry = telemetry
        self._timeline = Timeline(90_000, sender)
        self._assembler = VideoAssembler(telemetry.count)
        self._stage = Stage(workers.face, self._work, self._done, MAX_WAITING, self._overflow)
        self._stopping = False
        self._calibrate = False
        self._looked_ms = float("-inf")

    def packet(self, packet: MediaPacket) -> None:
        """One RTP packet, from the tap."""
        assembled = self._assembler.push(packet)
        if assembled.want_keyframe:
            self._feedback.request_keyframe()
        if assembled.resend:
            self._feedback.request_again(assembled.resend)
        for frame in assembled.frames:
            capture = self._timeline.capture_ms(frame.ssrc, frame.timestamp, frame.arrival_ms)
            self._stage.put(dataclasses.replace(frame, capture_ms=capture))

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None:
        """One sender report, from the tap."""
        self._timeline.report(ssrc, ntp, rtp, arrival_ms)

    @property
    def depth(self) -> int:
        """Frames that wait for a worker."""
        return self._stage.depth

    def stop(self) -> None:
        """Decode nothing further, beginning now; `close` waits for what runs."""
        self._stopping = True

    async def close(self) -> None:
        """Decode nothing further; returns when the worker let go and the observer is released."""
        self._stopping = True
        await self._stage.close()
        if self._observer is not None:
            observer, self._observer = self._observer, None
            await _finished(self._workers, observer.close)

    def calibrate(self) -> None:
        """The next measured face is the neutral one."""
        self._calibrate = True

    def _overflow(self, dropped: int) -> None:
        self._telemetry.count("video_frames_dropped_late", dropped)
        self._assembler.request_keyframe()

    def _work(self, frames: list[EncodedFrame]) -> tuple[list[Seen], bool]:
        """Decode all, look at the newest only. Returns what was seen and whether a keyframe is needed."""
        newest: Picture | None = None
        failed = False
        started = clock.now_ms()
        for index, frame in enumerate(frames):
            if self._stopping:
                break
            if self._needs_keyframe and not frame.keyframe:
                self._telemetry.count("video_frames_without_reference")
                failed = True
                continue
            if frame.discardable and index + 1 < len(frames):
                self._telemetry.count("video_frames_skipped")
                continue
            try:
                picture = self._decoder.decode(frame)
            except UndecodableError as exc:
                self._telemetry.count(exc.reason)
                self._needs_keyframe = failed = True
                continue
            self._needs_keyframe = False
            if picture is not None:
                if newest is not None:
                    self._telemetry.count("video_frames_skipped")
                newest = picture
        if newest is None or self._stopping:
            return [], failed
        self._telemetry.count("video_frames_decoded", len(frames))
        if 0 <= newest.encoded.capture_ms - self._looked_ms < MIN_INTERVAL_MS:
            self._telemetry.count("video_frames_over_rate")
            return [], failed
        self._looked_ms = newest.encoded.capture_ms
        decoded = clock.now_ms()
        self._telemetry.took("decode", decoded - started)
        return [self._look(newest, decoded)], failed

    def _look(self, picture: Picture, decoded_ms: float) -> Seen:
        if picture.is_black():
            self._telemetry.count("video_frames_black")
            return Seen(picture.encoded, None, True)
        if self._observer is None:
            self._observer = self._make_observer()
        image = picture.rgb()
        self._telemetry.took("convert", clock.now_ms() - decoded_ms)
        observing = clock.now_ms()
        if self._calibrate:
            self._calibrate = False
            self._observer.calibrate()
        face = self._observer.observe(image, picture.encoded.capture_ms)
        self._telemetry.took("face", clock.now_ms() - observing)
        return Seen(picture.encoded, face, False)

    def _done(self, result: tuple[list[Seen], bool]) -> None:
        seen, failed = result
        if failed:
            self._assembler.request_keyframe()
        for one in seen:
            self._deliver(one)


async def _finished(workers: Workers, work: Callable[[], None]) -> None:
    """Run `work` on the face pool: a tracker is released on the kind of thread that used it."""
    await asyncio.get_running_loop().run_in_executor(workers.face, work)
