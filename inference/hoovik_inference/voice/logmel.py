"""Log-mel spectra of a stream: two frames of 32 ms for each hop of 32 ms."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hoovik_inference.types import Floats
from hoovik_inference.voice.stream import HOP, RATE

BANDS = 64
"Mel bands of a frame."
FRAMES = 2
"Frames that a hop completes, 16 ms apart."
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0
"Where the bands begin and end."
FLOOR = 1e-6
"Power that is added to each band: some 60 dB below speech, so that what a codec does to silence is not looked at."

_STEP = HOP // FRAMES
_FRAME = 512
_SCALE = 2.0 / _FRAME


class LogMel:
    """Log-mel frames of one 16 kHz stream, hop by hop."""

    def __init__(self) -> None:
        self._sound = np.zeros(_FRAME - _STEP + HOP, np.float32)
        self._frames = sliding_window_view(self._sound, _FRAME)[::_STEP]

    def process(self, hop: Floats) -> Floats:
        """(2, 64) natural logarithms of power, of the frames that end 16 ms before and with the (512,) next samples."""
        sound = self._sound
        sound[:-HOP] = sound[HOP:]
        sound[-HOP:] = hop
        return logmel(self._frames)

    def reset(self) -> None:
        """What follows does not continue what was."""
        self._sound[:] = 0.0


def logmel(frames: Floats) -> Floats:
    """(n, 64) of (n, 512) samples."""
    power: Floats = np.abs(np.fft.rfft(frames * _WINDOW)).astype(np.float32)
    power *= power
    out: Floats = power @ _FILTERS
    out += np.float32(FLOOR)
    return np.log(out, out=out)


def mel(hz: float) -> float:
    """O'Shaughnessy, "Speech Communication", 1987: 2595 lg(1 + hz / 700)."""
    return float(2595.0 * np.log10(1.0 + hz / 700.0))


def _filters() -> Floats:
    """(257, 64) triangles that meet at each other's middles, each of sum 1."""
    edges = 700.0 * (10.0 ** (np.linspace(mel(LOWEST_HZ), mel(HIGHEST_HZ), BANDS + 2) / 2595.0) - 1.0)
    bins = np.arange(_FRAME // 2 + 1) * RATE / _FRAME
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins[:, None] - low) / (middle - low), (high - bins[:, None]) / (high - middle)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    # The lowest bands are narrower than the lines of the spectrum: one that none falls into takes the nearest.
    for band in np.flatnonzero(triangles.sum(axis=0) == 0.0):
        triangles[np.abs(bins - middle[band]).argmin(), band] = 1.0
    return np.ascontiguousarray(triangles / triangles.sum(axis=0), np.float32)


_WINDOW = np.hanning(_FRAME + 1)[:-1] * _SCALE
_FILTERS = _filters()
