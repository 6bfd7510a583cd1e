"""What the network learns from: the moments of whole recordings and of windows of them, in all copies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.training.voice.data import Copy, Voices
from hoovik_inference.types import Floats
from hoovik_inference.voice.encoder import LEAST_S, SPEAKING
from hoovik_inference.voice.logmel import BANDS
from hoovik_inference.voice.moments import AFTER_SILENCE, AFTER_SPEECH, PITCH, POOLED, pooled
from hoovik_inference.voice.stream import HOP, RATE

_BEHIND = math.log(AFTER_SPEECH), math.log(AFTER_SILENCE)
_POWER = math.log(10.0) / 10.0
"Natural logarithm of power in a decibel."


def remembered(values: NDArray[np.float16], said: Floats) -> Floats | None:
    """(POOLED,) what the encoder remembers at the end of these hops; None where it has heard too little to read.

    Args:
        values: (hops, INPUTS).
        said: (hops,) smoothed probability of speech.
    """
    counts = said >= SPEAKING
    if not counts.any():
        return None
    fades = np.cumsum(np.where(counts, *_BEHIND))
    last = int(np.flatnonzero(counts)[-1])  # it is read after hops of speech only
    left = np.exp(fades[last] - fades[counts]).astype(np.float32)
    if left.sum() * HOP < LEAST_S * RATE:
        return None
    return pooled(values[counts].astype(np.float32), left)


@dataclass(frozen=True, slots=True)
class Rows:
    """Moments of n recordings in k copies: of all of each, and of w windows drawn at random."""

    moments: Floats
    "(k, 1 + w, n, POOLED); of a window, or a recording, without enough speech nan."


def rows(voices: Voices, windows: int, seed: int) -> Rows:
    """Of the copies that are trained on: as recorded, called and spoiled.

    Args:
        voices: The recordings.
        windows: Of each recording in each copy, 1 to 3 s long.
        seed: Where they lie comes from it.
    """
    copies = (voices.clean, voices.called, *voices.spoiled)
    out = np.full((len(copies), 1 + windows, len(voices.labels), POOLED), np.nan, np.float32)
    for place, one in enumerate(copies):
        for number in range(len(voices.labels)):
            rng = np.random.default_rng((seed, place, number))
            for window in range(1 + windows):
                found = remembered(*(one.of(number) if window == 0 else _window(one, number, rng)))
                if found is not None:
                    out[place, window, number] = found
    return Rows(out)


def _window(one: Copy, number: int, rng: np.random.Generator) -> tuple[NDArray[np.float16], Floats]:
    """1 to 3 s of a recording, half a second of speech at least where there is so much."""
    values, said = one.of(number)
    length = int(rng.uniform(1.0, 3.0) * RATE / HOP)
    counts = np.concatenate([[0], np.cumsum(said >= SPEAKING)])
    starts = np.arange(max(1, len(said) - length + 1))
    ends = np.minimum(starts + length, len(said))
    enough = starts[counts[ends] - counts[starts] >= min(0.5 * RATE / HOP, counts[-1])]
    start = int(rng.choice(enough)) if len(enough) else 0
    return values[start : start + length], said[start : start + length]


def changed(moments: Floats, gain_db: float, tilt_db: float, pitch: float, rng: np.random.Generator) -> Floats:
    """(n, POOLED) with other levels, microphones and pitches, as far as these change no more than means.

    Args:
        moments: (n, POOLED).
        gain_db: Standard deviation of the level.
        tilt_db: Standard deviation of six points of the spectrum.
        pitch: Standard deviation of the pitch in octaves.
        rng: Everything random comes from it.
    """
    out = moments.copy()
    points = rng.normal(0.0, tilt_db, (len(out), 6)) + rng.normal(0.0, gain_db, (len(out), 1))
    out[:, :BANDS] += (points * _POWER @ _BETWEEN).astype(np.float32)
    voiced = out[:, PITCH] > 0.0
    out[:, PITCH + 1] += voiced * rng.normal(0.0, pitch, len(out)).astype(np.float32)
    return out


def _between() -> NDArray[np.float64]:
    """(6, BANDS) that draws straight lines from point to point."""
    bands = np.arange(BANDS)
    corners = np.linspace(0, BANDS - 1, 6)
    return np.stack([np.interp(bands, corners, row) for row in np.eye(6)])


_BETWEEN = _between()
