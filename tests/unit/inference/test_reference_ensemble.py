"""What follows the models: ensemble by modality, the mean over windows, and the label."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hoovik_inference.emotion.reference import CLASSES, BundleError, Ensemble, Smoother

LOGITS = np.array([[0.3, -0.1, 0.6, 0.0, 0.2, -0.5]], np.float32)
BOOSTED = np.array([[0.5, 0.1, 0.1, 0.1, 0.1, 0.1]], np.float32)


def softmax(values: list[float]) -> Any:
    return np.array([math.exp(value) for value in values]) / sum(math.exp(value) for value in values)


def test_both_models_are_weighed_where_both_modalities_are_and_one_serves_each_alone() -> None:
    mix = Ensemble(0.455, 0.545, 0.3).mix
    modal = softmax([float(value) / 0.3 for value in LOGITS[0]])
    audio, video, both = (mix(LOGITS, BOOSTED, np.array([flag]))[0] for flag in (0, 1, 2))
    np.testing.assert_allclose(audio, BOOSTED[0], atol=1e-7)
    np.testing.assert_allclose(video, modal, atol=1e-6)
    np.testing.assert_allclose(both, 0.455 * modal + 0.545 * BOOSTED[0], atol=1e-6)


def test_without_weights_both_count_alike_and_nothing_is_sharpened() -> None:
    found = Ensemble().mix(LOGITS, BOOSTED, np.array([2]))[0]
    np.testing.assert_allclose(found, 0.5 * softmax(LOGITS[0].tolist()) + 0.5 * BOOSTED[0], atol=1e-6)


@pytest.mark.parametrize("numbers", [(-0.1, 1.1, 1.0), (0.0, 0.0, 1.0), (0.5, 0.5, 0.0), (math.nan, 0.5, 1.0)])
def test_weights_that_give_no_probabilities_are_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(BundleError, match="expected"):
        Ensemble(*numbers)


def said(*shares: float) -> Any:
    return np.array(shares, np.float32)


A, B = said(0.7, 0.1, 0.1, 0.1, 0.0, 0.0), said(0.0, 0.1, 0.1, 0.8, 0.0, 0.0)


def test_the_new_window_weighs_0_65_and_probabilities_stay_unsmoothed() -> None:
    smoother = Smoother(CLASSES)
    assert smoother.update(A, 0.0).label == "angry"
    second = smoother.update(B, 0.3)
    assert second.label == "happy"
    assert second.confidence == pytest.approx(0.65 * 0.8 + 0.35 * 0.1, abs=1e-6)
    np.testing.assert_allclose(second.probabilities, B, atol=1e-6)


def test_probabilities_are_rounded_to_four_decimals_before_the_mean() -> None:
    found = Smoother(CLASSES).update(said(0.123449, 0.876551, 0, 0, 0, 0), 0.0)
    assert found.probabilities.tolist()[:2] == [0.1234, 0.8766]
    assert found.confidence == pytest.approx(0.8766, abs=1e-8)


def test_strictly_below_0_45_the_label_is_neutral_and_the_confidence_stays() -> None:
    unsure = Smoother(CLASSES).update(said(0.44, 0.28, 0.28, 0, 0, 0), 0.0)
    assert unsure.label == "neutral/calm" and unsure.confidence == pytest.approx(0.44, abs=1e-6)
    exact = Smoother(["a", "neutral"], threshold=0.5).update(said(0.500049, 0.499951), 0.0)
    assert exact.label == "neutral", "renormalising by 1 + 1e-9 leaves a little less than a half"
    assert Smoother(CLASSES).update(said(0.4501, 0.2799, 0.27, 0, 0, 0), 0.0).label == "angry"


def test_after_more_than_two_seconds_without_a_window_nothing_of_before_counts() -> None:
    for pause, kept in ((2.0, True), (2.01, False)):
        smoother = Smoother(CLASSES)
        smoother.update(A, 10.0)
        assert (smoother.update(B, 10.0 + pause).confidence < 0.79) == kept


def test_a_stream_keeps_its_mean_but_in_compat_it_is_forgotten_every_two_seconds() -> None:
    times = [0.3 * step for step in range(8)]  # 2.1 s at the last
    for compat in (False, True):
        smoother = Smoother(CLASSES, compat=compat)
        for now_s in times[:-1]:
            smoother.update(A, now_s)
        confidence = smoother.update(B, times[-1]).confidence
        assert confidence == pytest.approx(0.8 if compat else 0.65 * 0.8 + 0.35 * 0.1, abs=1e-6)


def test_own_classes_have_their_own_neutral_one_and_other_lengths_are_refused() -> None:
    smoother = Smoother(["joy", "Neutral"])
    assert smoother.update(said(0.3, 0.3), 0.0).label == "joy", "shares are made to add up to 1 first"
    assert Smoother(["joy", "Neutral", "fear"]).update(said(0.4, 0.3, 0.3), 0.0).label == "Neutral"
    with pytest.raises(ValueError, match=r"probabilities are \(3,\); expected \(2,\)"):
        smoother.update(said(0.3, 0.3, 0.4), 1.0)
