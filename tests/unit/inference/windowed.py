"""Labelled windows that were made up: classes that vectors tell apart, people on different sides."""

from __future__ import annotations

import numpy as np

from hoovik_inference.emotion.reference.windows import Windows
from hoovik_inference.training.emotion import TEST, TRAIN, VALID, Material

CLASSES = ("neutral", "happy", "sad", "angry")
FACE, AUDIO = 8, 5


def material(count: int = 240, seed: int = 0, flags: tuple[int, ...] = (2,), noise: float = 1.0) -> Material:
    """Windows whose class lifts one number of the face and one of the voice; `flags` take turns."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    modality = np.array([flags[(number // len(CLASSES)) % len(flags)] for number in range(count)])
    face = rng.normal(0.0, noise, (count, 10, FACE)).astype(np.float32)
    audio = rng.normal(0.0, noise, (count, 10, AUDIO)).astype(np.float32)
    rows = np.arange(count)
    face[rows, :, labels] += 1.0
    audio[rows, :, labels] += 0.7
    # some windows are worse than others, so that there is something to calibrate
    face += rng.normal(0.0, 0.7 * noise, (count, 1, FACE)).astype(np.float32)
    audio += rng.normal(0.0, 0.7 * noise, (count, 1, AUDIO)).astype(np.float32)
    face_mask, audio_mask = (rng.random((2, count, 10)) < 0.9).astype(np.float32)
    face_mask[:, 0] = audio_mask[:, -1] = 1.0
    face_mask[modality == 0], audio_mask[modality == 1] = 0.0, 0.0
    face *= face_mask[..., None]
    audio *= audio_mask[..., None]
    sides = np.array([TRAIN, TRAIN, TRAIN, VALID, TEST])[(rows // (len(CLASSES) * len(flags))) % 5]
    sources = np.where(rows % 3 == 0, "ravdess", "crema-d").tolist()
    return Material(Windows(face, audio, face_mask, audio_mask, modality), labels, sides, sources, CLASSES, "made-up")
