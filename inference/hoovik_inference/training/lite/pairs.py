"""From looks and voices to the windows that are trained on, watched and tested.

Real audio-visual corpora are not used: a face and a voice of one class, of different people, make a pair. Given the
class they are independent by construction, which those of one person are not: figures on pairs say that the fusion
works, and nothing about how well people are read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.lite.rows import FACE, VECTORS, VOICE
from hoovik_inference.emotion.reference import Windows
from hoovik_inference.emotion.reference.windows import AUDIO_ONLY, BOTH, VIDEO_ONLY, joined
from hoovik_inference.training.emotion.material import Material
from hoovik_inference.types import EMOTIONS, SEQ_LEN, Floats

Labelled = tuple[Floats, NDArray[np.int64]]
"(n, SEQ_LEN, D) windows and (n,) places in EMOTIONS; steps in which nothing was read are nan."


def both(faces: Labelled, voices: Labelled, times: int, rng: np.random.Generator) -> tuple[Windows, NDArray[np.int64]]:
    """Each face with `times` voices of its class, drawn by chance; faces of a class without voices are left out."""
    (looks, seen), (sounds, heard) = faces, voices
    first, second = [], []
    for label in np.unique(seen).tolist():
        own, others = np.flatnonzero(seen == label), np.flatnonzero(heard == label)
        if len(others):
            first.append(np.repeat(own, times))
            second.append(rng.choice(others, times * len(own)))
    one, other = np.concatenate(first), np.concatenate(second)
    face, face_mask = masked(looks[one])
    voice, voice_mask = masked(sounds[other])
    return Windows(face, voice, face_mask, voice_mask, np.full(len(one), BOTH)), seen[one]


def faces_alone(faces: Labelled) -> tuple[Windows, NDArray[np.int64]]:
    """Windows of faces without a voice."""
    face, mask = masked(faces[0])
    none = np.zeros((len(face), SEQ_LEN, VOICE), np.float32)
    return Windows(face, none, mask, np.zeros_like(mask), np.full(len(face), VIDEO_ONLY)), faces[1]


def voices_alone(voices: Labelled) -> tuple[Windows, NDArray[np.int64]]:
    """Windows of voices without a face."""
    voice, mask = masked(voices[0])
    none = np.zeros((len(voice), SEQ_LEN, FACE), np.float32)
    return Windows(none, voice, np.zeros_like(mask), mask, np.full(len(voice), AUDIO_ONLY)), voices[1]


def material(parts: Sequence[tuple[tuple[Windows, NDArray[np.int64]], int, str]]) -> Material:
    """One of parts: labelled windows, their side, where they are from."""
    windows = [part[0][0] for part in parts]
    return Material(
        windows=joined(windows),
        labels=np.concatenate([part[0][1] for part in parts]),
        sides=np.concatenate([np.full(len(part[0][1]), part[1]) for part in parts]),
        sources=[part[2] for part in parts for _ in range(len(part[0][1]))],
        classes=EMOTIONS,
        vectors=VECTORS,
    )


def masked(rows: Floats) -> tuple[Floats, Floats]:
    """(n, SEQ_LEN, D) with zeros where nothing was read, and the (n, SEQ_LEN) mask."""
    there = ~np.isnan(rows).any(axis=2)
    values: Floats = np.where(there[..., None], rows, np.float32(0.0))
    return values, there.astype(np.float32)
