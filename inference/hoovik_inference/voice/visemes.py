"""Mouth shapes from the sound alone, by a network that was trained on synthesised speech."""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import Floats
from hoovik_inference.voice.stream import HOP
from hoovik_inference.voice.viseme_features import FRAME, STRIDE, frames_of, log_mel_of
from hoovik_inference.voice.viseme_level import Relative
from hoovik_inference.voice.viseme_net import VisemeNetwork, Weights, shipped


class VisemeReader:
    """Visemes of one stream, hop by hop. Calls must not overlap."""

    def __init__(self, weights: Weights | None = None) -> None:
        """Begin to listen, with the weights that ship or others."""
        weights = shipped() if weights is None else weights
        self._network = VisemeNetwork(weights)
        self._relative = Relative(weights.prior)
        self._sound = np.zeros(FRAME - STRIDE + HOP, np.float32)
        self._frames = frames_of(self._sound)

    def read(self, hop: Floats) -> Floats:
        """(2, 15) weights that sum to 1, in the order of VISEMES, oldest first, after the (512,) next samples.

        They are about the moments LAG_MS + STEP_MS and LAG_MS before the end of the hop (`viseme_features`). The
        samples come from a `HighPass`: breath on a microphone is louder than any voice.

        Raises:
            ValueError: Another number of samples.
        """
        if hop.shape != (HOP,):
            raise ValueError(f"a hop is {hop.shape}; expected ({HOP},)")
        sound = self._sound
        sound[:-HOP] = sound[HOP:]
        sound[-HOP:] = hop
        return self._network.hop(self._relative.hop(log_mel_of(self._frames)))
