"""Mouth shapes from the sound alone: energy, noise and the first two formants.

Honest about what it knows: closures (PP), hiss (SS, CH), weak noise (FF, TH), nasals (nn) and the five vowels.
DD, kk and RR look like their neighbours at 32 ms and get no weight of their own.
"""

from __future__ import annotations

import math
from operator import mul

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice.stream import HOP, RATE

QUIET_DB = -55.0
"Level below which nothing is said, however quiet the speaker."
DIP_DB = 18.0
"Fall under the speaker's running level that a closure makes."
CLOSURE_HOPS = 3
"Longest closure inside a word, 96 ms; what lasts longer is a pause."
DECAY_DB = 0.6
"Fall per hop of the running level: 19 dB a second."
FLOOR_RISE_DB = 0.2
"Rise per hop of the room's own level, 6 dB a second, where nothing quieter is heard."
FLOOR_FALL = 0.15
"Part of the way that the room's level falls to a quieter hop: one gap in the sound is not the room."
OVER_FLOOR_DB = 4.0
"Above the room's level by less, a hop is the room."
LEAST_RANGE_DB = 10.0
"A room lies at least so far below its speaker: a held vowel does not become the room."
ROOM_SHARE = 0.2
"Weight of the newest hop in the room's spectrum."

SMOOTHING = 0.6
"Weight of the newest hop; the mouth takes about 50 ms to get anywhere."

VOWELS: dict[str, tuple[float, float]] = {
    "aa": (750.0, 1300.0),
    "E": (560.0, 1850.0),
    "I": (360.0, 2200.0),
    "O": (520.0, 920.0),
    "U": (350.0, 1100.0),
}
"""First and second formant in Hz, between the men's and the women's of Hillenbrand et al., JASA 97(5), 1995."""

_HZ = np.fft.rfftfreq(HOP, 1.0 / RATE)
_WINDOW = np.hanning(HOP).astype(np.float32)
_EDGES = [int(edge) for edge in np.searchsorted(_HZ, (100.0, 800.0, 3000.0, 7800.0))]
"Bins where what is heard begins, its middle and its high band begin, and where it ends."
_BANDS = [edge - _EDGES[0] for edge in _EDGES[:-1]]
_HIGH_HZ = _HZ[_EDGES[2] : _EDGES[3]]
_HALF = 129
"Bins up to 4 kHz: the part that formants are read from."
_ORDER = 10
"Linear prediction of an 8 kHz band: one pole pair for each 1 kHz, and one for the slope."
_FORMANT_HZ = np.fft.rfftfreq(256, 1.0 / 8000)
_TURN = np.outer(2.0 * np.pi * _FORMANT_HZ / 8000, np.arange(_ORDER + 1))
_EMPHASIS = 1.0 + 0.9**2 - 2 * 0.9 * np.cos(_TURN[:, 1])
_TWICE = np.array([1.0] + [2.0] * (_HALF - 2) + [1.0])  # the bins of a real signal that stand for two
_AUTOCORRELATION = np.ascontiguousarray((np.cos(_TURN) * (_EMPHASIS * _TWICE / 256)[:, None]).T)
"(11, 129): lags 0 to 10 of a half spectrum with its slope lifted, the few that an inverse transform is needed for."
_RESPONSE = np.concatenate([np.cos(_TURN), np.sin(_TURN)])
"(258, 11): real, then imaginary response of a filter by its coefficients."
_LOWEST = int(np.searchsorted(_FORMANT_HZ, 200.0))
"First bin where a formant may lie."
_AT = {name: index for index, name in enumerate(VISEMES)}
_SIL, _PP, _FF, _TH, _CH, _SS, _NN = (_AT[name] for name in ("sil", "PP", "FF", "TH", "CH", "SS", "nn"))


def _bark(hz: float) -> float:
    """Bark scale (Traunmüller, JASA 88(1), 1990)."""
    return 26.81 * hz / (1960.0 + hz) - 0.53


_VOWEL_BARK = [(_AT[name], _bark(first), _bark(second)) for name, (first, second) in VOWELS.items()]


class FormantReader:
    """Visemes of one stream, hop by hop; remembers how loud the speaker is."""

    def __init__(self) -> None:
        self._weights = _only(_SIL)
        self._loud_db = QUIET_DB
        self._floor_db = QUIET_DB - OVER_FLOOR_DB
        self._room = np.zeros(HOP // 2 + 1)
        self._dipped = 0

    def read(self, hop: Floats, level_db: float, pitch_hz: float, speaking: float) -> Floats:
        """(15,) weights that sum to 1, in the order of VISEMES.

        Args:
            hop: (512,) newest samples.
            level_db: Their level, dBFS.
            pitch_hz: Fundamental frequency, 0 where unvoiced.
            speaking: 0…1, probability of speech.
        """
        self._loud_db = max(self._loud_db - DECAY_DB, level_db, QUIET_DB)
        below = level_db - self._floor_db
        floor_db = self._floor_db + (FLOOR_FALL * below if below < 0.0 else min(FLOOR_RISE_DB, below))
        self._floor_db = max(min(floor_db, self._loud_db - LEAST_RANGE_DB), QUIET_DB - OVER_FLOOR_DB)
        shape = self._shape(hop, level_db, pitch_hz > 0.0, speaking)
        weights = [old + SMOOTHING * (new - old) for old, new in zip(self._weights, shape, strict=True)]
        total = sum(weights)
        self._weights = [weight / total for weight in weights]
        return np.array(self._weights, np.float32)

    def _shape(self, hop: Floats, level_db: float, voiced: bool, speaking: float) -> list[float]:
        quiet = level_db < self._floor_db + OVER_FLOOR_DB
        dip = level_db < self._loud_db - DIP_DB
        self._dipped = self._dipped + 1 if quiet or dip else 0
        if quiet:
            self._room += ROOM_SHARE * (_power(hop) - self._room)
        if self._dipped:
            inside = speaking > 0.5 and self._dipped <= CLOSURE_HOPS
            return _only(_PP if inside else _SIL)
        if speaking < 0.2:  # sound, but not a voice: keys, fans, music
            return _only(_SIL)
        # What is left of the room's noise would flatten the formants; a tenth stays, so nothing is empty.
        power = _power(hop)
        power = np.maximum(power - self._room, 0.1 * power)
        low, mid, high = np.add.reduceat(power[_EDGES[0] : _EDGES[3]], _BANDS).tolist()
        heard = low + mid + high
        if heard <= 0.0:
            return _only(_SIL)
        out = [0.0] * len(VISEMES)
        noise = _ramp(high / heard, 0.25, 0.35) * (0.6 if voiced else 1.0)
        if noise > 0.0:
            centre = float(power[_EDGES[2] : _EDGES[3]].dot(_HIGH_HZ)) / high
            _add_noise(out, noise, centre, self._loud_db - level_db)
        if noise < 1.0:
            _add_voice(out, 1.0 - noise, formants(power), (mid + high) / heard)
        return out


def _power(hop: Floats) -> NDArray[np.float64]:
    """(257,) power spectrum."""
    parts = np.fft.rfft(hop * _WINDOW).view(np.float64)
    parts *= parts
    return parts[::2] + parts[1::2]


def _ramp(value: float, start: float, length: float) -> float:
    return min(1.0, max(0.0, (value - start) / length))


def _add_noise(out: list[float], weight: float, centre_hz: float, below_db: float) -> None:
    """Hiss by its centre of gravity; noise far weaker than the speaker's vowels is FF or TH."""
    weak, sharp = _ramp(below_db, 8.0, 5.0), _ramp(centre_hz, 4200.0, 1000.0)
    out[_SS] += weight * (1.0 - weak) * sharp
    out[_CH] += weight * (1.0 - weak) * (1.0 - sharp)
    out[_FF] += weight * weak * 0.7
    out[_TH] += weight * weak * 0.3


def _add_voice(out: list[float], weight: float, heard: tuple[float, float], above: float) -> None:
    """Vowels by the nearest formants; a voice with nearly nothing above 800 Hz hums through the nose."""
    nasal = (1.0 - _ramp(above, 0.01, 0.04)) * (1.0 if heard[0] < 400.0 else 0.3)
    first, second = _bark(heard[0]), _bark(heard[1])
    near = [math.exp(-0.5 * ((f1 - first) ** 2 + (f2 - second) ** 2)) + 1e-6 for _, f1, f2 in _VOWEL_BARK]
    share = weight * (1.0 - nasal) / sum(near)
    for (at, _, _), one in zip(_VOWEL_BARK, near, strict=True):
        out[at] += share * one
    out[_NN] += weight * nasal


def formants(power: NDArray[np.float64]) -> tuple[float, float]:
    """First and second formant in Hz of a power spectrum (257,) of 512 samples at 16 kHz.

    Selective linear prediction of 0 to 4 kHz (Makhoul, Proc. IEEE 63(4), 1975): its autocorrelation is the
    transform of that half of the spectrum; the formants are the peaks of the model's spectrum, where the
    prediction filter's own dips.
    """
    autocorrelation: list[float] = (_AUTOCORRELATION @ power[:_HALF]).tolist()
    autocorrelation[0] *= 1.0001
    response = _RESPONSE @ np.array(_predictor(autocorrelation))
    response *= response
    dips = np.maximum(response[_LOWEST - 1 : _HALF] + response[_HALF + _LOWEST - 1 :], 1e-12)
    falls = dips[1:] < dips[:-1]
    hz = _FORMANT_HZ[_LOWEST:-1][falls[:-1] > falls[1:]].tolist()
    first = hz[0] if hz else 500.0
    second = next((value for value in hz[1:] if value > max(first + 200.0, 700.0)), None)
    if second is None:  # merged peaks: back vowels
        second = first + 450.0
    return min(first, 1100.0), second


def _predictor(autocorrelation: list[float]) -> list[float]:
    """Coefficients (order + 1,) of the prediction error filter, by the Levinson-Durbin recursion.

    On plain floats: for ten orders, numpy's calls cost more than the arithmetic.
    """
    filter_ = [1.0]
    error = autocorrelation[0]
    for order in range(1, len(autocorrelation)):
        filter_.append(0.0)
        if error <= 0.0:
            continue
        reflection = -sum(map(mul, filter_, autocorrelation[order:0:-1])) / error
        filter_ = [one + reflection * other for one, other in zip(filter_, filter_[::-1], strict=True)]
        error *= 1.0 - reflection * reflection
    return filter_


def _only(at: int) -> list[float]:
    out = [0.0] * len(VISEMES)
    out[at] = 1.0
    return out
