from __future__ import annotations

import numpy as np
import pytest

from hoovik_avatar.animator import Animator
from hoovik_avatar.types import AvatarPose
from tests.unit.avatar.estimates import FRAME_MS, T0, face, shapes, voice, weight


def turning(animator: Animator, frames: int = 30, **weights: float) -> float:
    """A head turning at 30 degrees a second; the time of its last frame."""
    for i in range(frames):
        animator.face(face(T0 + i * FRAME_MS, yaw=float(i), blendshapes=shapes(weights)))
        animator.pose(T0 + i * FRAME_MS, True)
    return T0 + (frames - 1) * FRAME_MS


def predicted(animator: Animator, last: float, until_ms: float) -> list[AvatarPose]:
    return [animator.pose(last + t, False) for t in np.arange(FRAME_MS, until_ms, FRAME_MS)]


def test_a_turning_head_goes_on_for_a_tenth_of_a_second_and_then_holds() -> None:
    animator = Animator()
    last = turning(animator)
    yaw = [pose.bones.head_yaw for pose in predicted(animator, last, 390)]
    assert yaw[1] - yaw[0] == pytest.approx(1.0, abs=0.1)
    assert yaw[2] - yaw[1] > 0.5
    assert max(abs(np.diff(yaw[3:]))) < 1e-4


def test_each_predicted_frame_is_close_to_the_one_before() -> None:
    animator = Animator()
    last = turning(animator, jawOpen=0.6, mouthSmileLeft=0.4)
    poses = [animator.pose(last, True), *predicted(animator, last, 1500)]
    assert all(not pose.measured for pose in poses[1:])
    for before, after in zip(poses, poses[1:], strict=False):
        assert np.abs(after.blendshapes - before.blendshapes).max() < 0.1
        assert abs(after.bones.head_yaw - before.bones.head_yaw) < 2.5


def test_a_face_that_stays_away_eases_to_rest_and_confidence_to_zero() -> None:
    animator = Animator()
    last = turning(animator, jawOpen=0.6)
    confidences = [pose.face_confidence for pose in predicted(animator, last, 1200)]
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[0] == pytest.approx(0.9)
    rest = animator.pose(last + 1200, False)
    assert rest.face_confidence == 0.0 and rest.bones.head_yaw == 0.0
    assert not rest.blendshapes.any()


def test_a_face_said_to_be_lost_eases_from_that_moment() -> None:
    held, lost = Animator(), Animator()
    last = turning(held, jawOpen=0.6)
    turning(lost, jawOpen=0.6)
    lost.face_lost(last + 100)
    assert lost.pose(last + 390, False).bones.head_yaw < held.pose(last + 390, False).bones.head_yaw - 5
    assert lost.pose(last + 390, False).face_confidence < held.pose(last + 390, False).face_confidence


def test_a_missed_blink_opens_again_while_the_face_is_held() -> None:
    animator = Animator()
    last = turning(animator, eyeBlinkLeft=1.0, eyeBlinkRight=1.0, jawOpen=0.5)
    pose = animator.pose(last + 300, False)
    assert weight(pose.blendshapes, "eyeBlinkLeft") == 0.0
    assert weight(pose.blendshapes, "jawOpen") == pytest.approx(0.5, abs=0.01)


def test_a_returning_face_shows_its_shapes_at_once_and_its_head_travels() -> None:
    animator = Animator()
    last = turning(animator, jawOpen=0.6)
    back = last + 3000
    animator.pose(back - FRAME_MS, False)
    animator.face(face(back, yaw=-40.0, mouthSmileLeft=0.7))
    first = animator.pose(back, True)
    assert first.measured and first.face_confidence == pytest.approx(0.9)
    assert weight(first.blendshapes, "mouthSmileLeft") == pytest.approx(0.7)
    assert weight(first.blendshapes, "jawOpen") == 0.0
    assert first.bones.head_yaw == pytest.approx(0.0, abs=0.1)
    for i in range(1, 10):
        animator.face(face(back + i * FRAME_MS, yaw=-40.0, mouthSmileLeft=0.7))
    assert animator.pose(back + 9 * FRAME_MS, True).bones.head_yaw == pytest.approx(-40.0, abs=0.5)


def test_a_second_after_it_left_nothing_of_the_old_face_is_in_the_filter() -> None:
    animator, fresh = Animator(), Animator()
    back = turning(animator, browInnerUp=0.9) + 1500
    for i in range(5):
        estimate = face(back + i * FRAME_MS, browInnerUp=0.1 * i)
        animator.face(estimate)
        fresh.face(estimate)
    assert animator.pose(estimate.time_ms, True).blendshapes == pytest.approx(
        fresh.pose(estimate.time_ms, True).blendshapes
    )


def test_an_avatar_on_sound_alone_blinks_now_and_then_and_one_told_not_to_does_not() -> None:
    for alive in (True, False):
        animator = Animator(alive)
        lids = []
        for i in range(900):
            animator.voice(voice(T0 + i * FRAME_MS, 0.9, aa=1.0))
            lids.append(weight(animator.pose(T0 + i * FRAME_MS, False).blendshapes, "eyeBlinkLeft"))
        closings = sum(a < 0.5 <= b for a, b in zip(lids, lids[1:], strict=False))
        assert closings in range(5, 10) if alive else max(lids) == 0.0
