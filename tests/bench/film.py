"""What is measured on a film, once; and calls made of it, with microphone and camera going off and on."""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hoovik_inference.types import EmotionEstimate, EmotionModel, FaceEstimate, Floats, VoiceEstimate
from hoovik_rtc.config import Config, EmotionConfig
from hoovik_rtc.media.recording import Recording, Shown
from hoovik_rtc.pipeline import engine as engines
from hoovik_rtc.pipeline.engine import Engine
from hoovik_rtc.pipeline.expression import Expression
from hoovik_rtc.pipeline.gate import ReadingGate
from tests.bench.jitter import FILMS
from tests.conftest import SHARED


@dataclass(frozen=True, slots=True)
class Reading:
    """The expression of a face."""

    time_ms: float
    "Of the picture."
    scores: Floats
    "(7,) in the order of EMOTIONS."
    signs: Floats
    "(n,) of the picture."


VOICE_MS = 60.0
"Between two voices that are kept."
Measured = FaceEstimate | Reading | VoiceEstimate


@dataclass(frozen=True, slots=True)
class Film:
    """One round of a film."""

    name: str
    "Of the file."
    length_ms: float
    "Of a round."
    measured: tuple[Measured, ...]
    "In order of time, from 0."

    def repeated(self, length_ms: float) -> Iterator[Measured]:
        """The same over and over, for so long."""
        start = 0.0
        while start < length_ms:
            for one in self.measured:
                if start + one.time_ms >= length_ms:
                    return
                yield _later(one, start)
            start += self.length_ms

    def part(self, start_ms: float, length_ms: float) -> Film:
        """A stretch of it; repeated, it is somebody who does not change."""
        kept = (one for one in self.measured if start_ms <= one.time_ms < start_ms + length_ms)
        return Film(self.name, length_ms, tuple(_later(one, -start_ms) for one in kept))

    def with_voice_of(self, other: Film) -> Film:
        """The same face with another's voice, repeated to its length."""
        faces = (one for one in self.measured if not isinstance(one, VoiceEstimate))
        voices = (one for one in other.repeated(self.length_ms) if isinstance(one, VoiceEstimate))
        both = tuple(sorted((*faces, *voices), key=lambda one: one.time_ms))
        return Film(f"{self.name} + {other.name}", self.length_ms, both)

    @property
    def speaks(self) -> bool:
        """Whether there is sound."""
        return any(isinstance(one, VoiceEstimate) for one in self.measured)


@dataclass(frozen=True, slots=True)
class Switch:
    """Devices from one moment on."""

    at_ms: float
    "From the start of the call."
    mic: bool = True
    "Whether it is on."
    camera: bool = True
    "Whether it is on."


def measured_films(files: Sequence[Path], model: str) -> tuple[EmotionModel, list[Film]]:
    """A model of ours, and what is measured on these files, or on the films of ../shared/media.

    Raises:
        SystemExit: There are none.
    """
    found = files or sorted(file for file in (SHARED / "media").glob("*") if file.suffix in FILMS)
    if not found:
        raise SystemExit("there is no ../shared/media with films; name the clips")
    engine = engines.build(Config(emotion=EmotionConfig(model=model)))
    measured = (measure(file, engine) for file in found)
    return engine.emotion, [film for film in measured if any(isinstance(one, Reading) for one in film.measured)]


def measure(file: Path, engine: Engine) -> Film:
    """Look and listen once, as a call does; kept is what the emotion model would take at ten steps a second.

    Raises:
        MediaFileError: the file is no film.
    """
    assert engine.expression is not None, "the emotion model of this engine reads no expressions"
    face, voice, gate = engine.face(), engine.voice(), ReadingGate()
    voice.express(True)
    out: list[Measured] = []
    end, heard_ms = 0.0, -VOICE_MS
    with Recording(file) as recording:
        for item in recording:
            end = max(end, item.time_ms)
            if not isinstance(item, Shown):
                for one in voice.observe(item.samples, item.time_ms):
                    if one.time_ms >= heard_ms + VOICE_MS:
                        out.append(one)
                        heard_ms = one.time_ms
                continue
            picture = item.rgb()
            seen = face.observe(picture, item.time_ms)
            if seen is not None and gate.due(item.time_ms, 0) and (portrait := face.portrait(picture)) is not None:
                out.append(seen)
                out.append(Reading(portrait.time_ms, engine.expression(portrait), portrait.signs))
    face.close()
    return Film(file.name, end, tuple(sorted(out, key=lambda one: one.time_ms)))


def play(film: Film, model: EmotionModel, length_ms: float, switches: Sequence[Switch] = ()) -> list[EmotionEstimate]:
    """What the model reads in a call of such a length, before any holder; at its own beat.

    `time_ms` of each is the moment of the call, so that calls can be compared.
    """
    expression = Expression(model)
    moments = [one.at_ms for one in switches]
    out: list[EmotionEstimate] = []
    due = model.step_ms
    for one in film.repeated(length_ms):
        while due <= one.time_ms:
            _set(expression, switches, bisect_right(moments, due), due)
            window = expression.window(due)
            if window is not None:
                out.append(dataclasses.replace(model.infer([window])[0], time_ms=due))
            due += model.step_ms
        _set(expression, switches, bisect_right(moments, one.time_ms), one.time_ms)
        if isinstance(one, VoiceEstimate):
            if expression.mic:
                expression.heard(one, one.time_ms)
        elif expression.camera:
            if isinstance(one, Reading):
                expression.read(one.scores, one.time_ms, one.signs)
            else:
                expression.saw(one, one.time_ms)
    return out


def _set(expression: Expression, switches: Sequence[Switch], passed: int, now_ms: float) -> None:
    if passed:
        switch = switches[passed - 1]
        expression.mic = switch.mic
        if expression.camera and not switch.camera:
            expression.forget_face(now_ms)
        expression.camera = switch.camera


def _later(one: Measured, by_ms: float) -> Measured:
    if isinstance(one, VoiceEstimate):
        viseme = None if one.viseme_ms is None else one.viseme_ms + by_ms
        return dataclasses.replace(one, time_ms=one.time_ms + by_ms, viseme_ms=viseme)
    return dataclasses.replace(one, time_ms=one.time_ms + by_ms)
