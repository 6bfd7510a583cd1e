"""What is taken off a person's readings, because they always look so."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from hoovik_inference.emotion import FaceModel, RuleModel
from hoovik_inference.emotion.face_model import CALL
from hoovik_inference.emotion.habit import Habit
from hoovik_inference.types import EmotionEstimate, Modality
from tests.unit.inference.said import estimate

SAD: dict[str, Any] = {"sad": 0.5, "neutral": 0.35}
"A resting face that is read as sad."


def watched(
    habit: Habit, start_s: float, seconds: float, modality: Modality = "both", **scores: Any
) -> EmotionEstimate:
    """What is said last."""
    said = [habit.hold(estimate((start_s + n / 10) * 1000.0, modality, **scores)) for n in range(round(seconds * 10))]
    return said[-1]


def test_somebody_who_looks_sad_all_the_time_is_neutral_after_a_while() -> None:
    habit = Habit(CALL)
    assert watched(habit, 0.0, 20.0, **SAD).emotion == "sad"
    said = watched(habit, 20.0, 50.0, **SAD)
    assert said.emotion == "neutral" and not said.abstained
    assert said.scores.sum() == pytest.approx(1.0, abs=1e-6)
    assert said.confidence == pytest.approx(float(said.scores[0]))


def test_before_twenty_seconds_nothing_is_taken_off() -> None:
    habit = Habit(CALL)
    given = [estimate(n * 100.0, **SAD) for n in range(200)]
    assert all(habit.hold(one) is one for one in given)


def test_no_more_is_taken_off_than_a_nat_and_a_stronger_expression_still_shows() -> None:
    habit = Habit(CALL)
    before, after = estimate(0.0, **SAD), watched(habit, 0.0, 300.0, **SAD)
    ratio = np.log((before.scores[2] / before.scores[0]) / (after.scores[2] / after.scores[0]))
    assert 0.5 < ratio <= 1.0 + 1e-5
    assert habit.hold(estimate(300_100.0, angry=0.6, neutral=0.2)).emotion == "angry"


def test_what_is_read_clearly_is_told_as_it_is_and_is_no_habit() -> None:
    habit = Habit(CALL)
    assert watched(habit, 0.0, 300.0, happy=0.72, neutral=0.2).emotion == "happy"
    mild = estimate(300_000.0, happy=0.5, neutral=0.4)
    assert habit.hold(mild) is mild, "nothing was learned"
    other = Habit(CALL)
    watched(other, 0.0, 300.0, **SAD)
    clear = estimate(300_000.0, sad=0.7, neutral=0.2)
    assert other.hold(clear).emotion == "sad" and other.hold(clear).confidence >= 0.7 - 1e-6


def test_a_person_who_is_neutral_is_read_as_before() -> None:
    habit = Habit(CALL)
    given = [estimate(n * 100.0, neutral=0.8, happy=0.05) for n in range(3000)]
    assert all(habit.hold(one) is one for one in given)


def test_each_modality_has_its_own_habit() -> None:
    habit = Habit(CALL)
    assert watched(habit, 0.0, 80.0, "both", **SAD).emotion == "neutral"
    assert watched(habit, 80.0, 10.0, "audio_only", **SAD).emotion == "sad"
    assert watched(habit, 90.0, 1.0, "both", **SAD).emotion == "neutral"


def test_nothing_is_learned_from_what_was_not_read_or_is_unlike_anything_known() -> None:
    habit = Habit(CALL)
    for n in range(1000):
        strange = dataclasses.replace(estimate(n * 100.0, **SAD), anomaly=True)
        nothing = estimate(n * 100.0 + 50.0, unread=True, neutral=0.5)
        assert habit.hold(strange) is strange and habit.hold(nothing) is nothing
    assert watched(habit, 100.0, 10.0, **SAD).emotion == "sad"


def test_a_long_pause_counts_as_half_a_second_read() -> None:
    habit = Habit(CALL)
    for hour in range(30):
        said = habit.hold(estimate(hour * 3_600_000.0, **SAD))
    assert said.emotion == "sad", "15 s were read"


def test_what_a_person_says_is_their_neutral_face_is_neutral_from_then_on() -> None:
    habit = Habit(CALL)
    assert watched(habit, 0.0, 2.0, sad=0.75, neutral=0.15).emotion == "sad"
    habit.calibrate()
    watched(habit, 2.0, 1.0, sad=0.75, neutral=0.15)
    assert watched(habit, 3.0, 1.0, sad=0.75, neutral=0.15).emotion == "neutral"
    assert watched(habit, 4.0, 1.0, "video_only", sad=0.75, neutral=0.15).emotion == "neutral"
    assert watched(habit, 5.0, 1.0, sad=0.95, neutral=0.02).emotion == "sad"
    assert watched(habit, 600.0, 1.0, sad=0.75, neutral=0.15).emotion == "neutral"
    assert watched(habit, 601.0, 1.0, "audio_only", sad=0.75, neutral=0.15).emotion == "sad", "it was said of the face"
    habit.calibrate()
    watched(habit, 602.0, 2.0, neutral=0.8, happy=0.1)
    assert watched(habit, 604.0, 1.0, sad=0.75, neutral=0.15).emotion == "sad", "the newest word counts"


def test_holders_of_models_that_read_pixels_have_a_habit_and_forget_it_with_the_holder() -> None:
    for model, expected in ((FaceModel(), "neutral"), (RuleModel(), "sad")):
        holder = model.holder()
        said = [holder.hold(estimate(n * 100.0, **SAD)) for n in range(700)]
        assert (said[0].emotion, said[-1].emotion) == ("sad", expected)
        assert model.holder().hold(estimate(70_000.0, **SAD)).emotion == "sad"
        holder.calibrate()
