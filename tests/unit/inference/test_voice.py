"""Filter, activity, prosody and visemes, each alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice import HOP, HighPass, VisemeReader, VoiceActivity, formants, level_db, pitch_hz
from hoovik_inference.voice.prosody import FRAME
from hoovik_inference.voice.visemes import VOWELS
from tests.unit.inference.sounds import hiss, noise, recording, silence, tone, vowel


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


def read(sound: Floats, pitch: float, speaking: float = 1.0) -> Floats:
    """Weights after the middle of a steady sound."""
    reader = VisemeReader()
    for i in range(0, len(sound) // HOP * HOP, HOP):
        hop = sound[i : i + HOP]
        weights = reader.read(hop, level_db(hop), pitch, speaking)
    assert weights.shape == (15,)
    assert weights.sum() == pytest.approx(1.0, abs=1e-5)
    assert weights.min() >= 0.0
    return weights


def best(weights: Floats) -> str:
    return VISEMES[int(weights.argmax())]


@pytest.mark.parametrize("name", list(VOWELS))
@pytest.mark.parametrize("f0", [110.0, 180.0])
def test_a_vowel_made_of_its_formants_is_read_as_itself(name: str, f0: float) -> None:
    first, second = VOWELS[name]
    assert best(read(vowel(f0, (first, second, 2900.0, 3600.0), 0.3), f0)) == name


@pytest.mark.parametrize("hz", [(500.0, 1500.0), (700.0, 1200.0), (350.0, 2200.0)])
def test_formants_of_a_made_vowel_are_found(hz: tuple[float, float]) -> None:
    sound = vowel(100, (*hz, 3000.0), 0.2)[1024 : 1024 + HOP]
    power = np.asarray(np.abs(np.fft.rfft(sound * np.hanning(HOP))) ** 2, np.float64)
    assert formants(power) == pytest.approx(hz, rel=0.2)


def test_hiss_is_a_sibilant_sharp_or_dull_by_its_centre() -> None:
    assert best(read(hiss(5000, 7600, 0.3), 0.0)) == "SS"
    assert best(read(hiss(2200, 4800, 0.3), 0.0)) == "CH"


def test_silence_is_a_closed_mouth_and_so_is_noise_without_a_speaker() -> None:
    assert best(read(silence(0.3), 0.0, speaking=0.0)) == "sil"
    assert best(read(noise(0.3), 0.0, speaking=0.05)) == "sil"


def test_a_short_dip_inside_speech_closes_the_lips_and_a_pause_ends_in_silence() -> None:
    reader = VisemeReader()
    loud, quiet = vowel(120, (700, 1200, 2600), 0.5), noise(0.5, level=0.001)
    for i in range(0, 10 * HOP, HOP):
        reader.read(loud[i : i + HOP], level_db(loud[i : i + HOP]), 120.0, 0.95)
    dip = [reader.read(quiet[i : i + HOP], level_db(quiet[i : i + HOP]), 0.0, 0.9) for i in range(0, 8 * HOP, HOP)]
    assert best(dip[1]) == "PP"
    assert best(dip[-1]) == "sil"


def test_weak_noise_after_loud_speech_is_teeth_not_hiss() -> None:
    reader = VisemeReader()
    loud, weak = vowel(120, (700, 1200, 2600), 0.5, level=0.4), hiss(3000, 7600, 0.3, level=0.016)
    for i in range(0, 10 * HOP, HOP):
        reader.read(loud[i : i + HOP], level_db(loud[i : i + HOP]), 120.0, 0.95)
    for i in range(0, 3 * HOP, HOP):
        weights = reader.read(weak[i : i + HOP], level_db(weak[i : i + HOP]), 0.0, 0.95)
    assert best(weights) == "FF"
