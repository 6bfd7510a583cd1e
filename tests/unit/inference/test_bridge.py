"""A switch of modality alone changes nothing that is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from hoovik_inference.emotion import Stages, Steady, bridged
from hoovik_inference.emotion.bridge import IDLE_MS, Bridge
from hoovik_inference.emotion.shares import alike, apart, logs
from hoovik_inference.types import EmotionEstimate, Modality
from tests.unit.inference.said import estimate

FACE: dict[str, Any] = {"happy": 0.7, "neutral": 0.2}
"What is read where there is a face…"
VOICE: dict[str, Any] = {"angry": 0.5, "happy": 0.2}
"…and what the same person's voice is read as."
MADE = np.random.default_rng(1)


def run(
    start_ms: float, seconds: float, modality: Modality, noise: float = 0.0, **scores: Any
) -> list[EmotionEstimate]:
    """Ten estimates a second."""
    out = []
    for number in range(round(seconds * 10)):
        one = estimate(start_ms + number * 100.0, modality, **scores)
        noisy = one.scores * np.exp(MADE.normal(0.0, noise, one.scores.shape)).astype(np.float32)
        out.append(dataclasses.replace(one, scores=noisy / np.nansum(noisy)))
    return out


def held(*parts: Iterable[EmotionEstimate]) -> list[EmotionEstimate]:
    bridge = Bridge()
    return [bridge.hold(one) for part in parts for one in part]


def labels(said: Iterable[EmotionEstimate]) -> set[str]:
    return {one.emotion for one in said}


def test_without_a_switch_estimates_pass_as_they_are() -> None:
    given = [*run(0.0, 2.0, "both", 0.3, **FACE), *run(2000.0, 2.0, "both", 0.3, **VOICE)]
    assert all(said is one for said, one in zip(held(given), given, strict=True))


def test_at_a_switch_scores_go_on_from_where_they_were_and_so_they_do_back_again() -> None:
    said = held(
        run(0.0, 2.0, "both", **FACE), run(2000.0, 3.0, "audio_only", **VOICE), run(5000.0, 3.0, "both", **FACE)
    )
    assert said[20].scores == pytest.approx(said[19].scores, abs=1e-3)
    assert said[20].confidence == pytest.approx(0.7, abs=1e-3) and said[20].modality == "audio_only"
    assert labels(said) == {"happy"}
    assert np.nansum(said[45].scores) == pytest.approx(1.0, abs=1e-6)
    bare = Stages(Steady())
    assert "angry" in labels(bare.hold(one) for one in run(2000.0, 3.0, "audio_only", **VOICE)), (
        "else this tests little"
    )


def test_noise_neither_changes_the_label_after_a_switch_nor_lets_go_of_what_was_before() -> None:
    holder = bridged(Steady())
    given = [*run(0.0, 3.0, "both", 0.2, **FACE), *run(3000.0, 4.0, "audio_only", 0.2, **VOICE)]
    assert labels([holder.hold(one) for one in given][5:]) == {"happy"}


def test_a_person_who_changes_after_a_switch_is_seen_to_at_once() -> None:
    changed = run(3000.0, 1.0, "audio_only", sad=0.8, neutral=0.1)
    said = held(run(0.0, 2.0, "both", **FACE), run(2000.0, 1.0, "audio_only", **VOICE), changed)
    assert said[29].emotion == "happy"
    assert said[30].emotion == "sad"
    assert said[30].scores == pytest.approx(changed[0].scores, abs=0.02)


def test_what_was_read_for_some_seconds_goes_on_and_not_what_was_before_it() -> None:
    said = held(
        run(0.0, 2.0, "both", **FACE), run(2000.0, 3.0, "both", sad=0.8), run(5000.0, 2.0, "audio_only", **VOICE)
    )
    assert labels(said[50:]) == {"sad"}


def test_of_a_moment_in_which_a_person_changes_nothing_goes_on() -> None:
    voice = run(2100.0, 2.0, "audio_only", **VOICE)
    said = held(run(0.0, 2.0, "both", **FACE), run(2000.0, 0.1, "both", sad=0.8), voice)
    assert labels(said[21:]) == {"angry"}
    assert said[-1].scores == pytest.approx(voice[-1].scores, abs=0.02)


def test_what_was_read_long_ago_says_nothing_any_more() -> None:
    said = held(run(0.0, 2.0, "both", **FACE), run(2000.0, 30.0, "audio_only", **VOICE))
    changes = [number for number in range(20, len(said)) if said[number].emotion != said[number - 1].emotion]
    assert 60 < changes[0] - 20 < 150, "in tenths of a second"
    last = run(2000.0, 30.0, "audio_only", **VOICE)[-1]
    np.testing.assert_array_equal(said[-1].scores, last.scores)
    assert said[-1].emotion == "angry"


def test_where_it_had_abstained_what_is_seen_in_addition_counts_at_once() -> None:
    unsure = run(0.0, 2.0, "audio_only", angry=0.3, happy=0.25)
    assert labels(held(unsure, run(2000.0, 1.0, "both", **FACE))[20:]) == {"happy"}
    nothing = [estimate(number * 100.0, "audio_only", unread=True, neutral=0.5) for number in range(20)]
    assert labels(held(nothing, run(2000.0, 1.0, "both", **FACE))[20:]) == {"happy"}


def test_where_nothing_can_be_read_after_a_switch_what_was_read_stands_for_two_seconds() -> None:
    silent = [estimate(2000.0 + number * 100.0, "audio_only", unread=True, neutral=0.5) for number in range(200)]
    said = held(run(0.0, 2.0, "both", **FACE), silent)[20:]
    assert labels(said[:19]) == {"happy"} and not any(one.abstained for one in said[:19])
    assert labels(said[20:]) == {"neutral"} and all(one.abstained for one in said[20:])
    speaks = run(4500.0, 1.0, "audio_only", neutral=0.48)
    assert labels(held(run(0.0, 2.0, "both", **FACE), silent[:25], speaks)[45:]) == {"happy"}, "what is read goes on"


def test_what_falls_below_the_threshold_on_the_way_is_neutral() -> None:
    said = held(run(0.0, 2.0, "both", happy=0.5), run(2000.0, 20.0, "audio_only", angry=0.5))
    for one in said:
        assert one.abstained == (one.confidence < 0.45) and one.confidence == pytest.approx(float(one.scores.max()))
        assert (one.emotion == "neutral") == one.abstained
    assert any(one.abstained for one in said[20:])


@pytest.mark.parametrize("leap_ms", [IDLE_MS + 200.0, -60_000.0])
def test_after_a_pause_or_where_capture_times_leap_back_nothing_of_before_counts(leap_ms: float) -> None:
    assert held(run(0.0, 2.0, "both", **FACE), run(2000.0 + leap_ms, 1.0, "audio_only", **VOICE))[20].emotion == "angry"


def test_classes_that_a_model_lacks_stay_absent() -> None:
    lacking: dict[str, Any] = {"surprise": float("nan"), "happy": 0.7, "neutral": 0.2, "sad": 0.1}
    rest = dict.fromkeys(("angry", "disgust", "fear"), 0.0)
    other = lacking | {"happy": 0.1, "sad": 0.7}
    said = held(run(0.0, 1.0, "both", **lacking, **rest), run(1000.0, 1.0, "video_only", **other, **rest))
    assert all(np.isnan(one.scores[4]) and np.nansum(one.scores) == pytest.approx(1.0, abs=1e-5) for one in said)
    assert labels(said) == {"happy"}


def test_scores_are_alike_where_noise_parts_them_and_not_where_another_class_is_read() -> None:
    one = logs(estimate(0.0, neutral=0.8, happy=0.1).scores)
    near = logs(estimate(0.0, neutral=0.7, happy=0.17).scores)
    far = logs(estimate(0.0, neutral=0.1, happy=0.8).scores)
    assert apart(one, one) == pytest.approx(0.0, abs=1e-9)
    assert apart(one, far) == pytest.approx(apart(far, one)) and 0.3 < apart(one, far) < 0.5
    assert alike(one, near) == 1.0 and alike(one, far) < 0.02
