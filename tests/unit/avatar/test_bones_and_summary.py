from __future__ import annotations

import pytest

from hoovik_avatar.animator import Animator
from hoovik_inference.types import FaceEstimate
from tests.unit.avatar.estimates import FRAME_MS, T0, face, mood, shapes


def test_a_nod_is_split_between_neck_and_head_and_a_turn_stays_whole() -> None:
    animator = Animator()
    animator.face(face(T0, yaw=20.0, pitch=10.0, roll=-5.0))
    bones = animator.pose(T0, True).bones
    assert bones.head_yaw == pytest.approx(20.0)
    assert bones.neck_pitch + bones.head_pitch == pytest.approx(10.0)
    assert 0 < bones.neck_pitch < bones.head_pitch
    assert bones.head_roll == pytest.approx(-5.0)


def test_a_look_to_the_own_right_turns_the_eyes_by_a_negative_yaw_and_up_by_a_negative_pitch() -> None:
    animator = Animator()
    look = {"eyeLookOutRight": 0.5, "eyeLookInLeft": 0.5, "eyeLookUpLeft": 0.5, "eyeLookUpRight": 0.5}
    elsewhere = (0.9, -0.9)  # on the screen, head included: not for bones
    animator.face(face(T0, gaze=elsewhere, blendshapes=shapes(look)))
    bones = animator.pose(T0, True).bones
    assert bones.eye_yaw == pytest.approx(-15.0) and bones.eye_pitch == pytest.approx(-11.0)


def test_rotations_stay_within_what_a_neck_can_do() -> None:
    animator = Animator()
    look = {"eyeLookOutLeft": 9.0, "eyeLookInRight": 9.0, "eyeLookUpLeft": 9.0, "eyeLookUpRight": 9.0}
    animator.face(face(T0, yaw=170.0, pitch=-170.0, roll=90.0, blendshapes=shapes(look)))
    bones = animator.pose(T0, True).bones
    assert bones.head_yaw == 80.0 and bones.head_roll == 45.0
    assert bones.neck_pitch + bones.head_pitch == pytest.approx(-60.0)
    assert bones.eye_yaw == 30.0 and bones.eye_pitch == -22.0


def test_low_spirits_slouch_slowly_and_the_head_stays_where_it_was_seen() -> None:
    animator = Animator()
    animator.mood(mood(T0, valence=-0.8, arousal=-0.6))
    slouches = []
    for i in range(150):
        animator.face(face(T0 + i * FRAME_MS, pitch=4.0))
        bones = animator.pose(T0 + i * FRAME_MS, True).bones
        slouches.append(bones.body_slouch)
        assert bones.spine_pitch + bones.neck_pitch + bones.head_pitch == pytest.approx(4.0, abs=1e-4)
    assert slouches[3] < 0.1 and 0.6 < slouches[-1] < 0.8
    assert slouches == sorted(slouches)


def test_an_anomalous_reading_moves_no_body() -> None:
    animator = Animator()
    animator.pose(T0, False)
    animator.mood(mood(T0, valence=-1.0, arousal=-1.0, anomaly=True))
    pose = animator.pose(T0 + 5000, False)
    assert pose.bones.body_slouch == 0.0 and pose.bones.spine_pitch == 0.0 and pose.glow == 0.0


def test_high_spirits_glow() -> None:
    animator = Animator()
    animator.pose(T0, False)
    animator.mood(mood(T0, valence=0.8, arousal=0.6))
    assert 0.5 < animator.pose(T0 + 9000, False).glow < 0.8


@pytest.mark.parametrize(
    ("field", "estimate"),
    [
        ("smile", face(T0, mouthSmileLeft=0.6, mouthSmileRight=0.6)),
        ("smile", face(T0, au={"au12_smile": 0.6})),
        ("brow_up", face(T0, browInnerUp=0.6, browOuterUpLeft=0.6, browOuterUpRight=0.6)),
        ("brow_up", face(T0, au={"au01_inner_brow_raise": 0.6, "au02_outer_brow_raise": 0.6})),
        ("frown", face(T0, mouthFrownLeft=0.6, mouthFrownRight=0.6)),
        ("frown", face(T0, au={"au15_lip_corner_depress": 0.6})),
    ],
)
def test_a_summary_shape_shows_in_blendshapes_or_action_units_alike(field: str, estimate: FaceEstimate) -> None:
    animator = Animator()
    animator.face(estimate)
    pose = animator.pose(T0, True)
    summary = {"smile": pose.smile, "brow_up": pose.brow_up, "frown": pose.frown}
    assert summary.pop(field) == pytest.approx(0.6, abs=1e-5)
    assert max(summary.values()) == 0.0


def test_a_lowered_brow_is_a_lighter_frown() -> None:
    animator = Animator()
    animator.face(face(T0, browDownLeft=1.0, browDownRight=1.0))
    assert animator.pose(T0, True).frown == pytest.approx(0.7)
