"""Loudness and fundamental frequency."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats
from hoovik_inference.voice.stream import RATE

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
_LAGS = np.arange(1.0, _LONGEST + 2)


def level_db(samples: Floats) -> float:
    """Root mean square of (n,) samples -1…1 in dBFS (a full-scale square wave is 0), at least -100."""
    if samples.size == 0:
        return FLOOR_DB
    power = float(np.dot(samples, samples)) / samples.size
    return max(FLOOR_DB, 10.0 * math.log10(power)) if power > 0.0 else FLOOR_DB


def pitch_hz(samples: Floats) -> float:
    """Fundamental frequency of (672,) samples at 16 kHz in Hz, or 0 where they are not voiced.

    YIN (de Cheveigné and Kawahara, JASA 111(4), 2002): the difference function, its cumulative mean
    normalisation, the first dip below the threshold, refined by a parabola. 65 to 500 Hz.

    Raises:
        ValueError: Another number of samples.
    """
    if samples.shape != (FRAME,):
        raise ValueError(f"samples are {samples.shape}; expected ({FRAME},)")
    if level_db(samples) < QUIETEST_DB:
        return 0.0
    difference = _difference(samples)
    normal = np.add.accumulate(difference)
    np.maximum(normal, 1e-12, out=normal)
    np.divide(difference, normal, out=normal)
    normal *= _LAGS
    first = _SHORTEST - 1  # normal[i] belongs to lag i + 1
    below = normal[first:_LONGEST] < VOICED
    at = first + int(below.argmax())
    if not below[at - first]:
        return 0.0
    while at + 1 < _LONGEST and normal[at + 1] < normal[at]:
        at += 1
    lag = at + 1.0
    if 0 < at < _LONGEST:
        before, here, after = difference[at - 1 : at + 2].tolist()
        bend = before - 2.0 * here + after
        if bend > 0.0:
            lag += 0.5 * (before - after) / bend
    hz = RATE / lag
    return hz if LOWEST_HZ <= hz <= HIGHEST_HZ else 0.0


def _difference(samples: Floats) -> NDArray[np.float64]:
    """YIN's difference function of lags 1 to 248: the power between a sound and itself that much later.

    Lag by lag in numpy's `correlate`: for so few samples it costs less than three Fourier transforms, and needs
    nothing but the samples.
    """
    x = samples.astype(np.float64)
    x -= np.add.reduce(x) / FRAME
    head = x[:_INTEGRATED]
    difference = np.correlate(x, head, "valid")[1:]
    difference *= -2.0
    total = np.add.accumulate(x * x)
    difference += total[_INTEGRATED:]
    difference -= total[: _LONGEST + 1]
    difference += total[_INTEGRATED - 1]
    return np.maximum(difference, 0.0, out=difference)
