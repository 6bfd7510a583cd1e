"""Media that is encoded beforehand: from pictures and samples, or from a file."""

from __future__ import annotations

import fractions
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from hoovik_inference.types import Floats, Image
from hoovik_rtc.media.recording import Recording, Shown

OPUS_SAMPLES = 960
"20 ms at 48 kHz."


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
