"""What sound tells about itself: clipped, in noise, in an echo, full of holes.

Detectors of unusual windows read these beside what the voice expresses. All are of the last seconds, so that a pause
between words changes little.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from hoovik_inference.types import Floats
from hoovik_inference.voice.stream import HOP, RATE

NAMES: tuple[str, ...] = ("flat_tops", "crest", "range", "fall", "tone", "voiced", "lost", "holes", "spoken")
"In order; see `VoiceSigns.read`."
COUNT = len(NAMES)

SPAN = 2 * RATE // HOP
"Hops that are looked back at: two seconds."
HEARD = RATE // HOP
"Hops over which losses are counted: one second."
FALL_HOPS = 3
"Between the levels that a fall is measured between: 96 ms, as long as the end of a syllable takes in a dry room."
TOP = 0.9
"Share of a hop's peak from which on a sample is at the top."
HOLE = 32
"Equal samples in a row that make a hole: 2 ms, longer than any converter holds a level by itself."
USUAL = (0.03, 12.0, 40.0, 12.0, -1.5, 0.6, 0.0, 0.0, 0.0)
"Before anything was spoken: usual ones."
QUIET_DB, NOTHING_DB = -60.0, -99.0
"Between these the last bit of a converter stands still by itself, in a quiet room; below there is nothing at all."
SPEAKING = 0.5
"Probability of speech from which on a hop says something about how it was recorded."
FADE = 0.9
"Of a mean over hops of speech, from hop to hop: the last third of a second counts most."


class VoiceSigns:
    """Of one voice, hop by hop."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._levels: deque[float] = deque(maxlen=SPAN)
        self._lost: deque[float] = deque(maxlen=HEARD)
        self._holes: deque[float] = deque(maxlen=HEARD)
        self._spoken: deque[float] = deque(maxlen=HEARD)
        self._means = np.array((USUAL[0], USUAL[1], USUAL[4], USUAL[5]))
        self._window = np.hanning(HOP)

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
        self._lost.append(lost)
        self._spoken.append(speaking)
        runs = np.diff(np.flatnonzero(np.diff(hop)), prepend=-1, append=HOP - 1)  # of equal samples
        quiet = NOTHING_DB < level_db < QUIET_DB
        self._holes.append(0.0 if quiet else float(runs[runs >= HOLE].sum()) / HOP)
        if speaking >= SPEAKING:
            size = np.abs(hop)
            peak = float(size.max()) + 1e-9
            power = np.abs(np.fft.rfft(hop * self._window))[8:240] ** 2 + 1e-9  # 250 … 7500 Hz
            tone = float(np.log10(power).mean() - math.log10(power.mean()))
            crest = 20.0 * math.log10(peak / max(1e-9, float(np.sqrt((hop**2).mean()))))
            now = np.array((float((size >= TOP * peak).mean()), crest, tone, float(pitch_hz > 0.0)))
            self._means = FADE * self._means + (1.0 - FADE) * now

    def read(self) -> Floats:
        """(COUNT,) in the order of NAMES.

        flat_tops  share of samples near the peak of their hop, of speech: a clipped voice spends its time there
        crest      peak by root mean square of its hops, dB
        range      90th less 10th percentile of the levels of the last two seconds, dB: small in noise
        fall       by how much the level falls within FALL_HOPS at most, dB: an echo lets it fall slowly
        tone       log10 of the geometric by the arithmetic mean of the spectrum (spectral flatness): 0 is noise
        voiced     share of hops of speech that have a pitch
        lost       share of the last second that never came as it was sent
        holes      share of it in which the wave stands still
        spoken     mean probability of speech in it
        """
        flat, crest, tone, voiced = self._means.tolist()
        spread, fall = USUAL[2], USUAL[3]
        if len(self._levels) > FALL_HOPS:
            levels = np.array(self._levels)
            low, high = np.percentile(levels, (10.0, 90.0)).tolist()
            spread, fall = high - low, float((levels[:-FALL_HOPS] - levels[FALL_HOPS:]).max())
        means = [sum(held) / max(1, len(held)) for held in (self._lost, self._holes, self._spoken)]
        return np.array((flat, crest, spread, fall, tone, voiced, *means), np.float32)
