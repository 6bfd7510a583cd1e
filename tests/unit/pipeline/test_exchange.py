"""Messages between the processes come out as they went in, however the bytes are cut."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hoovik_inference.types import FaceEstimate, FaceQuality, Gaze, HeadPose, VoiceEstimate
from hoovik_rtc.media.packets import EncodedFrame, EncodedSound
from hoovik_rtc.pipeline.ear import Heard
from hoovik_rtc.pipeline.exchange import BUFFER, Inbox, Message, pack
from hoovik_rtc.pipeline.eye import Seen

MESSAGES: list[Message] = [("begin", 1.5), ("put", 3, b"\x00" * 300, True), ("report",), ("put", 4, b"", False)]


def receive(inbox: Inbox, data: bytes) -> None:
    """As a transport does."""
    while data:
        buffer = inbox.get_buffer(-1)
        taken = min(len(buffer), len(data))
        buffer[:taken] = data[:taken]
        buffer.release()
        inbox.buffer_updated(taken)
        data = data[taken:]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64, 10_000])
async def test_messages_come_whole_and_in_order_however_they_are_cut(size: int) -> None:
    got: list[Message] = []
    inbox = Inbox(got.append)
    data = b"".join(pack(message) for message in MESSAGES)
    for at in range(0, len(data), size):
        receive(inbox, data[at : at + size])
    assert got == MESSAGES


async def test_a_message_larger_than_the_buffer_comes_whole_and_the_next_ones_too() -> None:
    got: list[Message] = []
    large: list[Message] = [("put", 1, bytes(range(256)) * (5 * BUFFER // 256)), *MESSAGES]
    receive(Inbox(got.append), b"".join(pack(message) for message in large))
    assert got == large


async def test_who_takes_may_change_between_two_messages_of_one_piece() -> None:
    first: list[Message] = []
    rest: list[Message] = []
    inbox = Inbox(first.append)

    def begin(message: Message) -> None:
        first.append(message)
        inbox.take = rest.append

    inbox.take = begin
    receive(inbox, b"".join(pack(message) for message in MESSAGES))
    assert first == MESSAGES[:1]
    assert rest == MESSAGES[1:]


async def test_the_end_of_the_other_side_is_seen_once() -> None:
    inbox = Inbox(lambda _: None)
    inbox.connection_lost(None)
    inbox.connection_lost(None)
    assert inbox.gone.done()


def face() -> FaceEstimate:
    some = np.linspace(0, 1, 478 * 3, dtype=np.float32).reshape(478, 3)
    return FaceEstimate(
        time_ms=12.5,
        landmarks=some,
        blendshapes=some[:52, 0],
        action_units=some[:19, 1],
        head_pose=HeadPose(1.0, 2.0, 3.0),
        gaze=Gaze(0.5, -0.5),
        blink=True,
        confidence=0.75,
        faces=2,
        quality=FaceQuality(0.9, 0.8, 1.0, 0.7, 0.6, 0.5, 0.4),
        track=3,
        blink_rate=12.5,
        expression=some[:7, 2],
        vector=some[:326, 0],
    )


@pytest.mark.parametrize(
    "thing",
    [
        EncodedFrame(b"vp8", 3000, 7, True, False, 1.5, 2.5),
        EncodedSound(b"opus", 960, 7, 480, 1.5, 2.5, True),
        Seen(face(), False, 1.0, (2.0, 3.0), (4.0, 5.0)),
        Seen(None, True, 1.0, (2.0, 3.0), (4.0, 5.0), anew=True),
        Heard(VoiceEstimate(1.0, 0.5, -20.0, 120.0, np.full(15, 1 / 15, np.float32), None), 9.0),
        Heard(
            VoiceEstimate(
                1.0, 0.5, -20.0, 120.0, np.zeros(15, np.float32), embedding=np.ones(1024, np.float32), embedding_ms=0.5
            ),
            9.0,
        ),
    ],
    ids=["frame", "sound", "seen", "nothing seen", "heard", "encoded"],
)
async def test_what_is_measured_comes_out_as_it_went_in(thing: object) -> None:
    got: list[Message] = []
    receive(Inbox(got.append), pack(("seen", 1, thing)))
    what, number, back = got[0]
    assert (what, number) == ("seen", 1)
    assert type(back) is type(thing)
    same(back, thing)


def same(one: object, other: object) -> None:
    """Dataclasses field by field: arrays don't compare with ==."""
    if dataclasses.is_dataclass(other):
        for field in dataclasses.fields(other):
            same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(other, np.ndarray):
        assert isinstance(one, np.ndarray)
        assert one.dtype == other.dtype
        assert (one == other).all()
    else:
        assert one == other
