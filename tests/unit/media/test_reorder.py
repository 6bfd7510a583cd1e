"""Opus packets in order: at once when in order; holes recovered, repaired, or given up."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hoovik_rtc.media import missing
from hoovik_rtc.media.packets import EncodedSound, MediaPacket
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


def test_a_hole_is_given_up_after_a_round_trip_and_its_length_is_said() -> None:
    reorderer, counts = made()
    reorderer.push(sound(0))
    assert numbers(reorderer.push(sound(3, 60))) == []
    assert numbers(reorderer.push(sound(4, 80))) == []
    assert numbers(reorderer.push(sound(5, 60 + missing.FIRST_WAIT_MS))) == [-1920, 3, 4, 5]
    assert counts["audio_packets_lost"] == 1


def fec(sequence: int, at: float = 0.0) -> MediaPacket:
    """A packet that repeats the one before it."""
    packet = sound(sequence, at)
    data = b"\x08\x40" + packet.data[1:]
    return replace(packet, data=data, payload=data)


def test_a_lost_packet_is_recovered_at_once_from_the_one_behind_it() -> None:
    reorderer, counts = made()
    reorderer.push(fec(0))
    recovered, packet = reorderer.push(fec(2, 40))
    assert recovered.recoverable and recovered.data == packet.data
    assert (recovered.timestamp, recovered.lost_samples) == (960, 960)
    assert not packet.lost_samples
    assert counts["audio_packets_lost"] == 0
    assert reorderer.due(40) == []


def test_of_several_lost_packets_the_last_is_recovered_and_the_others_are_asked_for() -> None:
    reorderer, _ = made()
    reorderer.push(fec(0))
    assert reorderer.push(fec(3, 60)) == []
    assert reorderer.due(60) == [1]
    assert [(one.timestamp, one.recoverable) for one in reorderer.push(fec(1, 165))] == [
        (960, False),
        (1920, True),
        (2880, False),
    ]


def test_without_a_decoder_that_recovers_a_repeated_packet_is_asked_for() -> None:
    reorderer = AudioReorderer(lambda _: None, recovers=False)
    reorderer.push(fec(0))
    assert reorderer.push(fec(2, 40)) == []
    assert reorderer.due(40) == [1]


def test_where_packets_come_out_of_order_they_are_waited_for_before_recovery() -> None:
    reorderer, _ = made()
    reorderer.push(fec(0))
    assert len(reorderer.push(fec(2, 40))) == 2
    reorderer.push(fec(1, 65))  # too late by 25 ms, which is remembered
    reorderer.push(fec(3, 70))
    assert reorderer.push(fec(5, 100)) == []
    assert [one.timestamp // 960 for one in reorderer.push(fec(4, 115))] == [4, 5]


def test_a_pause_of_the_network_is_not_waited_for() -> None:
    reorderer, _ = made()
    reorderer.push(sound(0))
    assert numbers(reorderer.push(sound(140, 2800))) == [140]
    assert reorderer.due(2800) == []


def test_no_delay_is_left_after_a_burst_of_loss() -> None:
    reorderer, _ = made()
    reorderer.push(sound(0))
    for n in range(10, 19):
        reorderer.push(sound(n, n * 20.0))
    for n in range(19, 24):
        assert numbers(reorderer.push(sound(n, n * 20.0))) == [n]


def test_a_packet_that_comes_after_its_hole_was_given_up_is_counted_as_late() -> None:
    reorderer, counts = made()
    reorderer.push(sound(0))
    reorderer.push(sound(2, 20))
    assert len(reorderer.push(sound(3, 20 + missing.FIRST_WAIT_MS))) == 3
    assert reorderer.push(sound(1, 180)) == []
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
