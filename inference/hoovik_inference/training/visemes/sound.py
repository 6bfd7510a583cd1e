"""Speech as it reaches a call: breath, rooms, noise, microphones, and the call itself."""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve, lfilter

from hoovik_inference.training.call import Call
from hoovik_inference.types import Floats
from hoovik_inference.voice.stream import RATE


def roughen(samples: Floats, others: Floats, rng: np.random.Generator, call: Call) -> Floats:
    """(n,) as somebody in a room with a microphone sends them, at any level -1…1.

    Args:
        samples: Clean speech.
        others: (n,) speech of others, for the background.
        rng: What is drawn.
        call: Encodes, loses and decodes.
    """
    sound = samples
    if rng.random() < 0.6:
        sound = _breath(sound, rng)
    if rng.random() < 0.5:
        sound = _coloured(sound, rng)
    if rng.random() < 0.45:
        sound = _room(sound, rng)
    sound = sound + _noise(sound, others, rng)
    sound = sound * np.float32(10.0 ** (rng.uniform(-34.0, 0.0) / 20.0) / max(1e-6, float(np.abs(sound).max())))
    if rng.random() < 0.08:
        limit = float(np.abs(sound).max()) * rng.uniform(0.2, 0.7)
        sound = np.clip(sound, -limit, limit)
    if rng.random() < 0.7:
        loss = 0.0 if rng.random() < 0.4 else float(rng.uniform(0.01, 0.1))
        bitrate, burst = int(rng.integers(12_000, 32_001)), float(rng.uniform(1.0, 3.0))
        sound = call(sound, bitrate, loss, burst, int(rng.integers(1 << 30)))
    return sound.astype(np.float32)


def _breath(sound: Floats, rng: np.random.Generator) -> Floats:
    """Noise that comes and goes with the voice: a synthesiser's vowels have nothing above their formants."""
    level = lfilter([0.004], [1.0, -0.996], np.abs(sound))
    hiss = rng.standard_normal(len(sound))
    tilt = rng.uniform(-0.2, 0.9)
    hiss = lfilter([1.0, -tilt], [1.0], hiss)
    return np.asarray(sound + level * hiss * 10.0 ** (rng.uniform(-32.0, -8.0) / 20.0), np.float32)


def _coloured(sound: Floats, rng: np.random.Generator) -> Floats:
    """Through a microphone and a loudspeaker's worth of peaks and slopes."""
    hz = np.array([0.0, 100.0, 250.0, 500.0, 1000.0, 2000.0, 3500.0, 5500.0, 8000.0])
    gains = np.cumsum(rng.normal(0.0, 2.5, len(hz)))
    if rng.random() < 0.3:
        gains[:2] -= rng.uniform(5.0, 25.0)
    if rng.random() < 0.2:
        gains[-2:] -= rng.uniform(5.0, 25.0)
    size = 512
    response = 10.0 ** (np.interp(np.fft.rfftfreq(size, 1.0 / RATE), hz, gains - gains.mean()) / 20.0)
    impulse = np.roll(np.fft.irfft(response), size // 2) * np.hanning(size)
    return np.asarray(fftconvolve(sound, impulse)[size // 2 : size // 2 + len(sound)], np.float32)


def _room(sound: Floats, rng: np.random.Generator) -> Floats:
    """An exponential tail of noise behind the direct sound."""
    decay = rng.uniform(0.08, 0.6)
    t = np.arange(int(decay * RATE)) / RATE
    tail = rng.standard_normal(len(t)) * np.exp(-6.9 * t / decay)
    tail[: int(rng.uniform(0.001, 0.012) * RATE)] = 0.0
    tail = lfilter([1.0], [1.0, -rng.uniform(0.0, 0.7)], tail)
    tail *= 10.0 ** (rng.uniform(-22.0, -1.0) / 20.0) / max(1e-6, float(np.sqrt((tail**2).sum())))
    return np.asarray(sound + fftconvolve(sound, tail)[: len(sound)], np.float32)


def _noise(sound: Floats, others: Floats, rng: np.random.Generator) -> Floats:
    """A room's noise, now and then of people: 2 to 60 dB below the speech."""
    kind = rng.random()
    if kind < 0.2 and len(others):
        noise = np.resize(others, len(sound)) + np.roll(np.resize(others, len(sound)), len(sound) // 3)
    else:
        noise = rng.standard_normal(len(sound))
        noise = lfilter([1.0], [1.0, -rng.uniform(0.0, 0.97)], noise)
        if kind < 0.35:
            at = np.arange(0, len(sound) + 4000, 4000)
            noise = noise * np.interp(np.arange(len(sound)), at, rng.uniform(0.0, 1.0, len(at)))
    ratio = rng.uniform(8.0, 30.0) if kind < 0.2 else float(np.clip(rng.normal(24.0, 12.0), 2.0, 60.0))
    loud = np.abs(sound) > 0.01
    speech = float(np.sqrt(np.mean(sound[loud] ** 2))) if loud.any() else 0.1
    return np.asarray(noise / max(1e-6, float(noise.std())) * speech * 10.0 ** (-ratio / 20.0), np.float32)
