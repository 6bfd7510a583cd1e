"""Measures, blendshapes, action units, gaze and confidence, from landmarks made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hoovik_inference.face import (
    CORRESPONDENCE,
    MEASURES,
    NEUTRAL,
    UNMEASURED,
    Baseline,
    action_units,
    align,
    angles,
    blendshapes,
    closed,
    confidence,
    eye_in_head,
    gaze,
    measure,
)
from hoovik_inference.face.blendshape_table import ROWS
from hoovik_inference.face.measures import measure_aligned
from hoovik_inference.types import ACTION_UNITS, BLENDSHAPES, Floats, HeadPose
from tests.unit.inference.faces import photo_landmarks

AHEAD = HeadPose(0.0, 0.0, 0.0)


def at(name: str) -> int:
    return BLENDSHAPES.index(name)


def shifted(**by: float) -> Floats:
    """The neutral face's measures with some of them moved."""
    out = NEUTRAL.copy()
    for name, change in by.items():
        out[MEASURES.index(name)] += change
    return out


def photographed() -> Floats:
    return measure(align(photo_landmarks(), 300, 300).points)


def test_a_resting_face_scores_nothing() -> None:
    assert blendshapes(NEUTRAL).max() < 0.01


def test_scores_are_52_between_0_and_1_however_far_the_measures() -> None:
    for scale in (-50.0, 0.0, 50.0):
        scores = blendshapes((NEUTRAL * scale).astype(np.float32))
        assert scores.shape == (52,)
        assert scores.dtype == np.float32
        assert scores.min() >= 0.0
        assert scores.max() <= 1.0


def test_what_geometry_does_not_show_stays_zero_and_is_named() -> None:
    assert {"tongueOut", "cheekPuff"} <= set(UNMEASURED) <= set(BLENDSHAPES)
    wild = blendshapes(NEUTRAL + np.random.default_rng(0).normal(0, 2, NEUTRAL.shape).astype(np.float32))
    assert all(wild[at(name)] == 0.0 for name in UNMEASURED)


@pytest.mark.parametrize(
    ("moved", "raised"),
    [
        ({"lid_left": -0.3}, "eyeBlinkLeft"),
        ({"lid_right": -0.3}, "eyeBlinkRight"),
        ({"corner_x_left": 0.5, "corner_y_left": 0.6, "corner_z_left": -0.3}, "mouthSmileLeft"),
        ({"corner_x_right": 0.5, "corner_y_right": 0.6, "corner_z_right": -0.3}, "mouthSmileRight"),
        ({"gap": 3.0, "chin_y": -2.5, "bottom_y": -2.5}, "jawOpen"),
        ({"brow_in_y_left": 0.9, "brow_in_y_right": 0.9}, "browInnerUp"),
        ({"corner_x_left": -0.7, "corner_x_right": -0.7, "top_z": 0.4, "bottom_z": 0.4}, "mouthPucker"),
    ],
)
def test_a_moved_measure_raises_its_own_channel(moved: dict[str, float], raised: str) -> None:
    assert blendshapes(shifted(**moved))[at(raised)] > 0.3


def test_one_closed_eye_does_not_close_the_other() -> None:
    scores = blendshapes(shifted(lid_left=-0.3))
    assert scores[at("eyeBlinkLeft")] > 0.3
    assert scores[at("eyeBlinkRight")] < 0.05


def test_left_and_right_are_weighed_alike() -> None:
    swapped = {
        name: name.replace("_left", "_?").replace("_right", "_left").replace("_?", "_right") for name in MEASURES
    }
    measures = NEUTRAL + np.random.default_rng(1).normal(0, 0.3, NEUTRAL.shape).astype(np.float32)
    mirror = np.array([measures[MEASURES.index(swapped[name])] for name in MEASURES], np.float32)
    for name in ("lips_x", "chin_x"):
        mirror[MEASURES.index(name)] *= -1
    one, other = blendshapes(measures), blendshapes(mirror)
    for name in BLENDSHAPES:
        partner = name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")
        assert one[at(name)] == pytest.approx(other[at(partner)], abs=1e-4), name


def test_measures_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="those of `measure`"):
        blendshapes(np.zeros(3, np.float32))


def test_landmarks_without_irises_are_refused() -> None:
    with pytest.raises(ValueError, match="turn refined landmarks on"):
        measure(np.zeros((468, 3), np.float32))


def test_measures_of_a_real_face_are_distances_between_its_points() -> None:
    points = align(photo_landmarks(), 300, 300).points.astype(np.float64)
    found = dict(zip(MEASURES, measure(points.astype(np.float32)).tolist(), strict=True))
    nose, inner, outer = points[[2, 97, 326]].mean(axis=0), points[133], points[33]
    up, low = points[[159, 158, 160]].mean(axis=0), points[[145, 153, 144]].mean(axis=0)
    width = np.hypot(*(outer - inner)[:2])
    expected = {
        "lid_right": np.hypot(*(up - low)[1:]) / width,
        "lid_low_y_right": low[1] - (inner[1] + outer[1]) / 2,
        "iris_x_right": -(points[468, 0] - (inner[0] + outer[0]) / 2) / (width / 2),
        "corner_x_left": points[[291, 308], 0].mean(),
        "corner_x_right": -points[[61, 78], 0].mean(),
        "cheek_z_left": points[[425, 280, 411], 2].mean(),
        "gap": points[[13, 82, 312], 1].mean() - points[[14, 87, 317], 1].mean(),
        "top_z": points[[0, 37, 267], 2].mean() - nose[2],
        "chin_x": points[[152, 148, 377], 0].mean() - nose[0],
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-5), name


def test_measures_of_an_alignment_are_those_of_its_points() -> None:
    alignment = align(photo_landmarks(), 300, 300)
    np.testing.assert_allclose(measure_aligned(alignment), measure(alignment.points), atol=1e-5)


def test_scores_are_logistics_of_weighted_sums_beyond_those_of_a_resting_face() -> None:
    constant, terms = ROWS["mouthSmile*"]

    def score(measures: Floats) -> float:
        places = {name: MEASURES.index(name if name in MEASURES else f"{name}_left") for name in terms}
        total = constant + sum(weight * float(measures[places[name]]) for name, weight in terms.items())
        return 1.0 / (1.0 + math.exp(-total))

    rest = score(NEUTRAL) + 0.02
    for measures in (photographed(), shifted(corner_y_left=0.4, corner_x_left=0.3)):
        expected = max(0.0, (score(measures) - rest) / (1 - rest))
        assert expected > 0.05
        assert blendshapes(measures)[at("mouthSmileLeft")] == pytest.approx(expected, abs=1e-5)


def test_every_action_unit_has_a_source_among_the_blendshapes() -> None:
    assert set(CORRESPONDENCE) == set(ACTION_UNITS)
    assert {name for row in CORRESPONDENCE.values() for name in row} <= set(BLENDSHAPES)


def test_action_units_of_all_shapes_at_once_stay_between_0_and_1() -> None:
    for level in (0.0, 0.5, 1.0):
        units = action_units(np.full(52, level, np.float32))
        assert units.shape == (19,)
        assert units.min() >= 0.0
        assert units.max() <= 1.0


def test_a_smile_with_narrowed_eyes_raises_the_cheeks_and_one_without_does_not() -> None:
    shapes = np.zeros(52, np.float32)
    shapes[[at("mouthSmileLeft"), at("mouthSmileRight")]] = 0.8
    cheeks = ACTION_UNITS.index("au06_cheek_raise")
    assert action_units(shapes)[cheeks] == 0.0
    shapes[[at("eyeSquintLeft"), at("eyeSquintRight")]] = 0.5
    assert action_units(shapes)[cheeks] == pytest.approx(0.63, abs=0.02)


def test_a_smile_lifts_the_lip_without_being_disgust() -> None:
    shapes = np.zeros(52, np.float32)
    shapes[[at("mouthUpperUpLeft"), at("mouthUpperUpRight")]] = 0.5
    lip = ACTION_UNITS.index("au10_upper_lip_raise")
    assert action_units(shapes)[lip] == pytest.approx(0.5)
    shapes[[at("mouthSmileLeft"), at("mouthSmileRight")]] = 0.9
    assert action_units(shapes)[lip] == 0.0


def test_blendshapes_of_another_length_make_no_action_units() -> None:
    with pytest.raises(ValueError, match="in the order of BLENDSHAPES"):
        action_units(np.zeros(51, np.float32))


def test_eyes_that_look_ahead_in_a_straight_head_look_at_the_screen() -> None:
    seen = gaze(NEUTRAL, AHEAD)
    assert (seen.x, seen.y) == pytest.approx((0.0, 0.0), abs=0.01)


def test_gaze_is_positive_to_the_participants_right_and_up() -> None:
    to_the_right = gaze(shifted(iris_x_left=-0.3, iris_x_right=0.3), AHEAD)
    assert to_the_right.x > 0.2
    assert abs(to_the_right.y) < 0.01
    assert gaze(shifted(iris_y_left=0.2, iris_y_right=0.2), AHEAD).y > 0.2


def test_a_turned_head_takes_the_gaze_along_and_eyes_can_bring_it_back() -> None:
    assert gaze(NEUTRAL, HeadPose(-20.0, 0.0, 0.0)).x > 0.3
    assert gaze(NEUTRAL, HeadPose(0.0, 15.0, 0.0)).y < -0.2
    left, _ = eye_in_head(shifted(iris_x_left=0.29, iris_x_right=-0.29))
    back = gaze(shifted(iris_x_left=0.29, iris_x_right=-0.29), HeadPose(-left, 0.0, 0.0))
    assert back.x == pytest.approx(0.0, abs=0.02)


def test_only_two_closed_eyes_are_a_blink() -> None:
    assert not closed(NEUTRAL)
    assert not closed(shifted(lid_left=-0.3))
    assert closed(shifted(lid_left=-0.3, lid_right=-0.3))


def test_the_photo_looks_into_the_camera_with_open_eyes() -> None:
    measures = photographed()
    seen = gaze(measures, angles(align(photo_landmarks(), 300, 300).rotation))
    assert abs(seen.x) < 0.2
    assert abs(seen.y) < 0.3
    assert not closed(measures)


def trust(landmarks: Floats, width: int = 300) -> float:
    alignment = align(landmarks, width, width)
    return confidence(landmarks, alignment, angles(alignment.rotation))


def test_a_large_straight_face_is_trusted_in_full() -> None:
    assert trust(photo_landmarks()) > 0.95


def test_a_face_half_out_of_the_picture_is_trusted_half() -> None:
    aside = photo_landmarks() - np.array([photo_landmarks()[:, 0].mean(), 0, 0], np.float32)
    assert 0.3 < trust(aside) < 0.7


def test_a_face_of_a_few_pixels_is_not_trusted() -> None:
    assert trust(photo_landmarks(), 50) < 0.1


def test_trust_falls_with_the_turn_and_is_gone_in_profile() -> None:
    alignment = align(photo_landmarks(), 300, 300)
    by_yaw = [confidence(photo_landmarks(), alignment, HeadPose(yaw, 0.0, 0.0)) for yaw in (0, 20, 40, 70)]
    assert by_yaw[0] == by_yaw[1] > by_yaw[2] > by_yaw[3] == 0.0


def test_a_told_neutral_face_reads_as_rest_from_then_on() -> None:
    baseline = Baseline()
    own = shifted(corner_y_left=0.5, corner_y_right=0.4, brow_in_y_left=0.3)
    baseline.calibrate()
    np.testing.assert_allclose(baseline.apply(own, AHEAD, 0.0), NEUTRAL, atol=1e-5)
    np.testing.assert_allclose(baseline.apply(own, AHEAD, 90_000.0), NEUTRAL, atol=1e-5)


def test_a_resting_face_is_learnt_within_seconds() -> None:
    baseline = Baseline()
    own = shifted(brow_in_y_left=0.2, brow_in_y_right=0.2)
    place = MEASURES.index("brow_in_y_left")
    first = baseline.apply(own, AHEAD, 0.0)[place] - NEUTRAL[place]
    for n in range(1, 150):
        last = baseline.apply(own, AHEAD, n * 33.3)[place] - NEUTRAL[place]
    assert first == pytest.approx(0.2, abs=1e-5)
    assert last < 0.1


def test_a_smile_of_ten_seconds_is_not_learnt_away() -> None:
    baseline = Baseline()
    for n in range(200):
        baseline.apply(NEUTRAL, AHEAD, n * 33.3)
    smile = shifted(corner_y_left=0.6, corner_y_right=0.6)
    place = MEASURES.index("corner_y_left")
    for n in range(200, 500):
        left = baseline.apply(smile, AHEAD, n * 33.3)[place] - NEUTRAL[place]
    assert left > 0.55


def test_nothing_is_learnt_from_a_turned_head() -> None:
    baseline = Baseline()
    own = shifted(brow_in_y_left=0.2)
    for n in range(200):
        last = baseline.apply(own, HeadPose(30.0, 0.0, 0.0), n * 33.3)
    np.testing.assert_array_equal(last, own)
