"""Rows of voices: recordings as the service's own ears hear them in a call, and what may be wrong with sound."""

from __future__ import annotations

import numpy as np

from hoovik_inference.emotion.lite.rows import VOICE, voice_row
from hoovik_inference.types import Floats
from hoovik_inference.voice.encoder import EncoderNetwork
from hoovik_inference.voice.observer import StreamVoiceObserver
from hoovik_inference.voice.stream import HOP, RATE

STEP = RATE // 10
"Samples from one step of a window to the next."


def rows(samples: Floats, network: EncoderNetwork, lost: Floats | None = None) -> Floats:
    """(T, VOICE) of (n,) samples, 16 kHz mono, ten a second.

    Args:
        samples: The sound.
        network: What reads voices.
        lost: (n,) 1 where a sample never came as it was sent, else 0.
    """
    observer = StreamVoiceObserver(network=network)
    observer.express(True)
    out: list[Floats] = []
    newest: Floats | None = None
    due = STEP
    for start in range(0, len(samples) - HOP + 1, HOP):
        missing = 0 if lost is None else int(lost[start : start + HOP].sum())
        end = start + HOP
        for voice in observer.observe(samples[start:end], 1000.0 + end * 1000.0 / RATE, missing):
            newest = voice_row(voice)
        if end >= due and newest is not None:
            out.append(newest)
            due += STEP
    return np.array(out, np.float32).reshape(-1, VOICE)


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
