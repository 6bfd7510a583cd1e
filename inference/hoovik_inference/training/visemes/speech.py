"""Speech whose mouth shapes are known, sample by sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from scipy.signal import lfilter, resample_poly

from hoovik_inference.evaluation.phones import NEXT, shapes_of
from hoovik_inference.training.visemes.espeak import Espeak, Said
from hoovik_inference.training.visemes.texts import text
from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice.stream import RATE

UNKNOWN = 255
"Label where the mouth is not known."
CLOSURE_MS = 130.0
"Longest silence before a voiceless stop that is its closure."
ABRUPT_MS = 60.0
"Of a pause before such a stop, so much: the lips close shortly before they burst."
QUIET = 0.02
"Of the loud parts: below is no sound."

_SIL = VISEMES.index("sil")
_STOPS = tuple("ptkcqʈ")
_UP = 160
"Resampling by 160 / n: each n is 0.5 % of the length of a vocal tract."


@dataclass(frozen=True, slots=True)
class Spoken:
    """A stretch of speech."""

    samples: Floats
    "(n,) 16 kHz mono, the loudest at 1."
    shapes: NDArray[np.uint8]
    "(n,) index into VISEMES, or UNKNOWN."
    phones: NDArray[np.uint16]
    "(n,) number of the phone, from 0."


def speak(espeak: Espeak, language: str, variant: str, seconds: float, rng: np.random.Generator) -> Spoken:
    """Somebody says one thing after the other, for at least so long, at one speed and pitch."""
    speed = round(float(np.exp(rng.uniform(np.log(105), np.log(330)))))
    pitch, spread = int(rng.integers(15, 86)), int(rng.integers(10, 91))
    down = round(espeak.rate / RATE * _UP * float(np.clip(rng.normal(1.0, 0.05), 0.87, 1.14)))
    parts = [_pause(rng.uniform(0.05, 0.9), rng)]
    count = 0
    while sum(len(part.samples) for part in parts) < seconds * RATE:
        said = espeak.say(
            text(rng, language), f"{language}+{variant}",
            speed=speed, pitch=pitch, spread=spread, seed=int(rng.integers(1 << 30)),
        )  # fmt: skip
        part = labelled(said, down)
        parts += [part, _pause(rng.uniform(0.0, 0.6) if rng.random() < 0.7 else rng.uniform(0.6, 1.5), rng)]
        count += 1
        if count > 20 * seconds:
            raise ValueError(f"espeak-ng says nothing with the voice {language}+{variant}")
    offset = 0
    phones = []
    for part in parts:
        phones.append(part.phones + np.uint16(offset))
        offset += int(part.phones.max(initial=0)) + 1
    return Spoken(
        np.concatenate([part.samples for part in parts]),
        np.concatenate([part.shapes for part in parts]),
        np.concatenate(phones),
    )


def labelled(said: Said, down: int) -> Spoken:
    """At 16 kHz, made longer and deeper or shorter and higher by `down`, with the shape of each sample.

    espeak-ng marks a voiceless stop where it bursts; the silence before, while the mouth is closed, belongs to it.
    A voiced one is marked where it closes.
    """
    samples = said.samples.astype(np.float32)
    loud = float(np.percentile(np.abs(samples), 99.0)) or 1.0
    begins, names = _phones(said)
    begins = _with_closures(samples / loud, begins, names, said.rate)
    shapes = np.full(len(samples), _SIL, np.uint8)
    phones = np.zeros(len(samples), np.uint16)
    ends = [*begins[1:], len(samples)]
    before = _SIL
    for number, (begin, end, name) in enumerate(zip(begins, ends, names, strict=True)):
        parts = shapes_of(name, True)
        if parts == (NEXT,):
            following = next((got for got in map(_of, names[number + 1 :]) if got and got[0] != NEXT), ("sil",))
            parts = following[:1] if following != ("sil",) else ()
        edges = np.linspace(begin, end, max(1, len(parts)) + 1).astype(int)
        for part, (one, other) in zip(parts or ("",), zip(edges, edges[1:], strict=False), strict=True):
            if part:
                before = VISEMES.index(part)
            shapes[one:other] = before
        phones[begin:end] = number + 1
    out = np.asarray(resample_poly(samples / loud, _UP, down), np.float32)
    at = np.minimum(np.arange(len(out)) * down // _UP, max(0, len(samples) - 1))
    return Spoken(out / max(1e-6, float(np.abs(out).max(initial=0.0))), shapes[at], phones[at])


def _of(name: str) -> tuple[str, ...]:
    return shapes_of(name, True)


def _phones(said: Said) -> tuple[list[int], list[str]]:
    """Where phones begin, with their names; changes of language between brackets are none."""
    marks = [(at, name) for at, name in said.marks if "(" not in name and at <= len(said.samples)]
    if not marks or marks[0][0] > 0:
        marks.insert(0, (0, ""))
    return [at for at, _ in marks], [name for _, name in marks]


def _with_closures(samples: Floats, begins: list[int], names: list[str], rate: int) -> list[int]:
    quiet = maximum_filter1d(np.abs(samples), max(3, rate // 300)) < QUIET
    out = list(begins)
    for number in range(1, len(begins)):
        if not names[number].lstrip("ˈˌ").startswith(_STOPS):
            continue
        pause = not names[number - 1]
        reach = int((ABRUPT_MS if pause else CLOSURE_MS) / 1000 * rate)
        at = begins[number]
        # The burst may be heard a moment before its mark.
        while at > begins[number] - rate // 100 and at > 0 and not quiet[at - 1]:
            at -= 1
        first = at
        while at > max(out[number - 1], begins[number] - reach) and quiet[at - 1]:
            at -= 1
        if at < first:
            out[number] = at
    return out


def _pause(seconds: float, rng: np.random.Generator) -> Spoken:
    """Silence, now and then with a breath in it."""
    count = int(seconds * RATE)
    samples = np.zeros(count, np.float32)
    if count > RATE // 5 and rng.random() < 0.35:
        size = int(rng.uniform(0.12, 0.4) * RATE)
        breath = lfilter([1.0, -rng.uniform(0.0, 0.9)], [1.0, -rng.uniform(0.0, 0.6)], rng.standard_normal(size))
        breath *= np.hanning(size) / max(1e-6, float(np.abs(breath).max())) * 10.0 ** (rng.uniform(-44.0, -20.0) / 20.0)
        at = int(rng.integers(max(1, count - size)))
        samples[at : at + size] += breath[: count - at]
    return Spoken(samples, np.full(count, _SIL, np.uint8), np.zeros(count, np.uint16))
