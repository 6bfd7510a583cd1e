"""A second of video of a face in a picture: small movements, a camera's noise, a call's codec."""

from __future__ import annotations

import fractions
import math
from collections.abc import Iterator, Sequence

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hoovik_inference.types import Image

FPS = 10
"Of what is looked at: a step of a window each."
SIDE, LARGEST = 192, 480
"Longer side in pixels to which a smaller picture is enlarged, and a larger one made smaller."
BORDER = 0.25
"Of grey around it, in longer sides: faces that fill a picture are not found."
GREY = 128
SHIFT_PX, TURN_DEG, ZOOM = 1.2, 0.6, 0.006
"Standard deviations of what the head moves from picture to picture; it is drawn back to the middle."
BACK = 0.8
"Share of what is left of where it was, a picture later."
NOISE = (1.0, 4.0)
"Standard deviation of a camera's noise, in luma."
KBITS = (150, 600)
"Kilobits a second of the calls."


def animated(picture: Image, count: int, rng: np.random.Generator) -> list[Image]:
    """`count` pictures (H, W, 3) of the face in a (h, w) grey or (h, w, 3) coloured one."""
    longer = max(picture.shape[:2])
    scale = min(max(1.0, SIDE / longer), LARGEST / longer)
    border = round(BORDER * scale * longer)
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    large = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC if scale > 1.0 else cv2.INTER_AREA)
    whole = cv2.copyMakeBorder(large, *(border,) * 4, cv2.BORDER_CONSTANT, value=(GREY,) * 3)
    height, width = whole.shape[:2]
    noise = rng.uniform(*NOISE)
    place = rng.normal(0.0, 2.0, 4)
    frames = []
    for _ in range(count):
        place = BACK * place + rng.normal(0.0, 1.0, 4)
        turn, zoom = math.radians(place[2] * TURN_DEG), 1.0 + ZOOM * place[3]
        cosine, sine = zoom * math.cos(turn), zoom * math.sin(turn)
        x, y = width / 2, height / 2
        move = np.array(
            (
                (cosine, sine, x - cosine * x - sine * y + SHIFT_PX * place[0]),
                (-sine, cosine, y + sine * x - cosine * y + SHIFT_PX * place[1]),
            )
        )
        moved = cv2.warpAffine(whole, move, (width, height), flags=cv2.INTER_LINEAR, borderValue=(GREY,) * 3)
        coloured = moved if moved.ndim == 3 else np.repeat(moved[..., None], 3, axis=2)
        grain = rng.normal(0.0, noise, (height, width, 1)).astype(np.float32)
        frames.append(np.clip(coloured.astype(np.float32) + grain, 0, 255).astype(np.uint8))
    return frames


def called(frames: Sequence[Image], kbits: float, fps: int = FPS) -> list[Image]:
    """What arrives of (H, W, 3) pictures sent as VP8 at so many kilobits a second."""
    height, width = frames[0].shape[:2]
    coder: VideoCodecContext = av.CodecContext.create("libvpx", "w")
    coder.width, coder.height, coder.pix_fmt = width - width % 2, height - height % 2, "yuv420p"
    coder.bit_rate, coder.time_base = round(kbits * 1000), fractions.Fraction(1, fps)
    coder.thread_count = 1  # pictures are small: more threads would only wait for each other
    coder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "error-resilient": "1"}
    decoder: VideoCodecContext = av.CodecContext.create("vp8", "r")
    decoder.thread_count = 1
    shown = (frame for packet in _packets(coder, frames) for frame in decoder.decode(packet))
    return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in shown]


def _packets(coder: VideoCodecContext, frames: Sequence[Image]) -> Iterator[av.Packet[VideoStream]]:
    for index, image in enumerate(frames):
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(
            width=coder.width, height=coder.height, format="yuv420p"
        )
        frame.pts = index
        yield from coder.encode(frame)
