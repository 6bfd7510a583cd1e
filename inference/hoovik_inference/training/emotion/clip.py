"""One clip as ten steps of a face and a voice, as the reference reads what it trains on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.evaluation.pictures import UnreadableError
from hoovik_inference.evaluation.recordings import RATE, sound_of
from hoovik_inference.training.emotion.corpus import Clip
from hoovik_inference.types import SEQ_LEN, Floats, Image
from hoovik_inference.voice.large.cut import centred, file_length
from hoovik_inference.voice.large.wav2vec2 import WINDOW_S

SEEN = 0.9
"Share of a clip at which the last step is."
SILENT = 1e-6
"Standard deviation of samples below which nothing is heard."
SHORT = 2
"Pictures that may be missing at a film's end: containers count some that no decoder gives."

Look = Callable[[Image], Floats | None]
"A picture's (D,) face vector; None where there is no face."
Hear = Callable[[Sequence[Floats]], Sequence[Floats]]
"(D,) voice vectors of stretches of sound."


@dataclass(frozen=True, slots=True)
class Steps:
    """Of one clip; what it has not is None."""

    face: tuple[Floats, Floats] | None
    "(10, Df) and (10,) mask."
    audio: tuple[Floats, Floats] | None
    "(10, Da) and (10,) mask."


def steps_of(clip: Clip, look: Look, hear: Hear) -> Steps:
    """Read it.

    Raises:
        UnreadableError: A file is damaged, or there is no face or no sound where there should be one; says which.
    """
    duration: float | None = None
    face = audio = None
    if clip.film is not None:
        pictures, duration = pictures_of(clip.film)
        face = faces(pictures, look)
        if face is None:
            raise UnreadableError(f"{clip.film}: no face was found in {SEQ_LEN} pictures")
    if clip.sound is not None:
        samples = sound_of(clip.sound)
        audio = voices(samples, len(samples) / RATE if duration is None else duration, hear)
        if audio is None:
            raise UnreadableError(f"{clip.sound}: its sound is silence")
    return Steps(face, audio)


def times(duration: float) -> NDArray[np.float64]:
    """(10,) seconds of the steps of a clip of so many seconds."""
    return np.linspace(0.0, SEEN * duration, SEQ_LEN)


def pictures_of(film: Path) -> tuple[list[Image], float]:
    """The ten pictures (H, W, 3) at the steps, and the film's seconds.

    Raises:
        UnreadableError: It is no film, or breaks off.
    """
    try:
        count, fps = _counted(film)
        duration = count / fps
        wanted = [min(int(t * fps), count - 1) for t in times(duration).tolist()]
        found: dict[int, Image] = {}
        number = -1
        with av.open(str(film)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number in wanted:
                    found[number] = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
                if number >= wanted[-1]:
                    break
    except (OSError, ValueError) as exc:  # FFmpeg's errors are both
        if isinstance(exc, UnreadableError):
            raise
        raise UnreadableError(f"{film} cannot be read as a film: {exc}") from exc
    if number < wanted[-1] - SHORT or number < 0:
        raise UnreadableError(f"{film} cannot be read as a film: it breaks off after {number + 1} of {count} pictures")
    last = found[max(found)]
    return [found.get(place, last) for place in wanted], duration


def faces(pictures: Sequence[Image], look: Look) -> tuple[Floats, Floats] | None:
    """(10, D) and (10,) mask; a face that is missed is the last one that was found, and counts; None: none was."""
    vectors: list[Floats | None] = []
    for picture in pictures:
        found = look(picture)
        vectors.append(found if found is not None or not vectors else vectors[-1])
    size = next((len(vector) for vector in vectors if vector is not None), 0)
    if not size:
        return None
    values = np.stack([np.zeros(size, np.float32) if vector is None else vector for vector in vectors])
    mask = np.array([vector is not None for vector in vectors], np.float32)
    return values.astype(np.float32), mask


def voices(samples: Floats, duration: float, hear: Hear) -> tuple[Floats, Floats] | None:
    """(10, D) and (10,) mask of the 0.6 s around each step, inside the first 4 s; silent steps do not count.

    None where all are silent.
    """
    sound, size = file_length(samples), round(WINDOW_S * RATE)
    cuts = [centred(sound, round(t * RATE), size) for t in times(duration).tolist()]
    mask = np.array([cut.std() >= SILENT for cut in cuts], np.float32)
    if not mask.any():
        return None
    heard = hear([cut for cut, there in zip(cuts, mask.tolist(), strict=True) if there])
    values = np.zeros((SEQ_LEN, len(heard[0])), np.float32)
    values[mask != 0] = np.stack(heard)
    return values, mask


def _counted(film: Path) -> tuple[int, float]:
    """Pictures and how many a second."""
    with av.open(str(film)) as container:
        if not container.streams.video:
            raise UnreadableError(f"{film} cannot be read as a film: it has no picture")
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        count = sum(packet.size > 0 for packet in container.demux(stream))
    if not count or not rate:
        raise UnreadableError(f"{film} cannot be read as a film: it has {count} pictures and says no rate")
    return count, float(rate)
