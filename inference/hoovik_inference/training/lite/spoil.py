"""What may be wrong with a picture, its landmarks, or sound: each in a way and to a degree that is known."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.signs import BLOCK
from hoovik_inference.types import Floats, Image
from hoovik_inference.voice.stream import HOP, RATE

GREY = 128
"What a decoder shows where it has nothing."


def dark(frames: Sequence[Image], light: float) -> list[Image]:
    """With so much of their light left, 0…1: less of the signal and all of the noise of a camera in the dark."""
    return [np.clip(frame.astype(np.float32) * light, 0, 255).astype(np.uint8) for frame in frames]


def blurred(frames: Sequence[Image], sigma_px: float) -> list[Image]:
    """Out of focus."""
    return [np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma_px), np.uint8) for frame in frames]


def frozen(frames: Sequence[Image]) -> list[Image]:
    """The first one over and over."""
    return [frames[0]] * len(frames)


def damaged(frames: Sequence[Image], share: float, rng: np.random.Generator) -> list[Image]:
    """With so much of the macroblocks lost, others in each picture: grey, or what was there before."""
    out: list[Image] = []
    before: NDArray[np.uint8] | None = None
    for frame in frames:
        one = frame.copy()
        height, width = one.shape[:2]
        for top in range(0, height, BLOCK):
            for left in range(0, width, BLOCK):
                if rng.random() < share:
                    place = (slice(top, top + BLOCK), slice(left, left + BLOCK))
                    one[place] = GREY if before is None or rng.random() < 0.5 else before[place]
        before = out[0] if out else one
        out.append(one)
    return out


def collapsed(landmarks: Floats) -> Floats:
    """Drawn together to half their size around their middle."""
    middle = landmarks.mean(axis=0, keepdims=True)
    out: Floats = (middle + 0.5 * (landmarks - middle)).astype(np.float32)
    return out


def clipped(samples: Floats, share: float) -> Floats:
    """Cut off above so much of the peak."""
    most = share * float(np.abs(samples).max())
    out: Floats = np.clip(samples, np.float32(-most), np.float32(most))
    return out


def noisy(samples: Floats, snr_db: float, rng: np.random.Generator) -> Floats:
    """In white noise as loud as the voice is where it speaks, by so many dB less."""
    power = np.convolve(samples.astype(np.float64) ** 2, np.ones(HOP) / HOP, "valid")[::HOP]
    spoken = float(np.sort(power)[len(power) // 2 :].mean())
    noise = rng.standard_normal(len(samples)) * np.sqrt(spoken) * 10.0 ** (-snr_db / 20.0)
    return np.asarray(np.clip(samples + noise, -1.0, 1.0), np.float32)


def echoing(samples: Floats, decay_s: float, rng: np.random.Generator) -> Floats:
    """In a room whose echo takes so long to fall by 60 dB, as loud together as the direct sound (Polack 1988)."""
    length = int(decay_s * RATE)
    late = rng.standard_normal(length) * 10.0 ** (-3.0 * np.arange(length) / length)
    late[: RATE // 100] = 0.0
    late /= np.sqrt((late**2).sum())
    late[0] = 1.0
    size = len(samples) + length
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(late, size), size)[: len(samples)]
    peak = max(1.0, float(np.abs(wet).max()))
    return np.asarray(wet / peak, np.float32)
