from __future__ import annotations

import numpy as np
import pytest

from hoovik_avatar.animator import Animator
from hoovik_avatar.filters import OneEuro
from tests.unit.avatar.estimates import FRAME_MS, T0, face, shapes, weight


@pytest.mark.parametrize("size", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("shape", ["jawOpen", "eyeBlinkLeft", "mouthSmileRight"])
def test_lips_and_lids_reach_ninety_percent_of_a_step_within_70_ms(shape: str, size: float) -> None:
    animator = Animator()
    for i in range(10):
        animator.face(face(T0 + i * FRAME_MS))
    for i in range(10, 13):  # the frame of the step, and two more: 67 ms
        animator.face(face(T0 + i * FRAME_MS, blendshapes=shapes({shape: size})))
    pose = animator.pose(T0 + 12 * FRAME_MS, True)
    assert weight(pose.blendshapes, shape) > 0.9 * size


def test_a_steady_turn_of_the_head_lags_less_than_a_frame() -> None:
    animator = Animator()
    for i in range(30):
        animator.face(face(T0 + i * FRAME_MS, yaw=2.0 * i))  # 60 degrees a second
    assert 58.0 - animator.pose(T0 + 29 * FRAME_MS, True).bones.head_yaw < 2.0


def test_jitter_of_a_still_face_is_halved() -> None:
    random = np.random.default_rng(1)
    animator = Animator()
    raw, out = [], []
    for i in range(300):
        noise = random.normal(0.0, 0.02, 3)
        estimate = face(T0 + i * FRAME_MS, jawOpen=0.4 + noise[0], browInnerUp=0.4 + noise[1], yaw=20 * noise[2])
        animator.face(estimate)
        pose = animator.pose(estimate.time_ms, True)
        raw.append((noise[0], noise[1], 20 * noise[2]))
        out.append((weight(pose.blendshapes, "jawOpen"), weight(pose.blendshapes, "browInnerUp"), pose.bones.head_yaw))
    ratio = np.std(out[30:], axis=0) / np.std(raw[30:], axis=0)
    assert (ratio < [0.6, 0.5, 0.5]).all()


def test_the_first_sample_passes_unchanged() -> None:
    smooth = OneEuro(np.ones(2), np.ones(2))
    assert smooth(np.array([0.3, 0.7], np.float32), T0).tolist() == pytest.approx([0.3, 0.7])


@pytest.mark.parametrize("dt", [0.0, -5.0, -500.0, 1e9])
def test_times_that_stand_still_step_back_or_leap_stay_between_the_samples(dt: float) -> None:
    smooth = OneEuro(np.ones(1), np.ones(1))
    smooth(np.zeros(1, np.float32), T0)
    value = smooth(np.ones(1, np.float32), T0 + dt)
    assert 0.0 < float(value[0]) <= 1.0 and np.isfinite(smooth.speed).all()


def test_a_step_back_in_time_does_not_stretch_the_next_step() -> None:
    smooth, straight = OneEuro(np.ones(1), np.zeros(1)), OneEuro(np.ones(1), np.zeros(1))
    for f, times in ((smooth, (0.0, 100.0, 50.0, 133.0)), (straight, (0.0, 100.0, 100.0, 133.0))):
        for time_ms in times:
            f(np.full(1, time_ms / 133, np.float32), time_ms)
    assert abs(float(smooth.value[0]) - float(straight.value[0])) < 0.1
