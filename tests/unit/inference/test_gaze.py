"""Where eyes look that were painted to look there."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from hoovik_inference.face import FaceMesh, align, eye_in_head
from hoovik_inference.face.measures import measure_aligned
from tests import media
from tests.unit.inference.painted import looking


@cache
def seen(left: float, up: float) -> tuple[float, float]:
    """Degrees to the own left and up that are measured on the astronaut with such eyes."""
    photo, landmarks = media.astronaut()
    picture = looking(photo, landmarks, left, up)
    mesh = FaceMesh()
    settled = [mesh.find(picture) for _ in range(3)]
    mesh.close()
    found = settled[-1]
    assert found is not None
    return eye_in_head(measure_aligned(align(found, picture.shape[1], picture.shape[0])))


def test_eyes_that_look_aside_are_measured_within_a_few_degrees() -> None:
    ahead, _ = seen(0, 0)
    for left in (-30, -20, -10, 10, 20, 30):
        assert seen(left, 0)[0] - ahead == pytest.approx(left, abs=8), left


def test_each_step_aside_is_seen_and_none_up_or_down() -> None:
    found = [seen(left, 0) for left in (-30, -20, -10, 0, 10, 20, 30)]
    assert np.all(np.diff([left for left, _ in found]) > 3)
    assert np.ptp([up for _, up in found[1:-1]]) < 8


def test_eyes_that_look_up_and_down_are_told_apart() -> None:
    found = [seen(0, up) for up in (-15, -8, 0, 8, 15)]
    assert np.all(np.diff([up for _, up in found]) > 2)
    assert found[-1][1] - found[0][1] == pytest.approx(30, abs=12)
    assert np.ptp([left for left, _ in found]) < 6
