"""Opus packets in order: at once when in order, given up after 60 ms."""

from __future__ import annotations

from collections import Counter

from hoovik_rtc.media.packets import EncodedSound
from hoovik_rtc.media.reorder import AudioReorderer
from tests.unit.media.packets import sound


def made() -> tuple[AudioReorderer, Counter[str]]:
    counts: Counter[str] = Counter()
    return AudioReorderer(lambda name: counts.update([name])), counts


def numbers(out: list[EncodedSound]) -> list[int]:
    return [int.from_bytes(one.data, "big") if one.data else -one.lost_samples for one in out]


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


def test_a_pause_in_the_timestamps_without_lost_packets_is_no_hole() -> None:
    reorderer, _ = made()
    reorderer.push(sound(0))
    jump = sound(1, 20)
    far = type(jump)(jump.ssrc, 1, 480_000, False, jump.payload, jump.data, 20.0)
    assert numbers(reorderer.push(far)) == [1]


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
