"""Clips with labels: in folders named by class, or in trees named as RAVDESS's and CREMA-D's makers do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hoovik_inference.evaluation.names import class_of
from hoovik_inference.evaluation.pictures import DataError
from hoovik_inference.evaluation.recordings import NAMES
from hoovik_inference.types import EMOTIONS

SUFFIXES = (".mp4", ".webm", ".mov", ".mkv", ".avi", ".flv", ".mpg", ".wav", ".flac")
"Files that are taken for clips."

_RAVDESS = re.compile(r"0[1-3]-0[12]-(0[1-8])-0[12]-0[12]-0[12]-\d\d", re.ASCII)
_CREMA_D = re.compile(r"\d{4}_[A-Z]{3}_(ANG|DIS|FEA|HAP|NEU|SAD)_(?:LO|MD|HI|XX|X)", re.ASCII)
"""Actor, sentence, emotion, level: Cao et al., "CREMA-D: Crowd-sourced emotional multimodal actors dataset", IEEE
Transactions on Affective Computing 5(4), 2014."""


@dataclass(frozen=True, slots=True)
class LabelledClips:
    """n clips, in order of their paths."""

    files: tuple[Path, ...]
    "Length n."
    labels: tuple[int, ...]
    "Length n; places in EMOTIONS."
    left_out: Mapping[str, int] = field(default_factory=dict)
    "What else was there, and how many of each."


def clips(path: Path) -> LabelledClips:
    """The labelled clips in a folder.

    By its name where that is one of RAVDESS's or CREMA-D's, else by the class folder that a clip lies in.

    Raises:
        DataError: `path` is no folder, or holds none.
    """
    if not path.is_dir():
        raise DataError(f"{path} is no folder; expected clips in it, in folders named by class or named by a corpus")
    files, labels, left_out = [], [], dict[str, int]()
    for file in sorted(_files(path)):
        label = label_of(file, path)
        if label is None:
            left_out["clips of no class of ours"] = left_out.get("clips of no class of ours", 0) + 1
        else:
            files.append(file)
            labels.append(label)
    if not files:
        raise DataError(
            f"{path} holds no labelled clip; expected folders named by class ({', '.join(EMOTIONS)}) with "
            f"{', '.join(SUFFIXES)} in them, or files named as RAVDESS's or CREMA-D's"
        )
    return LabelledClips(tuple(files), tuple(labels), left_out)


def label_of(file: Path, top: Path) -> int | None:
    """Place in EMOTIONS; None where neither the name nor a folder below `top` says one."""
    if found := _RAVDESS.fullmatch(file.stem):
        name = class_of(NAMES[int(found[1]) - 1])
    elif found := _CREMA_D.fullmatch(file.stem):
        name = class_of(found[1])
    else:
        folders = file.relative_to(top).parts[:-1]
        name = next((known for folder in reversed(folders) if (known := class_of(folder)) is not None), None)
    return None if name is None else EMOTIONS.index(name)


def _files(path: Path) -> Iterator[Path]:
    for entry in path.rglob("*"):
        if entry.suffix.lower() in SUFFIXES and entry.is_file() and not entry.name.startswith("."):
            yield entry
