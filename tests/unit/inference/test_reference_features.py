"""The reference's 8,149 and 9,452 numbers of a window, against its rules written a second time with loops."""

from __future__ import annotations

import numpy as np
import pytest

from hoovik_inference.emotion.reference import WindowError, Windows, padded, windows_of
from hoovik_inference.emotion.reference.anomaly_inputs import COUNT as ANOMALY_FEATURES
from hoovik_inference.emotion.reference.anomaly_inputs import anomaly_features
from hoovik_inference.emotion.reference.features import COUNT, LAYOUT, xgb_features
from hoovik_inference.emotion.reference.normalise import Normaliser
from hoovik_inference.emotion.reference.steps import Measured
from tests.unit.inference import reference_arrays, reference_rules

GIVEN = reference_arrays.arrays(60)
STATS = reference_arrays.stats()
NORMALISER = Normaliser(*(STATS[key].ravel() for key in ("Xf_mean", "Xf_std", "Xa_mean", "Xa_std")))


@pytest.fixture(scope="module")
def normal() -> Windows:
    return NORMALISER.apply(windows_of(**GIVEN))


def one(number: int) -> tuple[reference_rules.Array, ...]:
    """A window, normalised step by step."""
    masks = GIVEN["face_mask"][number], GIVEN["audio_mask"][number]
    face = reference_rules.normalised(GIVEN["face"][number], masks[0], STATS["Xf_mean"], STATS["Xf_std"])
    audio = reference_rules.normalised(GIVEN["audio"][number], masks[1], STATS["Xa_mean"], STATS["Xa_std"])
    return face, audio, *masks


def test_the_reference_has_8149_features_for_xgboost_and_9452_for_anomalies() -> None:
    assert COUNT == 8149 and ANOMALY_FEATURES == 9452
    assert dict(LAYOUT)["blendshapes"] == 32 and LAYOUT[-1] == ("indicators", 7)


def test_features_are_what_the_rules_say_of_each_window(normal: Windows) -> None:
    found = xgb_features(Measured.of(normal))
    assert found.shape == (60, COUNT) and found.dtype == np.float32
    for number, row in enumerate(found):
        face, audio, face_mask, audio_mask = one(number)
        expected = reference_rules.xgb_features(face, audio, face_mask, audio_mask, GIVEN["modality"][number])
        np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-6, err_msg=f"window {number}")


def test_anomaly_features_are_what_the_rules_say_of_each_window(normal: Windows) -> None:
    found = anomaly_features(Measured.of(normal))
    assert found.shape == (60, ANOMALY_FEATURES) and found.dtype == np.float32 and np.isfinite(found).all()
    for number, row in enumerate(found):
        expected = reference_rules.anomaly_features(*one(number))
        np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-6, err_msg=f"window {number}")


def block(features: reference_rules.Array, name: str) -> reference_rules.Array:
    start = 0
    for block_name, width in LAYOUT:
        if block_name == name:
            return features[start : start + width]
        start += width
    raise KeyError(name)


def test_an_absent_modality_is_nan_but_for_the_indicators(normal: Windows) -> None:
    voice_alone, face_alone, nothing = xgb_features(Measured.of(normal))[4:7]
    for name, _ in LAYOUT[:-1]:
        of_voice = name.startswith("audio") or name == "rhythm"
        assert np.isnan(block(voice_alone, name)).all() == (not of_voice), name
        assert np.isnan(block(face_alone, name)).all() == of_voice, name
        assert np.isnan(block(nothing, name)).all(), name
    assert block(voice_alone, "indicators").tolist() == [0, 1, 0, 1, 1, 0, 0]
    assert block(face_alone, "indicators").tolist() == [1, 0, 1, 0, 0, 1, 0]
    assert block(nothing, "indicators").tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_one_step_has_no_differences_and_no_slopes_and_two_have_them(normal: Windows) -> None:
    single, double = xgb_features(Measured.of(normal))[2:4]
    for name in ("face last-first", "audio last-first", "face slope", "audio slope", "motion"):
        assert np.isnan(block(single, name)).all() and np.isfinite(block(double, name)).all(), name
    assert not block(single, "face std").any() and not block(single, "pose")[3:].any()
    spread, slope, place = block(single, "rhythm")
    assert spread == 0 and np.isnan(slope) and place == np.float32(0.9)
    assert np.isfinite(block(double, "rhythm")).all()


def test_a_voice_of_zeros_has_no_rhythm() -> None:
    ones = np.ones((1, 10), np.float32)
    flat = windows_of(
        np.zeros((1, 10, 326)), np.zeros((1, 10, 1024)), ones, ones, np.array([2])
    )  # fmt: skip
    features = xgb_features(Measured.of(flat))[0]
    assert np.isnan(block(features, "rhythm")).all() and not np.isnan(block(features, "audio slope")).any()


def test_a_window_is_the_same_alone_and_among_others(normal: Windows) -> None:
    for number in (0, 3, 17):
        alone = normal.part(number, number + 1)
        np.testing.assert_array_equal(xgb_features(Measured.of(alone))[0], xgb_features(Measured.of(normal))[number])
        np.testing.assert_array_equal(
            anomaly_features(Measured.of(alone))[0], anomaly_features(Measured.of(normal))[number]
        )


def test_what_lies_where_the_mask_is_0_does_not_matter(normal: Windows) -> None:
    spoiled = {name: array.copy() for name, array in GIVEN.items()}
    spoiled["face"][spoiled["face_mask"] == 0] = np.nan
    spoiled["audio"][spoiled["audio_mask"] == 0] = np.inf
    again = NORMALISER.apply(windows_of(**spoiled))
    np.testing.assert_array_equal(xgb_features(Measured.of(again)), xgb_features(Measured.of(normal)))
    np.testing.assert_array_equal(again.face, normal.face)


def test_normalising_takes_off_the_mean_and_divides_by_the_spread(normal: Windows) -> None:
    face, audio, _, _ = one(1)
    np.testing.assert_allclose(normal.face[1], face, rtol=1e-6)
    np.testing.assert_allclose(normal.audio[1], audio, rtol=1e-6)
    assert not normal.face[1, :6].any()


def test_fewer_steps_are_padded_at_the_front_with_mask_0() -> None:
    vectors = np.arange(12, dtype=np.float32).reshape(3, 4) + 1
    out, mask = padded(vectors, 4)
    assert mask.tolist() == [0] * 7 + [1] * 3
    np.testing.assert_array_equal(out[:8], np.tile(vectors[0], (8, 1)))
    np.testing.assert_array_equal(out[7:], vectors)
    assert not any(array.any() for array in padded(vectors[:0], 4))
    newest, mask = padded(np.arange(12, dtype=np.float32)[:, None], 1)
    assert newest.ravel().tolist() == list(range(2, 12)) and mask.all()
    with pytest.raises(WindowError, match=r"expected \(k, 4\)"):
        padded(np.zeros((3, 5), np.float32), 4)


def test_windows_with_steps_of_a_modality_that_is_said_to_be_absent_are_counted() -> None:
    changed = dict(GIVEN, modality=np.zeros(60, int))
    there = int(GIVEN["face_mask"].any(axis=1).sum())
    assert windows_of(**changed).contradicting() == there and windows_of(**GIVEN).contradicting() == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("face", np.zeros((60, 10, 300)), r"face is \(60, 10, 300\); expected \(60, 10, 326\)"),
        ("audio", np.zeros((59, 10, 1024)), r"audio is \(59, 10, 1024\); expected \(60, 10, 1024\)"),
        ("audio", np.full((60, 10, 1024), "x"), "audio holds <U1; expected numbers"),
        ("face_mask", np.zeros((60, 9)), r"face_mask is \(60, 9\)"),
        ("face_mask", np.full((60, 10), 0.5), "face_mask holds 0.5; expected 0 or 1"),
        ("audio_mask", np.full((60, 10), np.nan), "audio_mask holds nan; expected 0 or 1"),
        ("modality", np.full(60, 3), "modality holds 3; expected audio_only 0, video_only 1, both 2"),
        ("modality", np.zeros((60, 1)), r"modality is \(60, 1\); expected \(N,\)"),
        ("face", np.full((60, 10, 326), np.nan), "face has numbers that are not finite in steps whose mask is 1"),
    ],
)
def test_arrays_that_are_no_windows_are_refused_by_name(name: str, value: reference_rules.Array, said: str) -> None:
    with pytest.raises(WindowError, match=said):
        windows_of(**dict(GIVEN, **{name: value}))
