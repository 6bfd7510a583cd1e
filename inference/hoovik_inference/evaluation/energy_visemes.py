"""The first reader of mouth shapes that this project had, kept to compare with: energy, noise and two formants.

It knows closures (PP) by a dip of the level, hiss (SS, CH), weak noise (FF, TH), nasals (nn) and the five vowels.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.evaluation.visemes import Track
from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice.activity import VoiceActivity
from hoovik_inference.voice.highpass import HighPass
from hoovik_inference.voice.prosody import FRAME, level_db, pitch_hz
from hoovik_inference.voice.stream import HOP, RATE

QUIET_DB = -55.0
"Level below which nothing is said, however quiet the speaker."
DIP_DB = 18.0
"Fall under the speaker's running level that a closure makes."
CLOSURE_HOPS = 3
"Longest closure inside a word, 96 ms; what lasts longer is a pause."
DECAY_DB = 0.6
"Fall per hop of the running level: 19 dB a second."
SMOOTHING = 0.6
"Weight of the newest hop; the mouth takes about 50 ms to get anywhere."

VOWELS: dict[str, tuple[float, float]] = {
    "aa": (750.0, 1300.0),
    "E": (560.0, 1850.0),
    "I": (330.0, 2300.0),
    "O": (520.0, 920.0),
    "U": (350.0, 1100.0),
}
"""First and second formant in Hz, between the men's and the women's of Hillenbrand et al., JASA 97(5), 1995."""

_HZ = np.fft.rfftfreq(HOP, 1.0 / RATE)
_WINDOW = np.hanning(HOP).astype(np.float32)
_LOW = (_HZ >= 100) & (_HZ < 800)
_MID = (_HZ >= 800) & (_HZ < 3000)
_HIGH = (_HZ >= 3000) & (_HZ < 7800)
_HEARD = (_HZ >= 100) & (_HZ < 7800)
_HALF = 129
"Bins up to 4 kHz: the part that formants are read from."
_ORDER = 10
"Linear prediction of an 8 kHz band: one pole pair for each 1 kHz, and one for the slope."
_FORMANT_HZ = np.fft.rfftfreq(256, 1.0 / 8000)
_EMPHASIS = (1.0 + 0.9**2 - 2 * 0.9 * np.cos(2 * np.pi * _FORMANT_HZ[:_HALF] / 8000)).astype(np.float64)
_AT = {name: index for index, name in enumerate(VISEMES)}
_VOWEL_AT = np.array([_AT[name] for name in VOWELS])
_VOWEL_BARK: NDArray[np.float64]


class EnergyReader:
    """Visemes of one stream, hop by hop; remembers how loud the speaker is."""

    def __init__(self) -> None:
        self._weights = _only("sil")
        self._loud_db = QUIET_DB
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
        shape = self._shape(hop, level_db, pitch_hz > 0.0, speaking)
        self._weights = self._weights + SMOOTHING * (shape - self._weights)
        self._weights = self._weights / self._weights.sum()
        return self._weights.astype(np.float32)

    def _shape(self, hop: Floats, level_db: float, voiced: bool, speaking: float) -> Floats:
        quiet = level_db < QUIET_DB
        dip = level_db < self._loud_db - DIP_DB
        self._dipped = self._dipped + 1 if quiet or dip else 0
        if self._dipped:
            inside = speaking > 0.5 and self._dipped <= CLOSURE_HOPS
            return _only("PP" if inside else "sil")
        if speaking < 0.2:  # sound, but not a voice: keys, fans, music
            return _only("sil")
        power = np.abs(np.fft.rfft(hop * _WINDOW)).astype(np.float64) ** 2
        heard = float(power[_HEARD].sum())
        if heard <= 0.0:
            return _only("sil")
        shares = [float(power[band].sum()) / heard for band in (_LOW, _MID, _HIGH)]
        out = np.zeros(len(VISEMES), np.float32)
        noise = float(np.clip((shares[2] - 0.25) / 0.35, 0.0, 1.0)) * (0.6 if voiced else 1.0)
        if noise > 0.0:
            out += noise * _noise(power, self._loud_db - level_db)
        if noise < 1.0:
            out += (1.0 - noise) * _voice(power, shares)
        return out


def _noise(power: NDArray[np.float64], below_db: float) -> Floats:
    """Hiss by its centre of gravity; noise far weaker than the speaker's vowels is FF or TH."""
    band = power[_HIGH]
    centre = float((band * _HZ[_HIGH]).sum() / band.sum())
    out = np.zeros(len(VISEMES), np.float32)
    weak = float(np.clip((below_db - 10.0) / 8.0, 0.0, 1.0))
    sharp = float(np.clip((centre - 4200.0) / 1000.0, 0.0, 1.0))
    out[_AT["SS"]] = (1 - weak) * sharp
    out[_AT["CH"]] = (1 - weak) * (1 - sharp)
    out[_AT["FF"]] = weak * 0.7
    out[_AT["TH"]] = weak * 0.3
    return out


def _voice(power: NDArray[np.float64], shares: list[float]) -> Floats:
    """Vowels by the nearest formants; a voice with nearly nothing above 800 Hz hums through the nose."""
    out = np.zeros(len(VISEMES), np.float32)
    first, second = formants(power)
    apart = ((_VOWEL_BARK - _bark(np.array([first, second]))) ** 2).sum(axis=1)
    near = np.exp(-apart / 2.0)
    nasal = float(np.clip((0.05 - shares[1] - shares[2]) / 0.04, 0.0, 1.0)) * (1.0 if first < 400.0 else 0.3)
    out[_VOWEL_AT] = (1.0 - nasal) * (near + 1e-6) / (near + 1e-6).sum()
    out[_AT["nn"]] = nasal
    return out


def formants(power: NDArray[np.float64]) -> tuple[float, float]:
    """First and second formant in Hz of a power spectrum (257,) of 512 samples at 16 kHz.

    Selective linear prediction of 0 to 4 kHz (Makhoul, Proc. IEEE 63(4), 1975): its autocorrelation is the
    transform of that half of the spectrum; the formants are the peaks of the model's spectrum.
    """
    autocorrelation = np.fft.irfft(power[:_HALF] * _EMPHASIS)[: _ORDER + 1]
    autocorrelation[0] *= 1.0001
    envelope = 1.0 / np.maximum(np.abs(np.fft.rfft(_predictor(autocorrelation), 256)) ** 2, 1e-12)
    inner = envelope[1:-1]
    peaks = np.flatnonzero((inner > envelope[:-2]) & (inner >= envelope[2:])) + 1
    hz = [float(_FORMANT_HZ[peak]) for peak in peaks if _FORMANT_HZ[peak] >= 200.0]
    first = hz[0] if hz else 500.0
    second = next((value for value in hz[1:] if value > max(first + 200.0, 700.0)), None)
    if second is None:  # merged peaks: back vowels
        second = first + 450.0
    return min(first, 1100.0), second


def _predictor(autocorrelation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients (order + 1,) of the prediction error filter, by the Levinson-Durbin recursion."""
    filter_ = np.zeros(_ORDER + 1)
    filter_[0] = 1.0
    error = float(autocorrelation[0])
    for order in range(1, _ORDER + 1):
        if error <= 0.0:
            break
        reflection = -float(filter_[:order] @ autocorrelation[order:0:-1]) / error
        filter_[1 : order + 1] += reflection * filter_[order - 1 :: -1][:order]
        error *= 1.0 - reflection * reflection
    return filter_


def _bark(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bark scale (Traunmüller, JASA 88(1), 1990)."""
    return 26.81 * hz / (1960.0 + hz) - 0.53


def _only(name: str) -> Floats:
    out = np.zeros(len(VISEMES), np.float32)
    out[_AT[name]] = 1.0
    return out


_VOWEL_BARK = _bark(np.array(list(VOWELS.values())))


class HopReader(Protocol):
    """Reads a hop by its samples, their level in dBFS, their pitch in Hz (0: none) and whether somebody speaks, 0…1."""

    def read(self, hop: Floats, level_db: float, pitch_hz: float, speaking: float) -> Floats:
        """(15,) weights in the order of VISEMES."""
        ...


def energy(samples: Floats) -> Track:
    """What it makes of (n,) samples, 16 kHz mono; each answer is about the middle of its hop."""
    return by_hops(EnergyReader(), samples)


def by_hops(reader: HopReader, samples: Floats) -> Track:
    """Hop by hop, with the level, the pitch and the voice activity that such readers want."""
    highpass, activity = HighPass(), VoiceActivity()
    newest = np.zeros(FRAME, np.float32)
    out = []
    for hop in samples[: len(samples) // HOP * HOP].reshape(-1, HOP):
        speaking = activity.process(hop)
        clean = highpass.process(hop)
        newest[:-HOP] = newest[HOP:]
        newest[-HOP:] = clean
        out.append(reader.read(clean, level_db(clean), pitch_hz(newest), speaking))
    weights = np.array(out, np.float32).reshape(-1, len(VISEMES))
    return Track((np.arange(len(weights)) + 0.5) * HOP * 1000.0 / RATE, weights)
