"""Recordings of voices with labels, from a tree of files named as RAVDESS's."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.audio.resampler import AudioResampler

from hoovik_inference.evaluation.names import class_of
from hoovik_inference.evaluation.pictures import DataError, UnreadableError
from hoovik_inference.types import EMOTIONS, Floats

RATE = 16_000
"Samples a second of what is read."
SUFFIXES = (".flac", ".wav")
"Files that are taken for recordings."
NAMES = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""RAVDESS's codes 01 … 08: Livingstone and Russo, "The Ryerson audio-visual database of emotional speech and song",
PLoS ONE 13(5), 2018. Its calm is our neutral."""
LONGEST_S = 600
"Seconds of a recording that are read; RAVDESS's are 3 to 5."

_NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)", re.ASCII)

Sex = Literal["female", "male"]


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of one voice."""

    file: Path
    "Where it is."
    label: int
    "Place in EMOTIONS."
    strong: bool
    "Spoken with strong intensity."
    actor: int
    "Number of the speaker, 1 … 99."
    statement: int
    "Which sentence."

    @property
    def sex(self) -> Sex:
        """Of the actor: odd numbers are men."""
        return "male" if self.actor % 2 else "female"


@dataclass(frozen=True, slots=True)
class LabelledRecordings:
    """n recordings, in order of their paths."""

    recordings: Sequence[Recording]
    "Length n."
    left_out: Mapping[str, int] = field(default_factory=dict)
    "What else was there, and how many of each."

    def only(self, classes: Sequence[str] | None) -> LabelledRecordings:
        """Those of these classes (of all where None); the others are counted as left out.

        Raises:
            DataError: None is left.
        """
        if classes is None:
            return self
        kept = [one for one in self.recordings if EMOTIONS[one.label] in classes]
        if not kept:
            raise DataError(f"no recording of {', '.join(classes)}")
        out = dict(self.left_out)
        for one in self.recordings:
            if EMOTIONS[one.label] not in classes:
                out[EMOTIONS[one.label]] = out.get(EMOTIONS[one.label], 0) + 1
        return replace(self, recordings=kept, left_out=out)

    def some(self, count: int, seed: int = 0) -> LabelledRecordings:
        """`count` of them (all where there are not so many), drawn at random, in their old order."""
        if count >= len(self.recordings):
            return self
        drawn = np.random.default_rng(seed).choice(len(self.recordings), count, replace=False)
        return replace(self, recordings=[self.recordings[at] for at in sorted(drawn.tolist())])


def recordings(path: Path) -> LabelledRecordings:
    """The recordings at `path` or below, however deep; none is read yet.

    Files: modality-channel-emotion-intensity-statement-repetition-actor, such as 03-01-05-01-02-01-12.wav.

    Raises:
        DataError: There are none.
    """
    if not path.is_dir():
        what = "is no folder" if path.exists() else "does not exist"
        raise DataError(f"{path} {what}; expected a folder of recordings named as RAVDESS's")

    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename or path} cannot be read: {error.strerror}") from error

    found: list[Recording] = []
    left_out: dict[str, int] = {}
    for file in sorted(Path(above, name) for above, _, names in os.walk(path, onerror=refuse) for name in names):
        if file.suffix.lower() not in SUFFIXES or file.name.startswith("."):
            continue
        one = _recording(file)
        if one is None:
            words = "recordings whose names are not RAVDESS's"
            left_out[words] = left_out.get(words, 0) + 1
        else:
            found.append(one)
    if not found:
        raise DataError(
            f"{path} has no recordings ({', '.join(SUFFIXES)}) named as RAVDESS's: modality-channel-emotion-intensity-"
            "statement-repetition-actor, each two digits, such as 03-01-05-01-02-01-12.wav"
        )
    return LabelledRecordings(found, left_out)


def _recording(file: Path) -> Recording | None:
    """What a name says; None where it is none of RAVDESS's, or of no class."""
    match = _NAME.fullmatch(file.stem)
    if match is None:
        return None
    _, _, emotion, intensity, statement, _, actor = map(int, match.groups())
    if not 1 <= emotion <= len(NAMES):
        return None
    ours = class_of(NAMES[emotion - 1])
    assert ours is not None, "each of RAVDESS's classes is one of ours"
    return Recording(file, EMOTIONS.index(ours), intensity == 2, actor, statement)


def sound_of(file: Path) -> Floats:
    """(n,) 16 kHz mono, -1…1, n > 0, of an audio file; the mean of its channels.

    Raises:
        UnreadableError: The file is no sound, has none, or breaks off.
    """
    resampler = AudioResampler(format="fltp", rate=RATE)
    parts: list[Floats] = []
    count = 0
    try:
        with av.open(str(file)) as container:
            if not container.streams.audio:
                raise UnreadableError(f"{file} cannot be read as a recording: it has no sound")
            for frame in container.decode(audio=0):
                for part in resampler.resample(frame):
                    parts.append(part.to_ndarray().mean(axis=0, dtype=np.float32))
                    count += len(parts[-1])
                if count >= LONGEST_S * RATE:
                    break
            parts += [part.to_ndarray().mean(axis=0, dtype=np.float32) for part in resampler.resample(None)]
    except (OSError, ValueError) as exc:  # FFmpeg's errors are both
        if isinstance(exc, UnreadableError):
            raise
        raise UnreadableError(f"{file} cannot be read as a recording: {exc}") from exc
    samples: Floats = np.concatenate([np.zeros(0, np.float32), *parts])[: LONGEST_S * RATE]
    if not len(samples) or not np.isfinite(samples).all():
        raise UnreadableError(f"{file} cannot be read as a recording: it has no samples, or such as are no numbers")
    return samples
