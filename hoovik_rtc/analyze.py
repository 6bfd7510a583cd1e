"""`hoovik-rtc analyze`: a recording through the same stages as a call, as fast as the machine allows."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from hoovik_inference.types import FaceObserver, VoiceObserver
from hoovik_inference.voice.large import VoiceLine
from hoovik_rtc import clock
from hoovik_rtc.config import Config
from hoovik_rtc.consent import emotion_permitted
from hoovik_rtc.errors import MediaFileError
from hoovik_rtc.media.recording import Heard, Recording, Shown
from hoovik_rtc.pipeline import engine as engines
from hoovik_rtc.pipeline.cadence import MIN_INTERVAL_MS, Cadence
from hoovik_rtc.pipeline.engine import Engine
from hoovik_rtc.pipeline.envelope import Envelope
from hoovik_rtc.pipeline.expression import Expression
from hoovik_rtc.pipeline.gate import ReadingGate
from hoovik_rtc.wire import json as wire
from hoovik_rtc.wire.messages import AvatarFrame, EmotionUpdate


def analyze(file: Path, out: Path | None, config: Config) -> None:
    """Write the messages of `file` as JSON lines to `out` (standard output where None).

    `timestamp_ms` counts from the start of the file; `latency_ms` is 0, since nothing is live.

    Raises:
        MediaFileError: the file is no media, or the output cannot be written.
    """
    with Recording(file) as recording, _output(out) as sink, _progress() as progress:
        task = progress.add_task(file.name, total=recording.duration_ms)
        started = clock.now_ms()
        playback = Playback(engines.build(config), emotion_permitted(config.bot), config.emotion.votes)
        try:
            for message in playback.play(recording):
                sink.write(wire.encode(message) + "\n")
                progress.update(task, completed=playback.now_ms)
        finally:
            playback.close()
        took_s = (clock.now_ms() - started) / 1000
        progress.update(task, total=1, completed=1)
    _summary(playback, took_s)


class Playback:
    """One recording, played to one participant's stages with the file's time as the clock."""

    def __init__(self, engine: Engine, emotion: bool, votes: bool = False) -> None:
        self._model = engine.emotion
        self._face: FaceObserver = engine.face()
        self._voice: VoiceObserver = engine.voice()
        self._voice.express(emotion)
        self._encoder = engine.encoder.loaded if emotion else None
        self._vectors = engine.vectors and emotion
        self._line = None if self._encoder is None else VoiceLine(self._encoder, self._vectors)
        self._next_encoding_ms = 0.0
        self._emotion = emotion
        self._reader = engine.expression if emotion else None
        self._reading = ReadingGate()
        self._expression = Expression(engine.emotion, votes)
        self._cadence = Cadence()
        self._envelope = Envelope("recording", "p-1")
        self._looked_ms = float("-inf")
        self._next_emotion_ms = self._model.step_ms
        self.now_ms = 0.0
        self.pictures = self.faces = self.updates = self.avatars = self.unusual = 0
        self.said: Counter[str] = Counter()
        "How many of the updates say what."

    def play(self, recording: Recording) -> Iterator[AvatarFrame | EmotionUpdate]:
        """All messages, in order."""
        for item in recording:
            yield from self._until(item.time_ms)
            self.now_ms = max(self.now_ms, item.time_ms)
            if isinstance(item, Shown):
                yield from self._show(item)
            else:
                yield from self._hear(item)
        if self.updates == 0 and self._emotion:
            yield from self._feel(self.now_ms)  # a picture, or a file shorter than a step

    def close(self) -> None:
        """Release the face tracker."""
        self._face.close()

    def _until(self, time_ms: float) -> Iterator[AvatarFrame | EmotionUpdate]:
        """What a call would have said between the last piece of media and this one."""
        while True:
            due = self._cadence.due if self._cadence.due is not None else float("inf")
            at = min(due, self._next_emotion_ms)
            if at > time_ms:
                return
            if at == self._next_emotion_ms:
                self._next_emotion_ms += self._model.step_ms
                if self._emotion:
                    yield from self._feel(at)
            else:
                if self._cadence.gone(at):
                    self._expression.forget_face(at)
                if self._cadence.predict(at):
                    yield from self._animate(at, measured=False)

    def _show(self, shown: Shown) -> Iterator[AvatarFrame | EmotionUpdate]:
        if shown.time_ms - self._looked_ms < MIN_INTERVAL_MS:
            return
        self._looked_ms = shown.time_ms
        self.pictures += 1
        picture = shown.rgb()
        face = self._face.observe(picture, shown.time_ms)
        if face is not None:
            self.faces += 1
            if self._vectors:
                face = dataclasses.replace(face, vector=self._face.vector)
            self._expression.saw(face, shown.time_ms)
            self._cadence.face(shown.time_ms)
            yield from self._animate(shown.time_ms, measured=True)
            if self._reader is not None and self._reading.due(shown.time_ms, 0):
                portrait = self._face.portrait(picture)
                if portrait is not None:
                    self._expression.read(self._reader(portrait), portrait.time_ms, portrait.signs)

    def _hear(self, heard: Heard) -> Iterator[AvatarFrame | EmotionUpdate]:
        voices = self._voice.observe(heard.samples, heard.time_ms)
        if self._encoder is not None and self._line is not None:
            if heard.time_ms >= self._next_encoding_ms and self._line.worth:
                self._next_encoding_ms = heard.time_ms + self._encoder.hop_s * 1000
                samples, time_ms = self._line.sound()
                self._line.take(self._encoder.encode([samples])[0], time_ms)  # a file waits for as long as it takes
            voices = self._line.follow(heard.samples, voices, heard.time_ms)
        for voice in voices:
            self._expression.heard(voice, voice.time_ms)
            if self._cadence.sound(voice.time_ms):
                self._expression.forget_face(voice.time_ms)
                yield from self._animate(voice.time_ms, measured=False)

    def _animate(self, now_ms: float, measured: bool) -> Iterator[AvatarFrame]:
        timestamp = self._expression.timestamp_ms
        if timestamp is not None:
            self.avatars += 1
            payload = self._expression.avatar(self._expression.pose(now_ms, measured), 0.0)
            yield self._envelope.avatar(timestamp, payload)

    def _feel(self, now_ms: float) -> Iterator[EmotionUpdate]:
        window = self._expression.window(now_ms)
        if window is None:
            return
        self.updates += 1
        estimate = self._model.infer([window])[0]
        self._expression.felt(estimate)
        payload = self._expression.emotion(estimate, 0.0)
        self.said["abstained" if payload.abstained else payload.emotion] += 1
        self.unusual += payload.anomaly
        yield self._envelope.emotion(estimate.time_ms, payload)


@contextlib.contextmanager
def _output(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    try:
        stream = out.open("w", encoding="utf-8")
    except OSError as exc:
        raise MediaFileError(f"{out} cannot be written: {exc.strerror}. Give --out a path that can.") from exc
    with stream:
        yield stream


def _progress() -> Progress:
    """A bar on standard error, so that messages on standard output stay clean."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))


def _summary(playback: Playback, took_s: float) -> None:
    said = [_many(playback.avatars, "avatar frame"), _many(playback.updates, "emotion update")]
    if playback.pictures:
        said.append(f"a face in {playback.faces} of {_many(playback.pictures, 'picture')}")
    if playback.now_ms:
        said.append(f"{playback.now_ms / 1000:.1f} s of media")
    if not playback.avatars:
        said.append("no face and no voice were found, so there is nothing to write")
    console = Console(stderr=True, highlight=False)
    console.print(f"{', '.join(said)}; took {took_s:.1f} s.", soft_wrap=True)
    if playback.updates:
        labels = ", ".join(f"{name} {count}" for name, count in playback.said.most_common())
        console.print(f"emotion updates: {labels}; {playback.unusual} unusual.", soft_wrap=True)


def _many(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
