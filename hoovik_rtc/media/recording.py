"""A recording or a picture as pictures and 16 kHz sound in order of time, from the start of the file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.video.frame import VideoFrame

from hoovik_inference.types import Floats, Image
from hoovik_rtc.errors import MediaFileError
from hoovik_rtc.media.decode import MAX_HEIGHT, MAX_WIDTH
from hoovik_rtc.media.opus import VOICE_RATE

_EXPECTED = "expected an audio or video file or a picture (webm, mp4, mpg, mov, wav, flac, mp3, jpg, png)"


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture."""

    time_ms: float
    "From the start of the file."
    frame: VideoFrame
    "Decoded, not converted."
    rotation: int
    "Degrees counter-clockwise that the recorder wants it turned by to be upright."

    def rgb(self) -> Image:
        """(H, W, 3) RGB uint8, upright, at most 1920×1088."""
        width, height = self.frame.width, self.frame.height
        scale = min(1.0, MAX_WIDTH / max(width, height), MAX_HEIGHT / min(width, height))
        image = self.frame.to_ndarray(format="rgb24", width=int(width * scale), height=int(height * scale))
        return cast(Image, np.ascontiguousarray(np.rot90(image, self.rotation // 90)) if self.rotation else image)


@dataclass(frozen=True, slots=True)
class Heard:
    """A piece of sound."""

    time_ms: float
    "Of its last sample, from the start of the file."
    samples: Floats
    "(n,) 16 kHz mono -1…1."


class Recording:
    """An open file; a context manager.

    Raises:
        MediaFileError: cannot be opened, is no media, or breaks off while reading.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise MediaFileError(f"{path} is not a file; {_EXPECTED}.")
        try:
            self._container: InputContainer = av.open(str(path))
        except (av.FFmpegError, OSError, ValueError) as exc:
            raise MediaFileError(
                f"{path} is no media that can be read ({exc.__class__.__name__}); {_EXPECTED}."
            ) from exc
        self._path = path
        self._video = next(iter(self._container.streams.video), None)
        self._audio = next(iter(self._container.streams.audio), None)
        if self._video is None and self._audio is None:
            self._container.close()
            raise MediaFileError(f"{path} has neither picture nor sound; {_EXPECTED}.")
        if self._video is not None:
            self._video.thread_type = "AUTO"
        start = self._container.start_time
        self._start_ms = 0.0 if start is None else start / 1000  # av.time_base is microseconds
        self.has_video = self._video is not None
        self.has_audio = self._audio is not None

    @property
    def duration_ms(self) -> float | None:
        """Length, where the file says it."""
        return None if not self._container.duration else self._container.duration / 1000

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[Shown | Heard]:
        """Everything in order of time: streams are interleaved in the file, but not in step."""
        waiting: dict[bool, deque[Shown | Heard]] = {True: deque(), False: deque()}
        both = self.has_video and self.has_audio
        try:
            for item in self._decode():
                waiting[isinstance(item, Shown)].append(item)
                while both and waiting[True] and waiting[False]:
                    yield _earlier(waiting)
                if not both:
                    yield waiting[isinstance(item, Shown)].popleft()
        except av.FFmpegError as exc:
            raise MediaFileError(
                f"{self._path} breaks off: {exc.__class__.__name__}. What came before was read."
            ) from exc
        while waiting[True] or waiting[False]:
            yield _earlier(waiting)

    def _decode(self) -> Iterator[Shown | Heard]:
        resampler = AudioResampler(format="flt", layout="mono", rate=VOICE_RATE)
        heard_samples = 0
        sound_start: float | None = None
        frames = 0
        streams = [stream for stream in (self._video, self._audio) if stream is not None]
        for packet in self._container.demux(streams):
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    yield Shown(self._time(frame, frames), frame, getattr(frame, "rotation", 0) % 360)
                    frames += 1
                elif isinstance(frame, AudioFrame):
                    if sound_start is None:
                        sound_start = self._time(frame, 0)
                    for part in resampler.resample(frame):
                        samples = cast(Floats, part.to_ndarray()[0])
                        heard_samples += len(samples)
                        yield Heard(sound_start + heard_samples * 1000 / VOICE_RATE, samples)

    def _time(self, frame: VideoFrame | AudioFrame, index: int) -> float:
        if frame.time is not None:
            return frame.time * 1000 - self._start_ms
        rate = self._video.average_rate if self._video is not None else None
        return index * 1000 / float(rate or 25)


def _earlier(waiting: dict[bool, deque[Shown | Heard]]) -> Shown | Heard:
    shown, heard = waiting[True], waiting[False]
    if shown and (not heard or shown[0].time_ms <= heard[0].time_ms):
        return shown.popleft()
    return heard.popleft()
