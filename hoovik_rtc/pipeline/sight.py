"""One participant's picture on the event loop: packets → whole frames and their capture time → an eye → what it saw."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Protocol

from hoovik_rtc.media.assemble import VideoAssembler
from hoovik_rtc.media.packets import MediaPacket
from hoovik_rtc.media.timeline import SenderClock, Timeline
from hoovik_rtc.pipeline.analysis import Analysis
from hoovik_rtc.pipeline.eye import Expressed, Seen
from hoovik_rtc.pipeline.gate import LookGate
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.telemetry import Telemetry


class Feedback(Protocol):
    """What a receiver can ask of its sender; a Tap is one."""

    def request_keyframe(self) -> None:
        """Ask for a keyframe."""
        ...

    def request_again(self, sequence_numbers: list[int]) -> None:
        """Ask for packets again."""
        ...


class Sight:
    """The video of one participant while analysis is consented to.

    Args:
        analysis: gives the eye.
        sender: clock shared with the participant's sound.
        feedback: where keyframes are asked for.
        deliver: called for each picture that was looked at.
        expressed: called for each expression that was read.
        load: how often pictures are looked at.
        telemetry: counters.
    """

    def __init__(
        self,
        analysis: Analysis,
        sender: SenderClock,
        feedback: Feedback,
        deliver: Callable[[Seen], None],
        expressed: Callable[[Expressed], None],
        load: Load,
        telemetry: Telemetry,
    ) -> None:
        self._feedback = feedback
        self._deliver = deliver
        self._expressed = expressed
        self._timeline = Timeline(90_000, sender)
        self._assembler = VideoAssembler(telemetry.count)
        self._load = load
        self._gate = LookGate(load, random.random())
        self._stopping = False
        self._eye = analysis.eye(self._seen, self._read, self._assembler.request_keyframe)

    def packet(self, packet: MediaPacket) -> None:
        """One RTP packet, from the tap."""
        assembled = self._assembler.push(packet)
        if assembled.want_keyframe:
            self._feedback.request_keyframe()
        if assembled.resend:
            self._feedback.request_again(assembled.resend)
        for frame in assembled.frames:
            capture = self._timeline.capture_ms(frame.ssrc, frame.timestamp, frame.arrival_ms)
            look = self._gate.due(capture)
            if look:
                self._gate.looked(capture)
            self._eye.put(dataclasses.replace(frame, capture_ms=capture), look, self._load.advice is not None)

    def report(self, ssrc: int, ntp: int, rtp: int, arrival_ms: float) -> None:
        """One sender report, from the tap."""
        self._timeline.report(ssrc, ntp, rtp, arrival_ms)

    @property
    def depth(self) -> int:
        """Frames and pictures that wait for a worker."""
        return self._eye.depth

    def stop(self) -> None:
        """Decode nothing further, beginning now; `close` waits for what runs."""
        self._stopping = True
        self._eye.stop()

    async def close(self) -> None:
        """Decode nothing further; returns when the workers let go."""
        self._stopping = True
        await self._eye.close()

    def calibrate(self) -> None:
        """The next measured face is the neutral one."""
        self._eye.calibrate()

    def express(self, on: bool) -> None:
        """Read the expression of faces from now on, or read it no more."""
        self._eye.express(on)

    def look_seldom(self, on: bool) -> None:
        """Look only as often as vectors of faces are needed, or as often as an avatar needs it."""
        self._gate.seldom = on

    def _read(self, expressed: Expressed) -> None:
        if not self._stopping:
            self._expressed(expressed)

    def _seen(self, seen: Seen) -> None:
        if not self._stopping:
            self._deliver(seen)
