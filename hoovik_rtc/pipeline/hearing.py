"""One participant's sound: packets → in order → decoded → measured voice."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable

from hoovik_inference.types import VoiceEstimate, VoiceObserver
from hoovik_rtc import clock
from hoovik_rtc.media.decode import UndecodableError
from hoovik_rtc.media.opus import VOICE_RATE, AudioDecoder
from hoovik_rtc.media.opus_packet import opus_samples
from hoovik_rtc.media.packets import EncodedSound, MediaPacket
from hoovik_rtc.media.reorder import AudioReorderer
from hoovik_rtc.media.timeline import SenderClock, Timeline
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.sight import Feedback
from hoovik_rtc.pipeline.stage import Stage
from hoovik_rtc.pipeline.workers import Workers
from hoovik_rtc.telemetry import Telemetry

MAX_WAITING = 50
"Encoded packets that may wait for the decoder: one second of 20 ms packets."


class Hearing:
    """The sound of one participant while analysis is consented to.

    Args:
        workers: pools; decoding and measuring run on the audio pool.
        observer: makes the voice observer, on a worker.
        sender: clock shared with the participant's picture.
        deliver: called on the loop with each estimate.
        load: told what listening costs.
        telemetry: counters and durations.
        feedback: where lost packets are asked for.
    """

    def __init__(
        self,
        workers: Workers,
        observer: Callable[[], VoiceObserver],
        sender: SenderClock,
        deliver: Callable[[VoiceEstimate, float], None],
        load: Load,
        telemetry: Telemetry,
        feedback: Feedback | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._make_observer = observer
        self._observer: VoiceObserver | None = None
        self._decoder = AudioDecoder()
        self._deliver = deliver
        self._load = load
        self._telemetry = telemetry
        self._timeline = Timeline(48_000, sender)
        self._feedback = feedback
        self._reorderer = AudioReorderer(telemetry.count, recovers=self._decoder.recovers)
        if not self._decoder.recovers:
            telemetry.count("audio_without_libopus")
        self._stage = Stage(workers.audio, self._work, MAX_WAITING, self._overflow)
        self._stopping = False
        self._fresh = 0  # samples that came since a thread was woken
        self._wanted = 1  # samples that the observer wants before it speaks again

    def packet(self, packet: MediaPacket) -> None:
        """One RTP packet, from the tap."""
        for sound in self._reorderer.push(packet):
            capture = self._timeline.capture_ms(sound.ssrc, sound.timestamp, sound.arrival_ms)
            self._stage.put(dataclasses.replace(sound, capture_ms=capture), wake=self._completes(sound))
        again = self._reorderer.due(packet.arrival_ms)
        if again and self._feedback is not None:
            self._feedback.request_again(again)

    def _completes(self, sound: EncodedSound) -> bool:
        """Whether the observer will have something to say; what completes no hop waits without waking a thread."""
        samples = sound.lost_samples or opus_samples(sound.data)
        self._fresh += samples * VOICE_RATE // 48_000
        if self._fresh < self._wanted:
            return False
        self._fresh = 0
        return True

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None:
        """One sender report, from the tap."""
        self._timeline.report(ssrc, ntp, rtp, arrival_ms)

    @property
    def depth(self) -> int:
        """Packets that wait for a worker."""
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
        self._load.spent("voice", clock.thread_cpu_ms() - cpu)
        if heard:
            self._loop.call_soon_threadsafe(self._hand_over, heard)

    def _listen(self, sounds: list[EncodedSound]) -> list[tuple[VoiceEstimate, float]]:
        """Estimates with the arrival time of the packet that completed each."""
        out: list[tuple[VoiceEstimate, float]] = []
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
                out += [(estimate, sound.arrival_ms) for estimate in self._observer.observe(samples, end)]
        self._wanted = self._observer.wanted
        return out

    def _hand_over(self, heard: list[tuple[VoiceEstimate, float]]) -> None:
        for estimate, arrival_ms in heard:
            if self._stopping:
                return
            self._deliver(estimate, arrival_ms)
