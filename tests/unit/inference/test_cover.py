"""What covers a face, and the look of faces that it is told by."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from hoovik_inference.face.cover import PATTERN, Cover, at_landmarks, likeness
from hoovik_inference.training.pattern import mean_pattern, opposite_of
from hoovik_inference.types import Image
from tests import media
from tests.unit.inference.degraded import covered

PRESENCE = 25.0
"What the network says of the astronaut, about."


def grey(picture: Image) -> Image:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def test_a_face_is_like_faces_in_every_zone_and_a_covered_one_is_not_where_it_is_covered() -> None:
    picture, landmarks = media.astronaut()
    mouth, eyes, left, right = likeness(at_landmarks(grey(picture), landmarks))
    assert min(mouth, eyes, left, right) > 0.4
    for zone, region in ((0, "mouth"), (1, "eyes"), (2, "half")):
        hidden = likeness(at_landmarks(grey(covered(picture, landmarks, region, "plain")), landmarks))
        assert hidden[zone] < (mouth, eyes, left)[zone] - 0.3, region


@pytest.mark.parametrize("change", [lambda one: one // 3, lambda one: one // 2 + 110])
def test_likeness_does_not_depend_on_brightness_and_contrast(change: object) -> None:
    picture, landmarks = media.astronaut()
    assert callable(change)
    before = likeness(at_landmarks(grey(picture), landmarks))
    assert likeness(at_landmarks(grey(change(picture)), landmarks)) == pytest.approx(before, abs=0.06)


def test_light_from_the_side_hides_nothing() -> None:
    picture, landmarks = media.astronaut()
    slope = np.linspace(0.4, 1.1, picture.shape[1])[None, :, None]
    lit = np.asarray(np.clip(picture * slope, 0, 255), np.uint8)
    before = likeness(at_landmarks(grey(picture), landmarks))
    assert np.all(likeness(at_landmarks(grey(lit), landmarks)) > before - 0.2)


def known() -> Cover:
    """What is known of the astronaut's face after three seconds."""
    picture, landmarks = media.astronaut()
    cover = Cover()
    for _ in range(15):
        cover.visible(grey(picture), landmarks, PRESENCE, 0.0)
    return cover


def test_one_sign_of_cover_alone_is_none() -> None:
    picture, landmarks = media.astronaut()
    hidden = grey(covered(picture, landmarks, "half", "plain"))
    assert known().visible(grey(picture), landmarks, PRESENCE - 8.0, 0.0) > 0.85
    assert known().visible(hidden, landmarks, PRESENCE, 0.0) == 1.0
    assert known().visible(hidden, landmarks, PRESENCE - 8.0, 0.0) < 0.3


def test_a_head_that_turns_is_not_covered_for_that() -> None:
    _, landmarks = media.astronaut()
    hidden = grey(covered(*media.astronaut(), "half", "plain"))
    seen = [known().visible(hidden, landmarks, PRESENCE - 5.0, turned) for turned in (0.0, 20.0, 40.0)]
    assert seen == sorted(seen) and seen[-1] > seen[0] + 0.3


def test_a_covered_face_does_not_become_the_usual_one() -> None:
    picture, landmarks = media.astronaut()
    hidden = grey(covered(picture, landmarks, "half", "glove"))
    cover = known()
    seen = [cover.visible(hidden, landmarks, 15.0, 0.0) for _ in range(150)]
    assert max(seen) < 0.5


def test_each_landmark_has_one_opposite() -> None:
    with np.load(PATTERN) as held:
        places, brightness = held["places"], held["brightness"]
    opposite = opposite_of(places)
    np.testing.assert_array_equal(opposite[opposite], np.arange(468))
    np.testing.assert_allclose(brightness[opposite], brightness, atol=1e-6)


def test_a_pattern_of_faces_is_like_the_one_that_ships() -> None:
    picture, _ = media.astronaut()
    small = np.asarray(cv2.resize(grey(picture), (120, 120), interpolation=cv2.INTER_AREA), np.uint8)
    with np.load(PATTERN) as held:
        places, ours = held["places"], held["brightness"]
    mean, faces = mean_pattern(np.stack([small, small[:, ::-1], np.zeros_like(small)]), opposite_of(places))
    assert faces == 2
    assert np.corrcoef(mean, ours)[0, 1] > 0.5


def test_pictures_without_faces_make_no_pattern() -> None:
    with pytest.raises(ValueError, match="no face was found in 2 pictures"):
        mean_pattern(np.zeros((2, 48, 48), np.uint8), np.arange(468))
