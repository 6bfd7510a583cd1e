"""Recordings as the network sees them: what is heard of each, in several spoiled copies that are made once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.evaluation.recordings import Recording, recordings, sound_of
from hoovik_inference.training.call import Call
from hoovik_inference.training.progress import Progress
from hoovik_inference.training.voice.spoil import Spoiling, spoiled
from hoovik_inference.types import Floats
from hoovik_inference.voice.encoder import SPEAKING
from hoovik_inference.voice.hops import heard
from hoovik_inference.voice.logmel import LogMel
from hoovik_inference.voice.moments import INPUTS, inputs

CLEAN, CALLED = "clean", "called"
"Copies that are not spoiled by chance: as recorded, and through the call that figures are given for."
BITRATE, LOSS = 16_000, 0.05
"That call: bits a second, share of packets lost."


@dataclass(frozen=True, slots=True)
class Copy:
    """What is heard of each of n recordings."""

    values: NDArray[np.float16]
    "(hops, INPUTS) of all recordings, one after the other."
    speaking: Floats
    "(hops,) smoothed probability of speech."
    ends: NDArray[np.int64]
    "(n,) hop behind the last of each recording."

    def of(self, number: int) -> tuple[NDArray[np.float16], Floats]:
        """(hops, INPUTS) and (hops,) of one recording."""
        start = int(self.ends[number - 1]) if number else 0
        end = int(self.ends[number])
        return self.values[start:end], self.speaking[start:end]


@dataclass(frozen=True, slots=True)
class Voices:
    """n labelled recordings, in several copies."""

    labels: NDArray[np.int64]
    "(n,) places in EMOTIONS."
    strong: NDArray[np.bool_]
    "(n,) spoken with strong intensity."
    actors: NDArray[np.int64]
    "(n,) numbers of the speakers."
    clean: Copy
    "As recorded."
    called: Copy
    "Through a call of BITRATE and LOSS."
    spoiled: tuple[Copy, ...]
    "Changed by chance, to train on."


def prepare(folder: Path, work: Path, how: Spoiling, copies: int, seed: int, call: Call, progress: Progress) -> Voices:
    """Hear all recordings in `folder` as they are, through a call, and in `copies` spoiled copies.

    What was heard is kept in `work` and read again from there.

    Raises:
        ValueError: There are no recordings, or one cannot be read.
        OSError: `work` cannot be written.
    """
    found = recordings(folder).recordings
    names = [CLEAN, CALLED, *(f"spoiled-{number}" for number in range(copies))]
    work.mkdir(parents=True, exist_ok=True)
    sounds: list[Floats] = []
    heard_copies = []
    for place, name in enumerate(names):
        about = _about(found, how, seed, name)
        file = work / f"{name}-{about}.npz"
        if not file.exists():
            if not sounds:
                sounds = [sound_of(one.file) for one in found]
            _write(_copy(sounds, name, place, how, seed, call, progress), file)
        heard_copies.append(_read(file))
    return Voices(
        labels=np.array([one.label for one in found], np.int64),
        strong=np.array([one.strong for one in found], np.bool_),
        actors=np.array([one.actor for one in found], np.int64),
        clean=heard_copies[0],
        called=heard_copies[1],
        spoiled=tuple(heard_copies[2:]),
    )


def _copy(
    sounds: Sequence[Floats], name: str, place: int, how: Spoiling, seed: int, call: Call, progress: Progress
) -> Copy:
    values, speaking, ends = [], [], []
    hops = 0
    for number, samples in enumerate(sounds):
        rng = np.random.default_rng((seed, place, number))
        if name == CALLED:
            samples = call(samples, BITRATE, LOSS, 1.0, int(rng.integers(1 << 31)))
        elif name != CLEAN:
            samples = spoiled(samples, sounds, how, call, rng)
        one, said = listened(samples)
        hops += len(one)
        values.append(one.astype(np.float16))
        speaking.append(said)
        ends.append(hops)
        progress(f"hearing {name}", number + 1, len(sounds), "")
    return Copy(np.concatenate(values), np.concatenate(speaking), np.array(ends, np.int64))


def listened(samples: Floats) -> tuple[Floats, Floats]:
    """(hops, INPUTS) what the network takes for each hop, and (hops,) the smoothed probability of speech."""
    spectra = LogMel()
    hops = list(heard(samples))
    values = [inputs(spectra.process(hop.samples), hop.pitch_hz, hop.traits) for hop in hops]
    said = np.array([hop.speaking for hop in hops], np.float32)
    return np.array(values, np.float32).reshape(-1, INPUTS), said


def speech(said: Floats) -> NDArray[np.bool_]:
    """(hops,) which ones count, for hops with these smoothed probabilities."""
    return said >= SPEAKING


def _about(found: Sequence[Recording], how: Spoiling, seed: int, name: str) -> str:
    """What a kept copy must agree with, as a short hash."""
    what: list[object] = [[one.file.name, one.file.stat().st_size] for one in found]
    what += [name, INPUTS, BITRATE, LOSS]
    if name != CLEAN:
        what.append(seed)
    if name not in (CLEAN, CALLED):
        what.append(asdict(how))
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]


def _write(copy: Copy, file: Path) -> None:
    """The file is whole at any moment."""
    part = file.with_suffix(".part.npz")
    np.savez(part, values=copy.values, speaking=copy.speaking, ends=copy.ends)
    part.replace(file)


def _read(file: Path) -> Copy:
    with np.load(file, allow_pickle=False) as found:
        return Copy(found["values"], found["speaking"], found["ends"])
