"""What each model of an ensemble says by itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from hoovik_inference.emotion.reference.calibrated import Calibrated
from hoovik_inference.emotion.reference.engine import Predictions
from hoovik_inference.emotion.reference.ensemble import Ensemble
from hoovik_inference.emotion.reference.votes import votes
from hoovik_inference.types import Floats

MADE = np.random.default_rng(4)
MODALITY = np.array([0, 1, 2, 2])
"audio_only, video_only, both, both."


def probabilities() -> Floats:
    rows = MADE.random((4, 3)).astype(np.float32)
    out: Floats = rows / rows.sum(axis=1, keepdims=True)
    return out


def found(late: bool) -> Predictions:
    nothing: Any = np.zeros(4)
    logits = MADE.normal(0, 2, (4, 3)).astype(np.float32)
    beside = MADE.normal(0, 2, (4, 3 if late else 0)).astype(np.float32)
    return Predictions(nothing, nothing, logits, beside, probabilities(), probabilities(), nothing, nothing)


def mixed_by_hand(weights: dict[str, float], said: dict[str, Floats]) -> Floats:
    total = sum(weights[name] for name in said)
    out: Floats = np.sum([weights[name] / total * said[name] for name in said], axis=0)
    return out


def test_of_the_references_ensemble_the_votes_are_what_is_mixed() -> None:
    ensemble, one = Ensemble(0.455, 0.545, 0.3), found(late=False)
    mixed = ensemble.mix(one.logits, one.xgb_probs, MODALITY)
    said = votes(ensemble, one, MODALITY)
    assert [set(each) for each in said] == [{"boosted"}, {"transformer"}, *[{"transformer", "boosted"}] * 2]
    for number, each in enumerate(said):
        expected = mixed_by_hand({"transformer": 0.455, "boosted": 0.545}, each)
        assert expected == pytest.approx(mixed[number], abs=1e-5)


def test_of_a_calibrated_one_too_and_who_has_no_weight_has_no_vote() -> None:
    weights = np.array([[0.0, 0.25, 0.75], [0.5, 0.0, 0.5], [0.2, 0.3, 0.5]])
    temperatures = np.array([[1.0, 2.0, 0.5], [1.5, 1.0, 1.0], [0.8, 1.2, 3.0]])
    straight = Calibrated(weights, temperatures, np.ones((3, 3)), np.zeros((3, 3)))
    one = found(late=True)
    logits = [one.logits, np.log(one.xgb_probs), one.late_logits]
    mixed = straight.mix(logits, MODALITY)
    said = votes(straight, one, MODALITY)
    assert [set(each) for each in said] == [
        {"boosted", "late"}, {"transformer", "late"}, *[{"transformer", "boosted", "late"}] * 2
    ]  # fmt: skip
    for number, each in enumerate(said):
        by_name = dict(zip(("transformer", "boosted", "late"), weights[MODALITY[number]].tolist(), strict=True))
        assert mixed_by_hand(by_name, each) == pytest.approx(mixed[number], abs=1e-4)


def test_votes_are_of_each_window_alone() -> None:
    ensemble, one = Ensemble(), found(late=False)
    (last,) = votes(ensemble, _at(one, 3), MODALITY[3:])
    assert {name: row.tolist() for name, row in last.items()} == {
        name: row.tolist() for name, row in votes(ensemble, one, MODALITY)[3].items()
    }


def _at(one: Predictions, place: int) -> Predictions:
    return dataclasses.replace(
        one, logits=one.logits[place:], late_logits=one.late_logits[place:], xgb_probs=one.xgb_probs[place:]
    )
