"""One participant's sound on the event loop: packets → in order, with their capture time → an ear → what it heard."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from hoovik_inference.types import VoiceEstimate
from hoovik_rtc.media.opus import VOICE_RATE, recovers
from hoovik_rtc.media.opus_packet import opus_samples
from hoovik_rtc.media.packets import EncodedSound, MediaPacket
from hoovik_rtc.media.reorder import AudioReorderer
from hoovik_rtc.media.timeline import SenderClock, Timeline
from hoovik_rtc.pipeline.analysis import Analysis
from hoovik_rtc.pipeline.ear import Heard
from hoovik_rtc.pipeline.sight import Feedback
from hoovik_rtc.telemetry import Telemetry


class Hearing:
    """The sound of one participant while analysis is consented to.

    Args:
        analysis: gives the ear.
        sender: clock shared with the participant's picture.
        feedback: where lost packets are asked for.
        deliver: called with each estimate and the arrival of the packet that completed it, Unix ms.
        telemetry: counters.
    """

    def __init__(
        self,
        analysis: Analysis,
        sender: SenderClock,
        feedback: Feedback,
        deliver: Callable[[VoiceEstimate, float], None],
        telemetry: Telemetry,
    ) -> None:
        self._deliver = deliver
        self._feedback = feedback
        self._timeline = Timeline(48_000, sender)
        self._reorderer = AudioReorderer(telemetry.count, recovers=recovers())
        if not recovers():
            telemetry.count("audio_without_libopus")
        self._stopping = False
        self._held: list[EncodedSound] = []  # what completes no hop waits for the next, and wakes nobody
        self._held_samples = 0  # at 16 kHz
        self._wanted = 1  # samples that complete the next hop
        self._ear = analysis.ear(self._heard)

    def packet(self, packet: MediaPacket) -> None:
        """One RTP packet, from the tap."""
        for sound in self._reorderer.push(packet):
            capture = self._timeline.capture_ms(sound.ssrc, sound.timestamp, sound.arrival_ms)
            self._hold(dataclasses.replace(sound, capture_ms=capture))
        again = self._reorderer.due(packet.arrival_ms)
        if again:
            self._feedback.request_again(again)

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None:
        """One sender report, from the tap."""
        self._timeline.report(ssrc, ntp, rtp, arrival_ms)

    def express(self, on: bool) -> None:
        """Read what the voice expresses from now on, or read it no more."""
        self._ear.express(on)

    @property
    def depth(self) -> int:
        """Stretches of packets that wait for a worker."""
        return self._ear.depth

    def stop(self) -> None:
        """Decode nothing further, beginning now; `close` waits for what runs."""
        self._stopping = True
        self._ear.stop()

    async def close(self) -> None:
        """Decode nothing further; returns when the worker let go."""
        self._stopping = True
        await self._ear.close()

    def _hold(self, sound: EncodedSound) -> None:
        self._held.append(sound)
        self._held_samples += (sound.lost_samples or opus_samples(sound.data)) * VOICE_RATE // 48_000
        if self._held_samples >= self._wanted:
            self._ear.put(self._held)
            self._held, self._held_samples = [], 0

    def _heard(self, heard: list[Heard], wanted: int) -> None:
        self._wanted = wanted
        for one in heard:
            if self._stopping:
                return
            self._deliver(one.voice, one.arrival_ms)
