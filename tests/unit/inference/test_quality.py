"""What may be wrong with the picture of a face: each measure falls with its own degradation and hardly with the others.

On the astronaut, and on real frames where ../shared is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from hoovik_inference.face import FaceModels, MeshFaceObserver, Quality, align
from hoovik_inference.face.quality import blur
from hoovik_inference.types import FaceQuality, Floats, HeadPose, Image, Planes
from tests import media
from tests.unit.inference.degraded import blurred, covered, lit, shrunk, width_of
from tests.unit.inference.rendered import Camera, Head

MEASURES = ("size", "turn", "inside", "fit", "sharpness", "light", "visible")
AHEAD = HeadPose(0.0, 0.0, 0.0)
Face = tuple[Image, Floats]


@pytest.fixture(scope="module")
def models() -> Iterator[FaceModels]:
    one = FaceModels()
    yield one
    one.close()


def seen(models: FaceModels, picture: Image, before: Image | None = None) -> FaceQuality:
    """What a call says of a picture that comes after a second of another one (of itself where none is given)."""
    observer = MeshFaceObserver(models)
    time_ms = 0.0
    for shown in [picture if before is None else before] * 12 + [picture] * 6:
        face = observer.observe(shown, time_ms)
        time_ms += 100.0
    observer.close()
    assert face is not None
    return face.quality


def falls(models: FaceModels, measure: str, pictures: list[Image], least: float, most: float, others: float) -> None:
    """From one picture to the next `measure` falls, from `most` or more to `least` or less; the others stay."""
    found = [seen(models, picture, pictures[0]) for picture in pictures]
    values = [getattr(one, measure) for one in found]
    assert all(later <= earlier + 0.03 for earlier, later in zip(values, values[1:], strict=False)), values
    assert values[0] >= most, values
    assert values[-1] <= least, values
    trusted = [one.confidence for one in found]
    assert trusted[-1] <= min(least, trusted[0] - 0.4), trusted
    for name in MEASURES:
        if name != measure:
            # Up to where the face is half trusted: beyond, nothing can be told from anything.
            kept = [getattr(one, name) for one, value in zip(found, values, strict=True) if value > 0.5]
            assert min(kept) >= getattr(found[0], name) - others, (name, kept)


def blurrier(face: Face) -> list[Image]:
    return [blurred(face[0], share * width_of(face[1], face[0])) for share in (0.0, 0.01, 0.02, 0.03, 0.045)]


def smaller(face: Face) -> list[Image]:
    wide = width_of(face[1], face[0])
    canvas = [np.full_like(face[0], 110) for _ in range(5)]
    for one, width in zip(canvas, (wide, 70, 50, 40, 30), strict=True):
        small = shrunk(face[0], width / wide)
        top, left = ((one.shape[n] - small.shape[n]) // 2 for n in (0, 1))
        one[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def darker(face: Face) -> list[Image]:
    return [lit(face[0], gain) for gain in (1.0, 0.5, 0.3, 0.2, 0.12)]


def brighter(face: Face) -> list[Image]:
    return [lit(face[0], gain) for gain in (1.0, 1.5, 2.5, 5.0)]


DEGRADATIONS: list[tuple[str, Callable[[Face], list[Image]]]] = [
    ("sharpness", blurrier), ("size", smaller), ("light", darker), ("light", brighter),
]  # fmt: skip


@pytest.mark.parametrize(("measure", "worse"), DEGRADATIONS, ids=lambda one: getattr(one, "__name__", one))
def test_a_measure_falls_with_its_own_degradation_and_the_others_stay(
    models: FaceModels, measure: str, worse: Callable[[Face], list[Image]]
) -> None:
    falls(models, measure, worse(media.astronaut()), least=0.5, most=0.99, others=0.3)


def test_a_face_that_turns_away_is_trusted_less_for_its_turn(models: FaceModels) -> None:
    head = Head(*media.astronaut())
    turns = [head.seen(yaw, 0.0, 0.0, Camera()) for yaw in (0.0, 25.0, 40.0, 50.0)]
    falls(models, "turn", turns, least=0.5, most=0.99, others=0.4)


@pytest.mark.parametrize("thing", ["plain", "black", "cloth", "glove"])
@pytest.mark.parametrize(("region", "at_most"), [("half", 0.5), ("eyes", 0.7), ("mouth", 0.9)])
def test_a_face_that_is_covered_is_trusted_less(models: FaceModels, region: str, at_most: float, thing: str) -> None:
    picture, landmarks = media.astronaut()
    before = seen(models, picture)
    after = seen(models, covered(picture, landmarks, region, thing), picture)
    assert before.visible > 0.95
    assert after.visible <= at_most
    assert after.confidence < before.confidence - 0.09
    for name in ("size", "turn", "inside", "light", "sharpness"):
        assert getattr(after, name) >= getattr(before, name) - 0.2, name


def test_the_more_of_a_face_is_covered_the_less_it_is_trusted(models: FaceModels) -> None:
    picture, landmarks = media.astronaut()
    seen_of = [seen(models, covered(picture, landmarks, region, "plain"), picture).visible for region in
               ("cheek", "mouth", "half")]  # fmt: skip
    assert seen_of == sorted(seen_of, reverse=True)


def test_a_face_at_the_edge_is_trusted_for_the_part_that_is_inside(models: FaceModels) -> None:
    picture, landmarks = media.astronaut()
    height, width = picture.shape[:2]
    middle = landmarks[:, 0].mean() * width
    shifted = np.array([[1.0, 0.0, -0.9 * middle], [0.0, 1.0, 0.0]])
    half = np.asarray(cv2.warpAffine(picture, shifted, (width, height)), np.uint8)
    moved = landmarks - np.array([0.9 * middle / width, 0, 0], np.float32)
    found = Quality().read(half, align(moved, width, height), AHEAD, (width, height), 0.0)
    assert 0.3 < found.inside < 0.8
    assert found.confidence <= found.inside


def test_landmarks_that_are_no_face_do_not_fit() -> None:
    _, landmarks = media.astronaut()
    chance = np.random.default_rng(4)
    for spread, least, most in ((0.0, 0.99, 1.0), (0.03, 0.0, 0.6)):
        bent = (landmarks + chance.normal(0, spread, landmarks.shape)).astype(np.float32)
        assert least <= Quality().read(None, align(bent, 480, 480), AHEAD, (480, 480), 0.0).fit <= most


def test_a_good_picture_is_of_no_concern(models: FaceModels) -> None:
    found = seen(models, media.astronaut()[0])
    assert min(astuple(found)) > 0.95
    assert found.confidence == pytest.approx(np.prod(astuple(found)))


def test_planes_of_a_decoder_are_judged_as_the_rgb_picture_is() -> None:
    picture, landmarks = media.astronaut()
    alignment = align(landmarks, 480, 480)
    for shown in (picture, blurred(picture, 4.0), lit(picture, 0.3), lit(picture, 2.0)):
        packed = np.asarray(cv2.cvtColor(shown, cv2.COLOR_RGB2YUV_I420), np.uint8)
        chroma = packed[480:].reshape(2, 240, 240)
        planes = Planes(packed[:480], chroma[0], chroma[1])
        one, other = (Quality().read(p, alignment, AHEAD, (480, 480), 0.0, 24.0) for p in (shown, planes))
        assert astuple(one) == pytest.approx(astuple(other), abs=0.08)


def test_what_pixels_say_is_carried_between_two_looks() -> None:
    picture, landmarks = media.astronaut()
    alignment = align(landmarks, 480, 480)
    quality = Quality()
    sharpness = []
    for n in range(10):
        shown = picture if n == 0 else blurred(picture, 6.0)
        sharpness.append(quality.read(shown, alignment, AHEAD, (480, 480), n * 33.0).sharpness)
    assert sharpness[:7] == [1.0] * 7
    assert sharpness[7] < 0.5 and len(set(sharpness[7:])) == 1


@pytest.mark.parametrize("change", [lambda one: lit(one, 0.4), lambda one: 255 - one, lambda one: one // 2 + 100])
def test_blur_is_told_whatever_the_brightness_and_contrast(change: Callable[[Image], Image]) -> None:
    picture = cv2.cvtColor(media.astronaut()[0], cv2.COLOR_RGB2GRAY)
    grey = np.asarray(cv2.resize(picture, (96, 96), interpolation=cv2.INTER_AREA), np.uint8)
    soft = np.asarray(cv2.GaussianBlur(grey, (0, 0), 2.0), np.uint8)
    assert blur(soft) > blur(grey) + 0.2
    assert blur(change(grey)) == pytest.approx(blur(grey), abs=0.05)


def test_blur_along_one_direction_is_blur() -> None:
    picture = cv2.cvtColor(media.astronaut()[0], cv2.COLOR_RGB2GRAY)
    grey = np.asarray(cv2.resize(picture, (96, 96), interpolation=cv2.INTER_AREA), np.uint8)
    for kernel in ((9, 1), (1, 9)):
        assert blur(np.asarray(cv2.blur(grey, kernel), np.uint8)) > blur(grey) + 0.2


def test_a_picture_of_one_grey_is_as_blurred_as_can_be() -> None:
    assert blur(np.full((48, 48), 90, np.uint8)) == 1.0


def frames(path: Path, first: int, last: int, step: int) -> list[Image]:
    with av.open(str(path)) as container:
        shown = [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            for n, frame in zip(range(last), container.decode(video=0), strict=False)
            if n >= first and (n - first) % step == 0
        ]
    return shown


def real(models: FaceModels, path: Path) -> Face:
    from hoovik_inference.face import FaceMesh

    (frame,) = frames(path, 5, 6, 1)
    landmarks = FaceMesh(models, pictures=True).find(frame)
    assert landmarks is not None
    return frame, landmarks


REAL = ["bbaf2n.mpg", "lbax4n.mpg", "swiz3n.mpg", "talking_head_8s.mp4"]


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize(("measure", "worse"), DEGRADATIONS, ids=lambda one: getattr(one, "__name__", one))
def test_so_it_is_on_real_frames(
    shared_media: Path, models: FaceModels, name: str, measure: str, worse: Callable[[Face], list[Image]]
) -> None:
    falls(models, measure, worse(real(models, shared_media / name)), least=0.5, most=0.99, others=0.35)


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_real_faces_that_are_covered_are_trusted_less(shared_media: Path, models: FaceModels, name: str) -> None:
    picture, landmarks = real(models, shared_media / name)
    for region, at_most in (("half", 0.5), ("eyes", 0.8)):
        found = [seen(models, covered(picture, landmarks, region, thing), picture).visible for thing in
                 ("plain", "black", "cloth", "glove")]  # fmt: skip
        assert max(found) <= at_most, (region, found)
    assert seen(models, picture).visible > 0.95


@pytest.mark.shared
def test_a_hand_before_a_real_face_is_seen_while_it_is_there(shared_media: Path, models: FaceModels) -> None:
    observer = MeshFaceObserver(models)
    visible = []
    for n, frame in enumerate(frames(next(shared_media.glob("*_Pexels.mp4")), 0, 330, 2)):
        face = observer.observe(frame, n * 2000 / 24)
        visible.append(1.0 if face is None else face.quality.visible)
    observer.close()
    by_frame = np.array(visible)
    before, behind, after = by_frame[4:14], by_frame[46:66], by_frame[120:160]
    assert before.mean() > 0.9
    assert behind.mean() < 0.6
    assert after.mean() > 0.85
