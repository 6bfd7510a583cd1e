"""One participant's voice, hop by hop."""

from __future__ import annotations

import math

import numpy as np

from hoovik_inference.types import Floats, VoiceEstimate
from hoovik_inference.voice.activity import HOP, VoiceActivity
from hoovik_inference.voice.highpass import HighPass
from hoovik_inference.voice.prosody import FRAME, level_db, pitch_hz
from hoovik_inference.voice.ring import RATE, Ring
from hoovik_inference.voice.visemes import VisemeReader

GAP_MS = 60.0
"Difference between expected and given capture time beyond which the sound does not continue."

_PER_MS = RATE / 1000.0


class StreamVoiceObserver:
    """A `VoiceObserver`: every 512 samples (32 ms) it says what the newest sound is."""

    def __init__(self) -> None:
        self._highpass = HighPass()
        self._ring = Ring(FRAME)
        self._activity = VoiceActivity()
        self._visemes = VisemeReader()
        self._pending = np.zeros(0, np.float32)
        self._last_ms: float | None = None

    def observe(self, samples: Floats, time_ms: float) -> list[VoiceEstimate]:
        """Take (n,) new samples, 16 kHz mono -1…1, the last captured at `time_ms`.

        Where capture time leaps by more than 60 ms from what the samples before lead to expect, what was
        heard before is forgotten: a new stretch of sound begins.

        Returns:
            One estimate per whole hop that they complete, oldest first.

        Raises:
            ValueError: Another shape, samples that are not finite, or a time that is not.
        """
        if samples.ndim != 1:
            raise ValueError(f"samples are {samples.shape}; expected (n,): mix down to mono")
        if not math.isfinite(time_ms):
            raise ValueError(f"time_ms is {time_ms}; expected a capture time in milliseconds")
        if not np.isfinite(samples).all():
            raise ValueError("samples are not all finite; expected -1…1: drop the frame at the decoder")
        if samples.size == 0:
            return []
        if self._last_ms is not None:
            expected = self._last_ms + samples.size / _PER_MS
            if abs(time_ms - expected) > GAP_MS:
                self.reset()
        self._last_ms = time_ms
        sound = np.concatenate([self._pending, samples.astype(np.float32, copy=False)])
        whole = len(sound) // HOP * HOP
        self._pending = sound[whole:].copy()
        return [
            self._hop(sound[end - HOP : end], time_ms - (len(sound) - end) / _PER_MS)
            for end in range(HOP, whole + 1, HOP)
        ]

    @property
    def wanted(self) -> int:
        """Samples that complete the next hop, 1…512."""
        return HOP - len(self._pending)

    def reset(self) -> None:
        """Forget the sound so far: what follows does not continue it."""
        self._highpass.reset()
        self._ring.clear()
        self._activity.reset()
        self._visemes = VisemeReader()
        self._pending = np.zeros(0, np.float32)
        self._last_ms = None

    def _hop(self, hop: Floats, time_ms: float) -> VoiceEstimate:
        speaking = self._activity.process(hop)
        clean = self._highpass.process(hop)
        self._ring.push(clean)
        pitch = pitch_hz(self._ring.newest(FRAME))
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
