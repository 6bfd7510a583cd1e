"""Opus packets in order: at once when in order, given up after 60 ms."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from hoovik_rtc.media.opus_packet import opus_samples
from hoovik_rtc.media.packets import EncodedSound
from hoovik_rtc.media.reorder import AudioReorderer
from tests.unit.media.packets import sound


def made() -> tuple[AudioReorderer, Counter[str]]:
    counts: Counter[str] = Counter()
    return AudioReorderer(lambda name: counts.update([name])), counts


def numbers(out: list[EncodedSound]) -> list[int]:
    return [int.from_bytes(one.data[1:], "big") if one.data else -one.lost_samples for one in out]


def test_packets_in_order_leave_at_once() -> None:
    reorderer, _ = made()
    for n in range(5):
        assert numbers(reorderer.push(sound(n, n * 20.0))) == [n]


def test_reordered_packets_leave_in_order() -> None:
    reorderer, _ = made()
    assert numbers(reorderer.push(sound(0))) == [0]
    assert numbers(reorderer.push(sound(2, 20))) == []
    assert numbers(reorderer.push(sound(3, 40))) == []
    assert numbers(reorderer.push(sound(1, 45))) == [1, 2, 3]


def test_a_hole_is_given_up_after_60_ms_and_its_length_is_said() -> None:
    reorderer, counts = made()
    reorderer.push(sound(0))
    assert numbers(reorderer.push(sound(3, 60))) == []
    assert numbers(reorderer.push(sound(4, 80))) == []
    assert numbers(reorderer.push(sound(5, 120))) == [-1920, 3, 4, 5]
    assert counts["audio_packets_lost"] == 1


def test_no_delay_is_left_after_a_burst_of_loss() -> None:
    reorderer, _ = made()
    reorderer.push(sound(0))
    for n in range(10, 14):
        reorderer.push(sound(n, n * 20.0))
    for n in range(14, 20):
        assert numbers(reorderer.push(sound(n, n * 20.0))) == [n]


def test_a_packet_that_comes_after_its_hole_was_given_up_is_counted_as_late() -> None:
    reorderer, counts = made()
    reorderer.push(sound(0))
    reorderer.push(sound(2, 20))
    reorderer.push(sound(3, 100))
    assert reorderer.push(sound(1, 110)) == []
    assert counts["audio_duplicate_or_late"] == 1


def test_time_that_passed_without_a_missing_packet_is_silence_that_was_not_sent() -> None:
    reorderer, counts = made()
    reorderer.push(sound(0))
    pause, packet = reorderer.push(replace(sound(1, 420), timestamp=960 + 400 * 48))
    assert pause.silent and pause.lost_samples == 400 * 48
    assert packet.data
    assert counts["audio_packets_lost"] == 0


def test_a_pause_of_more_than_a_second_is_not_filled() -> None:
    reorderer, _ = made()
    reorderer.push(sound(0))
    assert numbers(reorderer.push(replace(sound(1, 20), timestamp=480_000))) == [1]


def test_a_stream_that_goes_on_far_away_is_followed_from_its_second_packet_on() -> None:
    reorderer, counts = made()
    reorderer.push(sound(0))
    assert numbers(reorderer.push(sound(20_000, 20))) == []
    assert numbers(reorderer.push(sound(20_001, 40))) == [20_001]
    assert numbers(reorderer.push(sound(20_002, 60))) == [20_002]
    assert counts["audio_sequence_jump"] == 1


@pytest.mark.parametrize(
    ("first", "second", "samples"),
    [(0x00, 0, 480), (0x08, 0, 960), (0x18, 0, 2880), (0x78, 0, 960), (0xE0, 0, 120), (0xF9, 0, 1920), (0x0B, 3, 2880)],
)
def test_the_length_of_a_packet_stands_in_its_first_bytes(first: int, second: int, samples: int) -> None:
    assert opus_samples(bytes([first, second])) == samples


def test_sequence_numbers_wrap_around() -> None:
    reorderer, _ = made()
    out = []
    for n in range(65530, 65546):
        out += reorderer.push(sound(n, (n - 65530) * 20.0))
    assert len(out) == 16
    assert all(not one.lost_samples for one in out)


def test_empty_packets_and_absurd_jumps_are_counted_and_dropped() -> None:
    reorderer, counts = made()
    reorderer.push(sound(0))
    empty = sound(1)
    assert reorderer.push(type(empty)(empty.ssrc, 1, 960, False, b"", b"", 0.0)) == []
    assert reorderer.push(sound(20_000)) == []
    assert counts == {"audio_empty_packet": 1, "audio_sequence_jump": 1}
