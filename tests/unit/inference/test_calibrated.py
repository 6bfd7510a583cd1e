"""Experts of single modalities, and the calibration of several models."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hoovik_inference.emotion.reference import BundleError, Windows
from hoovik_inference.emotion.reference.calibrated import Calibrated, platt, softmax
from hoovik_inference.emotion.reference.late import Late, weights_of
from hoovik_inference.types import SEQ_LEN, Floats

RNG = np.random.default_rng(5)
FACE, VOICE, CLASSES = 9, 5, 7


def late() -> Late:
    sizes = weights_of(FACE, VOICE, CLASSES)
    return Late({name: RNG.normal(0, 0.5, shape).astype(np.float32) for name, shape in sizes.items()})


def windows(count: int) -> Windows:
    face_mask, voice_mask = ((RNG.random((count, SEQ_LEN)) < 0.7).astype(np.float32) for _ in range(2))
    flags = np.arange(count) % 3
    face_mask[flags == 0], voice_mask[flags == 1] = 0.0, 0.0
    face_mask[flags != 0, -1] = voice_mask[flags != 1, -1] = 1.0
    face, voice = (RNG.normal(size=(count, SEQ_LEN, size)).astype(np.float32) for size in (FACE, VOICE))
    return Windows(face * face_mask[..., None], voice * voice_mask[..., None], face_mask, voice_mask, flags)


def by_hand(one: Late, given: Windows, number: int) -> Floats:
    """The same of one window with loops, as the module's text says it."""
    w = one.weights
    pooled, said, there = [], [], []
    for stream, values, mask in (("face", given.face, given.face_mask), ("audio", given.audio, given.audio_mask)):
        steps = [values[number, step] for step in range(SEQ_LEN) if mask[number, step]]
        there.append(float(bool(steps)))
        size = values.shape[2]
        scores = np.array([np.exp(step @ w[f"{stream}.attention"]) for step in steps])
        mean = sum((s * step for s, step in zip(scores / scores.sum(), steps, strict=True)), np.zeros(size))
        pooled.append(mean if steps else np.zeros(size))
        said.append(w[f"{stream}.expert.weight"] @ pooled[-1] + w[f"{stream}.expert.bias"])
    context = np.concatenate((*pooled, there))
    trust = np.log1p(
        np.exp(w["trust.weight"] @ np.tanh(w["context.weight"] @ context + w["context.bias"]) + w["trust.bias"])
    )
    return np.asarray(sum(t * h * s for t, h, s in zip(trust, there, said, strict=True)) + w["bias"], np.float32)


def test_experts_weigh_steps_and_modalities_as_their_text_says() -> None:
    one, given = late(), windows(30)
    found = one(given)
    assert found.shape == (30, CLASSES) and found.dtype == np.float32
    for number in range(30):
        np.testing.assert_allclose(found[number], by_hand(one, given, number), rtol=1e-4, atol=1e-5)


def test_what_lies_where_a_mask_is_0_does_not_matter_to_experts() -> None:
    one, given = late(), windows(12)
    other = dataclasses.replace(given, face=given.face + 7.0 * (1.0 - given.face_mask[..., None]))
    np.testing.assert_allclose(one(other), one(given), rtol=1e-5, atol=1e-5)


def calibrated() -> Calibrated:
    weights = RNG.random((3, 3))
    return Calibrated(weights, RNG.uniform(0.5, 2.0, (3, 3)), RNG.uniform(0.7, 1.3, (3, 7)), RNG.normal(0, 0.2, (3, 7)))


def test_a_calibration_is_of_the_modality_and_told_as_json_it_is_the_same() -> None:
    one = calibrated()
    said = [RNG.normal(size=(9, 7)).astype(np.float32) for _ in range(3)]
    flags = np.arange(9) % 3
    found = one.mix(said, flags)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)
    for number, flag in enumerate(flags):
        shares = sum(
            one.weights[flag, m] / one.weights[flag].sum() * softmax(said[m][[number]] / one.temperatures[flag, m])
            for m in range(3)
        )
        wanted = platt(np.asarray(shares), one.slopes[[flag]], one.offsets[[flag]])
        np.testing.assert_allclose(found[[number]], wanted, rtol=1e-5)
    np.testing.assert_array_equal(Calibrated.of(one.told()).mix(said, flags), found)


def test_lines_that_change_nothing_leave_probabilities_as_they_are() -> None:
    shares = softmax(RNG.normal(size=(20, 7)).astype(np.float32))
    np.testing.assert_allclose(platt(shares, np.ones((20, 7)), np.zeros((20, 7))), shares, atol=2e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": np.ones((3, 4))}, r"weights are \(3, 4\)"),
        ({"weights": -np.ones((3, 3))}, "0 or more"),
        ({"temperatures": np.zeros((3, 3))}, "temperatures more than 0"),
        ({"slopes": np.full((3, 7), np.nan)}, "not finite"),
        ({"offsets": np.zeros((3, 6))}, "do not fit"),
    ],
)
def test_a_calibration_that_gives_no_probabilities_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BundleError, match=words):
        dataclasses.replace(calibrated(), **change)


def test_other_members_than_it_was_made_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 members; expected 3"):
        calibrated().mix([np.zeros((1, 7), np.float32)] * 2, np.zeros(1, np.int64))
    with pytest.raises(BundleError, match="slopes"):
        Calibrated.of({"weights": [[1, 1]] * 3, "temperatures": [[1, 1]] * 3})
