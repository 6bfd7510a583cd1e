"""Takes rumble out of a stream: desks, fans and breath carry more power below 60 Hz than a quiet voice above."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats
from hoovik_inference.voice.ring import RATE

CUTOFF_HZ = 80.0
"-3 dB here, -34 dB at 30 Hz; only the deepest voices have a fundamental below, and YIN finds it by its harmonics."

BLOCK = 64
"Samples filtered in one product; small enough that BLAS does not wake its threads for it."

_BUTTERWORTH_Q = (0.54119610, 1.30656296)
"Qualities of the two sections of a fourth-order Butterworth filter."


def _sections() -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """High-pass sections (b, a) after Bristow-Johnson's Audio EQ Cookbook."""
    w = 2.0 * math.pi * CUTOFF_HZ / RATE
    out = []
    for q in _BUTTERWORTH_Q:
        alpha, c = math.sin(w) / (2.0 * q), math.cos(w)
        b = np.array([(1 + c) / 2, -(1 + c), (1 + c) / 2]) / (1 + alpha)
        a = np.array([1.0, -2 * c / (1 + alpha), (1 - alpha) / (1 + alpha)])
        out.append((b, a))
    return out


def _run(x: NDArray[np.float64], state: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both sections sample by sample (transposed direct form II); only used to build the tables."""
    state = state.copy()
    for at, (b, a) in enumerate(_sections()):
        s1, s2 = float(state[2 * at]), float(state[2 * at + 1])
        y = np.empty_like(x)
        for n, value in enumerate(x):
            out = b[0] * value + s1
            s1 = b[1] * value - a[1] * out + s2
            s2 = b[2] * value - a[2] * out
            y[n] = out
        state[2 * at], state[2 * at + 1] = s1, s2
        x = y
    return x, state


def _tables() -> tuple[Floats, Floats, Floats, Floats]:
    """The filter over a whole block as matrices: output and next state, of samples and of state.

    A recursion has no vectorised form in numpy; as it is linear, a block of it is one matrix product.
    """
    nothing = np.zeros(4)
    impulse = np.zeros(BLOCK)
    impulse[0] = 1.0
    response, _ = _run(impulse, nothing)
    lag = np.arange(BLOCK)[:, None] - np.arange(BLOCK)[None, :]
    of_samples = np.where(lag >= 0, response[np.clip(lag, 0, None)], 0.0)
    by_state = [_run(np.zeros(BLOCK), unit) for unit in np.eye(4)]
    of_state = np.stack([y for y, _ in by_state], axis=1)
    next_of_state = np.stack([s for _, s in by_state], axis=1)
    # The state after an impulse at n is the impulse's own state, moved on by the samples that follow.
    after, step = np.zeros((4, BLOCK)), np.stack([_run(np.zeros(1), unit)[1] for unit in np.eye(4)], axis=1)
    after[:, -1] = _run(np.ones(1), nothing)[1]
    for n in range(BLOCK - 2, -1, -1):
        after[:, n] = step @ after[:, n + 1]
    return (
        of_samples.astype(np.float32),
        of_state.astype(np.float32),
        after.astype(np.float32),
        next_of_state.astype(np.float32),
    )


_OF_SAMPLES, _OF_STATE, _STATE_OF_SAMPLES, _STATE_OF_STATE = _tables()


class HighPass:
    """Fourth-order Butterworth high-pass at 80 Hz over a stream."""

    def __init__(self) -> None:
        self._state = np.zeros(4, np.float32)

    def process(self, samples: Floats) -> Floats:
        """The (n,) next samples without what lies below 80 Hz.

        Raises:
            ValueError: n is no multiple of 64.
        """
        if samples.ndim != 1 or samples.size % BLOCK:
            raise ValueError(f"samples are {samples.shape}; expected (n,), n a multiple of {BLOCK}")
        out = np.empty(samples.size, np.float32)
        for start in range(0, samples.size, BLOCK):
            block = samples[start : start + BLOCK]
            out[start : start + BLOCK] = _OF_SAMPLES @ block + _OF_STATE @ self._state
            self._state = _STATE_OF_SAMPLES @ block + _STATE_OF_STATE @ self._state
        return out

    def reset(self) -> None:
        """What follows does not continue what was."""
        self._state = np.zeros(4, np.float32)
