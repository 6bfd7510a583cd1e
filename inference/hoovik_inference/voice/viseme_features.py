"""What the viseme network hears: a mel spectrum every 8 ms, and when what it says is about.

Training and the live stream both go through here: the same numbers, from whole recordings or hop by hop.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hoovik_inference.types import Floats
from hoovik_inference.voice.stream import HOP, RATE

FRAME = 384
"Samples of one spectrum, 24 ms."
STRIDE = 128
"Samples from one spectrum to the next, 8 ms."
STEP = 2 * STRIDE
"Samples from one answer of the network to the next, 16 ms: two of its steps are a hop."
SPECTRA = HOP // STRIDE
"Spectra of a hop."
ANSWERS = HOP // STEP
"Answers to a hop."
BANDS = 32
"Mel bands from 80 Hz to 7.6 kHz."
BEHIND = 3
"Spectra that the network has heard beyond the one that it answers for."
LAG_MS = (BEHIND * STRIDE + FRAME // 2) * 1000.0 / RATE
"From the moment that an answer is about to the newest sample behind it: 36 ms."
STEP_MS = STEP * 1000.0 / RATE
"From one answer to the next: 16 ms."
LATENCY_MS = LAG_MS - STEP_MS / 2 + HOP * 1000.0 / RATE
"""Algorithmic latency, 60 ms: an answer is about the 16 ms around its moment, which end 28 ms before the newest sample
that it needs (look-ahead), and sound is taken in hops of 32 ms (framing)."""

_FFT = 512
_LOW_HZ, _HIGH_HZ = 80.0, 7600.0
_FLOOR = 1e-10
"Power that is added to each band: what is quieter is silence."


def _mel_bank() -> Floats:
    """(257, BANDS): triangles of equal area on the mel scale (O'Shaughnessy 1987: 2595 log10(1 + f / 700))."""

    def mel(hz: float) -> float:
        return float(2595.0 * np.log10(1.0 + hz / 700.0))

    edges = 700.0 * (10.0 ** (np.linspace(mel(_LOW_HZ), mel(_HIGH_HZ), BANDS + 2) / 2595.0) - 1.0)
    hz = np.fft.rfftfreq(_FFT, 1.0 / RATE)
    rising = (hz[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - hz[:, None]) / (edges[2:] - edges[1:-1])
    bank = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(bank / bank.sum(axis=0), np.float32)


_WINDOW = np.hanning(FRAME + 1)[:-1]
_BANK = _mel_bank() * np.float32(4.0 / (_WINDOW.sum() ** 2))


def log_mel(sound: Floats) -> Floats:
    """(n, BANDS) log power, in nats, of the n spectra that begin in each STRIDE of `sound` and fit into it."""
    return log_mel_of(frames_of(sound))


def frames_of(sound: Floats) -> Floats:
    """(n, FRAME), a view: what log_mel's spectra are of."""
    return sliding_window_view(sound, FRAME)[::STRIDE]


def log_mel_of(frames: Floats) -> Floats:
    """(n, BANDS) log power, in nats, of (n, FRAME) samples."""
    power: Floats = np.abs(np.fft.rfft(frames * _WINDOW, _FFT)).astype(np.float32)
    power *= power
    out: Floats = power @ _BANK
    out += np.float32(_FLOOR)
    return np.log(out, out=out)
