"""One participant's sound, on worker threads: decoded, then measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hoovik_inference.types import VoiceEstimate, VoiceObserver
from hoovik_rtc import clock
from hoovik_rtc.media.decode import UndecodableError
from hoovik_rtc.media.opus import VOICE_RATE, AudioDecoder
from hoovik_rtc.media.packets import EncodedSound
from hoovik_rtc.pipeline.meter import Meter
from hoovik_rtc.pipeline.stage import Stage
from hoovik_rtc.pipeline.workers import Pools
from hoovik_rtc.telemetry import Counts

if TYPE_CHECKING:
    from hoovik_inference.voice.large import VoiceLine
    from hoovik_rtc.pipeline.speech import Speech

MAX_WAITING = 32
"Stretches of packets that may wait for the decoder, each of a hop: one second."


@dataclass(frozen=True, slots=True)
class Heard:
    """One estimate of a voice."""

    voice: VoiceEstimate
    "What was heard."
    arrival_ms: float
    "When the packet came that completed it, Unix ms."


class Ear:
    """Decodes the sound of one participant and listens to it.

    Args:
        pools: all of it runs on the audio pool.
        observer: makes the voice observer, on a worker.
        heard: called on a worker with the estimates that some packets completed, and how many samples complete the
            next.
        meter: told what listening costs.
        telemetry: counters and durations.
        speech: a large encoder that reads what voices express beside the observer; None where none is configured.
    """

    def __init__(
        self,
        pools: Pools,
        observer: Callable[[], VoiceObserver],
        heard: Callable[[list[Heard], int], object],
        meter: Meter,
        telemetry: Counts,
        speech: Speech | None = None,
    ) -> None:
        self._make_observer = observer
        self._speech = speech
        self._line: VoiceLine | None = None
        self._observer: VoiceObserver | None = None
        self._decoder = AudioDecoder()
        self._heard = heard
        self._meter = meter
        self._telemetry = telemetry
        self._stage: Stage[Sequence[EncodedSound]] = Stage(pools.audio, self._work, MAX_WAITING, self._overflow)
        self._stopping = False
        self._express = self._forget = False

    def put(self, sounds: Sequence[EncodedSound]) -> None:
        """Listen to packets and holes, oldest first."""
        self._stage.put(sounds)

    def express(self, on: bool) -> None:
        """Read what the voice expresses from now on, or read it no more and forget it at once."""
        was, self._express = self._express, on
        if was and not on:
            self._forget = True
            self._stage.put(())  # the microphone may be off: nothing else would come

    @property
    def depth(self) -> int:
        """Stretches that wait for a thread."""
        return self._stage.depth

    def stop(self) -> None:
        """Decode nothing further, beginning now; `close` waits for what runs."""
        self._stopping = True
        if self._line is not None and self._speech is not None:
            self._speech.leave(self._line)  # at once: what is held of the voice is forgotten here

    async def close(self) -> None:
        """Decode nothing further; returns when the worker let go."""
        self.stop()
        try:
            await self._stage.close()
        finally:
            self._observer = None
            self._hang_up()

    def _overflow(self, dropped: int) -> None:
        self._telemetry.count("audio_packets_dropped_late", dropped)

    def _work(self, stretches: list[Sequence[EncodedSound]]) -> None:
        started, cpu = clock.now_ms(), clock.thread_cpu_ms()
        if self._observer is None:
            self._observer = self._make_observer()
        if self._forget:
            self._forget = False
            self._observer.express(False)
            self._hang_up()
        heard = self._listen(self._observer, [sound for stretch in stretches for sound in stretch])
        self._telemetry.took("voice", clock.now_ms() - started)
        self._meter.spent("voice", clock.thread_cpu_ms() - cpu)
        self._heard(heard, self._observer.wanted)

    def _listen(self, observer: VoiceObserver, sounds: list[EncodedSound]) -> list[Heard]:
        out: list[Heard] = []
        for sound in sounds:
            if self._stopping:
                break
            observer.express(self._express)
            try:
                samples = self._decoder.decode(sound)
            except UndecodableError as exc:
                self._telemetry.count(exc.reason)
                continue
            if sound.silent:
                self._telemetry.count("audio_samples_not_sent", sound.lost_samples)
            elif sound.recoverable:
                self._telemetry.count("audio_samples_recovered", sound.lost_samples)
            elif sound.lost_samples:
                self._telemetry.count("audio_samples_concealed", sound.lost_samples)
            else:
                self._telemetry.count("audio_packets_decoded")
                self._telemetry.count("audio_samples_decoded", len(samples) * 48_000 // VOICE_RATE)
            if len(samples):
                end = sound.capture_ms + len(samples) * 1000 / VOICE_RATE
                missing = 0 if sound.silent else sound.lost_samples * VOICE_RATE // 48_000
                voices = observer.observe(samples, end, missing)
                if self._speech is not None and self._express:
                    line = self._dial(self._speech)
                    voices = voices if line is None else line.follow(samples, voices, end)
                out += [Heard(voice, sound.arrival_ms) for voice in voices]
        return out

    def _dial(self, speech: Speech) -> VoiceLine | None:
        """The way to the large encoder."""
        if self._line is None:
            self._line = speech.line()
        if self._line is not None and self._stopping:
            speech.leave(self._line)  # stopped meanwhile
        return self._line

    def _hang_up(self) -> None:
        if self._line is not None and self._speech is not None:
            self._speech.leave(self._line)
            self._line = None
