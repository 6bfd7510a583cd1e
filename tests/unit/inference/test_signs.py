"""What pixels and samples tell about picture and sound themselves."""

from __future__ import annotations

import numpy as np
import pytest

from hoovik_inference.evaluation.eyes import Eyes
from hoovik_inference.face import signs as face_signs
from hoovik_inference.training.lite import spoil
from hoovik_inference.types import Floats, Image
from hoovik_inference.voice import signs as voice_signs
from hoovik_inference.voice.signs import VoiceSigns
from hoovik_inference.voice.stream import HOP, RATE
from tests import media

RNG = np.random.default_rng(3)
FACE, VOICE = ({name: place for place, name in enumerate(one.NAMES)} for one in (face_signs, voice_signs))


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    return Eyes()


@pytest.fixture(scope="module")
def frames() -> list[Image]:
    return list(media.talking_frames(480, 480)[::3])[:12]


def told(eyes: Eyes, frames: list[Image], name: str, **how: object) -> float:
    rows = eyes.rows(frames, **how)  # type: ignore[arg-type]
    assert not np.isnan(rows[4:, 0]).any(), "the face is found all the while"
    return float(np.median(rows[4:, FACE[name] - face_signs.COUNT]))


def test_a_picture_that_stands_still_is_still_at_its_place_whatever_the_tracker_does(
    eyes: Eyes, frames: list[Image]
) -> None:
    assert told(eyes, [frames[0]] * 12, "still") == 1.0
    assert told(eyes, frames, "still") < 0.9


@pytest.mark.parametrize(
    ("name", "spoilt"),
    [
        ("light", lambda frames: spoil.dark(frames, 0.1)),
        ("fine", lambda frames: spoil.blurred(frames, 8.0)),
        ("change", lambda frames: [*frames[:1]] * 12),
    ],
)
def test_a_sign_falls_where_the_picture_is_worse(eyes: Eyes, frames: list[Image], name: str, spoilt: object) -> None:
    worse = spoilt(frames)  # type: ignore[operator]
    assert told(eyes, worse, name) < told(eyes, frames, name) - 0.15


@pytest.mark.parametrize(
    ("name", "spoilt"),
    [
        ("blur", lambda frames: spoil.blurred(frames, 8.0)),
        ("change", lambda frames: spoil.damaged(frames, 0.2, np.random.default_rng(1))),
    ],
)
def test_a_sign_rises_where_the_picture_is_worse(eyes: Eyes, frames: list[Image], name: str, spoilt: object) -> None:
    worse = spoilt(frames)  # type: ignore[operator]
    assert told(eyes, worse, name) > told(eyes, frames, name) + 0.1


def test_landmarks_that_collapsed_are_told_by_the_wider_cut(eyes: Eyes, frames: list[Image]) -> None:
    assert told(eyes, frames, "tight", landmarks=spoil.collapsed) > told(eyes, frames, "tight") + 0.2


def heard(samples: Floats, lost: float = 0.0) -> dict[str, float]:
    signs = VoiceSigns()
    for start in range(0, len(samples) - HOP + 1, HOP):
        hop = samples[start : start + HOP]
        level = max(-100.0, 10.0 * float(np.log10((hop**2).mean() + 1e-10)))
        signs.process(hop, 0.9, level, 150.0, lost)
    return dict(zip(voice_signs.NAMES, signs.read().tolist(), strict=True))


def syllables(seconds: float = 3.0) -> Floats:
    """A buzz that comes and goes four times a second, as syllables do."""
    t = np.arange(int(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 140.0 * n * t) / n for n in range(1, 20))
    voice = 0.2 * buzz * (np.sin(2 * np.pi * 4.0 * t) > 0) + RNG.normal(0, 1e-4, len(t))
    return np.asarray(voice, np.float32)


def test_clipping_noise_and_echo_each_move_their_signs() -> None:
    clean = heard(syllables())
    clipped = heard(spoil.clipped(syllables(), 0.1))
    assert clipped["crest"] < clean["crest"] - 3.0 and clipped["kurtosis"] < clean["kurtosis"] - 0.5
    assert heard(spoil.noisy(syllables(), 0.0, RNG))["tone"] > clean["tone"] + 0.3
    assert heard(spoil.echoing(syllables(), 1.5, RNG))["fall"] < clean["fall"] - 10.0


def test_what_was_lost_and_what_stands_still_is_counted() -> None:
    samples = syllables()
    assert heard(samples)["lost"] == 0.0 and heard(samples)["holes"] == 0.0
    assert heard(samples, lost=0.25)["lost"] == pytest.approx(0.25)
    samples[::RATE] = 0.0
    for start in range(0, len(samples), RATE // 10):
        samples[start : start + RATE // 50] = 0.0  # a fifth of it
    assert 0.1 < heard(samples)["holes"] < 0.3


def test_before_anything_was_said_signs_are_usual_ones() -> None:
    found = VoiceSigns().read()
    assert found.shape == (voice_signs.COUNT,) and np.isfinite(found).all()
    np.testing.assert_allclose(found, voice_signs.USUAL)
