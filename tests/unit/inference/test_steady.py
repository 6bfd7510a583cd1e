"""A label that does not flicker."""

from __future__ import annotations

import dataclasses

import numpy as np

from hoovik_inference.emotion import Steady
from hoovik_inference.emotion.steady import HOLD_MS
from hoovik_inference.types import EMOTIONS, EmotionEstimate

NEUTRAL = EmotionEstimate(
    0.0, "neutral", 1.0, np.eye(7, dtype=np.float32)[0], 0.0, 0.0, 0.0, "both", False, False, 0.0, "x"
)


def at(time_ms: float, **scores: float) -> EmotionEstimate:
    """An estimate with these scores."""
    values = np.array([scores.get(name, 0.0) for name in EMOTIONS], np.float32)
    best = int(values.argmax())
    return dataclasses.replace(
        NEUTRAL, time_ms=time_ms, emotion=EMOTIONS[best], confidence=float(values[best]), scores=values
    )


def test_classes_that_take_turns_by_a_little_do_not_change_the_label() -> None:
    steady = Steady()
    said = [steady.label(at(n * 100.0, sad=0.5 + 0.03 * (-1) ** n, fear=0.5 - 0.03 * (-1) ** n)) for n in range(30)]
    assert set(said) == {"sad"}


def test_a_class_that_leads_by_much_takes_over_at_once() -> None:
    steady = Steady()
    assert steady.label(at(0.0, neutral=0.9, happy=0.1)) == "neutral"
    assert steady.label(at(100.0, neutral=0.3, happy=0.7)) == "happy"


def test_a_class_that_leads_by_little_takes_over_when_it_lasts() -> None:
    steady = Steady()
    steady.label(at(0.0, neutral=0.6, happy=0.4))
    said = [(n, steady.label(at(n * 100.0, neutral=0.48, happy=0.52))) for n in range(1, 10)]
    first = next(n for n, label in said if label == "happy")
    assert first == 1 + HOLD_MS / 100


def test_a_rival_that_gives_up_in_between_begins_anew() -> None:
    steady = Steady()
    steady.label(at(0.0, neutral=0.6, happy=0.4))
    for n in range(1, 30):
        rival = {"happy": 0.52} if n % 4 else {"sad": 0.52}
        assert steady.label(at(n * 100.0, neutral=0.48, **rival)) == "neutral"


def test_a_model_that_abstains_is_heard_at_once() -> None:
    steady = Steady()
    steady.label(at(0.0, happy=0.5, sad=0.4))
    unsure = dataclasses.replace(at(100.0, happy=0.4, sad=0.35), emotion="neutral", abstained=True)
    assert steady.label(unsure) == "neutral"


def test_a_capture_time_that_leaps_back_begins_anew() -> None:
    steady = Steady()
    steady.label(at(10_000.0, neutral=0.6, happy=0.4))
    assert steady.label(at(0.0, neutral=0.48, happy=0.52)) == "happy"


def test_a_held_label_that_fell_below_the_models_threshold_is_let_go_at_once() -> None:
    steady = Steady()
    steady.label(at(0.0, happy=0.5, sad=0.45))
    assert steady.label(dataclasses.replace(at(100.0, happy=0.34, sad=0.47), threshold=0.45)) == "sad"
    assert steady.label(dataclasses.replace(at(200.0, happy=0.5, sad=0.46), threshold=0.45)) == "sad"


def test_a_held_label_is_told_with_its_own_score_and_the_others_as_they_are() -> None:
    steady = Steady()
    first = at(0.0, sad=0.52, fear=0.48)
    assert steady.hold(first) is first
    held = steady.hold(at(100.0, sad=0.46, fear=0.54))
    assert (held.emotion, round(held.confidence, 2)) == ("sad", 0.46)
    assert held.scores[EMOTIONS.index("fear")] == np.float32(0.54)
