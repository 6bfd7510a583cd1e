"""VP8 to pictures with PyAV; runs on worker threads, one decoder per track."""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

from hoovik_inference.types import Image, Planes
from hoovik_rtc.media.packets import EncodedFrame

MAX_WIDTH, MAX_HEIGHT = 1920, 1088
"Larger pictures are refused before they are decoded, in either orientation."
MAX_SIZE_CHANGES = 4
"Changes of the picture size allowed in SIZE_WINDOW_MS."
SIZE_WINDOW_MS = 10_000.0
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

    def planes(self) -> Planes:
        """Views of the decoder's memory: nothing is copied or converted until somebody looks."""
        y, u, v = (_view(plane) for plane in self.frame.planes)
        return Planes(y, u, v)

    def is_black(self) -> bool:
        """Whether it shows nothing: dark and flat, as the frames of a disabled camera are."""
        luma = _view(self.frame.planes[0])[::16, ::16]
        return bool(luma.mean() < BLACK_LUMA and luma.std() < 4.0)


def _view(plane: VideoPlane) -> Image:
    """(height, width) uint8 without the padding of its lines; keeps the frame alive."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


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
