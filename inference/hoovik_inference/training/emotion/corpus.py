"""Clips of RAVDESS and CREMA-D as their makers ship them, found by their names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hoovik_inference.emotion.reference.windows import AUDIO_ONLY, BOTH, MODALITIES, VIDEO_ONLY
from hoovik_inference.evaluation.names import class_of
from hoovik_inference.evaluation.pictures import DataError
from hoovik_inference.evaluation.recordings import NAMES
from hoovik_inference.types import EMOTIONS

FILMS = (".mp4", ".flv", ".avi", ".mov", ".mkv", ".webm", ".mpg")
SOUNDS = (".wav", ".flac", ".mp3")
"Suffixes; of several files of the same name the one whose suffix stands first is taken."
RAVDESS, CREMA_D = "ravdess", "crema-d"

_RAVDESS = re.compile(
    r"(?P<kind>0[1-3])-(?P<rest>0[12]-(?P<emotion>0[1-8])-0[12]-0[12]-0[12]-(?P<actor>\d\d))", re.ASCII
)
"""Modality (audio-visual, video, audio), channel, emotion, intensity, statement, repetition, actor: Livingstone and
Russo, PLoS ONE 13(5), 2018. Emotions 06 and 07 are fear and disgust; the reference's own map swaps them."""
_CREMA_D = re.compile(r"(?P<actor>\d{4})_[A-Z]{3}_(?P<emotion>ANG|DIS|FEA|HAP|NEU|SAD)_(?:LO|MD|HI|XX|X)", re.ASCII)
"""Actor, sentence, emotion, level: Cao et al., IEEE Transactions on Affective Computing 5(4), 2014."""
_SILENT = "02"
"RAVDESS's code of films without sound."


@dataclass(frozen=True, slots=True)
class Clip:
    """One utterance, whose picture and sound may lie in different files."""

    name: str
    "Source and what its files' names have in common."
    source: str
    "ravdess or crema-d."
    actor: str
    "Source and number."
    label: int
    "Place in EMOTIONS."
    film: Path | None
    "Where its picture is."
    sound: Path | None
    "Where its sound is; may be the film."

    @property
    def flag(self) -> int:
        """Place in MODALITIES of what it has."""
        if self.film is None:
            return AUDIO_ONLY
        return VIDEO_ONLY if self.sound is None else BOTH

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return tuple(dict.fromkeys(file for file in (self.film, self.sound) if file is not None))


@dataclass(frozen=True, slots=True)
class Corpus:
    """Clips in the order of their names."""

    clips: tuple[Clip, ...]
    left_out: Mapping[str, int]
    "What else was there, and how many of each."


def counted(clips: Sequence[Clip]) -> str:
    """How many of what, in words."""
    return ", ".join(f"{sum(clip.flag == flag for clip in clips)} {name}" for flag, name in enumerate(MODALITIES))


def corpus(folders: Sequence[Path]) -> Corpus:
    """The clips in some folders, however deep; nothing is opened.

    A film and a sound are one clip where their names say the same utterance: 01-… and 03-… of RAVDESS with the same
    rest, the same name with CREMA-D. A film without such a sound is heard itself, unless it is one of RAVDESS's 02-….

    Raises:
        DataError: There is no such folder, or no such clip.
    """
    found: dict[str, Clip] = {}
    left_out: dict[str, int] = {}
    silent: set[str] = set()
    for file in _files(folders):
        kind = file.suffix.lower()
        if kind not in FILMS + SOUNDS:
            continue
        named = _named(file)
        if named is None:
            words = "films and sounds whose names are neither RAVDESS's nor CREMA-D's"
            left_out[words] = left_out.get(words, 0) + 1
            continue
        clip, without_sound = named
        held = found.setdefault(clip.name, clip)
        if kind in FILMS:
            if held.film is None or _rank(file, without_sound) < _rank(held.film, clip.name in silent):
                found[clip.name] = replace(held, film=file)
                (silent.add if without_sound else silent.discard)(clip.name)
        elif held.sound is None or _rank(file) < _rank(held.sound):
            found[clip.name] = replace(held, sound=file)
    if not found:
        raise DataError(
            f"{', '.join(map(str, folders))}: no clip named as RAVDESS's (01-01-05-01-02-01-12.mp4, 03-….wav) or "
            f"CREMA-D's (1001_IEO_ANG_HI.flv, .wav); expected files of {', '.join(FILMS + SOUNDS)}"
        )
    clips = [
        replace(clip, sound=clip.film) if clip.sound is None and name not in silent else clip
        for name, clip in sorted(found.items())
    ]
    return Corpus(tuple(clips), left_out)


def _named(file: Path) -> tuple[Clip, bool] | None:
    """A clip without its files, and whether the file has no sound by its name; None where the name says nothing."""
    if one := _RAVDESS.fullmatch(file.stem):
        source, rest, theirs = RAVDESS, one["rest"], NAMES[int(one["emotion"]) - 1]
        silent = one["kind"] == _SILENT
    elif one := _CREMA_D.fullmatch(file.stem):
        source, rest, theirs, silent = CREMA_D, file.stem, one["emotion"], False
    else:
        return None
    ours = class_of(theirs)
    assert ours is not None, "each of their classes is one of ours"
    return Clip(f"{source}-{rest}", source, f"{source}-{one['actor']}", EMOTIONS.index(ours), None, None), silent


def _rank(file: Path, silent: bool = False) -> tuple[bool, int, str]:
    return silent, (FILMS + SOUNDS).index(file.suffix.lower()), str(file)


def _files(folders: Sequence[Path]) -> list[Path]:
    out: list[Path] = []
    for folder in folders:
        if not folder.is_dir():
            what = "is no folder" if folder.exists() else "does not exist"
            raise DataError(f"{folder} {what}; expected a folder of RAVDESS or CREMA-D")

        def refuse(error: OSError) -> None:
            raise DataError(f"{error.filename} cannot be read: {error.strerror}") from error

        out += [Path(above, name) for above, _, names in os.walk(folder, onerror=refuse) for name in names]
    return sorted(file for file in out if not file.name.startswith("."))
