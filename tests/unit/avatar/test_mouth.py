from __future__ import annotations

import numpy as np
import pytest

from hoovik_avatar import mouth
from hoovik_avatar.animator import Animator
from hoovik_avatar.types import AvatarPose
from hoovik_inference.types import BLENDSHAPES, VISEMES
from tests.unit.avatar.estimates import FRAME_MS, T0, face, shapes, voice, weight


def run(animator: Animator, speaking: float, frames: int, start: int = 0, **weights: float) -> AvatarPose:
    for i in range(start, start + frames):
        time_ms = T0 + i * FRAME_MS
        animator.voice(voice(time_ms, speaking, aa=1.0))
        animator.face(face(time_ms, blendshapes=shapes(weights)))
        pose = animator.pose(time_ms, True)
    return pose


@pytest.mark.parametrize(
    ("speaking", "source"),
    [(0.0, "video"), (0.49, "video"), (0.5, "blend"), (0.6, "blend"), (0.7, "blend"), (0.71, "audio"), (1, "audio")],
)
def test_the_speaking_probability_says_who_has_the_mouth(speaking: float, source: str) -> None:
    assert run(Animator(), speaking, 1).mouth_source == source


def test_above_a_speaking_probability_of_seven_tenths_the_visemes_open_the_mouth() -> None:
    pose = run(Animator(), 0.72, 10, jawOpen=0.0, mouthPucker=0.8)
    assert pose.mouth_source == "audio"
    assert weight(pose.blendshapes, "jawOpen") > 0.5
    assert weight(pose.blendshapes, "mouthPucker") < 0.05


def test_below_a_half_the_camera_has_the_mouth_whatever_the_visemes_say() -> None:
    pose = run(Animator(), 0.3, 10, jawOpen=0.1, mouthPucker=0.8)
    assert weight(pose.blendshapes, "jawOpen") == pytest.approx(0.1, abs=0.01)
    assert weight(pose.blendshapes, "mouthPucker") == pytest.approx(0.8, abs=0.01)


def test_in_between_both_have_a_share() -> None:
    pose = run(Animator(), 0.6, 10)
    assert 0.2 < weight(pose.blendshapes, "jawOpen") < 0.45


def test_a_change_of_source_is_crossfaded_over_three_frames() -> None:
    animator = Animator()
    run(animator, 0.1, 10)
    openings = [weight(run(animator, 0.9, 1, start=10 + i).blendshapes, "jawOpen") for i in range(6)]
    steps = np.diff(openings)
    assert (steps > -1e-6).all() and max(steps) < 0.3
    assert openings[3] > 0.55


@pytest.mark.parametrize("middle", [0.5, 0.7])
def test_a_probability_that_trembles_around_a_threshold_does_not_flap(middle: float) -> None:
    animator = Animator()
    sources = [run(animator, middle + 0.03 * (-1) ** i, 1, start=i).mouth_source for i in range(40)]
    assert sum(a != b for a, b in zip(sources, sources[1:], strict=False)) <= 1


def test_a_smile_survives_while_the_voice_has_the_mouth() -> None:
    pose = run(Animator(), 0.95, 10, mouthSmileLeft=0.8, mouthSmileRight=0.7, cheekSquintLeft=0.5)
    assert pose.mouth_source == "audio"
    assert weight(pose.blendshapes, "mouthSmileLeft") == pytest.approx(0.8, abs=0.02)
    assert weight(pose.blendshapes, "mouthSmileRight") == pytest.approx(0.7, abs=0.02)
    assert weight(pose.blendshapes, "cheekSquintLeft") == pytest.approx(0.5, abs=0.02)
    assert pose.smile > 0.7


def test_without_a_face_the_voice_has_the_mouth() -> None:
    animator = Animator()
    animator.voice(voice(T0, 0.2, O=1.0))
    pose = animator.pose(T0, False)
    assert pose.mouth_source == "audio" and pose.face_confidence == 0.0
    assert weight(pose.blendshapes, "mouthFunnel") > 0.4


def test_a_voice_that_went_quiet_for_four_tenths_gives_the_mouth_back() -> None:
    animator = Animator()
    run(animator, 0.95, 10)
    for i in range(10, 25):
        animator.face(face(T0 + i * FRAME_MS, jawOpen=0.05))
        pose = animator.pose(T0 + i * FRAME_MS, True)
    assert pose.mouth_source == "video"
    assert pose.visemes[VISEMES.index("sil")] == 1.0
    assert weight(pose.blendshapes, "jawOpen") < 0.1


@pytest.mark.parametrize("viseme", VISEMES)
def test_each_viseme_moves_shapes_of_the_mouth_only_and_within_bounds(viseme: str) -> None:
    row = mouth.VISEME_SHAPES[VISEMES.index(viseme)]
    assert ((row >= 0) & (row <= 1)).all()
    assert (row > 0).any() == (viseme != "sil")
    moved = {name for name, value in zip(BLENDSHAPES, row, strict=True) if value > 0}
    assert all(name.startswith(("jaw", "mouth", "tongue")) for name in moved)
    assert (row[mouth.VOICED == 0] == 0).all()


def test_bilabials_close_vowels_open_and_u_rounds() -> None:
    rows = {name: mouth.VISEME_SHAPES[VISEMES.index(name)] for name in VISEMES}
    assert weight(rows["PP"], "jawOpen") == 0 < weight(rows["PP"], "mouthPressLeft")
    assert weight(rows["aa"], "jawOpen") == max(weight(row, "jawOpen") for row in rows.values())
    assert weight(rows["U"], "mouthPucker") == max(weight(row, "mouthPucker") for row in rows.values())
