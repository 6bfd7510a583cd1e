"""What to ask for again, when, and how long to wait for it."""

from __future__ import annotations

from collections import Counter

import pytest

from hoovik_rtc.media import missing
from hoovik_rtc.media.missing import Missing


def made(asks_per_s: float = 200.0) -> tuple[Missing, Counter[str]]:
    counts: Counter[str] = Counter()
    return Missing(asks_per_s, lambda name: counts.update([name]), "video"), counts


def came(book: Missing, *numbers: int, at: float) -> None:
    for number in numbers:
        book.arrived(number, at)


def test_what_is_leapt_over_is_asked_for_at_once_and_after_each_100_ms() -> None:
    book, _ = made()
    came(book, 1, 4, at=0)
    assert book.due(0) == [2, 3]
    assert book.due(99) == []
    came(book, 2, at=60)
    assert book.due(100) == [3]


def test_a_packet_is_asked_for_ten_times_at_most() -> None:
    book, _ = made()
    came(book, 1, 3, at=0)
    assert sum(len(book.due(at)) for at in range(0, 100_000, 10)) == missing.MAX_TRIES


def test_after_a_longer_round_trip_it_is_asked_for_again_later() -> None:
    book, _ = made()
    came(book, 1, 3, at=0)
    assert book.due(0) == [2]
    came(book, 2, at=95)
    came(book, 5, at=1000)
    assert book.due(1000) == [4]
    assert book.due(1105) == []
    assert book.due(1115) == [4]


def test_where_packets_come_late_by_themselves_they_are_given_time() -> None:
    book, counts = made()
    came(book, 1, 3, at=0)
    assert book.due(0) == [2]
    came(book, 2, at=40)  # by itself, it turns out:
    came(book, 2, at=100)  # here is what was asked for
    assert counts == {"video_packets_repaired": 1, "video_nack_needless": 1}
    came(book, 5, at=120)
    assert book.due(120) == book.due(155) == []
    assert book.due(165) == [4]


def test_the_patience_with_disorder_is_forgotten_when_it_ends() -> None:
    book, _ = made()
    came(book, 1, 3, at=0)
    book.due(0)
    came(book, 2, at=40)
    came(book, 2, at=100)
    assert book.hold_ms(100) == pytest.approx(45)
    assert book.hold_ms(100 + missing.HOLD_HALVES_MS) == pytest.approx(22.5)
    assert book.hold_ms(60_000) == 0


def test_it_is_waited_as_long_as_packets_lately_took_to_come() -> None:
    book, _ = made()
    assert book.wait_ms == missing.FIRST_WAIT_MS
    for round_ in range(20):
        came(book, 2 * round_, at=round_ * 100)
        book.due(round_ * 100)
        came(book, 2 * round_ - 1, at=round_ * 100 + 80)
    assert book.wait_ms == pytest.approx(98)


def test_a_sender_that_never_answers_is_not_waited_for() -> None:
    book, _ = made()
    for number in range(0, 60, 2):
        came(book, number, at=number * 100)
        book.due(number * 100)
    assert book.wait_ms == missing.MIN_WAIT_MS
    came(book, 57, at=5850)  # it does answer
    assert book.wait_ms > missing.MIN_WAIT_MS


def test_asking_is_bounded_per_second_whatever_is_missing() -> None:
    book, _ = made(asks_per_s=25)
    asked = 0
    for number in range(0, 2000, 2):
        came(book, number, at=number * 10)
        asked += len(book.due(number * 10))
    assert asked <= 25 * 20 + 25


def test_what_is_kept_is_bounded() -> None:
    book, _ = made()
    for number in range(0, 100_000, 100):
        came(book, number, at=0)
    assert len(book._entries) <= 2 * missing.MAX_GAP + 100
    assert all(len(book.due(at)) <= 200 for at in (0, 1000))


def test_a_gap_too_wide_to_be_remembered_is_not_listed() -> None:
    book, _ = made()
    came(book, 1, 1 + missing.MAX_GAP + 1, at=0)
    assert book.due(0) == []
    assert book.since(2) is None


def test_what_nobody_waits_for_is_watched_but_not_asked_for() -> None:
    book, _ = made()
    came(book, 1, 4, at=0)
    book.settle(2, 3)
    assert book.due(0) == [3]
    came(book, 2, at=30)
    assert book.hold_ms(30) == pytest.approx(30)
