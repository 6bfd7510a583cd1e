"""A modality goes out, or is switched off: how soon the messages say so, and that their label stays."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from hoovik_inference.emotion import Steady, bridged
from hoovik_inference.types import EMOTIONS, EmotionEstimate, Holder, Modality, Window
from hoovik_rtc import clock
from hoovik_rtc.consent import Consent
from hoovik_rtc.pipeline.eye import Seen
from hoovik_rtc.pipeline.load import Load
from hoovik_rtc.pipeline.participant import Participant
from hoovik_rtc.telemetry import Telemetry
from hoovik_rtc.wire.messages import AvatarFrame, BotMessage, EmotionPayload, EmotionUpdate
from tests import fakes
from tests.unit.inference.said import estimate

TICK_MS = 100
FACE_MS, VOICE_MS = 33, 32
OUT_MS = 400.0


class Disagreeing(fakes.FakeEmotion):
    """Reads a face as happy, and the voice of the same person as angry."""

    def infer(self, windows: Sequence[Window]) -> list[EmotionEstimate]:
        return [
            estimate(one.time_ms, one.modality, angry=0.7)
            if one.modality == "audio_only"
            else estimate(one.time_ms, one.modality, happy=0.7)
            for one in windows
        ]

    def holder(self) -> Holder:
        return bridged(Steady())


class Sense:
    """An eye that is told what it sees by the test."""

    depth = 0

    def stop(self) -> None: ...

    async def close(self) -> None: ...


class Noting:
    """A holder that tells that it was calibrated."""

    def __init__(self, told: list[str]) -> None:
        self._told = told

    def hold(self, estimate: EmotionEstimate) -> EmotionEstimate:
        return estimate

    def calibrate(self) -> None:
        self._told.append("label")


class Room:
    """Notes what is said, and when."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000.0
        self.updates: list[tuple[float, EmotionPayload]] = []

    def said(self, participant: Participant, message: EmotionUpdate | AvatarFrame) -> None:
        if isinstance(message, EmotionUpdate):
            self.updates.append((self.now_ms, message.payload))

    def told(self, participant: Participant, message: BotMessage) -> None: ...

    def voiced(self, participant: Participant) -> None: ...

    def run(self, participant: Participant, model: Disagreeing, ms: int, camera: bool = True, mic: bool = True) -> None:
        """So many milliseconds of a call."""
        for _ in range(ms):
            self.now_ms += 1
            now = int(self.now_ms)
            if camera and now % FACE_MS == 0:
                participant.on_seen(Seen(fakes.face(self.now_ms - 20), False, self.now_ms, (0.0, 0.0), (0.0, 0.0)))
            if mic and now % VOICE_MS == 0:
                participant.on_heard(fakes.voice(self.now_ms - 20, 0.9), self.now_ms)
            if now % TICK_MS == 0 and (window := participant.window(self.now_ms)) is not None:
                participant.on_emotion(model.infer([window])[0])

    def modalities(self, since_ms: float) -> list[tuple[float, Modality]]:
        return [(at - since_ms, payload.modality) for at, payload in self.updates if at > since_ms]


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    made = Room()
    monkeypatch.setattr(clock, "now_ms", lambda: made.now_ms)
    return made


def seated(room: Room, model: Disagreeing) -> Participant:
    participant = Participant("p", "n", room, cast(Any, None), Telemetry(), Load(2.0), model=model)
    participant.consent = Consent(True, True, False)
    participant._sight = cast(Any, Sense())
    return participant


async def left(participant: Participant) -> None:
    for sense in participant._detach_senses():
        await sense.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("out", ["camera", "mic"])
async def test_what_comes_no_more_is_out_after_four_tenths_of_a_second(room: Room, out: str) -> None:
    model = Disagreeing()
    participant = seated(room, model)
    room.run(participant, model, 3000)
    gone = room.now_ms
    room.run(participant, model, 1500, **{out: False})
    said = room.modalities(gone)
    without: Modality = "audio_only" if out == "camera" else "video_only"
    first = next(at for at, modality in said if modality == without)
    assert OUT_MS - FACE_MS <= first <= OUT_MS + TICK_MS
    assert all(modality == ("both" if at < first else without) for at, modality in said)
    assert {payload.emotion for _, payload in room.updates} == {"happy"}
    await left(participant)


async def test_what_is_switched_off_is_out_and_back_in_with_the_next_message(room: Room) -> None:
    model = Disagreeing()
    participant = seated(room, model)
    room.run(participant, model, 3000)
    off = room.now_ms
    participant.set_media(None, False)
    room.run(participant, model, 2000, camera=False)
    assert room.modalities(off)[0] == (TICK_MS, "audio_only")
    assert {modality for _, modality in room.modalities(off)} == {"audio_only"}
    on = room.now_ms
    participant.set_media(None, True)
    room.run(participant, model, 2000)
    assert {modality for _, modality in room.modalities(on)} == {"both"}
    assert {payload.emotion for _, payload in room.updates} == {"happy"}
    assert len(room.updates) == 70 and room.updates[30][1].confidence == pytest.approx(0.7, abs=1e-3)
    await left(participant)


async def test_what_is_calibrated_is_told_to_the_face_and_to_the_label(room: Room) -> None:
    told: list[str] = []

    class Telling(Sense):
        def calibrate(self) -> None:
            told.append("face")

    class Held(Disagreeing):
        def holder(self) -> Holder:
            return Noting(told)

    participant = seated(room, Held())
    participant._sight = cast(Any, Telling())
    participant.calibrate()
    assert told == ["face", "label"]
    await left(participant)


def test_the_two_do_disagree() -> None:
    window = Window(0.0, (None,) * 10, (None,) * 10, "audio_only")
    (heard,) = Disagreeing().infer([window])
    assert heard.emotion == "angry" and np.argmax(heard.scores) == EMOTIONS.index("angry")
