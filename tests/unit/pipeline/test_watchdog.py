"""When a decoder counts as dead."""

from __future__ import annotations

from hoovik_rtc.pipeline.watchdog import Watchdog


def barks(packets: range, frames: range = range(0)) -> list[int]:
    """When, for packets and decoded frames at these times in ms."""
    dog = Watchdog()
    out = []
    for now in sorted({*packets, *frames}):
        if now in packets and dog.packet(now):
            out.append(now)
        if now in frames:
            dog.frame(now)
    return out


def test_packets_without_frames_are_noticed_after_five_seconds_and_again_after_five() -> None:
    assert barks(range(0, 12_000, 20)) == [5000, 10_000]


def test_frames_keep_it_quiet() -> None:
    assert barks(range(0, 20_000, 20), range(0, 20_000, 4000)) == []


def test_a_decoder_that_ends_in_the_middle_is_noticed() -> None:
    assert barks(range(0, 12_000, 20), range(0, 3000, 40)) == [7960]


def test_a_picture_that_was_off_for_a_while_is_waited_for_from_its_first_packet() -> None:
    dog = Watchdog()
    assert not any(dog.packet(now) for now in range(0, 4000, 20))
    assert not any(dog.packet(now) for now in range(60_000, 64_900, 20))
    assert dog.packet(65_000)
