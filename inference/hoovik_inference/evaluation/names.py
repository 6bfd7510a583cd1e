"""What corpora call the seven classes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hoovik_inference.types import EMOTIONS

SPELLINGS: dict[str, tuple[str, ...]] = {
    "neutral": ("neutrality", "calm", "neu", "ne"),
    "happy": ("happiness", "joy", "hap", "ha"),
    "sad": ("sadness", "sa"),
    "angry": ("anger", "ang", "an"),
    "surprise": ("surprised", "surprize", "sur", "su"),
    "disgust": ("disgusted", "dis", "di"),
    "fear": ("fearful", "afraid", "scared", "fea", "af", "fe"),
}
"""Beside our own names: the words of FER2013, RAF-DB, AffectNet, CK+ and RAVDESS, the codes of CREMA-D (three letters)
and of KDEF and JAFFE (two letters)."""

_OURS = {name: name for name in EMOTIONS} | {word: name for name, words in SPELLINGS.items() for word in words}


def class_of(name: str) -> str | None:
    """Our name of a class; None where it is none of ours. Case, spaces and a number before it don't count."""
    return _OURS.get(re.sub(r"^\d+[\s._-]+", "", name.strip()).lower())


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """The classes that somebody names, each once, in the order of EMOTIONS.

    Raises:
        ValueError: One is none of ours, or there are fewer than two: nothing is left to choose from.
    """
    ours = {name: class_of(name) for name in names if name.strip()}
    unknown = [name.strip() for name, known in ours.items() if known is None]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: not a class; ours are {', '.join(EMOTIONS)}")
    picked = tuple(name for name in EMOTIONS if name in ours.values())
    if len(picked) < 2:
        raise ValueError(f"{len(picked)} of our classes named; two or more of {', '.join(EMOTIONS)} are needed")
    return picked
