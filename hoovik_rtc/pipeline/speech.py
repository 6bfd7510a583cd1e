"""A large speech encoder at work: one batch of all voices at a time, on a thread of its own."""

from __future__ import annotations

import logging
import threading

from hoovik_inference.types import LIGHT
from hoovik_inference.voice.large import Pace, SpeechEncoder, VoiceLine
from hoovik_rtc import clock
from hoovik_rtc.pipeline.voice_engine import NOBODY, VoiceEngine
from hoovik_rtc.telemetry import Counts

logger = logging.getLogger(__name__)

RUNS = 3.0
"Over so many batches its load is smoothed: one slow batch changes nothing, some in a row do."
RECOVERED = 0.7
"Of the time it has: where a try takes less, the encoder serves again."

CLOSE_S = 1.0
"A batch under way has ended by then; the thread is a daemon's, and a longer one ends with the process."


class Speech:
    """Reads what all voices of a process express, every `hop_s` of the encoder, the newest sound of each.

    No queue: each batch takes what is newest then, so that an encoder that takes longer reads less often and never
    what is old. Where a batch takes longer than its windows the light encoder serves, and this one is tried again after
    a rest (see `Pace`).

    Args:
        encoder: Serves from one thread, this one.
        telemetry: counters and durations.
        pace: Judges whether it keeps up.
        vectors: Whether its vectors are asked for.
    """

    def __init__(
        self, encoder: SpeechEncoder, telemetry: Counts, pace: Pace | None = None, vectors: bool = False
    ) -> None:
        self._encoder = encoder
        self._telemetry = telemetry
        # While a batch takes no longer than its windows, no sound passes unread: it is read less often, that is all.
        self._limit = encoder.window_s / encoder.hop_s
        self._pace = pace or Pace(self._limit, RECOVERED * self._limit, memory_s=RUNS * encoder.hop_s)
        self._vectors = vectors
        self._lines: list[VoiceLine] = []
        self._wake = threading.Condition()
        self._closed = self._failed = False
        self._thread = threading.Thread(target=self._run, name="speech", daemon=True)
        self._thread.start()

    @property
    def engine(self) -> VoiceEngine:
        """Which engine reads voices."""
        name, load = self._encoder.name, round(self._pace.load / self._limit, 2)
        instead = NOBODY if self._vectors else LIGHT
        if self._failed:
            return VoiceEngine(name, instead, "failed", load)
        if not self._pace.keeps_up:
            return VoiceEngine(name, instead, "behind", load)
        return VoiceEngine(name, name, "", load)

    def line(self) -> VoiceLine | None:
        """A voice joins; `leave` is its end. None where nothing will be read any more."""
        line = VoiceLine(self._encoder, self._vectors)
        with self._wake:
            if self._failed or self._closed:
                return None
            self._lines.append(line)
            self._wake.notify()
        return line

    def leave(self, line: VoiceLine) -> None:
        """A voice is gone; what is held of it is forgotten at once."""
        line.close()
        with self._wake:
            if line in self._lines:
                self._lines.remove(line)

    def close(self) -> None:
        """Read nothing further."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        hop_ms = self._encoder.hop_s * 1000
        due = clock.now_ms()
        while True:
            with self._wake:
                while not self._closed and (not self._lines or clock.now_ms() < due):
                    self._wake.wait(None if not self._lines else max(0.0, due - clock.now_ms()) / 1000)
                if self._closed:
                    return
                lines = list(self._lines)
            due = clock.now_ms() + hop_ms
            try:
                self._turn(lines)
            except Exception:
                # The encoder is somebody else's code: without it from here on, and everybody is told.
                self._telemetry.count("voice_engine_failed")
                logger.exception("the speech encoder failed; it reads no voices from now on")
                with self._wake:
                    self._failed = True
                    for line in self._lines:
                        line.close()
                    self._lines.clear()
                return

    def _turn(self, lines: list[VoiceLine]) -> None:
        worth = [line for line in lines if line.worth]
        if len(worth) < len(lines):
            self._telemetry.count("voice_windows_silent", len(lines) - len(worth))
        if not worth:
            return
        pace, kept_up = self._pace, self._pace.keeps_up
        if not kept_up and not pace.try_due:
            pace.rested(self._encoder.hop_s)
            return
        sounds = [line.sound() for line in worth]
        started = clock.now_ms()
        read = self._encoder.encode([samples for samples, _ in sounds])
        took_ms = clock.now_ms() - started
        self._telemetry.took("speech", took_ms)
        self._telemetry.count("voice_windows_read", len(worth))
        if pace.took(self._encoder.hop_s, took_ms / 1000):
            for line, one, (_, time_ms) in zip(worth, read, sounds, strict=True):
                line.take(one, time_ms)
        if pace.keeps_up != kept_up:
            self._telemetry.count("voice_engine_back" if pace.keeps_up else "voice_engine_behind")
            if pace.keeps_up:
                logger.warning("the speech encoder keeps up again and reads voices")
            else:
                logger.warning("the speech encoder falls behind and reads no voices for now")
                for line in lines:
                    line.let_go()
