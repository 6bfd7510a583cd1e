"""Measures, action units and gaze, from landmarks made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hoovik_inference.face import (
    CORRESPONDENCE,
    MEASURES,
    NEUTRAL,
    Lids,
    action_units,
    align,
    angles,
    eye_in_head,
    gaze,
    measure,
)
from hoovik_inference.face.action_units import FULL
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


def test_every_action_unit_has_a_source_among_the_blendshapes() -> None:
    assert set(CORRESPONDENCE) == set(ACTION_UNITS)
    assert {name for row in CORRESPONDENCE.values() for name in row} <= set(BLENDSHAPES)


def test_action_units_of_all_shapes_at_once_stay_between_0_and_1() -> None:
    for level in (0.0, 0.5, 1.0):
        units = action_units(np.full(52, level, np.float32))
        assert units.shape == (19,)
        assert units.min() >= 0.0
        assert units.max() <= 1.0


@pytest.mark.parametrize("unit", ACTION_UNITS)
def test_each_unit_reaches_both_ends(unit: str) -> None:
    shapes = np.zeros(52, np.float32)
    assert action_units(shapes)[ACTION_UNITS.index(unit)] == 0.0
    for name, weight in CORRESPONDENCE[unit].items():
        shapes[at(name)] = FULL.get(name, 1.0) * (weight > 0)
    full = action_units(shapes)
    assert full[ACTION_UNITS.index(unit)] == pytest.approx(1.0)
    shapes *= 0.5
    assert 0.2 < action_units(shapes)[ACTION_UNITS.index(unit)] <= 1.0


def test_what_counts_in_full_is_a_shape_of_some_unit() -> None:
    used = {name for row in CORRESPONDENCE.values() for name in row}
    assert set(FULL) <= used
    assert all(0.0 < score <= 1.0 for score in FULL.values())


def test_a_smile_with_narrowed_eyes_raises_the_cheeks_and_one_without_does_not() -> None:
    shapes = np.zeros(52, np.float32)
    shapes[[at("mouthSmileLeft"), at("mouthSmileRight")]] = 0.8
    cheeks = ACTION_UNITS.index("au06_cheek_raise")
    assert action_units(shapes)[cheeks] == 0.0
    shapes[[at("eyeSquintLeft"), at("eyeSquintRight")]] = 0.5
    assert action_units(shapes)[cheeks] == pytest.approx(math.sqrt(0.8 * 0.5 / FULL["eyeSquintLeft"]), abs=0.01)


def test_a_smile_lifts_the_lip_without_being_disgust() -> None:
    shapes = np.zeros(52, np.float32)
    shapes[[at("mouthUpperUpLeft"), at("mouthUpperUpRight")]] = 0.5
    lip = ACTION_UNITS.index("au10_upper_lip_raise")
    assert action_units(shapes)[lip] == pytest.approx(0.5 / FULL["mouthUpperUpLeft"], abs=0.01)
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


def test_the_photo_looks_into_the_camera_with_open_eyes() -> None:
    measures = photographed()
    seen = gaze(measures, angles(align(photo_landmarks(), 300, 300).rotation))
    assert abs(seen.x) < 0.2
    assert abs(seen.y) < 0.3
    assert Lids().saw(measures) == (False, False)
