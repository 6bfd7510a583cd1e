"""Each time it is trained on, speech is said again: by another throat, faster, in another room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from hoovik_inference.evaluation.phones import MOUTH_OF
from hoovik_inference.training.visemes.material import Stretch
from hoovik_inference.training.visemes.speech import UNKNOWN
from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice.viseme_features import BANDS, BEHIND
from hoovik_inference.voice.viseme_level import relative

LEAD_MS = 12.0
"""Mouths are dated so much before their sound, as forced aligners date phones: by the begin of a window of 25 ms that
they first fill the middle of (HTK, Kaldi). Lips, too, move before they are heard."""
_AROUND = (0.125, 0.375, 0.375, 0.125)
"Weights of four spectra 8 ms apart, whose middle lies LEAD_MS behind the first of them."

LEAST_POWER = -23.0
"Nats: digital silence in a band."


@dataclass(frozen=True, slots=True)
class Change:
    """How far speech is changed, on its spectra."""

    rate: float = 0.3
    "Log of the largest change of speed, up or down."
    phone: float = 0.22
    "Spread of the log of each phone's own length."
    gain: float = 0.5
    "Spread of each phone's own level, nats."
    way: float = 0.35
    "Spread of each of three waves over the bands, of each phone: nobody says it as the synthesiser does."
    throat: float = 0.1
    "Largest stretch of the mel axis, up or down."
    colour: float = 0.5
    "Spread of each of three waves over the bands, nats."
    contrast: tuple[float, float] = (0.55, 1.25)
    "How much peaks are flattened or raised: people's formants are of other widths than a synthesiser's."
    noise: float = 0.7
    "Share that gets more noise."
    masked: float = 0.3
    "Share of which some bands are hidden."
    creak: float = 0.2
    "Share whose voice creaks: pulses so slow that spectra between them are weaker."
    paused: float = 0.35
    "Share that begins with a longer pause, a tenth of them with nothing else: calls are mostly that."


@dataclass(frozen=True, slots=True)
class Batch:
    """Stretches of speech as the network takes them."""

    inputs: Floats
    "(B, T, INPUTS)."
    targets: Floats
    "(B, T, 15) how long each viseme is made about the moment that the network answers for; nothing where unknown."


def batch(
    stretches: list[Stretch], steps: int, prior: Floats, change: Change | None, rng: np.random.Generator
) -> Batch:
    """Cut (or repeat) each stretch to so many steps, an even number, and change it; as it is where `change` is None."""
    inputs = np.zeros((len(stretches), 2 * steps, BANDS), np.float32)
    targets = np.zeros((len(stretches), steps, len(VISEMES)), np.float32)
    for at, one in enumerate(stretches):
        where = _where(one, 2 * steps, change, rng)
        inputs[at] = _spectra(one, where, change, rng)
        targets[at] = targets_of(one.shapes[np.rint(where).astype(int)])
    return Batch(np.stack([relative(one, prior) for one in inputs]), targets)


def targets_of(shapes: NDArray[np.uint8]) -> Floats:
    """(T, 15) shares of the visemes about the moment that each step answers for, of the (2T,) shapes of spectra."""
    whole = np.zeros((len(shapes), len(VISEMES)), np.float32)
    known = shapes != UNKNOWN
    whole[np.flatnonzero(known), shapes[known]] = 1.0
    # Step n takes in spectra 2n and 2n + 1 and answers for the middle of spectrum 2n + 1 - BEHIND; what an aligner
    # dates there is heard LEAD_MS later, between the next two.
    padded = np.concatenate([np.repeat(whole[:1], BEHIND, axis=0), whole])
    first = 2 * np.arange(len(shapes) // 2) + 1  # spectrum 2n + 1 - BEHIND
    out: Floats = sum(weight * padded[first + at] for at, weight in enumerate(_AROUND))
    return out


def prior_of(stretches: tuple[Stretch, ...]) -> Floats:
    """(BANDS,) mean spectrum, less its level, of what is spoken."""
    silent = VISEMES.index("sil")
    means = [one.spectra[one.shapes != silent].astype(np.float32).mean(axis=0) for one in stretches]
    mean = np.mean(means, axis=0)
    return np.asarray(mean - mean.mean(), np.float32)


def balance(stretches: tuple[Stretch, ...], power: float) -> Floats:
    """(15,) weights of the visemes: rare kinds of mouths count more, by their share to the minus `power`."""
    counts = sum(np.bincount(one.shapes, minlength=256)[: len(VISEMES)] for one in stretches)
    shares = np.zeros(max(MOUTH_OF) + 1)
    np.add.at(shares, list(MOUTH_OF), counts)
    weights = (shares / shares.sum()) ** -power
    out = weights[list(MOUTH_OF)]
    return np.asarray(out * np.sum(counts) / np.sum(counts * out), np.float32)


def _where(one: Stretch, count: int, change: Change | None, rng: np.random.Generator) -> Floats:
    """(count,) moments of the stretch, in spectra, one for each that comes out."""
    size = len(one.shapes)
    if change is None:
        return np.asarray(np.arange(count) % size, np.float32)
    own = np.exp(rng.normal(0.0, change.phone, int(one.phones.max()) + 1))
    lengths = own[one.phones] * np.exp(rng.uniform(-change.rate, change.rate))
    ends = np.cumsum(lengths)
    start = rng.uniform(0.0, max(0.0, ends[-1] - count))
    where = np.interp((start + np.arange(count)) % ends[-1], ends, np.arange(size))
    quiet = np.flatnonzero(one.phones == 0)
    if len(quiet) and rng.random() < change.paused:
        length = count if rng.random() < 0.1 else int(rng.integers(20, 180))
        where[:length] = rng.choice(quiet, min(length, count))
    return np.asarray(where, np.float32)


def _spectra(one: Stretch, where: Floats, change: Change | None, rng: np.random.Generator) -> Floats:
    low = np.minimum(where.astype(int), len(one.shapes) - 2)
    part = (where - low).astype(np.float32)[:, None]
    below, above = one.spectra[low].astype(np.float32), one.spectra[low + 1].astype(np.float32)
    spectra = below + part * (above - below)
    if change is None:
        return np.asarray(spectra, np.float32)
    bands = np.arange(BANDS)
    spectra = spectra @ _stretched(1.0 + rng.uniform(-change.throat, change.throat))
    smooth = spectra @ _BLUR
    spectra = smooth + np.float32(rng.uniform(*change.contrast)) * (spectra - smooth)
    spectra += _own_ways(one.phones[np.rint(where).astype(int)], change, rng)
    if rng.random() < change.creak:
        beat = np.cos(2 * np.pi * np.arange(len(where)) / rng.uniform(1.7, 4.0) + rng.uniform(0.0, 6.3))
        spectra += (rng.uniform(0.0, 0.8) * beat)[:, None].astype(np.float32)
    colour = np.zeros(BANDS)
    for wave in (0.5, 1.0, 1.7):
        colour += rng.normal(0.0, change.colour) * np.cos(np.pi * wave * bands / BANDS + rng.uniform(0.0, 6.3))
    spectra += (colour + rng.uniform(-1.5, 1.0)).astype(np.float32)
    if rng.random() < change.noise:
        noise = _noise(spectra, rng)
        spectra = np.log(np.exp(spectra) + np.exp(noise))
    if rng.random() < change.masked:
        first, width = int(rng.integers(BANDS - 5)), int(rng.integers(1, 6))
        spectra[:, first : first + width] = spectra[:, first : first + width].mean(axis=0)
    return np.asarray(np.maximum(spectra, LEAST_POWER), np.float32)


def _noise(spectra: Floats, rng: np.random.Generator) -> Floats:
    """(n, BANDS) of a room's noise, 2 to 35 dB below the loud parts in the mean of the bands."""
    bands = np.arange(BANDS)
    level = float(np.percentile(spectra.mean(axis=1), 80)) - rng.uniform(0.0, 7.0)
    shape = rng.normal(-0.5, 1.2) * (bands / BANDS - 0.5) + rng.normal(0.0, 0.4) * np.cos(
        np.pi * bands / BANDS * rng.uniform(1, 4)
    )
    start = int(rng.integers(len(_SCATTER) - len(spectra))) if len(spectra) < len(_SCATTER) else 0
    return np.asarray(level + shape, np.float32) + np.resize(_SCATTER[start:], spectra.shape)


def _own_ways(phones: NDArray[np.uint16], change: Change, rng: np.random.Generator) -> Floats:
    """(n, BANDS) that each phone has more or less of; pauses, phone 0, stay as they are."""
    ways = rng.normal(0.0, (change.gain, change.way, change.way, change.way), (int(phones.max()) + 1, len(_WAVES)))
    ways[0] = 0.0
    return np.asarray(uniform_filter1d(ways[phones].astype(np.float32), 5, axis=0) @ _WAVES, np.float32)


def _stretched(factor: float) -> Floats:
    """(BANDS, BANDS): spectra @ it are stretched along the mel axis."""
    at = np.clip(np.arange(BANDS) * factor, 0.0, BANDS - 1.0)
    low = np.minimum(at.astype(int), BANDS - 2)
    out = np.zeros((BANDS, BANDS), np.float32)
    out[low, np.arange(BANDS)] = 1.0 - (at - low)
    out[low + 1, np.arange(BANDS)] += at - low
    return out


def _blur() -> Floats:
    apart = np.arange(BANDS)[:, None] - np.arange(BANDS)[None, :]
    out = np.exp(-0.5 * (apart / 3.0) ** 2)
    return np.asarray(out / out.sum(axis=0), np.float32)


_BLUR = _blur()


def _scatter() -> Floats:
    """(n, BANDS) log power of steady noise about its mean: that of few bins scatters more than that of many."""
    bins = np.linspace(1.3, 9.0, BANDS)
    power = np.random.default_rng(0).gamma(bins, 1.0 / bins, (16_384, BANDS))
    return np.asarray(np.log(power + 1e-3), np.float32)


_SCATTER = _scatter()
_WAVES = np.cos(np.pi * np.arange(4)[:, None] * (np.arange(BANDS) + 0.5) / BANDS).astype(np.float32)
"(4, BANDS): constant, slope, and two waves."
