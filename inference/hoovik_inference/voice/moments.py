"""What is remembered of a voice: means, deviations and changes of what was heard, forgotten within seconds."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats
from hoovik_inference.voice.logmel import BANDS, FRAMES
from hoovik_inference.voice.silero import TRAITS
from hoovik_inference.voice.stream import HOP, RATE

SPEECH_S, SILENCE_S = 4.0, 8.0
"What was heard is forgotten by a factor e in so many seconds of speech, or of silence."
AFTER_SPEECH = math.exp(-HOP / RATE / SPEECH_S)
"What is left of it after a hop of speech…"
AFTER_SILENCE = math.exp(-HOP / RATE / SILENCE_S)
"…and of silence."
MIDDLE_HZ = 150.0
"Pitch is told in octaves above this."
MEL = FRAMES * BANDS
INPUTS = MEL + 2 + TRAITS
"Numbers that tell of a hop: log-mel, pitch and whether there is one, what the voice activity network made of it."
WIDE = BANDS + TRAITS
"Of them, with the frames of a hop taken together, those that have a mean, a deviation and a change."
LAGS = (1, 3, 8)
"Hops of speech over which changes are told: 32 ms (of the spectra 16 ms), a sound, a syllable."
PITCH = (2 + len(LAGS)) * WIDE
"Where pitch begins in what is told of seconds."
POOLED = PITCH + 4
"Numbers that tell of seconds: mean, deviation and changes of those, and of pitch its share, mean, deviation, change."
STEADY = 1e-6
"Least variance."

_SUMS = PITCH + 5
_PAST = max(LAGS)
_BEFORE = [_PAST - lag for lag in LAGS]
"Where the hops of the lags lie before the newest of `_PAST + 1`."
_SHARE = np.float32(1.0 / FRAMES)


def inputs(spectra: Floats, pitch_hz: float, traits: Floats) -> Floats:
    """(INPUTS,) what is told of a hop.

    Args:
        spectra: (2, 64) from `LogMel`.
        pitch_hz: Fundamental frequency in Hz; 0 where unvoiced.
        traits: (256,) from `VoiceActivity.traits`.
    """
    pitch = (math.log2(pitch_hz / MIDDLE_HZ), 1.0) if pitch_hz > 0.0 else (0.0, 0.0)
    return np.concatenate([spectra.reshape(-1), np.asarray(pitch, np.float32), traits])


class Moments:
    """Running sums over the hops of speech of one voice."""

    def __init__(self) -> None:
        self._sums: NDArray[np.float64] = np.zeros(_SUMS)
        self._new: NDArray[np.float64] = np.empty(_SUMS)
        self._wide: NDArray[np.float32] = np.zeros((_PAST + 1, WIDE), np.float32)
        self._mel: NDArray[np.float32] = np.zeros((FRAMES + 1, BANDS), np.float32)  # the last frame before, and these
        self._pitch: tuple[float, float] | None = None  # of the hop before: octaves, and whether there is one
        self.hops = 0.0
        "Hops of speech behind them, as far as they are not forgotten."

    def reset(self) -> None:
        """What follows may be somebody else's."""
        self._sums[:] = 0.0
        self._pitch = None
        self.hops = 0.0

    def silence(self) -> None:
        """A hop without speech passed."""
        self._sums *= AFTER_SILENCE
        self.hops *= AFTER_SILENCE

    def speech(self, values: Floats) -> None:
        """A hop of speech, (INPUTS,).

        What `_terms` makes of it, without going through what was told before once more.
        """
        wide, mel, new = self._wide, self._mel, self._new
        wide[:-1] = wide[1:]
        mel[0] = mel[-1]
        mel[1:] = values[:MEL].reshape(FRAMES, BANDS)
        newest = wide[-1]
        np.add(mel[1], mel[2], out=newest[:BANDS])
        newest[:BANDS] *= _SHARE
        newest[BANDS:] = values[MEL + 2 :]
        pitch, voiced = values[MEL : MEL + 2].tolist()
        if self._pitch is None:  # before the first hop it was as in the first
            wide[:-1] = newest
            mel[0] = mel[-1]
            self._pitch = (pitch, voiced)
        squares, steps = mel * mel, np.abs(mel[1:] - mel[:-1])
        new[:WIDE] = newest
        np.add(squares[1], squares[2], out=new[WIDE : WIDE + BANDS])
        np.multiply(newest[BANDS:], newest[BANDS:], out=new[WIDE + BANDS : 2 * WIDE])
        np.subtract(wide[_BEFORE], newest, out=new[2 * WIDE : PITCH].reshape(len(LAGS), WIDE))
        np.abs(new[2 * WIDE : PITCH], out=new[2 * WIDE : PITCH])
        np.add(steps[0], steps[1], out=new[2 * WIDE : 2 * WIDE + BANDS])
        for part in (new[WIDE : WIDE + BANDS], new[2 * WIDE : 2 * WIDE + BANDS]):
            part *= _SHARE
        pitch_before, voiced_before = self._pitch
        both = voiced * voiced_before
        new[PITCH:] = voiced, pitch, pitch * pitch, both, both * abs(pitch - pitch_before)
        self._pitch = (pitch, voiced)
        self._sums *= AFTER_SPEECH
        self._sums += new
        self.hops = self.hops * AFTER_SPEECH + 1.0

    def pooled(self) -> Floats:
        """(POOLED,) what the sums come to, once there was speech."""
        return _pooled(self._sums / self.hops)


def pooled(values: Floats, left: Floats) -> Floats:
    """(POOLED,) what `Moments` comes to after hops of speech.

    Args:
        values: (hops, INPUTS), at least one.
        left: (hops,) what is left of each by then, 0…1.
    """
    terms = _terms(np.concatenate([np.repeat(values[:1], _PAST, axis=0), values]))
    return _pooled(left.astype(np.float64) @ terms / left.sum(dtype=np.float64))


def _terms(values: Floats) -> NDArray[np.float64]:
    """(hops, sums) what each hop adds; the first ones of `values`, as many as the longest lag, only come before."""
    count = len(values) - _PAST
    mel = values[:, :MEL].reshape(-1, FRAMES, BANDS)
    now, before = mel[_PAST:], mel[_PAST - 1 : -1]
    wide = np.concatenate([mel.mean(axis=1), values[:, MEL + 2 :]], axis=1)
    new = wide[_PAST:]
    out = np.empty((count, _SUMS))
    out[:, :WIDE] = new
    out[:, WIDE : WIDE + BANDS] = (now * now).mean(axis=1)
    out[:, WIDE + BANDS : 2 * WIDE] = new[:, BANDS:] ** 2
    for place, lag in enumerate(LAGS, 2):
        out[:, place * WIDE : (place + 1) * WIDE] = np.abs(new - wide[_PAST - lag : len(wide) - lag])
    steps = np.diff(np.concatenate([before[:, -1:], now], axis=1), axis=1)  # of the spectra from frame to frame
    out[:, 2 * WIDE : 2 * WIDE + BANDS] = np.abs(steps).mean(axis=1)
    pitch, voiced = values[_PAST:, MEL], values[_PAST:, MEL + 1]
    both = voiced * values[_PAST - 1 : -1, MEL + 1]
    change = both * np.abs(pitch - values[_PAST - 1 : -1, MEL])
    out[:, PITCH:] = np.stack([voiced, pitch, pitch**2, both, change], axis=1)
    return out


def _pooled(means: NDArray[np.float64]) -> Floats:
    mean, square = means[:WIDE], means[WIDE : 2 * WIDE]
    voiced, pitch, pitch_square, both, pitch_change = means[PITCH:].tolist()
    out = np.empty(POOLED, np.float32)
    out[:WIDE] = mean
    out[WIDE : 2 * WIDE] = np.sqrt(np.maximum(square - mean * mean, STEADY))
    out[2 * WIDE : PITCH] = means[2 * WIDE : PITCH]
    middle = pitch / voiced if voiced > 0.0 else 0.0
    spread = math.sqrt(max(pitch_square / voiced - middle * middle, 0.0)) if voiced > 0.0 else 0.0
    out[PITCH:] = voiced, middle, spread, pitch_change / both if both > 0.0 else 0.0
    return out
