"""The voice's arithmetic beside the same written out as in its textbook: slow, plain and on its own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from hoovik_inference.types import Floats
from hoovik_inference.voice import HOP, RATE, HighPass, pitch_hz
from hoovik_inference.voice.highpass import CUTOFF_HZ
from hoovik_inference.voice.prosody import FRAME, HIGHEST_HZ, LOWEST_HZ, VOICED
from tests.unit.inference.sounds import hiss, noise, tone, vowel

Doubles = NDArray[np.float64]


def butterworth(sound: Floats) -> Doubles:
    """Fourth-order high-pass: the analogue poles, the bilinear transform, then its recursion sample by sample."""
    twice, order = 2.0 * RATE, 4
    corner = twice * math.tan(math.pi * CUTOFF_HZ / RATE)
    poles = corner / np.exp(1j * math.pi * (2 * np.arange(order) + order + 1) / (2 * order))
    a = np.poly((twice + poles) / (twice - poles)).real
    b = np.poly(np.ones(order))
    b *= np.polyval(a, -1.0) / np.polyval(b, -1.0)
    x, y = np.zeros(len(sound) + order), np.zeros(len(sound) + order)
    x[order:] = sound
    for n in range(order, len(x)):
        y[n] = b @ x[n - order : n + 1][::-1] - a[1:] @ y[n - order : n][::-1]
    return y[order:]


RUMBLE = tone(35, 0.9, level=0.5) + noise(0.9, 0.05)


@pytest.mark.parametrize("sound", [noise(0.9), RUMBLE, vowel(120, (700, 1200), 0.9)], ids=["noise", "rumble", "vowel"])
def test_the_filter_is_a_butterworth_recursion(sound: Floats) -> None:
    whole = sound[: len(sound) // HOP * HOP]
    highpass = HighPass()
    got = np.concatenate([highpass.process(whole[i : i + HOP]) for i in range(0, len(whole), HOP)])
    np.testing.assert_allclose(got, butterworth(whole), atol=1e-6)


def yin(sound: Floats) -> float:
    """Equations 6 and 8 of de Cheveigné and Kawahara, and their parabola, lag by lag."""
    x = sound.astype(np.float64)
    x -= x.mean()
    longest = int(RATE / LOWEST_HZ) + 1
    width = FRAME - longest - 1
    differences = [float(((x[:width] - x[lag : lag + width]) ** 2).sum()) for lag in range(longest + 2)]
    normal = [1.0] + [
        differences[lag] * lag / max(sum(differences[1 : lag + 1]), 1e-12) for lag in range(1, longest + 2)
    ]
    for lag in range(int(RATE / HIGHEST_HZ), longest + 1):
        if normal[lag] < VOICED:
            break
    else:
        return 0.0
    while lag < longest and normal[lag + 1] < normal[lag]:
        lag += 1
    before, here, after = differences[lag - 1 : lag + 2]
    bend = before - 2.0 * here + after
    hz = RATE / (lag + (0.5 * (before - after) / bend if bend > 0.0 else 0.0))
    return hz if LOWEST_HZ <= hz <= HIGHEST_HZ else 0.0


VOICES = [vowel(f0, (600.0, 1400.0, 2600.0), 0.3) for f0 in (70.0, 95.0, 133.0, 214.0, 371.0, 495.0)]


@pytest.mark.parametrize("sound", [*VOICES, noise(0.3), tone(66, 0.3), hiss(200, 900, 0.3), RUMBLE])
def test_the_pitch_is_that_of_the_difference_function_as_it_is_defined(sound: Floats) -> None:
    for start in range(0, len(sound) - FRAME, 400):
        piece = sound[start : start + FRAME]
        assert pitch_hz(piece) == pytest.approx(yin(piece), abs=0.01)
