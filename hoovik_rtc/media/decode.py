"""VP8 and Opus to pictures and sound with PyAV; runs on worker threads, one decoder per track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from hoovik_inference.types import Floats, Image
from hoovik_rtc.media.packets import EncodedFrame, EncodedSound

MAX_WIDTH, MAX_HEIGHT = 1920, 1088
"Larger pictures are refused before they are decoded, in either orientation."
MAX_SIZE_CHANGES = 4
"Changes of the picture size allowed in SIZE_WINDOW_MS."
SIZE_WINDOW_MS = 10_000.0
VOICE_RATE = 16_000
"Samples a second after decoding."
QUIET = 1e-4
"Level of silence that was not sent: -80 dBFS."
BLACK_LUMA = 24
"Mean luma (16 is black in limited range) below which a flat picture counts as black."


class UndecodableError(Exception):
    """The bytes cannot be decoded: `reason` is the name under which it is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded frame, not yet converted."""

    frame: VideoFrame
    "YUV 4:2:0, in the decoder's memory."
    encoded: EncodedFrame
    "Where it came from."

    def rgb(self) -> Image:
        """(H, W, 3) RGB uint8."""
        return cast(Image, self.frame.to_ndarray(format="rgb24"))

    def is_black(self) -> bool:
        """Whether it shows nothing: dark and flat, as the frames of a disabled camera are."""
        plane = self.frame.planes[0]
        luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[::16, : plane.width : 16]
        return bool(luma.mean() < BLACK_LUMA and luma.std() < 4.0)


class VideoDecoder:
    """One VP8 track. Calls must not overlap."""

    def __init__(self) -> None:
        self._codec = _vp8()
        self._size: tuple[int, int] | None = None
        self._changes: list[float] = []

    def decode(self, encoded: EncodedFrame) -> Picture | None:
        """Decode one frame; None where the decoder shows nothing for it.

        Raises:
            UndecodableError: too large, too many size changes, or broken; the decoder is new afterwards and
                needs a keyframe.
        """
        if encoded.keyframe:
            self._check_size(encoded)
        packet = av.Packet(encoded.data)
        try:
            frames = self._codec.decode(packet)
        except av.FFmpegError as exc:
            self._codec = _vp8()
            raise UndecodableError("video_decode_failed") from exc
        return Picture(frames[-1], encoded) if frames else None

    def _check_size(self, encoded: EncodedFrame) -> None:
        size = keyframe_size(encoded.data)
        if size is None:
            raise UndecodableError("video_keyframe_malformed")
        if min(size) < 16 or max(size) > MAX_WIDTH or min(size) > MAX_HEIGHT:
            raise UndecodableError("video_size_refused")
        if size == self._size:
            return
        if self._size is not None:
            now = encoded.arrival_ms
            self._changes = [at for at in self._changes if now - at < SIZE_WINDOW_MS]
            if len(self._changes) >= MAX_SIZE_CHANGES:
                raise UndecodableError("video_size_changes_refused")
            self._changes.append(now)
        self._size = size


def keyframe_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from a VP8 keyframe header (RFC 6386, 9.1), or None where it is none."""
    if len(data) < 10 or data[0] & 0x01 or data[3:6] != b"\x9d\x01\x2a":
        return None
    width = int.from_bytes(data[6:8], "little") & 0x3FFF
    height = int.from_bytes(data[8:10], "little") & 0x3FFF
    return width, height


def _vp8() -> VideoCodecContext:
    codec = av.CodecContext.create("vp8", "r")
    codec.thread_count = 1  # frame threads would each hold a frame back
    return codec


class AudioDecoder:
    """One Opus track to 16 kHz mono. Calls must not overlap."""

    def __init__(self) -> None:
        self._codec = _opus()
        self._resampler = _to_voice()
        self._tail: Floats = np.zeros(0, np.float32)
        self._fade = 0.0
        self._noise = np.random.default_rng(0)

    def decode(self, sound: EncodedSound) -> Floats:
        """(n,) float32 samples -1…1 at 16 kHz; a hole is concealed from what came before it.

        Raises:
            UndecodableError: broken packet; the decoder is new afterwards.
        """
        if sound.lost_samples:
            length = sound.lost_samples * VOICE_RATE // 48_000
            return self._quiet(length) if sound.silent else self._conceal(length)
        try:
            frames = self._codec.decode(av.Packet(sound.data))
            voice = [self._voice(frame) for frame in frames]
        except av.FFmpegError as exc:
            self._codec = _opus()
            self._resampler = _to_voice()
            raise UndecodableError("audio_decode_failed") from exc
        samples = voice[0] if len(voice) == 1 else np.concatenate([np.zeros(0, np.float32), *voice])
        if len(samples):
            self._tail = samples[-VOICE_RATE // 50 :]
            self._fade = 0.5
        return samples

    def _voice(self, frame: AudioFrame) -> Floats:
        parts = [part.to_ndarray()[0] for part in self._resampler.resample(frame)]
        return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, np.float32), *parts])

    def _conceal(self, length: int) -> Floats:
        """Repeat the last 20 ms, each time at half the level, then silence: a hole without clicks or echoes."""
        filled = np.zeros(length, np.float32)
        for start in range(0, min(length, 3 * len(self._tail)), max(1, len(self._tail))):
            piece = self._tail[: length - start]
            filled[start : start + len(piece)] = piece * self._fade
            self._fade *= 0.5
        return filled

    def _quiet(self, length: int) -> Floats:
        """A room at rest: not digital silence, which would say that the microphone is off."""
        noise: Floats = self._noise.standard_normal(length, np.float32) * np.float32(QUIET)
        return noise


def _opus() -> AudioCodecContext:
    codec = av.CodecContext.create("libopus", "r")
    codec.format = "s16"
    codec.layout = "stereo"
    codec.sample_rate = 48_000
    return codec


def _to_voice() -> AudioResampler:
    return AudioResampler(format="flt", layout="mono", rate=VOICE_RATE)
