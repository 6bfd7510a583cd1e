from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hoovik_avatar.animator import Animator
from hoovik_avatar.eyes import LID_GAIN
from hoovik_inference.types import BLENDSHAPES, VISEMES, FaceEstimate, HeadPose
from tests.unit.avatar.estimates import FRAME_MS, T0, face, mood, shapes, voice, weight


@pytest.mark.parametrize("name", BLENDSHAPES)
def test_each_of_the_52_weights_comes_out_where_it_went_in(name: str) -> None:
    animator = Animator()
    animator.face(face(T0, blendshapes=shapes({name: 0.6})))
    out = animator.pose(T0, True).blendshapes
    assert out.shape == (52,)
    expected = 0.6 * LID_GAIN if name.startswith("eyeBlink") else 0.6
    assert weight(out, name) == pytest.approx(expected)
    assert float(out.sum()) == pytest.approx(expected)


def test_a_closed_eye_as_it_is_measured_closes_the_lids_of_the_avatar() -> None:
    animator = Animator()
    animator.face(face(T0, eyeBlinkLeft=0.72, eyeBlinkRight=0.8))
    out = animator.pose(T0, True).blendshapes
    assert weight(out, "eyeBlinkLeft") == pytest.approx(1.0, abs=0.01)
    assert weight(out, "eyeBlinkRight") == 1.0


def test_an_animator_that_knows_nothing_is_at_rest() -> None:
    pose = Animator().pose(T0, False)
    assert not pose.blendshapes.any() and not pose.measured
    assert pose.face_confidence == pose.glow == pose.smile == 0.0
    assert pose.bones.head_yaw == pose.bones.spine_pitch == 0.0


def test_a_pose_is_measured_only_where_a_face_was() -> None:
    animator = Animator()
    animator.face(face(T0))
    assert animator.pose(T0, True).measured
    assert not animator.pose(T0 + FRAME_MS, False).measured


def test_weights_outside_their_range_come_out_inside() -> None:
    animator = Animator()
    random = np.random.default_rng(2)
    for i in range(100):
        t = T0 + i * FRAME_MS
        wild = random.uniform(-1e6, 1e6, 52).astype(np.float32)
        animator.face(face(t, blendshapes=wild, yaw=1e6, gaze=(1e6, -1e6), confidence=5.0))
        animator.voice(replace(voice(t, 3.0), visemes=random.uniform(-9, 9, 15).astype(np.float32)))
        animator.mood(mood(t, valence=99.0, arousal=-99.0))
        pose = animator.pose(t, True)
        for values in (pose.blendshapes, pose.visemes):
            assert np.isfinite(values).all() and values.min() >= 0.0 and values.max() <= 1.0
        for value in (pose.smile, pose.brow_up, pose.frown, pose.face_confidence, pose.glow):
            assert 0.0 <= value <= 1.0
        assert 0.0 <= pose.bones.body_slouch <= 1.0


@pytest.mark.parametrize("step", [0.0, -10.0, -5000.0, 1e12, -1e12])
def test_times_that_stand_still_step_back_or_leap_give_finite_poses(step: float) -> None:
    animator = Animator()
    for time_ms in (T0, T0 + FRAME_MS, T0 + FRAME_MS + step, T0 + 2 * FRAME_MS + step):
        animator.face(face(time_ms, jawOpen=0.5, yaw=10.0))
        animator.voice(voice(time_ms, 0.9, aa=1.0))
        pose = animator.pose(time_ms, True)
        assert np.isfinite(pose.blendshapes).all() and math.isfinite(pose.bones.head_yaw)
    assert pose.measured


def test_a_pose_asked_for_an_earlier_moment_shows_the_newest_face() -> None:
    animator = Animator()
    animator.face(face(T0, jawOpen=0.5))
    animator.pose(T0 + 43, False)
    assert weight(animator.pose(T0 - 10, True).blendshapes, "jawOpen") == pytest.approx(0.5)


def test_recordings_may_start_at_zero() -> None:
    animator = Animator()
    animator.face(face(0.0, yaw=10.0))
    assert animator.pose(0.0, True).bones.head_yaw == pytest.approx(10.0)


NAN = float("nan")
GOOD = face(T0 + FRAME_MS)


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("time_ms", replace(GOOD, time_ms=NAN)),
        ("confidence", replace(GOOD, confidence=NAN)),
        ("head_pose.yaw", replace(GOOD, head_pose=HeadPose(NAN, 0.0, 0.0))),
        ("head_pose.pitch", replace(GOOD, head_pose=HeadPose(0.0, math.inf, 0.0))),
        ("mouthPucker", face(T0, mouthPucker=NAN)),
        ("au12_smile", face(T0, au={"au12_smile": NAN})),
        ("blendshapes has shape", replace(GOOD, blendshapes=np.zeros(51, np.float32))),
    ],
)
def test_a_face_that_is_no_number_is_refused_by_name_and_leaves_no_trace(field: str, bad: FaceEstimate) -> None:
    animator = Animator()
    animator.face(face(T0, jawOpen=0.5))
    with pytest.raises(ValueError, match=field):
        animator.face(bad)
    assert weight(animator.pose(T0, True).blendshapes, "jawOpen") == pytest.approx(0.5)


def test_a_voice_or_mood_that_is_no_number_is_refused_by_name() -> None:
    animator = Animator()
    with pytest.raises(ValueError, match="speaking_probability"):
        animator.voice(voice(T0, NAN))
    with pytest.raises(ValueError, match=r"visemes\[10\] \(aa\)"):
        animator.voice(voice(T0, 0.9, aa=NAN))
    with pytest.raises(ValueError, match="valence"):
        animator.mood(mood(T0, NAN, 0.0))
    with pytest.raises(ValueError, match="time_ms"):
        animator.pose(NAN, True)


def test_one_animator_knows_nothing_of_another() -> None:
    one, other = Animator(), Animator()
    one.face(face(T0, jawOpen=1.0))
    one.voice(voice(T0, 1.0, aa=1.0))
    assert not other.pose(T0, False).blendshapes.any()


def test_a_pose_handed_out_does_not_change_afterwards() -> None:
    animator = Animator()
    animator.face(face(T0, jawOpen=0.5))
    pose = animator.pose(T0, True)
    kept = pose.blendshapes.copy()
    animator.face(face(T0 + FRAME_MS, jawOpen=1.0))
    animator.pose(T0 + FRAME_MS, True)
    assert (pose.blendshapes == kept).all()


def test_of_a_track_of_visemes_none_is_skipped() -> None:
    """A closure that lasts 16 ms shows in the mouth although the newest visemes are open again."""

    def spoken(track: bool) -> float:
        animator = Animator()
        closed, opened = voice(0.0, 1.0, PP=1.0).visemes, voice(0.0, 1.0, aa=1.0).visemes
        for n in range(8):
            animator.voice(voice(1000.0 + 32 * n, 1.0, aa=1.0))
        last = voice(1256.0, 1.0, aa=1.0)
        both = np.stack([closed, opened])
        animator.voice(replace(last, viseme_ms=1220.0, viseme_track=both) if track else last)
        return float(animator.pose(1256.0, False).visemes[VISEMES.index("PP")])

    assert spoken(track=False) == 0.0
    assert spoken(track=True) > 0.05


def test_a_track_with_a_value_that_is_none_is_refused() -> None:
    bad = np.full((2, 15), np.nan, np.float32)
    with pytest.raises(ValueError, match="visemes"):
        Animator().voice(replace(voice(0.0, 1.0), viseme_track=bad, viseme_ms=0.0))
