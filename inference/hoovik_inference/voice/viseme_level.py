"""A spectrum set against the voice and the room that it comes from: how loud, how coloured, how far above the noise."""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import Floats
from hoovik_inference.voice.viseme_features import ANSWERS, BANDS, SPECTRA

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

_NEW = 0.4
"Share of a step in the short mean that the room's spectrum is looked for in."
_LEAST_OUT, _MOST_OUT = np.float32(-4.0), np.float32(3.0)
_SCALE = np.float32(1.0 / SPREAD)
_HALF, _RISE, _FALL = np.float32(0.5), np.float32(FLOOR_RISE), np.float32(FLOOR_FALL)
_MEAN = np.full(BANDS, 1.0 / BANDS, np.float32)


class Relative:
    """Spectra of one stream, set against its level, its mean spectrum and its background so far.

    A hop has two steps. What moves linearly (mean spectrum, short mean) moves for both in one product, and the levels
    are plain numbers: numpy's price is by the call.
    """

    def __init__(self, prior: Floats) -> None:
        """Begin to listen.

        Args:
            prior: (BANDS,) mean spectrum of voices less their level: what a voice is taken for before it speaks.
        """
        self._level = self._smooth = QUIETEST
        self._heard = LEAST
        # Mean spectrum of the voice, short mean, the mean spectra of both steps, ones.
        self._rows = np.ones((5, BANDS), np.float32)
        self._rows[0] = prior
        self._both = self._rows[2:4]
        self._floor: Floats | None = None
        self._above = np.empty(BANDS, np.float32)

    def hop(self, spectra: Floats) -> Floats:
        """(2, INPUTS) for the network, -4…3, of the (4, BANDS) spectra of one hop."""
        rows, both = self._rows, self._both
        np.add(spectra[0::2], spectra[1::2], out=both)
        both *= _HALF
        first, second = (both @ _MEAN).tolist()
        if self._floor is None:
            rows[1], self._floor = both[0], both[0].copy()
        share, level = self._follow(first)
        later_share, later_level = self._follow(second)
        kept, old = 1.0 - later_share, 1.0 - _NEW
        moved = (
            np.array(
                (
                    (1.0 - share, 0.0, share, 0.0, level - share * first),  # what the first step is held to
                    (
                        kept * (1.0 - share),
                        0.0,
                        kept * share,
                        later_share,
                        later_level - kept * share * first - later_share * second,
                    ),  # and the second
                    (0.0, old, _NEW, 0.0, 0.0),  # short means
                    (0.0, old * old, old * _NEW, _NEW, 0.0),
                ),
                np.float32,
            )
            @ rows
        )
        out = np.empty((ANSWERS, 3, BANDS), np.float32)
        np.subtract(spectra.reshape(ANSWERS, 2, BANDS), moved[:2, None], out=out[:, :2])
        for step in range(ANSWERS):
            np.subtract(both[step], self._background(moved[2 + step]), out=out[step, 2])
        np.subtract(moved[1], np.float32(later_level), out=rows[0])
        rows[1] = moved[3]
        out *= _SCALE
        np.maximum(out, _LEAST_OUT, out=out)
        np.minimum(out, _MOST_OUT, out=out)
        return out.reshape(ANSWERS, INPUTS)

    def _follow(self, now: float) -> tuple[float, float]:
        """How far the voice's mean spectrum moves to that of a step of level `now`, and the level it is held to."""
        self._smooth += 0.5 * (now - self._smooth)
        active = now > self._level - ACTIVE
        fallen = self._level - (LOUD_FALL if active else REST_FALL)
        self._level = max(fallen, self._smooth, QUIETEST)
        share = 1.0 / self._heard if active else 0.0
        if active:
            self._heard = min(self._heard + 1.0, MOST)
        return share, self._level

    def _background(self, calm: Floats) -> Floats:
        """(BANDS,) of the room: what each band comes down to again and again."""
        floor, above = self._floor, self._above
        assert floor is not None  # since the first hop
        np.subtract(calm, floor, out=above)
        fall = above * _FALL  # the greater of both where it is below
        np.maximum(above, fall, out=above)
        np.minimum(above, _RISE, out=above)
        floor += above
        return floor


def relative(spectra: Floats, prior: Floats) -> Floats:
    """(n / 2, INPUTS) of the (n, BANDS) spectra of a whole stream, n a multiple of SPECTRA; `prior` as of Relative."""
    stream = Relative(prior)
    hops = [stream.hop(hop) for hop in spectra.reshape(-1, SPECTRA, BANDS)]
    return np.concatenate(hops)
