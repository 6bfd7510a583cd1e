"""A spectrum set against the voice and the room that it comes from: how loud, how coloured, how far above the noise."""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import Floats
from hoovik_inference.voice.viseme_features import BANDS

INPUTS = 3 * BANDS
"Numbers a step: two spectra against the voice, and the mean of both against the room."

SPREAD = 2.5
"Of the bands, in nats: what is left has about unit variance."
LOUD_FALL, REST_FALL = 0.010, 0.0016
"Fall of the level that a voice is held to, nats a step: while it speaks (2.7 dB a second), while it does not (0.4)."
QUIETEST = -17.0
"Level below which no voice is looked for, in nats of the bands' mean power: a voice of about -50 dBFS."
ACTIVE = 4.0
"What lies less below that level than this, in nats, is the voice: 17 dB."
LEAST, MOST = 31.0, 190.0
"Steps of the voice that its mean spectrum is worth at the beginning (half a second), and at most (three seconds)."
FLOOR_RISE, FLOOR_FALL = 0.012, 0.2
"The room's spectrum rises by so many nats a step (3.3 dB a second), and falls by that share of the way."


class Relative:
    """Spectra of streams, set against the level, the mean spectrum and the background of each one so far."""

    def __init__(self, streams: int, prior: Floats) -> None:
        """Of so many streams at once.

        Args:
            streams: S.
            prior: (BANDS,) mean spectrum of voices less their level: what a voice is taken for before it speaks.
        """
        self._level = np.full(streams, QUIETEST, np.float32)
        self._smooth = np.full(streams, QUIETEST, np.float32)
        self._shape = np.tile(prior.astype(np.float32), (streams, 1))
        self._heard = np.full(streams, LEAST, np.float32)
        self._calm: Floats | None = None
        self._floor = np.zeros((streams, BANDS), np.float32)

    def step(self, spectra: Floats) -> Floats:
        """(S, INPUTS) for the network, -4…3, of the (S, 2, BANDS) spectra of one step."""
        both = spectra[:, 0] + spectra[:, 1]
        both *= np.float32(0.5)
        now = both.mean(axis=1)
        self._smooth += np.float32(0.5) * (now - self._smooth)
        active = now > self._level - np.float32(ACTIVE)
        self._level -= np.where(active, np.float32(LOUD_FALL), np.float32(REST_FALL))
        np.maximum(self._level, self._smooth, out=self._level)
        np.maximum(self._level, np.float32(QUIETEST), out=self._level)
        share = active / self._heard
        self._heard = np.minimum(self._heard + active, np.float32(MOST))
        self._shape += share[:, None] * (both - now[:, None] - self._shape)
        out = np.empty((len(spectra), 3, BANDS), np.float32)
        np.subtract(spectra, (self._shape + self._level[:, None])[:, None], out=out[:, :2])
        np.subtract(both, self._background(both), out=out[:, 2])
        out *= np.float32(1.0 / SPREAD)
        np.minimum(np.maximum(out, np.float32(-4.0), out=out), np.float32(3.0), out=out)
        return out.reshape(len(spectra), INPUTS)

    def _background(self, both: Floats) -> Floats:
        """(S, BANDS) of the room: what each band comes down to again and again."""
        if self._calm is None:
            self._calm = both.copy()
            self._floor[:] = both
        self._calm += np.float32(0.4) * (both - self._calm)
        above = self._calm - self._floor
        self._floor += np.where(above < 0.0, np.float32(FLOOR_FALL) * above, np.minimum(above, np.float32(FLOOR_RISE)))
        return self._floor
