"""Figures of mouth shapes, on readers whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from hoovik_inference.evaluation.energy_visemes import energy
from hoovik_inference.evaluation.phones import MOUTHS
from hoovik_inference.evaluation.textgrid import Phone
from hoovik_inference.evaluation.visemes import (
    HIT_MS,
    Reader,
    Track,
    closures_of,
    detections_of,
    hits,
    network,
    score,
    truth,
    viseme_figures,
)
from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice.viseme_features import LAG_MS, STEP_MS
from tests.unit.inference.sounds import noise, silence

STEP = 10.0


def said(*parts: tuple[str, float]) -> list[Phone]:
    """Phones one after the other: their shapes, and how long they are, ms."""
    out, at = [], 0.0
    for shapes, length in parts:
        out.append(Phone(at, at + length, tuple(shapes.split())))
        at += length
    return out


def sound_of(phones: list[Phone]) -> Floats:
    return silence(phones[-1].end_ms / 1000.0)


def one_hot(names: list[str]) -> Floats:
    out = np.zeros((len(names), len(VISEMES)), np.float32)
    out[np.arange(len(names)), [VISEMES.index(name) for name in names]] = 1.0
    return out


def knowing(phones: list[Phone], late_ms: float = 0.0) -> Reader:
    """A reader that knows what is said, so much too late."""

    def read(samples: Floats) -> Track:
        times = np.arange(0.0, len(samples) / 16.0, STEP) + STEP / 2
        names = []
        for time in times - late_ms:
            phone = next((one for one in phones if one.begin_ms <= time < one.end_ms and one.shapes), None)
            shapes = phone.shapes if phone is not None else ("sil",)
            span = phone.end_ms - phone.begin_ms if phone is not None else 1.0
            part = int((time - phone.begin_ms) / span * len(shapes)) if phone is not None else 0
            names.append(shapes[part])
        return Track(times, one_hot(names))

    return read


def always(name: str) -> Reader:
    def read(samples: Floats) -> Track:
        times = np.arange(0.0, len(samples) / 16.0, STEP)
        return Track(times, one_hot([name] * len(times)))

    return read


WORDS = said(
    ("sil", 300), ("PP", 80), ("aa I", 200), ("PP", 60), ("FF", 100), ("O U", 160), ("SS", 90), ("TH", 70), ("PP", 50),
    ("E", 120), ("", 100), ("sil", 200),
)  # fmt: skip


def test_who_knows_it_all_is_right_about_it_all() -> None:
    result = viseme_figures([score(sound_of(WORDS), WORDS, knowing(WORDS))])
    assert result.mouths.accuracy == result.mouths.uar == result.mouths.macro_f1 == 1.0
    assert result.mouths.n == 143  # what nobody knows the mouth of is not scored
    assert (result.closures, result.closure_recall, result.closure_precision) == (3, 1.0, 1.0)
    assert result.false_closures == 0.0


@pytest.mark.parametrize("name", VISEMES)
def test_who_always_says_the_same_is_at_chance_and_hits_no_closure(name: str) -> None:
    result = viseme_figures([score(sound_of(WORDS), WORDS, always(name))])
    assert result.mouths.uar == pytest.approx(0.0 if name == "sil" else 1 / 6)
    assert result.hits == 0


def test_latency_that_is_not_taken_off_costs_closures() -> None:
    near, far = (viseme_figures([score(sound_of(WORDS), WORDS, knowing(WORDS, late))]) for late in (50.0, 200.0))
    assert near.closure_recall == 1.0
    assert far.closure_recall < 1.0
    assert far.mouths.uar < near.mouths.uar < 1.0


def test_a_class_that_is_not_there_does_not_count_and_silence_never_does() -> None:
    phones = said(("sil", 500), ("PP", 100), ("aa", 100))
    result = viseme_figures([score(sound_of(phones), phones, always("PP"))])
    assert result.mouths.uar == 0.5
    assert result.mouths.accuracy == pytest.approx(10 / 70)
    assert {one.name: one.n for one in result.mouths.per_class} == dict.fromkeys(MOUTHS, 0) | {
        "sil": 50, "closed": 10, "open": 10,
    }  # fmt: skip


def test_moments_for_which_nothing_was_read_are_wrong_and_counted() -> None:
    phones = said(("PP", 200), ("aa", 200))
    result = viseme_figures([score(sound_of(phones), phones, lambda _: Track(np.zeros(1), one_hot(["PP"])))])
    assert result.mouths.found == pytest.approx(6 / 40)
    assert result.mouths.confusion[:, -1].sum() == 34
    assert result.mouths.accuracy == pytest.approx(6 / 40)
    nothing = Track(np.zeros(0), np.zeros((0, len(VISEMES)), np.float32))
    assert viseme_figures([score(sound_of(phones), phones, lambda _: nothing)]).mouths.found == 0.0


def test_a_diphthong_is_the_one_mouth_first_and_the_other_then() -> None:
    mouths = truth(said(("aa I", 100)), np.arange(5.0, 100.0, 10.0))
    names = [list(MOUTHS)[at] for at in mouths]
    assert names == ["open"] * 5 + ["spread"] * 5


def test_where_two_speak_at_once_nothing_is_scored() -> None:
    one, other = said(("sil", 100), ("aa", 100), ("sil", 100)), said(("sil", 150), ("PP", 100), ("sil", 50))
    mouths = truth(one + other, np.arange(5.0, 300.0, 10.0))
    assert (mouths[15:20] == -1).all()
    assert (mouths[10:15] == list(MOUTHS).index("open")).all()
    assert (mouths[20:25] == list(MOUTHS).index("closed")).all()
    assert (mouths[25:] == 0).all()


def test_lips_close_once_for_an_m_and_a_p_behind_it() -> None:
    assert closures_of(said(("aa", 100), ("PP", 60), ("PP", 70), ("aa", 50), ("PP", 40))) == [
        (100.0, 230.0), (280.0, 320.0),
    ]  # fmt: skip


def test_each_closure_needs_a_detection_of_its_own_within_sixty_ms() -> None:
    closures = [(100.0, 160.0), (200.0, 260.0)]
    assert hits(closures, [180.0]) == 1
    assert hits(closures, [130.0, 230.0]) == 2
    assert hits(closures, [100.0 - HIT_MS, 260.0 + HIT_MS]) == 2
    assert hits(closures, [100.0 - HIT_MS - 1, 260.0 + HIT_MS + 1]) == 0
    assert hits([], [5.0]) == hits(closures, []) == 0


def test_a_detection_is_where_closed_lips_weigh_most_and_lies_in_their_middle() -> None:
    names = ["aa"] * 5 + ["PP"] * 4 + ["E"] * 5
    track = Track(np.arange(len(names)) * STEP, one_hot(names))
    assert detections_of(track) == pytest.approx([65.0])
    held = Track(np.arange(60) * STEP, one_hot(["PP"] * 60))
    assert detections_of(held) == []


def test_the_figures_of_two_recordings_are_those_of_all_their_moments() -> None:
    right = score(sound_of(WORDS), WORDS, knowing(WORDS))
    wrong = score(sound_of(WORDS), WORDS, always("sil"))
    both = viseme_figures([right, wrong])
    assert both.mouths.n == 2 * right.true.size
    assert both.mouths.uar == pytest.approx(0.5)
    assert (both.closures, both.hits, both.detected) == (6, 3, 3)


def test_without_a_known_phone_there_are_no_figures() -> None:
    phones = said(("", 100))
    with pytest.raises(ValueError, match="no moment"):
        viseme_figures([score(sound_of(phones), phones, always("PP"))])


def test_the_network_answers_for_each_16_ms_until_the_end() -> None:
    track = network(noise(1.0))
    assert np.diff(track.times_ms) == pytest.approx(STEP_MS)
    assert track.times_ms[0] == pytest.approx(STEP_MS - LAG_MS)
    assert track.times_ms[-1] >= 1000.0
    assert track.weights.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_the_energy_viseme_closes_the_mouth_in_silence() -> None:
    track = energy(silence(0.5))
    assert (track.weights.argmax(axis=1) == VISEMES.index("sil")).all()
    assert track.times_ms[0] == pytest.approx(16.0)
