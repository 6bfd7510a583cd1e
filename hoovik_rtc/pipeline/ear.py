"""One participant's sound, on worker threads: decoded, then measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hoovik_inference.types import VoiceEstimate, VoiceObserver
from hoovik_rtc import clock
from hoovik_rtc.media.decode import UndecodableError
from hoovik_rtc.media.opus import VOICE_RATE, AudioDecoder
from hoovik_rtc.media.opus_packet import opus_samples
from hoovik_rtc.media.packets import EncodedSound
from hoovik_rtc.pipeline.meter import Meter
from hoovik_rtc.pipeline.stage import Stage
from hoovik_rtc.pipeline.workers import Workers
from hoovik_rtc.telemetry import Counts

MAX_WAITING = 50
"Encoded packets that may wait for the decoder: one second of 20 ms packets."


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
        workers: pools; all of it runs on the audio pool.
        observer: makes the voice observer, on a worker.
        heard: called on a worker with the estimates that some packets completed.
        meter: told what listening costs.
        telemetry: counters and durations.
    """

    def __init__(
        self,
        workers: Workers,
        observer: Callable[[], VoiceObserver],
        heard: Callable[[list[Heard]], object],
        meter: Meter,
        telemetry: Counts,
    ) -> None:
        self._make_observer = observer
        self._observer: VoiceObserver | None = None
        self._decoder = AudioDecoder()
        self._heard = heard
        self._meter = meter
        self._telemetry = telemetry
        self._stage: Stage[EncodedSound] = Stage(workers.audio, self._work, MAX_WAITING, self._overflow)
        self._stopping = False
        self._fresh = 0  # samples that came since a thread was woken
        self._wanted = 1  # samples that the observer wants before it speaks again

    def put(self, sound: EncodedSound) -> None:
        """Listen to a packet or a hole; what completes no hop waits for the next without waking a thread."""
        self._fresh += (sound.lost_samples or opus_samples(sound.data)) * VOICE_RATE // 48_000
        wake = self._fresh >= self._wanted
        if wake:
            self._fresh = 0
        self._stage.put(sound, wake)

    @property
    def depth(self) -> int:
        """Packets that wait for a thread."""
        return self._stage.depth

    def stop(self) -> None:
        """Decode nothing further, beginning now; `close` waits for what runs."""
        self._stopping = True

    async def close(self) -> None:
        """Decode nothing further; returns when the worker let go."""
        self._stopping = True
        await self._stage.close()
        self._observer = None

    def _overflow(self, dropped: int) -> None:
        self._telemetry.count("audio_packets_dropped_late", dropped)

    def _work(self, sounds: list[EncodedSound]) -> None:
        started, cpu = clock.now_ms(), clock.thread_cpu_ms()
        heard = self._listen(sounds)
        self._telemetry.took("voice", clock.now_ms() - started)
        self._meter.spent("voice", clock.thread_cpu_ms() - cpu)
        if heard:
            self._heard(heard)

    def _listen(self, sounds: list[EncodedSound]) -> list[Heard]:
        out: list[Heard] = []
        if self._observer is None:
            self._observer = self._make_observer()
        for sound in sounds:
            if self._stopping:
                break
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
                out += [Heard(voice, sound.arrival_ms) for voice in self._observer.observe(samples, end)]
        self._wanted = self._observer.wanted
        return out
