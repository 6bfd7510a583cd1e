"""Sounds with known properties, and recordings where they are."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from hoovik_inference.types import Floats

RATE = 16_000


def tone(hz: float, seconds: float, level: float = 0.3) -> Floats:
    t = np.arange(int(seconds * RATE)) / RATE
    return np.asarray(level * np.sin(2 * np.pi * hz * t), np.float32)


def noise(seconds: float, level: float = 0.1, seed: int = 0) -> Floats:
    return np.asarray(level * np.random.default_rng(seed).normal(size=int(seconds * RATE)), np.float32)


def silence(seconds: float) -> Floats:
    return np.zeros(int(seconds * RATE), np.float32)


def vowel(f0: float, formants: tuple[float, ...], seconds: float, level: float = 0.2) -> Floats:
    """Pulses at `f0` through resonances of 80 Hz bandwidth: a vowel as Klatt's cascade makes it."""
    n = int(seconds * RATE)
    phase = np.floor(np.arange(n) * f0 / RATE)
    out = np.diff(phase, prepend=-1.0)
    for hz in formants:
        radius, angle = np.exp(-np.pi * 80.0 / RATE), 2 * np.pi * hz / RATE
        b, c = 2 * radius * np.cos(angle), -radius * radius
        gain, y1, y2 = 1 - b - c, 0.0, 0.0
        shaped = np.empty(n)
        for i, x in enumerate(out):
            y1, y2 = gain * x + b * y1 + c * y2, y1
            shaped[i] = y1
        out = shaped
    return np.asarray(out / np.abs(out).max() * level, np.float32)


def hiss(low_hz: float, high_hz: float, seconds: float, level: float = 0.1) -> Floats:
    """Noise between two frequencies."""
    n = int(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(1).normal(size=n))
    hz = np.fft.rfftfreq(n, 1 / RATE)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    out = np.fft.irfft(spectrum, n)
    return np.asarray(out / out.std() * level, np.float32)


def recording(path: Path) -> Floats:
    """(n,) 16 kHz mono of an audio file."""
    resampler = av.AudioResampler("flt", "mono", RATE)
    parts: list[Floats] = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            parts += [np.asarray(part.to_ndarray()[0], np.float32) for part in resampler.resample(frame)]
    return np.concatenate(parts)
