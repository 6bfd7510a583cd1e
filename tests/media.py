"""Media that is free to use: a photograph from scikit-image, warped along its own landmarks, and a sung vowel.

It says what the truth is: the jaw opens, the mouth smiles, the head turns at known times.
"""

from __future__ import annotations

import fractions
import math
import wave
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import skimage.data
from av.video.frame import VideoFrame

from hoovik_inference.face import FaceMesh
from hoovik_inference.training.warp import warp_face
from hoovik_inference.types import Floats, Image
from hoovik_rtc.testing import Clip, encode

CYCLE_S = 4.0
"One round: rest, jaw, smile, brows, turn."


def truth(t: float) -> dict[str, float]:
    """What the face does at `t` seconds, each 0…1 (turn -1…1)."""
    phase = t % CYCLE_S

    def bump(start: float) -> float:
        return max(0.0, math.sin(math.pi * (phase - start) / 0.9)) if 0 <= phase - start <= 0.9 else 0.0

    return {"jaw": bump(0.2), "smile": bump(1.1), "brows": bump(2.0), "turn": bump(2.9)}


@lru_cache(maxsize=1)
def astronaut() -> tuple[Image, Floats]:
    """The photograph, cropped to head and shoulders at 480×480, and its landmarks."""
    photo: Image = np.ascontiguousarray(skimage.data.astronaut()[:360, 60:420], np.uint8)  # type: ignore[no-untyped-call]
    frame = VideoFrame.from_ndarray(photo, format="rgb24").reformat(width=480, height=480, format="rgb24")
    picture: Image = frame.to_ndarray(format="rgb24").astype(np.uint8)
    mesh = FaceMesh(pictures=True)
    landmarks = mesh.find(picture)
    mesh.close()
    assert landmarks is not None, "the face mesh must find the face in the test photograph"
    return picture, landmarks


@lru_cache(maxsize=4)
def talking_frames(width: int, height: int, fps: int = 30, seconds: float = CYCLE_S) -> tuple[Image, ...]:
    """The warped face, one round."""
    picture, landmarks = astronaut()
    out = []
    for index in range(int(fps * seconds)):
        warped = warp_face(picture, landmarks, **truth(index / fps))
        canvas = np.full((height, width, 3), 90, np.uint8)
        side = min(width, height) // 2 * 2
        scaled = VideoFrame.from_ndarray(np.ascontiguousarray(warped), format="rgb24").reformat(side, side, "rgb24")
        left, top = (width - side) // 2, (height - side) // 2
        canvas[top : top + side, left : left + side] = scaled.to_ndarray(format="rgb24")
        out.append(canvas)
    return tuple(out)


def vowels(seconds: float, rate: int = 48_000) -> Floats:
    """A voice of pulses through formants, in syllables: nobody's speech, but speech to a detector."""
    rng = np.random.default_rng(3)
    n = int(seconds * rate)
    t = np.arange(n) / rate
    pitch = 120 + 15 * np.sin(2 * np.pi * 0.7 * t)
    phase = np.cumsum(pitch / rate)
    pulses = np.diff(np.floor(phase), prepend=0.0) + 0.02 * rng.standard_normal(n)
    formants = [(730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480)]
    out = np.zeros(n)
    syllable = int(0.22 * rate)
    for index, start in enumerate(range(0, n, syllable)):
        piece = pulses[start : start + syllable]
        spectrum = np.fft.rfft(piece)
        frequency = np.fft.rfftfreq(len(piece), 1 / rate)
        gain = sum(1 / (1 + ((frequency - f) / (60 + 0.04 * f)) ** 2) for f in formants[index % len(formants)])
        envelope = np.sin(np.pi * np.linspace(0, 1, len(piece))) ** 0.5
        out[start : start + syllable] = np.fft.irfft(spectrum * gain, len(piece)) * envelope
    voice: Floats = (0.4 * out / np.abs(out).max()).astype(np.float32)
    return voice


@lru_cache(maxsize=4)
def talking_clip(width: int, height: int, fps: int = 30) -> Clip:
    """The warped face and the vowels, encoded as a call would."""
    return encode(talking_frames(width, height, fps), fps, vowels(CYCLE_S))


def write_y4m(path: Path, frames: tuple[Image, ...], fps: int) -> None:
    """Pictures as the file that Chromium takes for a camera."""
    height, width = frames[0].shape[:2]
    with path.open("wb") as stream:
        stream.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for image in frames:
            frame = VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            stream.write(b"FRAME\n" + frame.to_ndarray().tobytes())


def write_wav(path: Path, samples: Floats, rate: int = 48_000) -> None:
    """Sound as the file that Chromium takes for a microphone."""
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def write_webm(path: Path, clip: Clip) -> None:
    """A clip as a file."""
    with av.open(str(path), "w", format="webm") as container:
        video = audio = None
        if clip.video:
            video = container.add_stream("libvpx", rate=round(clip.fps))
            video.width, video.height = 640, 480
            video.pix_fmt = "yuv420p"
        if clip.audio:
            audio = container.add_stream("libopus", rate=48_000)
        packets: list[tuple[float, Any, bytes]] = [(n / clip.fps, video, data) for n, data in enumerate(clip.video)]
        packets += [(n / 50, audio, data) for n, data in enumerate(clip.audio)]
        for at, stream, data in sorted(packets, key=lambda item: item[0]):
            packet: av.Packet[Any] = av.Packet(data)
            packet.stream = stream
            packet.time_base = fractions.Fraction(1, 1000)
            packet.pts = packet.dts = round(at * 1000)
            packet.is_keyframe = stream is audio or not data[0] & 1  # else there is nothing to seek to
            container.mux_one(packet)
