from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from hoovik_inference.types import VISEMES, Floats, VoiceEstimate, VoiceObserver
from hoovik_inference.voice import HOP, HighPass, StreamVoiceObserver, VisemeReader, warm
from hoovik_inference.voice.viseme_features import LAG_MS
from tests.unit.inference.sounds import RATE, noise, recording, silence, tone

HOP_MS = HOP * 1000 / RATE


def same(one: VoiceEstimate, other: VoiceEstimate) -> bool:
    return (
        one.time_ms == pytest.approx(other.time_ms, abs=0.01)
        and one.speaking_probability == pytest.approx(other.speaking_probability, abs=1e-5)
        and one.level_db == pytest.approx(other.level_db, abs=1e-3)
        and one.pitch_hz == pytest.approx(other.pitch_hz, abs=1e-2)
        and bool(np.allclose(one.visemes, other.visemes, atol=1e-4))
    )


def fed(sound: Floats, size: int, start_ms: float = 0.0) -> list[VoiceEstimate]:
    """A whole sound in pieces of `size` samples, with the capture times they would have."""
    observer: VoiceObserver = StreamVoiceObserver()
    out: list[VoiceEstimate] = []
    for at in range(0, len(sound), size):
        piece = sound[at : at + size]
        out += observer.observe(piece, start_ms + (at + len(piece)) * 1000 / RATE)
    return out


def test_there_is_one_estimate_for_each_32_ms() -> None:
    assert len(fed(tone(220, 1.0), 320)) == RATE // HOP


@pytest.mark.parametrize("size", [1, 160, 320, 511, 512, 513, 960, 16_000])
def test_how_the_samples_are_cut_does_not_matter(size: int) -> None:
    sound = tone(220, 0.4) + noise(0.4, 0.01)
    whole, cut = fed(sound, len(sound)), fed(sound, size)
    assert len(whole) == len(cut) == len(sound) // HOP
    assert all(same(one, other) for one, other in zip(whole, cut, strict=True))


def test_each_estimate_carries_the_capture_time_of_its_newest_sample() -> None:
    observer = StreamVoiceObserver()
    first = observer.observe(silence(0.04), 1000.0)
    assert [e.time_ms for e in first] == pytest.approx([1000.0 - (640 - 512) / 16])
    second = observer.observe(silence(0.1), 1100.0)
    assert [e.time_ms for e in second] == pytest.approx([1024.0, 1056.0, 1088.0])


def test_pitch_and_level_of_a_tone_are_told() -> None:
    newest = fed(tone(220, 0.5), 320)[-1]
    assert newest.pitch_hz == pytest.approx(220.0, abs=3.0)
    assert newest.level_db == pytest.approx(20 * np.log10(0.3 / np.sqrt(2)), abs=0.3)


def test_digital_silence_is_at_the_floor_and_closed() -> None:
    newest = fed(silence(0.5), 320)[-1]
    assert newest.level_db == -100.0
    assert newest.pitch_hz == 0.0
    assert VISEMES[int(newest.visemes.argmax())] == "sil"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_not_finite_are_refused(value: float) -> None:
    sound = tone(220, 0.1)
    sound[100] = value
    with pytest.raises(ValueError, match="not all finite"):
        StreamVoiceObserver().observe(sound, 0.0)


@pytest.mark.parametrize("stride", [1, 2])
def test_samples_of_other_types_and_layouts_are_the_same_sound(stride: int) -> None:
    sound = tone(220, 0.3)
    expected = StreamVoiceObserver().observe(sound, 300.0)
    for one in (np.repeat(sound, stride)[::stride], cast(Floats, np.repeat(sound, stride)[::stride].astype(float))):
        estimates = StreamVoiceObserver().observe(one, 300.0)
        assert all(same(a, b) for a, b in zip(expected, estimates, strict=True))


def test_what_was_estimated_and_what_was_given_stay_as_they_are() -> None:
    observer = StreamVoiceObserver()
    sound = noise(0.1)[: 3 * HOP]
    before = sound.copy()
    first = observer.observe(sound, 96.0)[0]
    visemes = first.visemes.copy()
    observer.observe(tone(220, 0.3), 396.0)
    np.testing.assert_array_equal(first.visemes, visemes)
    np.testing.assert_array_equal(sound, before)


def test_stereo_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match="mix down to mono"):
        StreamVoiceObserver().observe(np.zeros((2, 512), np.float32), 0.0)


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a capture time"):
        StreamVoiceObserver().observe(silence(0.1), float("inf"))


def test_no_samples_are_no_estimate() -> None:
    assert StreamVoiceObserver().observe(np.zeros(0, np.float32), 0.0) == []


@pytest.mark.parametrize("leap_ms", [61.0, 5_000.0, -61.0])
def test_after_a_gap_the_sound_begins_anew(leap_ms: float) -> None:
    observer = StreamVoiceObserver()
    observer.observe(tone(220, 0.1)[:1500], 1500 / 16)
    after = observer.observe(tone(330, 0.2), 1500 / 16 + 200 + leap_ms)
    fresh = StreamVoiceObserver().observe(tone(330, 0.2), 1500 / 16 + 200 + leap_ms)
    assert len(after) == len(fresh)
    assert all(same(one, other) for one, other in zip(after, fresh, strict=True))


def test_jitter_of_the_capture_time_is_no_gap() -> None:
    observer = StreamVoiceObserver()
    observer.observe(tone(220, 0.1)[:1500], 1500 / 16)
    after = observer.observe(tone(220, 0.2), 1500 / 16 + 200 + 50)
    assert len(after) == (1500 % HOP + 3200) // HOP


def test_one_observer_hears_nothing_of_another() -> None:
    alone = fed(noise(0.3), 320)
    one, other = StreamVoiceObserver(), StreamVoiceObserver()
    mixed: list[VoiceEstimate] = []
    for at in range(0, 4800, 320):
        mixed += one.observe(noise(0.3)[at : at + 320], (at + 320) / 16)
        other.observe(tone(300, 0.3)[at : at + 320], (at + 320) / 16)
    assert all(same(a, b) for a, b in zip(alone, mixed, strict=True))


def test_warming_up_leaves_nothing_behind() -> None:
    warm()
    assert len(fed(silence(0.1), 320)) == 3


@pytest.mark.shared
def test_real_speech_speaks_has_a_voice_and_moves_the_mouth(shared_media: Path) -> None:
    heard = fed(recording(shared_media / "talking_head_8s.mp4"), 320)
    spoken = [e for e in heard if e.speaking_probability > 0.5]
    assert len(spoken) > len(heard) * 0.4
    assert np.mean([e.pitch_hz > 0 for e in spoken]) > 0.3
    assert 60 < np.median([e.pitch_hz for e in spoken if e.pitch_hz > 0]) < 350
    shapes = {VISEMES[int(e.visemes.argmax())] for e in spoken}
    assert len(shapes) >= 5


@pytest.mark.shared
def test_pauses_between_real_words_close_the_mouth(shared_media: Path) -> None:
    heard = fed(recording(shared_media / "cold_corpus3.wav"), 320)
    quiet = [e for e in heard if e.speaking_probability < 0.1]
    assert quiet
    assert np.mean([e.visemes.argmax() == VISEMES.index("sil") for e in quiet]) > 0.8


def test_each_estimate_says_what_moments_its_visemes_are_about() -> None:
    sound = noise(0.5)
    for estimate in fed(sound, 320, 1000.0):
        assert estimate.viseme_ms == pytest.approx(estimate.time_ms - LAG_MS)
        assert estimate.viseme_track is not None
        assert estimate.viseme_track.shape == (2, len(VISEMES))
        np.testing.assert_array_equal(estimate.viseme_track[-1], estimate.visemes)


def test_the_observer_hears_the_visemes_that_the_reader_alone_hears() -> None:
    sound = noise(0.4)
    reader, highpass = VisemeReader(), HighPass()
    alone = [reader.read(highpass.process(sound[at : at + HOP])) for at in range(0, len(sound) - HOP + 1, HOP)]
    np.testing.assert_allclose(np.stack([e.viseme_track for e in fed(sound, 320)]), alone, atol=1e-5)  # type: ignore[misc]


def test_the_observer_says_how_much_it_wants_before_it_speaks() -> None:
    observer = StreamVoiceObserver()
    sound = np.zeros(320, np.float32)
    for n in range(20):
        wanted = observer.wanted
        spoke = observer.observe(sound, 20.0 * (n + 1))
        assert bool(spoke) is (wanted <= 320)


@pytest.mark.shared
def test_what_a_voice_expresses_is_read_while_it_speaks_and_forgotten_when_asked_to(shared_media: Path) -> None:
    sound = recording(shared_media / "cold_corpus3.wav")[: 10 * RATE]
    observer = StreamVoiceObserver()
    assert all(one.expression is None for one in observer.observe(sound, 10_000.0)), "nobody asked"
    observer.express(True)
    heard = observer.observe(sound, 20_000.0)
    read = [one.expression for one in heard if one.expression is not None]
    assert len(read) > 100 and all(one.sum() == pytest.approx(1.0, abs=1e-5) for one in read)
    assert len({id(one) for one in read}) == pytest.approx(len(read) / 3, rel=0.1), "every third hop"
    assert all(one.expression is None for one in heard if one.speaking_probability < 0.25)
    observer.express(False)
    assert all(one.expression is None for one in observer.observe(sound, 30_000.0))


def test_an_observer_that_shall_not_read_does_not() -> None:
    observer = StreamVoiceObserver(reads=False)
    observer.express(True)
    assert all(one.expression is None for one in observer.observe(np.zeros(RATE, np.float32), 1000.0))
