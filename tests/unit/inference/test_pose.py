"""Where heads point: landmarks with a known rotation, then pictures of heads with one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hoovik_inference.face import FaceMesh, FaceModels, align, angles, head_pose
from hoovik_inference.face.pose import NEUTRAL
from hoovik_inference.training import warp_face
from hoovik_inference.types import Floats, HeadPose, Image
from tests import media
from tests.unit.inference.faces import photo, photo_landmarks
from tests.unit.inference.rendered import Camera, Head, rotation


def posed(yaw: float, pitch: float, roll: float, width: int = 640, height: int = 480) -> Floats:
    """Landmarks of the neutral face turned so, as the mesh would give them."""
    points = np.zeros((478, 3))
    points[list(NEUTRAL)] = list(NEUTRAL.values())
    seen = points @ rotation(yaw, pitch, roll).T * 12.0
    columns = [0.5 + seen[:, 0] / width, 0.5 - seen[:, 1] / height, -seen[:, 2] / width]
    return np.asarray(np.stack(columns, axis=1), np.float32)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1280, 720)])
@pytest.mark.parametrize("pose", [(0, 0, 0), (25, 0, 0), (-25, 0, 0), (0, 15, 0), (0, -15, 0), (0, 0, 20), (18, -9, 7)])
def test_a_known_rotation_is_found_whatever_the_pictures_shape(
    pose: tuple[float, float, float], size: tuple[int, int]
) -> None:
    head = angles(align(posed(*pose, *size), *size).rotation)
    assert (head.yaw, head.pitch, head.roll) == pytest.approx(pose, abs=0.05)


def test_yaw_is_positive_when_the_nose_points_to_the_participants_own_left() -> None:
    landmarks = posed(20, 0, 0)
    assert landmarks[4, 0] > 0.5, "the own left is the picture's right"
    assert angles(align(landmarks, 640, 480).rotation).yaw > 15


def test_pitch_is_positive_when_the_nose_points_down() -> None:
    landmarks = posed(0, 15, 0)
    assert landmarks[4, 1] > posed(0, 0, 0)[4, 1]
    assert angles(align(landmarks, 640, 480).rotation).pitch > 10


def test_roll_is_positive_when_the_head_tilts_to_its_right_shoulder() -> None:
    landmarks = posed(0, 0, 15)
    assert landmarks[10, 0] < 0.5, "the own right is the picture's left"
    assert angles(align(landmarks, 640, 480).rotation).roll > 10


def test_a_mirrored_photo_turns_and_tilts_the_other_way() -> None:
    mesh = FaceMesh(pictures=True)
    mirrored = mesh.find(np.ascontiguousarray(photo()[:, ::-1]))
    mesh.close()
    assert mirrored is not None
    one, other = (angles(align(points, 300, 300).rotation) for points in (photo_landmarks(), mirrored))
    assert other.roll == pytest.approx(-one.roll, abs=1.0)
    assert other.yaw == pytest.approx(-one.yaw, abs=2.0)
    assert other.pitch == pytest.approx(one.pitch, abs=1.5)


def test_aligned_points_do_not_depend_on_place_size_or_rotation() -> None:
    still = align(posed(0, 0, 0), 640, 480).points[list(NEUTRAL)]
    turned = align(posed(20, 10, -5), 640, 480).points[list(NEUTRAL)]
    np.testing.assert_allclose(turned, still, atol=1e-3)


def test_an_open_mouth_is_no_nod() -> None:
    landmarks = photo_landmarks().copy()
    before = angles(align(landmarks, 300, 300).rotation)
    landmarks[[152, 148, 377, 17, 14], 1] += 0.08
    assert angles(align(landmarks, 300, 300).rotation) == before


def umeyama(landmarks: Floats, width: int, height: int) -> tuple[NDArray[np.float64], float, float]:
    """Rotation, scale and error as the paper has them, by a singular value decomposition."""
    still = landmarks[list(NEUTRAL)] * np.array([width, -height, -width], np.float64)
    neutral = np.array(list(NEUTRAL.values()))
    still, neutral = still - still.mean(axis=0), neutral - neutral.mean(axis=0)
    u, singular, vt = np.linalg.svd(still.T @ neutral)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    turned = (u * sign) @ vt
    scale = float((singular * sign).sum() / (neutral**2).sum())
    return turned, scale, float(np.sqrt(((still @ turned / scale - neutral) ** 2).sum(axis=1).mean()))


@pytest.mark.parametrize(
    "shape", [np.eye(3), np.diag([1, 1, 0]), np.diag([-1, 1, 1])], ids=["as it is", "without depth", "mirrored"]
)
def test_the_alignment_is_that_of_a_singular_value_decomposition(shape: NDArray[np.float64]) -> None:
    chance = np.random.default_rng(5)
    for _ in range(50):
        turn = rotation(*chance.uniform(-180, 180, 3))
        seen = (photo_landmarks() - 0.5) @ shape @ turn * chance.uniform(0.05, 1.0) + 0.5
        landmarks = np.asarray(seen + chance.normal(0, 0.002, seen.shape), np.float32)
        found = align(landmarks, 640, 480)
        expected, scale, error = umeyama(landmarks, 640, 480)
        np.testing.assert_allclose(found.rotation, expected, atol=1e-9)
        assert found.scale == pytest.approx(scale, rel=1e-9)
        assert found.error == pytest.approx(error, rel=1e-9)
        neutral = np.array(list(NEUTRAL.values()))
        apart = np.sqrt(((found.points[list(NEUTRAL)] - neutral) ** 2).sum(axis=1).mean())
        assert apart == pytest.approx(error, rel=1e-5), "points are laid by this rotation and scale"


def test_landmarks_in_one_line_are_refused() -> None:
    line = np.asarray(np.linspace(0.2, 0.8, 478)[:, None] * (1.0, 1.0, 0.5), np.float32)
    with pytest.raises(ValueError, match="all in one line"):
        align(line, 640, 480)


@pytest.mark.parametrize("bad", [np.full((478, 3), np.nan, np.float32), np.zeros((478, 3), np.float32)])
def test_landmarks_that_are_no_face_are_refused(bad: Floats) -> None:
    with pytest.raises(ValueError, match="not finite or all in one place"):
        align(bad, 640, 480)


def test_landmarks_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(478, 3\)"):
        align(np.zeros((68, 2), np.float32), 640, 480)


def test_a_picture_without_size_is_refused() -> None:
    with pytest.raises(ValueError, match="expected its size in pixels"):
        align(photo_landmarks(), 0, 480)


def measured(mesh: FaceMesh, picture: Image) -> HeadPose:
    """What a tracker measures once it has settled on a picture."""
    landmarks = [mesh.find(picture) for _ in range(3)][-1]
    assert landmarks is not None
    return head_pose(align(landmarks, picture.shape[1], picture.shape[0]).rotation)


def errors(head: Head, poses: list[tuple[float, float, float]], camera: Camera) -> NDArray[np.float64]:
    """(n, 3) degrees off in yaw, pitch and roll on pictures of a head that is turned so."""
    out = []
    models = FaceModels()
    for pose in poses:
        found = measured(FaceMesh(models), head.seen(*pose, camera))
        out.append(np.array((found.yaw, found.pitch, found.roll)) - pose)
    models.close()
    return np.array(out)


GRID = [(yaw, pitch, 0.0) for yaw in (-40.0, -20.0, 0.0, 20.0, 40.0) for pitch in (-20.0, 0.0, 20.0)]
TILTED = [(0.0, 0.0, -40.0), (0.0, 0.0, 40.0), (25.0, 10.0, -20.0), (-25.0, -10.0, 20.0), (30.0, -15.0, 30.0)]


def test_rendered_rotations_are_found_within_three_degrees_on_average() -> None:
    photo, landmarks = media.astronaut()
    rested = warp_face(photo, landmarks)
    mesh = FaceMesh(pictures=True)
    found = mesh.find(rested)
    mesh.close()
    assert found is not None
    off = np.abs(errors(Head(rested, found), GRID + TILTED, Camera()))
    assert off.mean(axis=0).max() < 3.0
    assert off.max() < 9.0


@pytest.mark.parametrize("distance_cm", [45.0, 75.0])
def test_so_they_are_from_near_and_far(distance_cm: float) -> None:
    head = Head(*media.astronaut())
    poses = [(0.0, 0.0, 0.0), (20.0, 0.0, 0.0), (-20.0, 0.0, 0.0), (0.0, 15.0, 0.0), (0.0, -15.0, 0.0)]
    off = np.abs(errors(head, poses, Camera(distance_cm=distance_cm)))
    assert np.median(off) < 3.0


@pytest.mark.shared
@pytest.mark.parametrize("name", ["bbaf2n.mpg", "brbk7n.mpg", "lbax4n.mpg", "pwij3p.mpg", "swiz3n.mpg"])
def test_rotations_of_real_faces_are_found_within_three_degrees_on_average(shared_media: Path, name: str) -> None:
    mesh = FaceMesh(pictures=True)
    frame = next(pictures(shared_media / name))
    found = mesh.find(frame)
    mesh.close()
    assert found is not None
    off = np.abs(errors(Head(frame, found), GRID + TILTED, Camera()))
    assert off.mean(axis=0).max() < 3.0


@pytest.mark.shared
@pytest.mark.parametrize("name", ["bbaf2n.mpg", "talking_head_8s.mp4"])
def test_a_real_picture_turned_in_its_plane_is_a_head_that_tilts_by_as_much(shared_media: Path, name: str) -> None:
    frame = next(pictures(shared_media / name))
    height, width = frame.shape[:2]
    tilts = []
    mesh = FaceMesh()
    for degrees in range(0, 41, 5):
        about = np.array(cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0))
        turned = cv2.warpAffine(frame, about, (width, height), borderMode=cv2.BORDER_REPLICATE)
        # Clockwise is to the own left shoulder.
        tilts.append(measured(mesh, np.asarray(turned, np.uint8)).roll + degrees)
    mesh.close()
    assert np.ptp(tilts) < 3.0


def pictures(path: Path) -> Iterator[Image]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
