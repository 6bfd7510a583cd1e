import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from hoovik_inference.face import FaceMesh, FaceModels
from hoovik_inference.face.graph import parsed
from hoovik_inference.types import Floats, Image, Planes
from tests import media
from tests.unit.inference.faces import photo

INFERENCE = Path(__file__).resolve().parents[3] / "inference"


def test_a_face_has_478_landmarks_inside_the_picture() -> None:
    mesh = FaceMesh()
    landmarks = mesh.find(photo())
    mesh.close()
    assert landmarks is not None
    assert landmarks.shape == (478, 3)
    assert landmarks.dtype == np.float32
    assert 0 < landmarks[:, :2].min() < landmarks[:, :2].max() < 1


def test_the_participants_left_eye_lies_on_the_right_of_the_picture() -> None:
    mesh = FaceMesh(pictures=True)
    landmarks = mesh.find(photo())
    mesh.close()
    assert landmarks is not None
    assert landmarks[263, 0] > landmarks[33, 0]


def test_a_view_of_a_picture_is_a_picture() -> None:
    mesh = FaceMesh(pictures=True)
    mirrored = mesh.find(photo()[:, ::-1])
    mesh.close()
    assert mirrored is not None
    assert mirrored[263, 0] > mirrored[33, 0], "the mirrored person's own left"


def test_there_is_no_face_in_noise() -> None:
    mesh = FaceMesh()
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    assert mesh.find(noise) is None
    mesh.close()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((240, 320), np.uint8),
        np.zeros((240, 320, 4), np.uint8),
        np.zeros((240, 320, 3), np.float32),
        np.zeros((0, 320, 3), np.uint8),
    ],
    ids=["grey", "alpha", "float", "empty"],
)
def test_what_is_no_rgb_picture_is_refused_with_what_was_expected(image: Image) -> None:
    mesh = FaceMesh()
    with pytest.raises(ValueError, match=r"expected \(H, W, 3\) uint8 in RGB"):
        mesh.find(image)
    mesh.close()


def test_a_closed_mesh_says_so() -> None:
    mesh = FaceMesh()
    mesh.close()
    mesh.close()
    with pytest.raises(RuntimeError, match="was closed"):
        mesh.find(photo())


def lying(frame: Image, _: int) -> Image:
    return np.ascontiguousarray(np.rot90(frame))


def small(frame: Image, _: int) -> Image:
    return np.asarray(cv2.resize(frame, (160, 120), interpolation=cv2.INTER_AREA), np.uint8)


def moved(frame: Image, right: float, down: float, turn: float = 0.0) -> Image:
    """The frame shifted by pixels and turned by degrees; grey where it shows nothing."""
    height, width = frame.shape[:2]
    matrix = np.array(cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0), np.float64)
    matrix[:, 2] += (right, down)
    return np.asarray(cv2.warpAffine(frame, matrix, (width, height), borderValue=(90, 90, 90)), np.uint8)


@pytest.mark.parametrize(
    ("change", "at_least"),
    [
        (lambda frame, _: frame, 39),
        (lying, 0),
        (small, 39),
        (lambda frame, n: moved(frame, 4.0 * n, 0.0), 39),
        (lambda frame, n: moved(frame, 0.0, -3.0 * n), 39),
        (lambda frame, n: moved(frame, 0.0, 0.0, turn=1.5 * n), 39),
    ],
    ids=["upright", "lying", "smaller than the network's input", "at the right edge", "at the top edge", "tilting"],
)
def test_the_landmarks_are_those_of_mediapipes_own_solution(
    change: Callable[[Image, int], Image], at_least: int
) -> None:
    from mediapipe.python.solutions.face_mesh import FaceMesh as Solution

    ours, theirs = FaceMesh(), Solution(refine_landmarks=True, max_num_faces=1)
    apart = []
    for n, original in enumerate(media.talking_frames(640, 480)[:40]):
        frame = change(original, n)
        found = ours.find(frame)
        faces = theirs.process(frame).multi_face_landmarks
        if found is not None and faces:
            reference = np.array([(p.x, p.y, p.z) for p in faces[0].landmark], np.float32)
            apart.append(np.abs(found - reference) * (frame.shape[1], frame.shape[0], frame.shape[1]))
    ours.close()
    theirs.close()
    assert len(apart) >= at_least
    if apart:
        assert np.median(apart) < 0.5, "pixels"


@pytest.mark.parametrize(
    "change",
    [
        lambda frame, n: 128 + (frame - 128.0) * max(0.0, 1 - n / 50),
        lambda frame, n: moved(frame, 14.0 * n, 0.0),
        lambda frame, n: moved(frame, -12.0 * n, -10.0 * n),
    ],
    ids=["fading", "leaving at the right", "leaving over a corner"],
)
def test_a_face_is_lost_at_the_moment_when_mediapipes_own_solution_loses_it(
    change: Callable[[Image, int], Image],
) -> None:
    from mediapipe.python.solutions.face_mesh import FaceMesh as Solution

    ours, theirs = FaceMesh(), Solution(refine_landmarks=True, max_num_faces=1)
    first = media.talking_frames(640, 480)[0]
    assert ours.find(first) is not None
    assert theirs.process(first).multi_face_landmarks
    for n in range(61):
        frame = np.asarray(change(first, n), np.uint8)
        followed = ours.follow(frame)
        assert (followed is not None) == bool(theirs.process(frame).multi_face_landmarks), f"picture {n}"
        if followed is None:
            break
    ours.close()
    theirs.close()
    assert 5 < n < 60, "the face is there at first, and gone in the end"


def planes(picture: Image) -> Planes:
    height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    packed = cv2.cvtColor(np.ascontiguousarray(picture[:height, :width]), cv2.COLOR_RGB2YUV_I420)
    chroma = packed[height:].reshape(2, height // 2, width // 2)
    return Planes(*(np.asarray(plane, np.uint8) for plane in (packed[:height], chroma[0], chroma[1])))


def test_planes_of_a_decoder_read_as_the_rgb_picture_does() -> None:
    one, other = FaceMesh(), FaceMesh()
    for _ in range(3):
        a, b = one.find(photo()), other.find(planes(photo()))
        assert a is not None and b is not None
        assert np.abs(a - b).max() < 0.004
    one.close()
    other.close()


def test_a_tilting_head_is_followed_in_planes_to_a_fraction_of_a_pixel() -> None:
    one, other = FaceMesh(), FaceMesh()
    first = media.talking_frames(640, 480)[0]
    for n in range(25):
        frame = moved(first, 3.0 * n, 2.0 * n, turn=2.0 * n)
        a, b = one.find(frame), other.find(planes(frame))
        assert a is not None and b is not None
        assert n == 0 or np.abs((a - b) * (640, 480, 640)).mean() < 0.2, "pixels"
    one.close()
    other.close()


def test_faces_followed_on_two_threads_do_not_mix() -> None:
    models = FaceModels()
    frames = media.talking_frames(640, 480)[:30]
    mirrored = [np.ascontiguousarray(frame[:, ::-1]) for frame in frames]

    def follow(pictures: Sequence[Image]) -> list[Floats | None]:
        mesh = FaceMesh(models)
        return [mesh.find(picture) for picture in pictures]

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(follow, [frames, mirrored]))
    for pictures, found in zip((frames, mirrored), together, strict=True):
        for alone, one in zip(follow(pictures), found, strict=True):
            assert alone is not None and one is not None
            np.testing.assert_array_equal(one, alone)
    models.close()


@pytest.mark.parametrize("further", [{}, {"visibility": 0.5}], ids=["as the mesh writes them", "with a fourth field"])
@pytest.mark.parametrize("count", [478, 468, 0])
def test_a_serialized_landmark_list_is_read_as_its_own_library_reads_it(count: int, further: dict[str, float]) -> None:
    from mediapipe.framework.formats import landmark_pb2

    points = np.random.default_rng(count).normal(size=(count, 3)).astype(np.float32)
    written = landmark_pb2.NormalizedLandmarkList()
    for x, y, z in points.tolist():
        written.landmark.add(x=x, y=y, z=z, **further)
    np.testing.assert_array_equal(parsed(written.SerializeToString()).reshape(-1, 3), points)


def test_starting_up_and_measuring_write_nothing_to_stderr() -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import numpy as np, skimage.data\n"
        "from hoovik_inference.face import MeshFaceObserver\n"
        "o = MeshFaceObserver()\n"
        "assert o.observe(np.ascontiguousarray(skimage.data.astronaut()), 0.0) is not None\n"
        "o.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(INFERENCE)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""


def test_errors_written_while_starting_up_still_reach_stderr() -> None:
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from hoovik_inference.face._native import quiet_start\n"
        "with quiet_start():\n"
        "    os.write(2, b'W0000 00:00:1 x.cc:1] chatter\\nE0000 00:00:1 x.cc:2] broken\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(INFERENCE)], capture_output=True, timeout=60)
    assert b"broken" in done.stderr
    assert b"chatter" not in done.stderr
