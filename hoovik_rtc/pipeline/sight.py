"""One participant's picture: packets → frames (loop) → decoded (its own thread) → measured face (face pool).

A frame is put to a decoder at once, so that decoders never lose their way behind a slow face model. In front of the
model there is one place: a newer picture takes it from an older one.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hoovik_inference.types import FaceEstimate, FaceObserver
from hoovik_rtc import clock
from hoovik_rtc.media.assemble import VideoAssembler
from hoovik_rtc.media.decode import Picture, UndecodableError, VideoDecoder
from hoovik_rtc.media.packets import EncodedFrame, MediaPacket
from hoovik_rtc.media.timeline import SenderClock, Timeline
from hoovik_rtc.pipeline.gate import LookGate
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.stage import Stage
from hoovik_rtc.pipeline.watchdog import Watchdog
from hoovik_rtc.pipeline.workers import Workers
from hoovik_rtc.telemetry import FrameTrace, FrameTracer, Telemetry

MAX_WAITING = 30
"Encoded frames that may wait for the decoder: one second. It is busy a twentieth of that for each participant."


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
    trace: FrameTrace | None = None
    "Its spans, where it is traced."


class Sight:
    """The video of one participant while analysis is consented to.

    Args:
        workers: pools; decoding runs on its own, measuring on the face pool.
        observer: makes the face observer, on a worker.
        sender: clock shared with the participant's sound.
        feedback: where keyframes are asked for.
        deliver: called on the loop for each picture that was looked at.
        load: how often pictures are looked at, and told what that costs.
        telemetry: counters and durations.
    """

    def __init__(
        self,
        workers: Workers,
        observer: Callable[[], FaceObserver],
        sender: SenderClock,
        feedback: Feedback,
        deliver: Callable[[Seen], None],
        load: Load,
        telemetry: Telemetry,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._workers = workers
        self._make_observer = observer
        self._observer: FaceObserver | None = None
        self._decoder = VideoDecoder()
        self._needs_keyframe = True
        self._feedback = feedback
        self._deliver = deliver
        self._load = load
        self._telemetry = telemetry
        self._timeline = Timeline(90_000, sender)
        self._assembler = VideoAssembler(telemetry.count)
        self._decoding = Stage(workers.decode, self._decode, MAX_WAITING, self._lost_frames)
        self._looking = Stage(
            workers.face,
            self._look,
            1,
            self._skipped,
            queued=lambda: load.queued(clock.now_ms()),
            begun=lambda: load.begun(clock.now_ms()),
        )
        self._stopping = False
        self._calibrate = False
        self._gate = LookGate(load, random.random())
        self._watchdog = Watchdog()
        self._renew = False

    def packet(self, packet: MediaPacket) -> None:
        """One RTP packet, from the tap."""
        if self._watchdog.packet(packet.arrival_ms):
            self._telemetry.count("video_decoder_renewed")
            self._renew = True
            self._assembler.request_keyframe()
            self._feedback.request_keyframe()
        assembled = self._assembler.push(packet)
        if assembled.want_keyframe:
            self._feedback.request_keyframe()
        if assembled.resend:
            self._feedback.request_again(assembled.resend)
        for frame in assembled.frames:
            capture = self._timeline.capture_ms(frame.ssrc, frame.timestamp, frame.arrival_ms)
            self._decoding.put(dataclasses.replace(frame, capture_ms=capture))

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None:
        """One sender report, from the tap."""
        self._timeline.report(ssrc, ntp, rtp, arrival_ms)

    @property
    def depth(self) -> int:
        """Frames and pictures that wait for a worker."""
        return self._decoding.depth + self._looking.depth

    def stop(self) -> None:
        """Decode nothing further, beginning now; `close` waits for what runs."""
        self._stopping = True

    async def close(self) -> None:
        """Decode nothing further; returns when the workers let go and the observer is released."""
        self._stopping = True
        await self._decoding.close()
        await self._looking.close()
        if self._observer is not None:
            observer, self._observer = self._observer, None
            await self._loop.run_in_executor(self._workers.face, observer.close)

    def calibrate(self) -> None:
        """The next measured face is the neutral one."""
        self._calibrate = True

    # On the decoding thread.

    def _decode(self, frames: list[EncodedFrame]) -> None:
        """Decode what others refer to; hand on the newest picture, where it is time to look at one."""
        started, cpu = clock.now_ms(), clock.thread_cpu_ms()
        newest: Picture | None = None
        failed = False
        if self._renew:
            self._renew = False
            self._decoder, self._needs_keyframe = VideoDecoder(), True
        for index, frame in enumerate(frames):
            if self._stopping:
                return
            if self._needs_keyframe and not frame.keyframe:
                self._telemetry.count("video_frames_without_reference")
                failed = True
                continue
            if frame.discardable and (index + 1 < len(frames) or not self._gate.due(frame.capture_ms)):
                self._telemetry.count("video_frames_left_undecoded")
                continue
            try:
                picture = self._decoder.decode(frame)
            except UndecodableError as exc:
                self._telemetry.count(exc.reason)
                self._needs_keyframe = failed = True
                continue
            self._needs_keyframe = False
            self._telemetry.count("video_frames_decoded")
            if picture is not None:
                self._watchdog.frame(frame.arrival_ms)
                if newest is not None:
                    self._telemetry.count("video_frames_skipped")
                newest = picture
        ended = clock.now_ms()
        self._telemetry.took("decode", ended - started)
        self._load.spent("decode", clock.thread_cpu_ms() - cpu)
        if failed:
            self._loop.call_soon_threadsafe(self._assembler.request_keyframe)
        if newest is None:
            return
        if not self._gate.due(newest.encoded.capture_ms):
            self._telemetry.count("video_frames_over_rate")
            return
        self._gate.looked(newest.encoded.capture_ms)
        if self._telemetry.tracer is not None:
            newest = _traced(newest, self._telemetry.tracer, started, ended)
        self._looking.put(newest)

    def _skipped(self, pictures: int) -> None:
        self._telemetry.count("video_frames_skipped", pictures)

    def _lost_frames(self, frames: int) -> None:
        self._telemetry.count("video_frames_dropped_late", frames)
        self._assembler.request_keyframe()

    # On the face pool.

    def _look(self, pictures: list[Picture]) -> None:
        if self._stopping:
            return
        picture = pictures[-1]
        started, cpu = clock.now_ms(), clock.thread_cpu_ms()
        seen = self._measure(picture)
        ended = clock.now_ms()
        self._telemetry.took("face", ended - started)
        if picture.trace is not None:
            picture.trace.stage("face", started, ended)
        self._load.spent("face", clock.thread_cpu_ms() - cpu, ended - started)
        self._loop.call_soon_threadsafe(self._hand_over, seen)

    def _measure(self, picture: Picture) -> Seen:
        if picture.is_black():
            self._telemetry.count("video_frames_black")
            return Seen(picture.encoded, None, True, picture.trace)
        if self._observer is None:
            self._observer = self._make_observer()
        if self._calibrate:
            self._calibrate = False
            self._observer.calibrate()
        face = self._observer.observe(picture.planes(), picture.encoded.capture_ms)
        return Seen(picture.encoded, face, False, picture.trace)

    def _hand_over(self, seen: Seen) -> None:
        if not self._stopping:
            self._deliver(seen)


def _traced(picture: Picture, tracer: FrameTracer, started_ms: float, decoded_ms: float) -> Picture:
    """The picture with its trace, where it is one of those that are traced."""
    trace = tracer.sample(picture.encoded.arrival_ms)
    if trace is None:
        return picture
    trace.stage("decode", started_ms, decoded_ms)
    return dataclasses.replace(picture, trace=trace)
