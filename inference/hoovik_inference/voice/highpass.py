"""Takes rumble out of a stream: desks, fans and breath carry more power below 60 Hz than a quiet voice above."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats
from hoovik_inference.voice.stream import HOP, RATE

CUTOFF_HZ = 80.0
"-3 dB here, -34 dB at 30 Hz; only the deepest voices have a fundamental below, and YIN finds it by its harmonics."

_BLOCK = 64
"Samples that a product filters; small enough that BLAS does not wake its threads for a hop of them."
_BLOCKS = HOP // _BLOCK

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


def _tables() -> tuple[Floats, Floats, Floats]:
    """The filter over a whole hop as matrices.

    A recursion has no vectorised form in numpy; as it is linear, a hop of it is three products: of the blocks'
    samples, what they add to the filter's state; of that, the state where each block begins; of samples and
    state, the output.

    Returns:
        (64, 4), (36, 36) from the state before and what each block adds to the states before each and after all,
        and (68, 64) from samples and state.
    """
    nothing = np.zeros(4)
    impulse = np.zeros(_BLOCK)
    impulse[0] = 1.0
    response, _ = _run(impulse, nothing)
    lag = np.arange(_BLOCK)[None, :] - np.arange(_BLOCK)[:, None]
    of_samples = np.where(lag >= 0, response[np.clip(lag, 0, None)], 0.0)
    alone = [_run(np.zeros(_BLOCK), unit) for unit in np.eye(4)]
    of_state, moved = np.stack([y for y, _ in alone]), np.stack([state for _, state in alone])
    adds = np.stack([_run(unit, nothing)[1] for unit in np.eye(_BLOCK)])
    # The state is large beside what it does to the output; as coordinates of that, it is as exact as the sound.
    of_state, basis = np.linalg.qr(of_state.T)
    of_state, adds, moved = of_state.T, adds @ basis.T, np.linalg.solve(basis.T, moved @ basis.T)
    chain = np.zeros((_BLOCKS + 1, 4, _BLOCKS + 1, 4))
    for source in range(_BLOCKS + 1):
        step = np.eye(4)
        for block in range(source, _BLOCKS + 1):
            chain[source, :, block] = step
            step = step @ moved
    size = 4 * (_BLOCKS + 1)
    return (
        adds.astype(np.float32),
        chain.reshape(size, size).astype(np.float32),
        np.concatenate([of_samples, of_state]).astype(np.float32),
    )


_ADDS, _CHAIN, _OUT = _tables()


class HighPass:
    """Fourth-order Butterworth high-pass at 80 Hz over a stream."""

    def __init__(self) -> None:
        self._blocks = np.zeros((_BLOCKS, _BLOCK + 4), np.float32)  # samples and the state before them
        self._samples, self._states = self._blocks[:, :_BLOCK], self._blocks[:, _BLOCK:]
        self._carried = np.zeros((_BLOCKS + 1, 4), np.float32)  # the state before the hop, then what blocks add

    def process(self, hop: Floats) -> Floats:
        """The (512,) next samples without what lies below 80 Hz.

        Raises:
            ValueError: Another number of samples.
        """
        if hop.shape != (HOP,):
            raise ValueError(f"a hop is {hop.shape}; expected ({HOP},)")
        samples, carried = self._samples, self._carried
        samples[:] = hop.reshape(_BLOCKS, _BLOCK)
        np.matmul(samples, _ADDS, out=carried[1:])
        states = (carried.reshape(-1) @ _CHAIN).reshape(_BLOCKS + 1, 4)
        carried[0] = states[-1]
        self._states[:] = states[:-1]
        out: Floats = (self._blocks @ _OUT).reshape(-1)
        return out

    def reset(self) -> None:
        """What follows does not continue what was."""
        self._carried[0] = 0.0
