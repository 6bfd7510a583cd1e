"""One participant's sound: packets → in order → decoded → measured voice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from hoovik_inference.types import VoiceEstimate, VoiceObserver
from hoovik_rtc import clock
from hoovik_rtc.media.decode import VOICE_RATE, AudioDecoder, UndecodableError
from hoovik_rtc.media.packets import EncodedSound, MediaPacket
from hoovik_rtc.media.reorder import AudioReorderer
from hoovik_rtc.media.timeline import SenderClock, Timeline
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
        telemetry: counters and durations.
    """

    def __init__(
        self,
        workers: Workers,
        observer: Callable[[], VoiceObserver],
        sender: SenderClock,
        deliver: Callable[[VoiceEstimate, float], None],
        telemetry: Telemetry,
    ) -> None:
        self._make_observer = observer
        self._observer: VoiceObserver | None = None
        self._decoder = AudioDecoder()
        self._deliver = deliver
        self._telemetry = telemetry
        self._timeline = Timeline(48_000, sender)
        self._reorderer = AudioReorderer(telemetry.count)
        self._stage = Stage(workers.audio, self._work, self._done, MAX_WAITING, self._overflow)
        self._stopping = False

    def packet(self, packet: MediaPacket) -> None:
        """One RTP packet, from the tap."""
        for sound in self._reorderer.push(packet):
            capture = self._timeline.capture_ms(sound.ssrc, sound.timestamp, sound.arrival_ms)
            self._stage.put(dataclasses.replace(sound, capture_ms=capture))

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

    def _work(self, sounds: list[EncodedSound]) -> list[tuple[VoiceEstimate, float]]:
        """Estimates with the arrival time of the packet that completed each."""
        started = clock.now_ms()
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
            elif sound.lost_samples:
                self._telemetry.count("audio_samples_concealed", sound.lost_samples)
            else:
                self._telemetry.count("audio_packets_decoded")
            if len(samples):
                end = sound.capture_ms + len(samples) * 1000 / VOICE_RATE
                out += [(estimate, sound.arrival_ms) for estimate in self._observer.observe(samples, end)]
        self._telemetry.took("voice", clock.now_ms() - started)
        return out

    def _done(self, heard: list[tuple[VoiceEstimate, float]]) -> None:
        for estimate, arrival_ms in heard:
            self._deliver(estimate, arrival_ms)
