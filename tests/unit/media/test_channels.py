"""Data channels: what waits, what is dropped, and what a client may send."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import pytest
from aiortc import RTCDataChannel
from pyee.base import EventEmitter

from hoovik_rtc.config import LimitsConfig
from hoovik_rtc.media import channels
from hoovik_rtc.media.channels import MAX_AGE_MS, MAX_BUFFERED, STARVED_MS, Channels


class Channel(EventEmitter):
    """A channel whose transport takes what `drain` says."""

    def __init__(self, label: str, protocol: str = "") -> None:
        super().__init__()
        self.label, self.protocol = label, protocol
        self.readyState = "open"
        self.bufferedAmountLowThreshold = 0
        self.waiting: list[str] = []
        self.sent: list[str] = []

    @property
    def bufferedAmount(self) -> int:
        return sum(map(len, self.waiting))

    def send(self, text: str) -> None:
        self.waiting.append(text)

    def drain(self) -> None:
        """Send one by one, as aiortc does, and say when little is left."""
        while self.waiting:
            high = self.bufferedAmount > self.bufferedAmountLowThreshold
            self.sent.append(self.waiting.pop(0))
            if high and self.bufferedAmount <= self.bufferedAmountLowThreshold:
                self.emit("bufferedamountlow")

    def close(self) -> None:
        self.readyState = "closed"
        self.emit("close")


class Bench:
    """Channels with a clock that stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, limits: LimitsConfig | None = None) -> None:
        self.now = 1_000_000.0
        monkeypatch.setattr("hoovik_rtc.clock.now_ms", lambda: self.now)
        self.counts: Counter[str] = Counter()
        self.control: list[str] = []
        self.refused: list[str] = []
        self.channels = Channels(
            limits or LimitsConfig(),
            lambda label: None,
            self.take,
            lambda code, sentence: self.refused.append(code),
            lambda name: self.counts.update([name]),
        )

    def take(self, text: str) -> None:
        if text == "raise":
            raise RuntimeError("a bug of ours")
        self.control.append(text)

    def open(self, label: str, protocol: str = "") -> Channel:
        channel = Channel(label, protocol)
        self.channels.attach(cast(RTCDataChannel, channel))
        return channel


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


FRAME = 1400


def frame(number: int) -> str:
    return f"{number:06d}" + "x" * (FRAME - 6)


def test_a_channel_with_room_sends_at_once(bench: Bench) -> None:
    avatar = bench.open("hoovik.avatar")
    assert bench.channels.send("avatar", "one")
    assert avatar.waiting == ["one"]


def test_after_a_blackout_no_old_frames_are_sent_and_the_newest_are(bench: Bench) -> None:
    avatar = bench.open("hoovik.avatar")
    for number in range(300):  # ten seconds
        bench.channels.send("avatar", frame(number))
        bench.now += 33
    handed_on = len(avatar.waiting)
    assert handed_on == 1
    avatar.drain()
    late = avatar.sent[handed_on:]
    assert late == [frame(number) for number in range(300 - len(late), 300)]
    assert 1 <= len(late) <= MAX_AGE_MS / 33 + 1
    assert bench.counts["channel_full_avatar"] == 300 - handed_on - len(late)


def test_of_those_in_a_room_that_speak_at_once_everyone_is_sent(bench: Bench) -> None:
    avatar = bench.open("hoovik.avatar")
    for number in range(12):  # one from each participant
        bench.channels.send("avatar", frame(number))
    assert len(avatar.waiting) == 1
    avatar.drain()
    assert avatar.sent == [frame(number) for number in range(12)]


def test_a_frame_is_chosen_when_it_can_go_and_all_else_goes_first(bench: Bench) -> None:
    avatar, emotion = bench.open("hoovik.avatar"), bench.open("hoovik.emotion")
    bench.channels.send("avatar", frame(0))
    avatar.drain()
    bench.channels.send("emotion", "{}")
    for number in range(1, 10):
        bench.now += 33
        assert not bench.channels.send("avatar", frame(number))
    assert avatar.waiting == []
    emotion.drain()
    avatar.drain()
    assert avatar.sent == [frame(number) for number in (0, 6, 7, 8, 9)]
    assert bench.counts["channel_full_avatar"] == 5


def test_a_channel_that_never_empties_does_not_stop_the_avatar_for_good(bench: Bench) -> None:
    avatar = bench.open("hoovik.avatar")
    bench.open("hoovik.emotion")
    bench.channels.send("emotion", "{}")
    for number in range(300):  # ten seconds
        bench.channels.send("avatar", frame(number))
        avatar.drain()
        bench.now += 33
    assert len(avatar.sent) == pytest.approx(300 * 33 / STARVED_MS, abs=1)


def test_what_waits_is_bounded_in_bytes_whoever_talks(bench: Bench) -> None:
    bench.open("hoovik.avatar")
    for number in range(1000):  # all at one moment: age bounds nothing
        bench.channels.send("avatar", frame(number))
    assert bench.counts["channel_full_avatar"] >= 1000 - channels.MAX_WAITING / FRAME - 2


def test_a_channel_that_was_closed_while_frames_waited_does_not_stop_its_successor(bench: Bench) -> None:
    first = bench.open("hoovik.avatar")
    for number in range(20):
        bench.channels.send("avatar", frame(number))
    first.close()
    bench.now += 5000
    second = bench.open("hoovik.avatar")
    assert bench.channels.send("avatar", "fresh")
    assert second.waiting == ["fresh"]


@pytest.mark.parametrize("kind", ["emotion", "control"])
def test_other_kinds_are_refused_when_their_channel_is_full(bench: Bench, kind: Any) -> None:
    bench.open(f"hoovik.{kind}")
    taken = 0
    while bench.channels.send(kind, "x" * 1000):
        taken += 1
    assert taken * 1000 == pytest.approx(MAX_BUFFERED[kind], abs=1001)
    assert bench.counts[f"channel_full_{kind}"] == 1


def test_a_single_channel_carries_everything_and_frames_give_way_first(bench: Bench) -> None:
    only = bench.open("mine")
    while bench.channels.send("avatar", frame(0)):
        pass
    assert bench.channels.send("emotion", "{}") and bench.channels.send("control", "{}")
    only.drain()
    assert bench.channels.send("avatar", frame(1))


def test_four_channels_and_one_per_label(bench: Bench) -> None:
    opened = [bench.open(label) for label in ("a", "b", "c", "c", "d", "e")]
    assert [channel.readyState for channel in opened] == ["open", "open", "open", "closed", "open", "closed"]
    assert bench.counts["channel_refused"] == 2
    assert bench.refused == ["channel_refused"]  # once a second


def test_a_protocol_we_do_not_speak_is_said(bench: Bench) -> None:
    bench.open("hoovik.avatar", "hoovik.v9.xml")
    assert bench.refused == ["channel_protocol_unsupported"]


def test_messages_are_bounded_in_number_and_in_bytes_and_are_text(bench: Bench) -> None:
    control = bench.open("hoovik.control")
    limits = LimitsConfig()
    control.emit("message", "é" * (limits.message_bytes - 1))  # fewer characters than the limit, more bytes
    control.emit("message", b"binary")
    control.emit("message", "{}")
    bench.now += 1000
    for _ in range(limits.messages_per_s + 5):
        control.emit("message", "{}")
    assert len(bench.control) == 1 + limits.messages_per_s
    assert bench.counts["message_too_large"] == bench.counts["binary_message"] == 1
    assert bench.counts["too_many_messages"] == 5
    assert bench.refused == ["message_too_large", "too_many_messages"]


def test_a_bug_of_ours_in_a_message_ends_nothing(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    control = bench.open("hoovik.control")
    control.emit("message", "raise")
    control.emit("message", "{}")
    assert bench.counts["control_failed"] == 1 and bench.control == ["{}"]
    assert "could not be handled" in caplog.text


@pytest.mark.parametrize("kind", ["control", "emotion", "avatar"])
def test_a_message_that_the_peer_does_not_take_is_counted_and_stops_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, kind: channels.Kind
) -> None:
    """As aiortc does where a message is over the peer's a=max-message-size."""
    one = bench.open(f"hoovik.{kind}")

    def too_large(text: str) -> None:
        raise ValueError("Cannot send message of 1568 bytes, peer only supports messages up to 64 bytes")

    monkeypatch.setattr(one, "send", too_large)
    assert not bench.channels.send(kind, "x" * 1568)
    assert bench.counts["channel_message_over_peers_limit"] == 1
