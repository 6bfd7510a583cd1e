from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from hoovik_inference.face import FaceModels, MeshFaceObserver, warm
from hoovik_inference.training import warp_face
from hoovik_inference.types import BLENDSHAPES, PORTRAIT_SIDE, FaceEstimate, FaceObserver, Floats, Image, Picture
from tests.unit.inference.degraded import covered
from tests.unit.inference.faces import photo, photo_landmarks, shape


def pictures(path: Path, every: int = 1) -> list[Image]:
    with av.open(str(path)) as container:
        frames = [frame for n, frame in enumerate(container.decode(video=0)) if n % every == 0]
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]


def observed(images: list[Image], observer: FaceObserver, fps: float = 25.0) -> list[FaceEstimate | None]:
    return [observer.observe(image, n * 1000.0 / fps) for n, image in enumerate(images)]


def test_an_estimate_is_whole() -> None:
    observer: FaceObserver = MeshFaceObserver()
    face = observer.observe(photo(), 1234.5)
    observer.close()
    assert face is not None
    assert face.time_ms == 1234.5
    assert face.landmarks.shape == (478, 3)
    assert face.blendshapes.shape == (52,)
    assert face.action_units.shape == (19,)
    assert face.blendshapes.dtype == face.action_units.dtype == face.landmarks.dtype == np.float32
    assert face.confidence > 0.9
    assert face.faces == 1
    assert face.blink is False
    assert (face.track, face.blink_rate, face.expression) == (1, None, None)
    assert face.quality.confidence == face.confidence
    assert shape(face, "mouthSmileLeft") > 0.5, "the photo smiles"


def test_a_picture_without_a_face_gives_nothing() -> None:
    observer = MeshFaceObserver()
    assert observer.observe(np.zeros((240, 320, 3), np.uint8), 0.0) is None
    observer.close()


def test_a_time_that_is_none_is_refused() -> None:
    observer = MeshFaceObserver()
    with pytest.raises(ValueError, match="expected a capture time"):
        observer.observe(photo(), float("nan"))
    observer.close()


def test_after_close_observing_is_an_error_and_closing_is_none() -> None:
    observer = MeshFaceObserver()
    observer.close()
    observer.close()
    with pytest.raises(RuntimeError, match="was closed"):
        observer.observe(photo(), 0.0)


def test_a_second_face_in_the_picture_is_told() -> None:
    observer = MeshFaceObserver()
    face = observer.observe(np.ascontiguousarray(np.hstack([photo(), photo()])), 0.0)
    observer.close()
    assert face is not None
    assert face.faces == 2


def test_after_calibrating_on_a_smile_the_same_smile_is_neutral() -> None:
    observer = MeshFaceObserver(pictures=True)
    observer.calibrate()
    face = observer.observe(photo(), 0.0)
    observer.close()
    assert face is not None
    rests = [score for name, score in zip(BLENDSHAPES, face.blendshapes, strict=True) if not name.startswith("eyeLook")]
    assert max(rests) < 0.02


def test_the_same_frame_again_and_again_reads_the_same() -> None:
    observer = MeshFaceObserver(baseline=False)
    faces = observed([photo()] * 40, observer)
    observer.close()
    late = [face for face in faces[20:] if face is not None]
    assert len(late) == 20
    assert np.ptp([face.blendshapes for face in late], axis=0).max() < 0.08
    assert np.ptp([face.head_pose.yaw for face in late]) < 1.0


def test_a_participant_leaves_no_trace_in_the_next_ones_observer() -> None:
    smiling, resting = warp_face(photo(), photo_landmarks(), smile=1.0), warp_face(photo(), photo_landmarks())
    first = MeshFaceObserver()
    first.calibrate()
    observed([smiling] * 5, first)
    first.close()
    second, fresh = MeshFaceObserver(), MeshFaceObserver()
    one, other = second.observe(resting, 0.0), fresh.observe(resting, 0.0)
    second.close()
    fresh.close()
    assert one is not None and other is not None
    np.testing.assert_array_equal(one.blendshapes, other.blendshapes)


def test_warming_up_leaves_nothing_behind() -> None:
    models = FaceModels()
    warm(models, 2)
    warm(models, 2)
    models.close()


def test_observers_that_share_their_models_measure_what_those_with_their_own_do() -> None:
    models = FaceModels()
    shared, other, alone = MeshFaceObserver(models), MeshFaceObserver(models), MeshFaceObserver()
    small = np.ascontiguousarray(photo()[::2, ::2])
    for n in range(4):
        a = shared.observe(photo(), n * 33.0)
        assert other.observe(small, n * 33.0) is not None
        b = alone.observe(photo(), n * 33.0)
        assert a is not None and b is not None
        np.testing.assert_array_equal(a.landmarks, b.landmarks)
    shared.close()
    assert other.observe(small, 200.0) is not None, "who closes takes nothing from the others"
    for one in (other, alone, models):
        one.close()


def test_a_portrait_is_of_the_newest_picture_and_before_calibration() -> None:
    observer = MeshFaceObserver()
    assert observer.portrait(photo()) is None
    observer.calibrate()
    for shown, time_ms in ((photo(), 0.0), (photo(), 40.0)):
        face = observer.observe(shown, time_ms)
        portrait = observer.portrait(shown)
        assert face is not None and portrait is not None
        assert portrait.time_ms == time_ms
        assert portrait.pixels.shape == (PORTRAIT_SIDE, PORTRAIT_SIDE)
        assert abs(portrait.pixels.mean()) < 0.01
        assert portrait.blendshapes[BLENDSHAPES.index("mouthSmileLeft")] > 0.5 > shape(face, "mouthSmileLeft")
    assert observer.observe(np.zeros_like(photo()), 80.0) is None
    assert observer.portrait(photo()) is None
    observer.close()


def beside(left: int, right: int, left_side: int = 300, right_side: int = 300) -> Image:
    """A wide picture with the photo on both halves, so and so large; 0 leaves a half empty."""
    picture = np.full((360, 800, 3), 128, np.uint8)
    for x, side in ((left, left_side), (right, right_side)):
        if side:
            picture[30 : 30 + side, x : x + side] = cv2.resize(photo(), (side, side), interpolation=cv2.INTER_AREA)
    return picture


def test_the_largest_face_is_followed_and_the_other_one_counted() -> None:
    observer = MeshFaceObserver()
    for n in range(40):
        face = observer.observe(beside(20, 480, 180, 300), n * 100.0)
        assert face is not None
        assert (face.track, face.faces) == (1, 2)
        assert face.landmarks[:, 0].mean() > 0.5
    observer.close()


def test_a_face_that_becomes_clearly_larger_is_followed_after_a_while_as_another_one() -> None:
    observer = MeshFaceObserver()
    tracks = []
    for n in range(60):
        face = observer.observe(beside(20, 450, 200, 0 if n < 10 else 320), n * 100.0)
        assert face is not None
        tracks.append((face.track, face.landmarks[:, 0].mean() > 0.5))
    observer.close()
    assert tracks[:40] == [(1, False)] * 40, "a second is no reason"
    assert tracks[-1] == (2, True)


def test_who_is_gone_is_waited_for_and_then_the_other_one_is_followed_from_the_beginning() -> None:
    observer = MeshFaceObserver()
    observer.calibrate()
    first = observer.observe(beside(20, 480, 300, 180), 0.0)
    seen = [observer.observe(beside(20, 480, 0, 180), 100.0 + n * 100.0) for n in range(30)]
    observer.close()
    assert first is not None and first.track == 1
    assert shape(first, "mouthSmileLeft") < 0.05
    assert seen[:9] == [None] * 9
    last = seen[-1]
    assert last is not None and last.track == 2
    assert last.faces == 1
    assert shape(last, "mouthSmileLeft") > 0.4, "what was told of the first face is not true of this one"


def test_who_is_alone_comes_back_elsewhere_with_what_was_learnt_and_after_a_minute_without() -> None:
    observer = MeshFaceObserver()
    observer.calibrate()
    smiles, tracks = [], []
    time_ms = 0.0
    for away, left in ((0.0, 20), (1500.0, 480), (50_000.0, 20), (61_000.0, 480)):
        for nobody in range(500, int(away), 500):
            assert observer.observe(beside(0, 0, 0, 0), time_ms + nobody) is None
        time_ms += away
        face = observer.observe(beside(left, 0, 300, 0), time_ms)
        assert face is not None
        assert (face.landmarks[:, 0].mean() > 0.5) == (left > 400)
        smiles.append(shape(face, "mouthSmileLeft"))
        tracks.append(face.track)
    observer.close()
    assert tracks == [1, 1, 1, 2]
    assert max(smiles[:3]) < 0.1, "the calibration lasts"
    assert smiles[3] > 0.4, "and is forgotten"


def test_two_faces_that_come_after_seconds_are_both_new_ones() -> None:
    observer = MeshFaceObserver()
    first = observer.observe(beside(20, 0, 300, 0), 0.0)
    for time_ms in range(500, 10_000, 500):
        assert observer.observe(beside(0, 0, 0, 0), float(time_ms)) is None
    face = observer.observe(beside(20, 480, 300, 300), 9700.0)
    observer.close()
    assert first is not None and first.track == 1
    assert face is not None and face.faces == 2
    assert face.track > 1


def test_a_covered_face_that_is_lost_and_found_is_covered_from_the_first_look_on() -> None:
    bare, hidden = photo(), covered(photo(), photo_landmarks(), "half", "glove")
    observer = MeshFaceObserver()
    visible = [face.quality.visible for face in observed([bare] * 30, observer) if face is not None]
    assert observer.observe(np.zeros_like(bare), 1200.0) is None
    found = observer.observe(hidden, 1800.0)
    observer.close()
    assert len(visible) == 30 and min(visible) > 0.9
    assert found is not None, "the search finds it"
    assert found.quality.visible < 0.5


def test_a_search_for_another_face_that_finds_none_leaves_what_is_known_of_the_cover() -> None:
    class Switching(MeshFaceObserver):
        """Is told that somebody more prominent stands where nobody is."""

        def _switched(self, image: Picture, time_ms: float) -> Floats | None:
            assert self._mesh.peek(np.zeros((120, 160, 3), np.uint8)) is None
            return None

    observer = Switching(count_every_ms=100.0)
    hidden = covered(photo(), photo_landmarks(), "half", "glove")
    faces = observed([photo()] * 30 + [hidden] * 5, observer, 10.0)
    observer.close()
    visible = [face.quality.visible for face in faces if face is not None]
    assert len(visible) == 35
    assert min(visible[:30]) > 0.9 > 0.5 > max(visible[30:])


@pytest.mark.shared
@pytest.mark.parametrize("name", ["swiz3n.mpg", "brbk7n.mpg", "lbax4n.mpg", "bbaf2n.mpg", "pwij3p.mpg"])
def test_a_talking_head_is_followed_in_every_frame_with_a_moving_mouth(shared_media: Path, name: str) -> None:
    observer = MeshFaceObserver()
    faces = [face for face in observed(pictures(shared_media / name), observer) if face is not None]
    observer.close()
    assert len(faces) >= 74
    assert np.ptp([shape(face, "jawOpen") for face in faces]) > 0.08, "they speak"
    assert min(face.confidence for face in faces) > 0.8
    steps = np.abs(np.diff([(f.head_pose.yaw, f.head_pose.pitch, f.head_pose.roll) for f in faces], axis=0))
    assert np.median(steps) < 0.5, "degrees from frame to frame of a head that is nearly still"


@pytest.mark.shared
def test_eyes_that_close_in_real_footage_are_blinks(shared_media: Path) -> None:
    observer = MeshFaceObserver()
    faces = [f for f in observed(pictures(shared_media / "talking_head_8s.mp4"), observer) if f is not None]
    observer.close()
    blinks = [face.blink for face in faces]
    assert 3 <= sum(blinks) <= len(blinks) // 3
    closing = np.mean([shape(face, "eyeBlinkLeft") for face in faces if face.blink])
    opened = np.mean([shape(face, "eyeBlinkLeft") for face in faces if not face.blink])
    assert closing > opened + 0.3


@pytest.mark.shared
def test_a_face_that_leaves_is_gone_and_one_that_comes_is_found(shared_media: Path) -> None:
    for name, first in (("face_noface.mov", True), ("noface_face.mov", False)):
        observer = MeshFaceObserver()
        seen = [face is not None for face in observed(pictures(shared_media / name, every=4), observer)]
        observer.close()
        quarter = max(1, len(seen) // 5)
        there, gone = (seen[:quarter], seen[-quarter:]) if first else (seen[-quarter:], seen[:quarter])
        assert np.mean(there) > 0.8
        assert np.mean(gone) < 0.1


@pytest.mark.shared
def test_there_is_nobody_in_a_clip_of_nobody(shared_media: Path) -> None:
    observer = MeshFaceObserver()
    seen = [face is not None for face in observed(pictures(shared_media / "no_face.mp4", every=5), observer)]
    observer.close()
    assert np.mean(seen) < 0.1


@pytest.mark.shared
def test_in_a_group_that_sways_one_face_is_followed_and_the_others_are_counted(shared_media: Path) -> None:
    group = cv2.cvtColor(cv2.imread(str(shared_media / "multi_face.jpg")), cv2.COLOR_BGR2RGB)
    height, width = group.shape[:2]
    observer = MeshFaceObserver()
    tracks, counts, places = set(), set(), []
    for n in range(90):
        x, y = 0.03 * width * np.sin(n / 9), 0.02 * height * np.sin(n / 7)
        moved = cv2.warpAffine(group, np.array([[1.0, 0.0, x], [0.0, 1.0, y]]), (width, height))
        face = observer.observe(np.asarray(moved, np.uint8), n * 66.0)
        assert face is not None
        tracks.add(face.track)
        counts.add(face.faces)
        places.append(face.landmarks[:, 0].mean() - x / width)
    observer.close()
    assert tracks == {1}
    assert min(counts) >= 4
    assert np.ptp(places) < 0.02, "always the same one"


@pytest.mark.shared
def test_a_face_that_goes_and_one_that_comes_is_one_face_each(shared_media: Path) -> None:
    for name in ("face_noface.mov", "noface_face.mov"):
        observer = MeshFaceObserver()
        seen = observed(pictures(shared_media / name, every=4), observer, 25 / 4)
        faces = [face for face in seen if face is not None]
        observer.close()
        assert {face.track for face in faces} == {1}
        assert {face.faces for face in faces} == {1}
