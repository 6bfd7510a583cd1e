"""One participant's picture, on worker threads: decoded, then measured.

A frame is put to the decoder at once, so that decoders never lose their way behind a slow face model. In front of the
model there is one place: a newer picture takes it from an older one.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from hoovik_inference.types import FaceEstimate, FaceObserver, Floats, Portrait
from hoovik_rtc import clock
from hoovik_rtc.media.decode import Picture, UndecodableError, VideoDecoder
from hoovik_rtc.media.packets import EncodedFrame
from hoovik_rtc.pipeline.gate import GivingWay, ReadingGate
from hoovik_rtc.pipeline.meter import Meter
from hoovik_rtc.pipeline.stage import Stage
from hoovik_rtc.pipeline.watchdog import Watchdog
from hoovik_rtc.pipeline.workers import Pools
from hoovik_rtc.telemetry import Counts

MAX_WAITING = 30
"Encoded frames that may wait for the decoder: one second. It is busy a twentieth of that for each participant."


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one picture that was looked at."""

    face: FaceEstimate | None
    "None where no face was found."
    black: bool
    "The picture showed nothing at all: no media."
    arrival_ms: float
    "When its last packet came, Unix ms."
    decoding: tuple[float, float]
    "Begin and end, Unix ms, of the decoding of the frames that it came with."
    looking: tuple[float, float]
    "Begin and end, Unix ms, of the look."
    anew: bool = False
    "The first look of a new observer, which knows nobody and counts faces from 1."


@dataclass(frozen=True, slots=True)
class Expressed:
    """What one face expressed in one picture."""

    time_ms: float
    "Capture time of the picture, Unix ms."
    scores: Floats
    "(7,) calibrated probabilities, in the order of EMOTIONS."
    signs: Floats
    "(n,) what the pixels tell about the picture itself; see Portrait."


Reader = Callable[[Portrait], Floats]
"Reads (7,) calibrated probabilities, in the order of EMOTIONS; from any thread."


class Eye:
    """Decodes the video of one participant and looks at its pictures.

    Args:
        pools: decoding, looking and reading expressions each have one.
        observer: makes the face observer, on a worker.
        reader: reads expressions; None where none is read.
        seen: called on a worker with each picture that was looked at.
        expressed: called on a worker with each expression that was read.
        lost: called from any thread where nothing but a keyframe helps.
        meter: told what waits and what it costs.
        telemetry: counters and durations.
        vectors: whether faces are told with their vector, ten times a second where expressions are to be read.
    """

    def __init__(
        self,
        pools: Pools,
        observer: Callable[[], FaceObserver],
        reader: Reader | None,
        seen: Callable[[Seen], object],
        expressed: Callable[[Expressed], object],
        lost: Callable[[], object],
        meter: Meter,
        telemetry: Counts,
        vectors: bool = False,
    ) -> None:
        self._make_observer = observer
        self._observer: FaceObserver | None = None
        self._pools = pools
        self._reader = reader
        self._vectors = vectors
        self._vector_gate = ReadingGate()
        self._seen = seen
        self._expressed = expressed
        self._lost = lost
        self._meter = meter
        self._telemetry = telemetry
        self._decoder = VideoDecoder()
        self._needs_keyframe = True
        self._watchdog = Watchdog()
        self._renew = False
        self._stopping = False
        self._calibrate = False
        self._express = self._spare = self._found = False
        self._giving_way = GivingWay()
        self._reading_gate = ReadingGate()
        self._decoding: Stage[tuple[EncodedFrame, bool]] = Stage(
            pools.decode, self._decode, MAX_WAITING, self._lost_frames
        )
        self._looking: Stage[tuple[Picture, tuple[float, float]]] = Stage(
            pools.face,
            self._look,
            1,
            self._skipped,
            queued=lambda: meter.queued(clock.now_ms()),
            begun=lambda: meter.begun(clock.now_ms()),
        )
        self._reading: Stage[Portrait] = Stage(pools.expression, self._read, 1, self._not_read)

    def put(self, frame: EncodedFrame, look: bool, spare: bool) -> None:
        """Decode a frame, and look at its picture where it is time to.

        Args:
            frame: Encoded.
            look: Whether it is time to.
            spare: Whether looks are less frequent than they could be: what can wait waits.
        """
        self._spare = spare
        if self._watchdog.packet(frame.arrival_ms):
            self._telemetry.count("video_decoder_renewed")
            self._renew = True
            self._lost()
        self._decoding.put((frame, look))

    @property
    def depth(self) -> int:
        """Frames and pictures that wait for a thread."""
        return self._decoding.depth + self._looking.depth

    def calibrate(self) -> None:
        """The next measured face is the neutral one."""
        self._calibrate = True

    def express(self, on: bool) -> None:
        """Read the expression of faces from now on, or read it no more."""
        self._express = on

    def stop(self) -> None:
        """Decode nothing further, beginning now; `close` waits for what runs."""
        self._stopping = True

    async def close(self) -> None:
        """Decode nothing further; returns when the workers let go and the observer is released."""
        self._stopping = True
        await self._decoding.close()
        await self._looking.close()
        await self._reading.close()
        if self._observer is not None:
            observer, self._observer = self._observer, None
            await asyncio.get_running_loop().run_in_executor(self._pools.face, observer.close)

    # On the decoding thread.

    def _decode(self, frames: list[tuple[EncodedFrame, bool]]) -> None:
        """Decode what others refer to; hand on the newest picture that is to be looked at."""
        started, cpu = clock.now_ms(), clock.thread_cpu_ms()
        newest: Picture | None = None
        failed = False
        last_look = max((index for index, (_, look) in enumerate(frames) if look), default=-1)
        if self._renew:
            self._renew = False
            self._decoder, self._needs_keyframe = VideoDecoder(), True
        for index, (frame, look) in enumerate(frames):
            if self._stopping:
                return
            if self._needs_keyframe and not frame.keyframe:
                self._telemetry.count("video_frames_without_reference")
                failed = True
                continue
            if frame.discardable and index != last_look:
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
                if not look:
                    self._telemetry.count("video_frames_over_rate")
                    continue
                if newest is not None:
                    self._telemetry.count("video_frames_skipped")
                newest = picture
        ended = clock.now_ms()
        self._telemetry.took("decode", ended - started)
        self._meter.spent("decode", clock.thread_cpu_ms() - cpu)
        if failed:
            self._lost()
        if newest is not None:
            self._hand_on(newest, (started, ended))

    def _hand_on(self, picture: Picture, decoding: tuple[float, float]) -> None:
        if self._giving_way.gives(self._meter.waiting, picture.encoded.capture_ms):
            self._telemetry.count("video_frames_passed_over")
            self._reading_gate.gave_way(picture.encoded.capture_ms)
        else:
            self._looking.put((picture, decoding))

    def _skipped(self, pictures: int) -> None:
        self._telemetry.count("video_frames_skipped", pictures)

    def _lost_frames(self, frames: int) -> None:
        self._telemetry.count("video_frames_dropped_late", frames)
        self._lost()

    # On the face pool.

    def _look(self, pictures: list[tuple[Picture, tuple[float, float]]]) -> None:
        if self._stopping:
            return
        picture, decoding = pictures[-1]
        seen = self._looked_at(picture, decoding)
        self._seen(seen)
        if seen.face is not None and self._reader is not None and self._express:
            self._portray(picture, seen.face.time_ms)

    def _looked_at(self, picture: Picture, decoding: tuple[float, float]) -> Seen:
        started, cpu = clock.now_ms(), clock.thread_cpu_ms()
        # What a face was found in is not black: that is asked only where none is, or was.
        black = not self._found and picture.is_black()
        anew = not black and self._observer is None
        face = None if black else self._measure(picture)
        black = black or (self._found and face is None and picture.is_black())
        self._found = face is not None
        if black:
            self._telemetry.count("video_frames_black")
        ended = clock.now_ms()
        self._telemetry.took("face", ended - started)
        self._meter.spent("face", clock.thread_cpu_ms() - cpu, ended - started)
        return Seen(face, black, picture.encoded.arrival_ms, decoding, (started, ended), anew)

    def _measure(self, picture: Picture) -> FaceEstimate | None:
        if self._observer is None:
            self._observer = self._make_observer()
        if self._calibrate:
            self._calibrate = False
            self._observer.calibrate()
        face = self._observer.observe(picture.planes(), picture.encoded.capture_ms)
        if face is None or not self._vectors or not self._express or not self._vector_gate.due(face.time_ms, 0):
            return face
        return dataclasses.replace(face, vector=self._observer.vector)

    def _portray(self, picture: Picture, time_ms: float) -> None:
        """Have the expression read where it is time to: after the message about the face is on its way."""
        if not self._reading_gate.due(time_ms, self._meter.waiting, self._spare):
            return
        if self._reading_gate.late:
            self._telemetry.count("expression_gave_way")
        portrait = self._observer.portrait(picture.planes()) if self._observer is not None else None
        if portrait is not None:
            self._reading.put(portrait)

    # Where expressions are read.

    def _read(self, portraits: list[Portrait]) -> None:
        if self._stopping or self._reader is None or not self._express:
            return
        started, cpu = clock.now_ms(), clock.thread_cpu_ms()
        scores = self._reader(portraits[-1])
        self._telemetry.took("expression", clock.now_ms() - started)
        self._meter.spent("emotion", clock.thread_cpu_ms() - cpu)
        self._expressed(Expressed(portraits[-1].time_ms, scores, portraits[-1].signs))

    def _not_read(self, portraits: int) -> None:
        self._telemetry.count("expression_skipped", portraits)
