"""Filter, activity and prosody, each alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hoovik_inference.types import Floats
from hoovik_inference.voice import HOP, HighPass, VoiceActivity, level_db, pitch_hz
from hoovik_inference.voice.prosody import FRAME
from tests.unit.inference.sounds import noise, recording, silence, tone, vowel


def filtered(sound: Floats) -> Floats:
    """Whole hops through a new filter."""
    highpass = HighPass()
    return np.concatenate([highpass.process(sound[i : i + HOP]) for i in range(0, len(sound), HOP)])


def test_rumble_is_taken_out_and_a_voice_is_left() -> None:
    def through(sound: Floats) -> float:
        return level_db(filtered(sound)[HOP:]) - level_db(sound[HOP:])

    whole = 16_000 // HOP * HOP
    assert through(tone(25, 1.0)[:whole]) < -35
    assert through(tone(80, 1.0)[:whole]) == pytest.approx(-3.0, abs=0.3)
    assert abs(through(tone(200, 1.0)[:whole])) < 0.2


def test_the_filter_refuses_broken_hops() -> None:
    with pytest.raises(ValueError, match=r"expected \(512,\)"):
        HighPass().process(np.zeros(1024, np.float32))


def test_a_filter_that_was_reset_has_heard_nothing() -> None:
    sound = noise(0.2)[: 4 * HOP]
    used = HighPass()
    used.process(sound[:HOP])
    used.reset()
    np.testing.assert_array_equal(used.process(sound[HOP : 2 * HOP]), filtered(sound[HOP : 2 * HOP]))


def test_full_scale_sine_is_minus_three_decibels_and_nothing_is_minus_hundred() -> None:
    assert level_db(tone(440, 0.1, level=1.0)) == pytest.approx(-3.01, abs=0.05)
    assert level_db(silence(0.1)) == -100.0
    assert level_db(np.full(512, 1e-7, np.float32)) == -100.0
    assert level_db(np.zeros(0, np.float32)) == -100.0


@pytest.mark.parametrize("hz", [80.0, 110.0, 220.0, 330.0, 440.0])
def test_the_pitch_of_a_tone_is_its_frequency(hz: float) -> None:
    assert pitch_hz(tone(hz, 0.1)[:FRAME]) == pytest.approx(hz, abs=3.0)


@pytest.mark.parametrize("hz", [90.0, 130.0, 210.0, 300.0])
def test_the_pitch_of_a_vowel_is_that_of_its_pulses_not_of_its_formants(hz: float) -> None:
    assert pitch_hz(vowel(hz, (700, 1200, 2500), 0.2)[1000 : 1000 + FRAME]) == pytest.approx(hz, rel=0.03)


def test_noise_silence_and_whistling_beyond_the_voice_have_no_pitch() -> None:
    assert pitch_hz(noise(0.1)[:FRAME]) == 0.0
    assert pitch_hz(silence(0.1)[:FRAME]) == 0.0
    assert pitch_hz(tone(220, 0.1, level=0.0005)[:FRAME]) == 0.0


def test_a_frame_of_another_length_has_no_pitch_but_an_error() -> None:
    with pytest.raises(ValueError, match=f"expected \\({FRAME},\\)"):
        pitch_hz(np.zeros(100, np.float32))


def probabilities(sound: Floats) -> list[float]:
    activity = VoiceActivity()
    return [activity.process(sound[i : i + HOP]) for i in range(0, len(sound) // HOP * HOP, HOP)]


@pytest.mark.parametrize("sound", [silence(2.0), noise(2.0), tone(440, 2.0)], ids=["silence", "noise", "tone"])
def test_what_is_no_speech_is_not_taken_for_it(sound: Floats) -> None:
    assert max(probabilities(sound)[5:]) < 0.4


@pytest.mark.shared
def test_speech_is_heard_as_speech(shared_media: Path) -> None:
    heard = probabilities(recording(shared_media / "cold_corpus3.wav"))
    assert np.mean(heard) > 0.6
    assert max(heard) > 0.95


@pytest.mark.shared
def test_the_smoothed_probability_moves_without_jumps(shared_media: Path) -> None:
    heard = probabilities(recording(shared_media / "cold_corpus3.wav"))
    assert np.abs(np.diff(heard)).max() < 0.3


def test_a_hop_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(512,\)"):
        VoiceActivity().process(np.zeros(480, np.float32))
