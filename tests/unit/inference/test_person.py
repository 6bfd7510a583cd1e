"""What is remembered of one face, and what is not where pictures don't follow each other."""

from __future__ import annotations

import numpy as np

from hoovik_inference.face import MEASURES, Person
from hoovik_inference.face.gaze import CLOSED, OPEN
from hoovik_inference.face.measures import measure_aligned
from hoovik_inference.face.pose import align
from hoovik_inference.types import FaceEstimate, Floats
from tests.unit.inference.faces import photo_landmarks

SIZE = (300, 300)
_LIDS = (((386, 385, 387), (374, 380, 373)), ((159, 158, 160), (145, 153, 144)))
"Upper and lower, of both eyes."


def opened(by: float) -> Floats:
    """The photo's landmarks with both eyes open by so much of their width."""
    landmarks = photo_landmarks().copy()
    measures = measure_aligned(align(landmarks, *SIZE))
    for (upper, lower), name in zip(_LIDS, ("lid_left", "lid_right"), strict=True):
        share = by / measures[MEASURES.index(name)]
        middle = landmarks[list(lower)].mean(axis=0)
        landmarks[list(upper)] = middle + (landmarks[list(upper)] - middle) * np.float32(share)
    return landmarks


def read(person: Person, by: float, time_ms: float) -> FaceEstimate:
    return person.read(opened(by), SIZE, time_ms, 1)


def test_eyes_half_open_are_closed_where_they_were_before_and_open_where_pictures_do_not_follow_each_other() -> None:
    half = (CLOSED + OPEN) / 2
    for pictures in (False, True):
        person = Person(1, pictures=pictures)
        assert read(person, 0.05, 0.0).blink
        assert read(person, half, 33.0).blink == (not pictures)
        alone = read(Person(1, pictures=pictures), half, 33.0)
        assert not alone.blink


def test_somebody_elses_narrow_eyes_do_not_move_what_counts_as_closed() -> None:
    person = Person(1, pictures=True)
    for n in range(900):
        read(person, 0.17, n * 33.0)
    assert read(person, 0.12, 40_000.0).blink, "the last picture is of somebody whose eyes are usual"


def test_pictures_that_do_not_follow_each_other_have_no_rate_of_blinks() -> None:
    for pictures in (False, True):
        person = Person(1, pictures=pictures)
        rates = [read(person, 0.05 if n % 60 < 4 else 0.3, n * 33.0).blink_rate for n in range(600)]
        assert (rates[-1] is None) == pictures
