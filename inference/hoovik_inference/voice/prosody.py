"""Loudness and fundamental frequency."""

from __future__ import annotations

import math

import numpy as np

from hoovik_inference.types import Floats
from hoovik_inference.voice.ring import RATE

FLOOR_DB = -100.0
"Level of digital silence."
FRAME = 672
"Samples that pitch is read from: 42 ms; a longer stretch of speech changes its pitch too much to repeat itself."
LOWEST_HZ = 65.0
"A deep male voice."
HIGHEST_HZ = 500.0
"A child's or a shouting voice."
VOICED = 0.35
"Aperiodicity (YIN's d') below which a sound is voiced; YIN's paper uses 0.1 to 0.2 on studio speech."
QUIETEST_DB = -55.0
"Below this level there is nothing to read a pitch from."

_SHORTEST = int(RATE / HIGHEST_HZ)
_LONGEST = int(RATE / LOWEST_HZ) + 1
_INTEGRATED = FRAME - _LONGEST - 1
_FFT = 1024
_LAGS = np.arange(1, _LONGEST + 2)


def level_db(samples: Floats) -> float:
    """Root mean square of (n,) samples -1…1 in dBFS (a full-scale square wave is 0), at least -100."""
    if samples.size == 0:
        return FLOOR_DB
    power = float(np.dot(samples, samples)) / samples.size
    return max(FLOOR_DB, 10.0 * math.log10(power)) if power > 0.0 else FLOOR_DB


def pitch_hz(samples: Floats) -> float:
    """Fundamental frequency of (672,) samples at 16 kHz in Hz, or 0 where they are not voiced.

    YIN (de Cheveigné and Kawahara, JASA 111(4), 2002): the difference function by FFT, its cumulative mean
    normalisation, the first dip below the threshold, refined by a parabola. 65 to 500 Hz.

    Raises:
        ValueError: Another number of samples.
    """
    if samples.shape != (FRAME,):
        raise ValueError(f"samples are {samples.shape}; expected ({FRAME},)")
    if level_db(samples) < QUIETEST_DB:
        return 0.0
    x = samples.astype(np.float64)
    x -= x.mean()
    spectrum = np.fft.rfft(x, _FFT)
    head = np.fft.rfft(x[:_INTEGRATED], _FFT)
    cross = np.fft.irfft(spectrum * head.conj())[1 : _LONGEST + 2]
    total = np.concatenate(([0.0], np.cumsum(x * x)))
    energy = total[_LAGS + _INTEGRATED] - total[_LAGS]
    difference = np.maximum(total[_INTEGRATED] + energy - 2.0 * cross, 0.0)
    normal = difference * _LAGS / np.maximum(np.cumsum(difference), 1e-12)
    first = _SHORTEST - 1  # normal[i] belongs to lag i + 1
    below = np.flatnonzero(normal[first:_LONGEST] < VOICED)
    if below.size == 0:
        return 0.0
    at = first + int(below[0])
    while at + 1 < _LONGEST and normal[at + 1] < normal[at]:
        at += 1
    lag = float(_LAGS[at])
    if 0 < at < _LONGEST:
        before, here, after = (float(v) for v in difference[at - 1 : at + 2])
        bend = before - 2.0 * here + after
        if bend > 0.0:
            lag += 0.5 * (before - after) / bend
    hz = RATE / lag
    return hz if LOWEST_HZ <= hz <= HIGHEST_HZ else 0.0
