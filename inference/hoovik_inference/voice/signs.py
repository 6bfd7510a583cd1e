"""What sound tells about itself: clipped, in noise, in an echo, full of holes.

Detectors of unusual windows read these beside what the voice expresses. All are of the last seconds, so that a pause
between words changes little.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats
from hoovik_inference.voice.stream import HOP, RATE

NAMES: tuple[str, ...] = (
    "crest", "peaks", "kurtosis", "range", "fall", "tone", "voiced", "lost", "holes", "spoken"
)  # fmt: skip
"In order; see `VoiceSigns.read`."
COUNT = len(NAMES)

SPAN = 2 * RATE // HOP
"Hops that are looked back at for levels: two seconds."
HEARD = RATE // HOP
"Hops that are looked back at for everything else: one second."
LOUD = HEARD // 3
"Of them, the loudest that tell how the voice was recorded."
FALL_HOPS = 3
"Between the levels that a fall is measured between: 96 ms, as long as the end of a syllable takes in a dry room."
HOLE = 32
"Equal samples in a row that make a hole: 2 ms, longer than any converter holds a level by itself."
QUIET_DB, NOTHING_DB = -60.0, -99.0
"Between these the last bit of a converter stands still by itself, in a quiet room; below there is nothing at all."
USUAL = (9.3, 2.6, 2.9, 40.0, 15.0, -2.0, 0.6, 0.0, 0.0, 0.0)
"Of RAVDESS through a call; what is told before a second was heard."
MOST = (11.0, 3.0, 3.5, 40.0, 18.0, 0.0, 1.0, 1.0, 1.0, 1.0)
"No more is told of any: a voice that moves more than most, in a room that is quieter, is not strange."
_CREST, _PEAK, _KURTOSIS, _TONE, _VOICED, _LOST, _HOLES, _SPEAKING = range(8)


class VoiceSigns:
    """Of one voice, hop by hop."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._levels: deque[float] = deque(maxlen=SPAN)
        self._hops: deque[tuple[float, ...]] = deque(maxlen=HEARD)
        self._window = np.hanning(HOP).astype(np.float32)

    def process(self, hop: Floats, speaking: float, level_db: float, pitch_hz: float, lost: float) -> None:
        """Take the next hop.

        Args:
            hop: (512,) 16 kHz mono -1…1.
            speaking: Probability 0…1 of speech.
            level_db: Of the hop, dBFS.
            pitch_hz: 0 where unvoiced.
            lost: 0…1, share of the hop that never came as it was sent.
        """
        self._levels.append(level_db)
        squares = hop * hop
        power = float(squares.mean()) + 1e-12
        peak_db = 10.0 * math.log10(float(squares.max()) + 1e-12)
        kurtosis = float((squares * squares).mean()) / power**2 if level_db > NOTHING_DB else USUAL[2]
        spectrum = np.abs(np.fft.rfft(hop * self._window))[8:240] ** 2 + 1e-9  # 250 … 7500 Hz
        tone = float(np.log10(spectrum).mean() - math.log10(spectrum.mean()))
        runs = np.diff(np.flatnonzero(np.diff(hop)), prepend=-1, append=HOP - 1)  # of equal samples
        quiet = NOTHING_DB < level_db < QUIET_DB
        holes = 0.0 if quiet else float(runs[runs >= HOLE].sum()) / HOP
        self._hops.append(
            (peak_db - 10.0 * math.log10(power), peak_db, kurtosis, tone, float(pitch_hz > 0.0), lost, holes, speaking)
        )

    def read(self) -> Floats:
        """(COUNT,) in the order of NAMES.

        crest      peak by root mean square of a hop, dB, in the mean of the loudest third of the last second
        peaks      standard deviation of their peaks, dB: a clipped voice hits the same ceiling over and over
        kurtosis   median of theirs: a clipped voice spends its time at the ceiling, and none far from its mean
        range      90th less 10th percentile of the levels of the last two seconds, dB: small in noise
        fall       by how much the level falls within FALL_HOPS at most, dB: an echo lets it fall slowly
        tone       log10 of the geometric by the arithmetic mean of the loud hops' spectra (spectral flatness)
        voiced     share of the loud hops that have a pitch
        lost       share of the last second that never came as it was sent
        holes      share of it in which the wave stands still
        spoken     mean probability of speech in it
        """
        if len(self._hops) < HEARD:
            return np.array(USUAL, np.float32)
        hops, levels = np.array(self._hops), np.array(self._levels)
        loud = hops[np.argsort(levels[-HEARD:])[-LOUD:]]
        ordered = np.sort(levels)
        low, high = _percentile(ordered, 0.1), _percentile(ordered, 0.9)
        fall = float((levels[:-FALL_HOPS] - levels[FALL_HOPS:]).max())
        mean = loud.mean(axis=0)
        told = np.array(
            (
                mean[_CREST], loud[:, _PEAK].std(), np.median(loud[:, _KURTOSIS]), high - low, fall, mean[_TONE],
                mean[_VOICED], *hops[:, [_LOST, _HOLES, _SPEAKING]].mean(axis=0),
            ),
            np.float32,
        )  # fmt: skip
        return np.minimum(told, np.array(MOST, np.float32))


def _percentile(ordered: NDArray[np.float64], share: float) -> float:
    """By linear interpolation; numpy's own takes ten times as long for so few values."""
    at = share * (len(ordered) - 1)
    below = int(at)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    return float(low + (high - low) * (at - below))
