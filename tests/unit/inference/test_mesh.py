import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hoovik_inference.face import FaceMesh
from hoovik_inference.types import Image, Planes
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


@pytest.mark.parametrize("turned", [0, 1], ids=["upright", "lying"])
def test_the_landmarks_are_those_of_mediapipes_own_solution(turned: int) -> None:
    from mediapipe.python.solutions.face_mesh import FaceMesh as Solution

    ours, theirs = FaceMesh(), Solution(refine_landmarks=True, max_num_faces=1)
    apart = []
    for frame in list(media.talking_frames(640, 480))[:40]:
        frame = np.ascontiguousarray(np.rot90(frame, turned))
        found = ours.find(frame)
        faces = theirs.process(frame).multi_face_landmarks
        if found is not None and faces:
            reference = np.array([(p.x, p.y, p.z) for p in faces[0].landmark], np.float32)
            apart.append(np.abs(found - reference) * (frame.shape[1], frame.shape[0], frame.shape[1]))
    ours.close()
    theirs.close()
    assert len(apart) >= (39 if not turned else 0)
    if apart:
        assert np.median(apart) < 0.5, "pixels"


def test_planes_of_a_decoder_read_as_the_rgb_picture_does() -> None:
    import cv2

    picture = photo()
    height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    packed = cv2.cvtColor(picture[:height, :width], cv2.COLOR_RGB2YUV_I420)
    chroma = packed[height:].reshape(2, height // 2, width // 2)
    planes = Planes(*(np.asarray(plane, np.uint8) for plane in (packed[:height], chroma[0], chroma[1])))
    one, other = FaceMesh(), FaceMesh()
    for _ in range(3):
        a, b = one.find(picture), other.find(planes)
        assert a is not None and b is not None
        assert np.abs(a - b).max() < 0.004
    one.close()
    other.close()


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
