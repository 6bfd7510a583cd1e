"""A large speech encoder at work: voices in turn, on a thread of its own."""

from __future__ import annotations

import logging
import threading

from hoovik_inference.types import LIGHT
from hoovik_inference.voice.large import Pace, SpeechEncoder, VoiceLine
from hoovik_rtc import clock
from hoovik_rtc.pipeline.rota import Rota
from hoovik_rtc.pipeline.voice_engine import NOBODY, VoiceEngine
from hoovik_rtc.telemetry import Counts

logger = logging.getLogger(__name__)

RUNS = 3.0
"Over so many rounds its load is smoothed: one slow round changes nothing, some in a row do."
VECTORS_S = 1.2
"""A batch may take so long where vectors are asked for: after that they are of no use (`VOICE_STALE_MS` of
expression.py). Nobody stands in for them, so that rounds may take longer. Otherwise a round through all voices may take
as long as a window, so that no sound passes unread."""
RECOVERED = 0.7
"Of the time it has: where a try takes less, the encoder serves again."

CLOSE_S = 1.0
"A batch under way has ended by then; the thread is a daemon's, and a longer one ends with the process."


class Speech:
    """Reads what all voices of a process express, each every `hop_s` of the encoder, the newest sound of each.

    No queue: each batch takes what is newest then, so that an encoder that takes longer reads less often and never
    what is old. Whose turn it is, `Rota` says. Where it takes too long the light encoder serves, and this one is tried
    again after a rest (see `Pace`).

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
        self._limit = max(encoder.window_s, VECTORS_S if vectors else 0.0) / encoder.hop_s
        self._pace = pace or Pace(self._limit, RECOVERED * self._limit, memory_s=RUNS * encoder.hop_s)
        self._vectors = vectors
        self._rota: Rota[VoiceLine] = Rota(encoder.hop_s * 1000, encoder.at_once)
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
        due = clock.now_ms()
        while True:
            with self._wake:
                while not self._closed and (not self._lines or clock.now_ms() < due):
                    self._wake.wait(None if not self._lines else max(0.0, due - clock.now_ms()) / 1000)
                if self._closed:
                    return
                lines = list(self._lines)
            try:
                wait_ms = self._turn(lines)
                due = clock.now_ms() + wait_ms
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

    def _turn(self, lines: list[VoiceLine]) -> float:
        """Read whose turn it is; how long nobody's is then, ms."""
        pace, hop_s, kept_up = self._pace, self._encoder.hop_s, self._pace.keeps_up
        if not kept_up and not pace.try_due:
            pace.rested(hop_s)
            return hop_s * 1000
        turn = self._rota.turn(clock.now_ms(), lines)
        if turn.silent:
            self._telemetry.count("voice_windows_silent", turn.silent)
        if not turn.read:
            return turn.wait_ms
        started = clock.now_ms()
        sounds = [line.sound() for line in turn.read]
        read = self._encoder.encode([samples for samples, _ in sounds])
        took_ms = clock.now_ms() - started
        self._telemetry.took("speech", took_ms)
        self._telemetry.count("voice_windows_read", len(sounds))
        share = 1.0 if self._vectors else len(sounds) / self._rota.reads
        if pace.took(hop_s * share, took_ms / 1000):
            for line, one, (_, time_ms) in zip(turn.read, read, sounds, strict=True):
                line.take(one, time_ms)
        if pace.keeps_up != kept_up:
            self._telemetry.count("voice_engine_back" if pace.keeps_up else "voice_engine_behind")
            if pace.keeps_up:
                logger.warning("the speech encoder keeps up again and reads voices")
            else:
                logger.warning("the speech encoder falls behind and reads no voices for now")
                for line in lines:
                    line.let_go()
        return max(0.0, turn.wait_ms - took_ms)
