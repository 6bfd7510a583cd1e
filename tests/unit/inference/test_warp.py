"""The face with known truth is believable to the mesh, and what is measured follows the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hoovik_inference.face import MeshFaceObserver, align
from hoovik_inference.training import clip, warp_face
from hoovik_inference.training.moves import Truth, moved
from hoovik_inference.training.warp import express
from hoovik_inference.types import FaceEstimate
from tests.unit.inference.faces import photo, photo_landmarks, shape

Measure = Callable[..., FaceEstimate]


@pytest.fixture(scope="module")
def rested() -> MeshFaceObserver:
    """An observer that was told the warped photo's neutral face."""
    observer = MeshFaceObserver(pictures=True)
    observer.calibrate()
    assert observer.observe(warp_face(photo(), photo_landmarks()), 0.0) is not None
    return observer


@pytest.fixture(scope="module")
def measure(rested: MeshFaceObserver) -> Measure:
    def measured(**truth: float) -> FaceEstimate:
        # Long after the neutral face was told.
        face = rested.observe(warp_face(photo(), photo_landmarks(), **truth), 60_000.0)
        assert face is not None
        return face

    return measured


STEPS = np.linspace(0.0, 1.0, 9)


def follows(truth: NDArray[np.float64], measured: list[float]) -> float:
    return float(np.corrcoef(truth, measured)[0, 1])


def test_the_open_mouth_follows_the_jaw(measure: Measure) -> None:
    opened = [shape(measure(jaw=jaw), "jawOpen") for jaw in STEPS]
    assert follows(STEPS, opened) > 0.9
    assert opened[-1] > 0.4
    assert opened[0] < 0.1


def test_the_smile_follows_the_corners_of_the_mouth(measure: Measure) -> None:
    for side in ("mouthSmileLeft", "mouthSmileRight"):
        smiles = [shape(measure(smile=smile), side) for smile in STEPS]
        assert follows(STEPS, smiles) > 0.9
        assert smiles[-1] > 0.4
        assert smiles[0] < 0.2


def test_the_brows_follow(measure: Measure) -> None:
    raised = [shape(measure(brows=brows), "browInnerUp") for brows in STEPS]
    assert follows(STEPS, raised) > 0.9
    assert raised[-1] > 0.4
    assert raised[0] < 0.2


def test_yaw_follows_the_turn_by_about_twenty_degrees_to_each_side(measure: Measure) -> None:
    turns = np.linspace(-1.0, 1.0, 9)
    yaws = [measure(turn=turn).head_pose.yaw for turn in turns]
    assert follows(turns, yaws) > 0.99
    assert 14.0 < yaws[-1] - yaws[4] < 24.0
    assert -24.0 < yaws[0] - yaws[4] < -14.0


def test_a_smile_is_seen_as_well_on_a_turned_head(measure: Measure) -> None:
    for turn in (-1.0, 1.0):
        for side in ("mouthSmileLeft", "mouthSmileRight"):
            assert shape(measure(turn=turn, smile=1.0), side) > 0.4
            assert shape(measure(turn=turn), side) < 0.2


def test_turning_opens_no_mouth_and_raises_no_brow(measure: Measure) -> None:
    for turn in (-1.0, -0.5, 0.5, 1.0):
        face = measure(turn=turn)
        assert shape(face, "jawOpen") < 0.15
        assert shape(face, "browInnerUp") < 0.25


def test_a_wide_open_mouth_is_no_smile_and_a_smile_no_open_mouth(measure: Measure) -> None:
    opened, smiling = measure(jaw=1.0), measure(smile=1.0)
    assert shape(opened, "mouthSmileLeft") < 0.3
    assert shape(smiling, "jawOpen") < 0.2


def test_without_calibration_the_rested_photo_does_not_smile_though_the_photo_does() -> None:
    observer = MeshFaceObserver(pictures=True, baseline=False)
    photographed = observer.observe(photo(), 0.0)
    rest = observer.observe(warp_face(photo(), photo_landmarks()), 0.0)
    smiling = observer.observe(warp_face(photo(), photo_landmarks(), smile=1.0), 0.0)
    observer.close()
    assert photographed is not None and rest is not None and smiling is not None
    assert shape(photographed, "mouthSmileLeft") > 0.7
    assert shape(rest, "mouthSmileLeft") < 0.2
    assert shape(rest, "mouthSmileRight") < 0.2
    assert shape(smiling, "mouthSmileLeft") > 0.4
    assert shape(smiling, "mouthSmileRight") > 0.4


def test_the_background_stays_where_it_is() -> None:
    warped = warp_face(photo(), photo_landmarks(), jaw=1.0, turn=1.0)
    assert warped.shape == photo().shape
    assert warped.dtype == np.uint8
    corner = (slice(0, 40), slice(0, 40))
    assert np.abs(warped[corner].astype(int) - photo()[corner]).mean() < 2.0


def test_a_clip_has_one_frame_for_each_truth() -> None:
    truth: list[dict[str, float]] = [{}, {"smile": 0.5}, {"jaw": 1.0, "turn": -0.5}]
    frames = list(clip(photo(), photo_landmarks(), truth))
    assert len(frames) == 3
    assert np.array_equal(frames[1], warp_face(photo(), photo_landmarks(), smile=0.5))


def test_a_face_that_is_left_as_it_is_looks_as_it_did() -> None:
    same = express(photo(), photo_landmarks(), Truth(), rest=False)
    assert np.abs(same.astype(int) - photo()).mean() < 1.0


ACTIONS = ["smile", "jaw", "brows", "aside", "wide", "sneer", "lower", "frown", "cheeks", "puff"]
# Where each shows, as an index of a point on the participant's left, and which way it goes: x, y, z.
GOES = [
    ("smile", 291, 1, +1), ("jaw", 152, 1, -1), ("brows", 334, 1, +1), ("aside", 13, 0, +1), ("wide", 386, 1, +1),
    ("wide", 374, 1, -1), ("sneer", 358, 1, +1), ("lower", 285, 1, -1), ("lower", 285, 0, -1), ("frown", 291, 1, -1),
    ("cheeks", 280, 1, +1), ("cheeks", 374, 1, +1), ("puff", 434, 0, +1), ("puff", 434, 2, +1),
]  # fmt: skip


def rested_points() -> NDArray[np.float64]:
    return align(photo_landmarks(), 300, 300).points[:468].astype(np.float64)


def sided(action: str, left: float, right: float) -> Truth:
    whole = action in ("smile", "jaw", "brows", "aside")
    values: dict[str, Any] = {action: left if whole else (left, right)}
    return Truth(**values)


@pytest.mark.parametrize(("action", "point", "axis", "way"), GOES)
def test_every_action_moves_its_own_points_its_own_way_and_the_more_the_further(
    action: str, point: int, axis: int, way: int
) -> None:
    rest = rested_points()
    went = [float((moved(rest, sided(action, much, much)) - rest)[point, axis]) * way for much in (0.0, 0.5, 1.0)]
    assert went[0] == 0.0
    assert 0.04 < went[1] < went[2]


@pytest.mark.parametrize("action", ["wide", "sneer", "lower", "frown", "cheeks", "puff"])
def test_an_action_of_one_side_leaves_the_other_where_it_is(action: str) -> None:
    rest = rested_points()
    change = np.linalg.norm(moved(rest, sided(action, 1.0, 0.0)) - rest, axis=1)
    left, right = (rest[:, 0] * sign > 1.5 for sign in (1, -1))
    assert change[left].max() > 0.2
    assert change[right].max() < 0.1


@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_moves_the_corners_of_the_eyes(action: str) -> None:
    rest = rested_points()
    change = moved(rest, sided(action, 1.0, 1.0)) - rest
    assert np.abs(change[[33, 133, 263, 362]]).max() < 0.1


@pytest.mark.parametrize(
    "truth", [{"smile": -0.1}, {"jaw": 1.5}, {"turn": -2.0}, {"sneer": 1.2}, {"wide": -0.2}, {"aside": -1.1}]
)
def test_a_truth_outside_its_range_is_refused_by_name(truth: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(truth))):
        warp_face(photo(), photo_landmarks(), **truth)
