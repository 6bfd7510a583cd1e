"""Who is let in."""

from __future__ import annotations

from collections import Counter

import pytest

from hoovik_rtc.config import LimitsConfig
from hoovik_rtc.errors import CapacityError
from hoovik_rtc.pipeline.admission import Admission
from hoovik_rtc.pipeline.load import Load


def made(limits: LimitsConfig | None = None) -> tuple[Admission, Counter[str]]:
    counts: Counter[str] = Counter()

    def count(name: str) -> None:
        counts[name] += 1

    return Admission(limits or LimitsConfig(), count), counts


def test_the_thirteenth_of_twelve_is_refused() -> None:
    admission, counts = made()
    for there in range(12):
        admission.admit(there)
    with pytest.raises(CapacityError, match="full: all of its 12 seats") as refused:
        admission.admit(12)
    assert refused.value.retry_after_s > 0
    assert counts == {"admission_refused_full": 1}


def test_on_two_cores_twelve_are_let_in_by_their_load_and_the_thirtieth_is_told_why_not() -> None:
    admission, counts = made(LimitsConfig(participants=100))
    load = Load(2.0)
    for there in range(12):
        admission.admit_load(load.share(there + 1), load.cores)
    with pytest.raises(CapacityError) as refused:
        admission.admit_load(load.share(30), load.cores)
    sentence = str(refused.value)
    assert "with one more it would be 1" in sentence  # more than 100 %
    assert "(2 cores)" in sentence
    assert "under 70%" in sentence
    assert refused.value.status == 503
    assert counts == {"admission_refused_load": 1}


def test_the_bound_on_the_load_can_be_set() -> None:
    admission, _ = made(LimitsConfig(load=0.3))
    admission.admit_load(0.29, 2.0)
    with pytest.raises(CapacityError, match="30%"):
        admission.admit_load(0.3, 2.0)


def test_one_address_may_ask_so_often_within_a_minute_and_others_are_not_concerned() -> None:
    admission, counts = made(LimitsConfig(joins_per_minute=3))
    for n in range(3):
        admission.ask("10.0.0.1", n * 1000.0)
    with pytest.raises(CapacityError, match="More than 3"):
        admission.ask("10.0.0.1", 3000.0)
    admission.ask("10.0.0.2", 3000.0)
    admission.ask("10.0.0.1", 60_500.0)
    assert counts == {"admission_refused_often": 1}
