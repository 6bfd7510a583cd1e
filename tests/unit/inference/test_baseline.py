"""A participant's resting face: learnt in the first seconds, or told."""

from __future__ import annotations

import numpy as np
import pytest

from hoovik_inference.face import Baseline
from hoovik_inference.face.baseline import CALIBRATE_MS, LIMIT
from hoovik_inference.types import BLENDSHAPES, Floats, HeadPose

AHEAD = HeadPose(0.0, 0.0, 0.0)
STEP = 1000 / 30


def scored(**weights: float) -> Floats:
    """(52,) scores; `scored(browInnerUp=0.3)`. A name without side is both sides."""
    out = np.zeros(52, np.float32)
    for name, weight in weights.items():
        places = [at for at, full in enumerate(BLENDSHAPES) if full in (name, f"{name}Left", f"{name}Right")]
        assert places, name
        out[places] = weight
    return out


def at(name: str) -> int:
    return BLENDSHAPES.index(name)


def watched(baseline: Baseline, scores: Floats, from_ms: float, to_ms: float, head: HeadPose = AHEAD) -> Floats:
    """What comes of the last of these pictures, 30 a second."""
    time_ms = from_ms
    while time_ms < to_ms:
        out = baseline.apply(scores, head, time_ms)
        time_ms += STEP
    return out


def test_at_first_scores_are_as_they_are() -> None:
    scores = np.linspace(0, 1, 52, dtype=np.float32)
    np.testing.assert_allclose(Baseline().apply(scores, AHEAD, 0.0), scores, atol=1e-6)


def test_brows_and_lids_at_rest_are_learnt_within_seconds() -> None:
    own = scored(browInnerUp=0.3, eyeSquint=0.4, mouthPucker=0.2)
    last = watched(Baseline(), own, 0.0, 6000.0)
    for name, rest in (("browInnerUp", 0.3), ("eyeSquintLeft", 0.4), ("mouthPucker", 0.2)):
        assert last[at(name)] < 0.65 * rest, name


def test_full_scores_stay_full_whatever_the_rest() -> None:
    baseline = Baseline()
    watched(baseline, scored(browInnerUp=0.4, eyeSquint=0.4), 0.0, 6000.0)
    full = np.ones(52, np.float32)
    np.testing.assert_allclose(baseline.apply(full, AHEAD, 6000.0), full, atol=1e-6)


def test_talking_and_blinking_in_the_first_seconds_are_not_learnt() -> None:
    baseline = Baseline()
    for n in range(180):
        blink = n % 60 < 6
        jaw = 0.5 * (n % 8 < 4)
        baseline.apply(scored(eyeBlink=0.9 if blink else 0.05, jawOpen=jaw), AHEAD, n * STEP)
    out = baseline.apply(scored(eyeBlink=0.9, jawOpen=0.5), AHEAD, 6000.0)
    assert out[at("eyeBlinkLeft")] > 0.85
    assert out[at("jawOpen")] > 0.45


def test_a_smile_of_ten_seconds_is_not_learnt_away() -> None:
    baseline = Baseline()
    watched(baseline, scored(), 0.0, 6000.0)
    assert watched(baseline, scored(mouthSmile=0.6), 6000.0, 16_000.0)[at("mouthSmileLeft")] > 0.57


def test_nor_one_that_was_there_from_the_start() -> None:
    assert watched(Baseline(), scored(mouthSmile=0.7), 0.0, 20_000.0)[at("mouthSmileLeft")] > 0.6


def test_where_the_eyes_look_has_no_rest() -> None:
    aside = scored(eyeLookInLeft=0.5, eyeLookOutRight=0.5, eyeLookDown=0.4)
    np.testing.assert_allclose(watched(Baseline(), aside, 0.0, 10_000.0), aside)
    told = Baseline()
    told.calibrate()
    np.testing.assert_allclose(told.apply(aside, AHEAD, 0.0), aside)
    assert not any(LIMIT[place] for place, name in enumerate(BLENDSHAPES) if name.startswith("eyeLook"))


def test_nothing_is_learnt_from_a_turned_head_or_a_face_that_is_hardly_seen() -> None:
    own = scored(browInnerUp=0.3)
    for head in (HeadPose(30.0, 0.0, 0.0), HeadPose(0.0, -25.0, 0.0)):
        np.testing.assert_array_equal(watched(Baseline(), own, 0.0, 6000.0, head), own)
    baseline = Baseline()
    for n in range(200):
        last = baseline.apply(own, AHEAD, n * STEP, trusted=False)
    np.testing.assert_array_equal(last, own)


def test_a_told_neutral_face_reads_as_rest_from_then_on() -> None:
    baseline = Baseline()
    own = scored(mouthSmile=0.6, browInnerUp=0.5, eyeBlink=0.3)
    baseline.calibrate()
    np.testing.assert_allclose(baseline.apply(own, AHEAD, 0.0), 0.0, atol=1e-6)
    np.testing.assert_allclose(baseline.apply(own, AHEAD, 90_000.0), 0.0, atol=1e-6)


def test_half_a_second_is_averaged_and_a_blink_in_it_is_no_rest() -> None:
    baseline = Baseline()
    baseline.calibrate()
    for n in range(16):
        blink = 0.9 if n < 5 else 0.1
        baseline.apply(scored(eyeBlink=blink, mouthFrown=0.2 + 0.1 * (-1) ** n), AHEAD, n * STEP)
    out = baseline.apply(scored(eyeBlink=0.1, mouthFrown=0.2), AHEAD, CALIBRATE_MS + 1000.0)
    assert out[at("eyeBlinkLeft")] < 0.01
    assert out[at("mouthFrownLeft")] < 0.02
    assert baseline.apply(scored(eyeBlink=0.9), AHEAD, CALIBRATE_MS + 1100.0)[at("eyeBlinkLeft")] > 0.85


def test_pictures_of_one_and_the_same_time_are_told_one() -> None:
    baseline = Baseline()
    baseline.calibrate()
    baseline.apply(scored(), AHEAD, 0.0)
    assert baseline.apply(scored(browInnerUp=0.8), AHEAD, 0.0)[at("browInnerUp")] == pytest.approx(0.8)


def test_who_calibrates_again_is_told_anew() -> None:
    baseline = Baseline()
    for rest in (0.6, 0.2):
        baseline.calibrate()
        baseline.apply(scored(browDown=rest), AHEAD, 1000.0 / rest)
    assert baseline.apply(scored(browDown=0.6), AHEAD, 9000.0)[at("browDownLeft")] == pytest.approx(0.5, abs=1e-5)
