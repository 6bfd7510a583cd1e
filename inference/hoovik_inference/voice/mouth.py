"""The mouth of one voice, which rests while nobody speaks: most of a meeting, most people listen."""

from __future__ import annotations

from collections import deque

import numpy as np

from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice.viseme_features import ANSWERS
from hoovik_inference.voice.visemes import VisemeReader

QUIET = 0.05
"Smoothed probability of speech below which nobody speaks. The detector reaches it within two hops of a first sound."
PATIENCE = 16
"Hops that nobody has spoken before the mouth rests: half a second, longer than a pause within a sentence mostly is."
CAUGHT_UP = 6
"Hops that are read again when somebody begins: 0.19 s, the detector's own delay and what the network needs of before."


class Mouth:
    """Visemes of one stream, hop by hop, closed and unread after a while without speech. Calls must not overlap."""

    def __init__(self) -> None:
        """Begin to listen."""
        self._reader = VisemeReader()
        self._quiet = 0  # hops without speech
        self._unread: deque[Floats] = deque(maxlen=CAUGHT_UP)

    def read(self, hop: Floats, speaking: float) -> Floats:
        """(2, 15) weights, as of VisemeReader, after the (512,) next samples, rumble filtered off.

        Args:
            hop: The samples.
            speaking: Smoothed probability 0…1 of speech in them.
        """
        self._quiet = self._quiet + 1 if speaking < QUIET else 0
        if self._quiet > PATIENCE:
            self._unread.append(hop)
            return _CLOSED.copy()
        while self._unread:
            self._reader.read(self._unread.popleft())
        return self._reader.read(hop)


_CLOSED = np.zeros((ANSWERS, len(VISEMES)), np.float32)
_CLOSED[:, VISEMES.index("sil")] = 1.0
