"""A small corpus of voices named as RAVDESS's: vowels that are higher and faster the stronger they are meant."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from hoovik_inference.types import Floats
from tests import media

RATE = 16_000


def voice(pitch: float, seconds: float = 1.6, level: float = 0.5) -> Floats:
    """Speech to a detector, all of it `pitch` times as high and fast."""
    said = media.vowels(seconds * pitch, RATE)
    places = np.arange(int(seconds * RATE)) * pitch
    return np.asarray(level * np.interp(places, np.arange(len(said)), said), np.float32)


def write(samples: Floats, file: Path) -> None:
    """As 16-bit wav; any number of channels, (n,) or (n, channels)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())


def corpus(folder: Path, actors: int = 5, emotions: tuple[int, ...] = (1, 3, 5)) -> Path:
    """Two recordings of each of RAVDESS's `emotions` by each actor, in a folder for each actor."""
    for actor in range(1, actors + 1):
        for emotion in emotions:
            for repetition in (1, 2):
                pitch = (0.9 + 0.04 * actor) * (0.85 + 0.15 * emotion / 2) * (1 + 0.01 * repetition)
                strong = 1 if emotion == 1 else repetition
                name = f"03-01-{emotion:02d}-{strong:02d}-01-{repetition:02d}-{actor:02d}.wav"
                write(voice(pitch), folder / f"Actor_{actor:02d}" / name)
    return folder
