"""Mouth shapes from sound, by the network that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hoovik_inference.evaluation.phones import MOUTHS
from hoovik_inference.evaluation.textgrid import phones
from hoovik_inference.evaluation.visemes import by_mouth, network, score, viseme_figures
from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice import HOP, VisemeReader, viseme_level
from hoovik_inference.voice.viseme_features import (
    ANSWERS,
    BANDS,
    BEHIND,
    FRAME,
    LAG_MS,
    LATENCY_MS,
    SPECTRA,
    STEP,
    STEP_MS,
    STRIDE,
    log_mel,
)
from hoovik_inference.voice.viseme_level import INPUTS, Relative, relative
from hoovik_inference.voice.viseme_net import BUNDLE, MODEL, Weights
from tests.unit.inference.sounds import RATE, hiss, noise, recording, silence, tone, vowel


def mouths(sound: Floats) -> tuple[Floats, list[str]]:
    """When, in ms, and what a mouth looks like."""
    track = network(sound)
    names = list(MOUTHS)
    return np.asarray(track.times_ms, np.float32), [names[at] for at in by_mouth(track.weights).argmax(axis=1)]


def hops(sound: Floats) -> Floats:
    return sound[: len(sound) // HOP * HOP].reshape(-1, HOP)


def test_a_hop_has_two_answers_each_a_distribution() -> None:
    reader = VisemeReader()
    for hop in hops(noise(0.5)):
        weights = reader.read(hop)
        assert weights.shape == (2, len(VISEMES))
        assert weights.dtype == np.float32
        assert weights.min() >= 0.0
        assert weights.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_the_latency_is_sixty_milliseconds() -> None:
    assert LAG_MS == 36.0
    assert STEP_MS == 16.0
    assert LATENCY_MS == 60.0
    # An answer is about the 16 ms around the middle of the spectrum that lies BEHIND the newest one.
    middle_before_end = FRAME // 2 + BEHIND * STRIDE
    assert (middle_before_end - STEP // 2 + HOP) * 1000 / RATE == LATENCY_MS


def test_what_comes_later_changes_nothing() -> None:
    one, other = VisemeReader(), VisemeReader()
    same, first, second = noise(0.3), tone(200, 0.3), hiss(3000, 7000, 0.3)
    before = [one.read(hop) for hop in hops(np.concatenate([same, first]))]
    after = [other.read(hop) for hop in hops(np.concatenate([same, second]))]
    shared = len(same) // HOP
    np.testing.assert_array_equal(before[:shared], after[:shared])
    assert not np.allclose(before[-1], after[-1], atol=0.01)


def test_streams_share_weights_and_nothing_else() -> None:
    sound, other = vowel(120, (700, 1200, 2600), 0.5), noise(0.5)
    alone = [VisemeReader().read(hops(sound)[0])]
    one, beside = VisemeReader(), VisemeReader()
    beside.read(hops(other)[0])
    np.testing.assert_array_equal(one.read(hops(sound)[0]), alone[0])


def test_a_hop_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(512,\)"):
        VisemeReader().read(np.zeros(320, np.float32))


def test_what_was_answered_stays_as_it_is() -> None:
    reader = VisemeReader()
    first = reader.read(hops(noise(0.1))[0])
    kept = first.copy()
    for hop in hops(tone(220, 0.3)):
        reader.read(hop)
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("sound", [silence(1.0), noise(1.0, 1e-4), noise(1.0, 0.01)], ids=["nothing", "hum", "noise"])
def test_where_nobody_speaks_the_mouth_is_silent(sound: Floats) -> None:
    _, names = mouths(sound)
    assert names[10:].count("sil") > 0.9 * len(names[10:])


@pytest.mark.parametrize(
    ("hz", "name"),
    [((750.0, 1300.0), "open"), ((560.0, 1850.0), "open"), ((320.0, 2300.0), "spread"), ((480.0, 850.0), "round")],
)
@pytest.mark.parametrize("f0", [110.0, 150.0])
def test_a_vowel_made_of_its_formants_has_its_mouth(hz: tuple[float, float], name: str, f0: float) -> None:
    sound = vowel(f0, (*hz, 2700.0, 3600.0), 0.25)
    _, names = mouths(np.concatenate([noise(0.5, 1e-4), sound, noise(0.3, 1e-4)]))
    inside = names[int(0.6 / 0.016) : int(0.72 / 0.016)]
    assert inside.count(name) >= 0.6 * len(inside), names


def test_a_change_is_told_of_the_moment_at_which_it_was() -> None:
    begin, end = 0.6, 0.9
    sound = np.concatenate([noise(begin, 1e-4), vowel(120, (700.0, 1200.0, 2600.0), end - begin), noise(0.4, 1e-4)])
    times, names = mouths(sound)
    opened = np.array([name == "open" for name in names])
    assert times[opened][0] == pytest.approx(1000 * begin, abs=40)
    assert times[opened][-1] == pytest.approx(1000 * end, abs=40)


def test_how_loud_somebody_speaks_hardly_matters() -> None:
    sound = np.concatenate([vowel(120, (700.0, 1200.0, 2600.0), 0.3), hiss(4000, 7500, 0.1), silence(0.1)])
    sound = np.tile(sound, 4)
    loud, soft = network(sound).weights, network(np.float32(0.1) * sound).weights
    later = len(loud) // 2
    assert np.mean(loud[later:].argmax(axis=1) == soft[later:].argmax(axis=1)) > 0.8


def test_the_background_is_what_a_band_comes_down_to_and_the_voice_stands_above_it() -> None:
    stream = Relative(np.zeros(BANDS, np.float32))
    calm, loud = np.full((SPECTRA, BANDS), -14.0, np.float32), np.full((SPECTRA, BANDS), -8.0, np.float32)
    for _ in range(30):
        quiet = stream.hop(calm)
    assert quiet[:, 2 * BANDS :] == pytest.approx(0.0, abs=0.05)
    spoken = stream.hop(loud)
    assert spoken[:, 2 * BANDS :] == pytest.approx(6.0 / 2.5, abs=0.05)
    assert spoken.shape == (ANSWERS, INPUTS)


def test_a_voice_is_set_against_its_level_and_mean_spectrum_step_by_step() -> None:
    """The definition, a step at a time, on a voice that begins, speaks and pauses."""
    rng = np.random.default_rng(3)
    spectra = rng.normal(-9.0, 2.0, (400, BANDS)).astype(np.float32)
    spectra[:80] -= 8.0
    spectra[240:320] -= 7.0
    prior = rng.normal(0.0, 1.0, BANDS)
    level = smooth = viseme_level.QUIETEST
    mean, heard = prior.copy(), viseme_level.LEAST
    calm = floor = spectra[:2].mean(axis=0)
    expected = []
    for pair in spectra.reshape(-1, 2, BANDS):
        both = pair.mean(axis=0)
        now = both.mean()
        smooth += 0.5 * (now - smooth)
        active = now > level - viseme_level.ACTIVE
        level = max(
            level - (viseme_level.LOUD_FALL if active else viseme_level.REST_FALL), smooth, viseme_level.QUIETEST
        )
        if active:
            mean = mean + (both - now - mean) / heard
            heard = min(heard + 1, viseme_level.MOST)
        calm = calm + 0.4 * (both - calm)
        above = calm - floor
        floor = floor + np.where(above < 0, viseme_level.FLOOR_FALL * above, np.minimum(above, viseme_level.FLOOR_RISE))
        stacked = np.concatenate([(pair - mean - level).ravel(), both - floor]) / viseme_level.SPREAD
        expected.append(np.clip(stacked, -4.0, 3.0))
    np.testing.assert_allclose(relative(spectra, prior.astype(np.float32)), expected, atol=2e-4)


def test_spectra_are_those_of_the_fourier_sum_in_triangles_of_the_mel_scale() -> None:
    spectra = log_mel(tone(1000.0, 0.1))
    assert spectra.shape == ((1600 - FRAME) // STRIDE + 1, BANDS)
    mel = np.linspace(2595 * np.log10(1 + 80 / 700), 2595 * np.log10(1 + 7600 / 700), BANDS + 2)[1:-1]
    centres = 700 * (10 ** (mel / 2595) - 1)
    loudest = centres[spectra.mean(axis=0).argmax()]
    assert abs(loudest - 1000.0) < 120.0


def test_weights_that_are_missing_or_of_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="hoovik-rtc train visemes"):
        Weights(tmp_path / MODEL)
    (tmp_path / MODEL).write_bytes(b"weights, but of what?")
    with pytest.raises(ValueError, match="is no ONNX model"):
        Weights(tmp_path / MODEL)
    with pytest.raises(ValueError, match="for other visemes or spectra"):
        Weights(BUNDLE.parent / "expression" / "model.onnx")


@pytest.mark.shared
def test_on_real_speech_the_mouths_are_read(shared_media: Path) -> None:
    said = phones(shared_media / "cold_corpus3.TextGrid")
    result = viseme_figures([score(recording(shared_media / "cold_corpus3.wav"), said, network)])
    assert result.mouths.uar > 0.45
    assert result.closure_recall > 0.5
