"""One participant's voice, hop by hop."""

from __future__ import annotations

import math

import numpy as np

from hoovik_inference.types import Floats, VoiceEstimate
from hoovik_inference.voice.activity import VoiceActivity
from hoovik_inference.voice.highpass import HighPass
from hoovik_inference.voice.prosody import FRAME, level_db, pitch_hz
from hoovik_inference.voice.stream import HOP, RATE
from hoovik_inference.voice.visemes import VisemeReader

GAP_MS = 60.0
"Difference between expected and given capture time beyond which the sound does not continue."

_PER_MS = RATE / 1000.0


class StreamVoiceObserver:
    """A `VoiceObserver`: every 512 samples (32 ms) it says what the newest sound is."""

    def __init__(self) -> None:
        self._highpass = HighPass()
        self._activity = VoiceActivity()
        self._visemes = VisemeReader()
        self._hop = np.zeros(HOP, np.float32)
        self._filled = 0  # samples of the next hop that are there
        self._newest = np.zeros(FRAME, np.float32)  # filtered
        self._last_ms: float | None = None

    def observe(self, samples: Floats, time_ms: float) -> list[VoiceEstimate]:
        """Take (n,) new samples, 16 kHz mono -1…1, the last captured at `time_ms`.

        Where capture time leaps by more than 60 ms from what the samples before lead to expect, what was
        heard before is forgotten: a new stretch of sound begins.

        Returns:
            One estimate per whole hop that they complete, oldest first.

        Raises:
            ValueError: Another shape, samples that are not finite or whose squares are not, or such a time.
        """
        if samples.ndim != 1:
            raise ValueError(f"samples are {samples.shape}; expected (n,): mix down to mono")
        if not math.isfinite(time_ms):
            raise ValueError(f"time_ms is {time_ms}; expected a capture time in milliseconds")
        if not math.isfinite(samples.dot(samples)):  # one that is not spoils the sum of all squares
            raise ValueError("samples are not all finite; expected -1…1: drop the frame at the decoder")
        if samples.size == 0:
            return []
        if self._last_ms is not None:
            expected = self._last_ms + samples.size / _PER_MS
            if abs(time_ms - expected) > GAP_MS:
                self.reset()
        self._last_ms = time_ms
        out: list[VoiceEstimate] = []
        taken, count = 0, samples.size
        while taken < count:
            take = min(HOP - self._filled, count - taken)
            self._hop[self._filled : self._filled + take] = samples[taken : taken + take]
            taken += take
            self._filled += take
            if self._filled == HOP:
                self._filled = 0
                out.append(self._read(time_ms - (count - taken) / _PER_MS))
        return out

    @property
    def wanted(self) -> int:
        """Samples that complete the next hop, 1…512."""
        return HOP - self._filled

    def reset(self) -> None:
        """Forget the sound so far: what follows does not continue it."""
        self._highpass.reset()
        self._activity.reset()
        self._visemes = VisemeReader()
        self._filled = 0
        self._newest[:] = 0.0
        self._last_ms = None

    def _read(self, time_ms: float) -> VoiceEstimate:
        hop, newest = self._hop, self._newest
        speaking = self._activity.process(hop)
        clean = self._highpass.process(hop)
        newest[:-HOP] = newest[HOP:]
        newest[-HOP:] = clean
        pitch = pitch_hz(newest)
        return VoiceEstimate(
            time_ms=time_ms,
            speaking_probability=speaking,
            level_db=level_db(hop),
            pitch_hz=pitch,
            visemes=self._visemes.read(clean, level_db(clean), pitch, speaking),
        )


def warm() -> None:
    """Load the detector and run everything once."""
    StreamVoiceObserver().observe(np.zeros(2 * HOP, np.float32), 0.0)
