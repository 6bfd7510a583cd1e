"""Speech that is made to train on: its labels, its sound, its changes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[train]'")

from hoovik_inference.training.visemes.espeak import Espeak, Said  # noqa: E402
from hoovik_inference.training.visemes.material import Stretch, heard  # noqa: E402
from hoovik_inference.training.visemes.mix import LEAD_MS, Change, balance, batch, prior_of, targets_of  # noqa: E402
from hoovik_inference.training.visemes.sound import roughen  # noqa: E402
from hoovik_inference.training.visemes.speech import UNKNOWN, labelled, speak  # noqa: E402
from hoovik_inference.training.visemes.texts import HELD_LANGUAGES, LANGUAGES, text  # noqa: E402
from hoovik_inference.training.visemes.voices import HELD_STOCK, STOCK, cast  # noqa: E402
from hoovik_inference.types import VISEMES, Floats  # noqa: E402
from hoovik_inference.voice import RATE  # noqa: E402
from hoovik_inference.voice.viseme_features import BANDS, LAG_MS  # noqa: E402
from hoovik_inference.voice.viseme_level import INPUTS  # noqa: E402

PEOPLE = cast(np.random.default_rng(0), 10, 2)


@pytest.fixture(scope="module")
def espeak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Espeak]:
    pytest.importorskip("espeakng_loader", reason="needs espeak-ng: the extra `train`")
    yield Espeak(tmp_path_factory.mktemp("espeak"), PEOPLE.variants)


def say(espeak: Espeak, words: str, voice: str = "en-us+m1") -> Said:
    return espeak.say(words, voice, speed=150, pitch=50, spread=50, seed=1)


def level(samples: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def as_sent(samples: Floats, bitrate: int, loss: float, burst: float, seed: int) -> Floats:
    """A call that changes nothing."""
    return samples


def names(shapes: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> list[str]:
    """Shapes without repetition."""
    changes = np.flatnonzero(np.diff(shapes.astype(int), prepend=-1))
    return [VISEMES[shapes[at]] for at in changes]


def test_the_same_words_are_the_same_phones_each_time_and_nearly_as_long(espeak: Espeak) -> None:
    one, other = say(espeak, "a big map"), say(espeak, "a big map")
    assert [name for _, name in one.marks] == [name for _, name in other.marks]
    assert len(one.samples) == pytest.approx(len(other.samples), rel=0.02)


def test_a_voice_of_our_own_is_another_voice(espeak: Espeak) -> None:
    plain, own = say(espeak, "a big map", "en-us"), say(espeak, "a big map", "en-us+own3")
    assert len(own.samples) != len(plain.samples) or not np.array_equal(own.samples, plain.samples)


def test_a_language_that_there_is_not_is_refused(espeak: Espeak) -> None:
    with pytest.raises(ValueError, match="no voice xx"):
        say(espeak, "a", "xx")


def test_phones_come_in_the_order_in_which_they_are_said(espeak: Espeak) -> None:
    spoken = labelled(say(espeak, "puppy"), 220)
    assert [name for name in names(spoken.shapes) if name != "sil"] == ["PP", "aa", "PP", "I"]


def test_the_silence_before_a_voiceless_stop_belongs_to_it(espeak: Espeak) -> None:
    spoken = labelled(say(espeak, "a happy puppy"), 220)
    closed = spoken.shapes == VISEMES.index("PP")
    edges = np.flatnonzero(np.diff(closed.astype(int), prepend=0, append=0)).reshape(-1, 2)
    assert len(edges) == 3
    for begin, end in edges:
        before = spoken.samples[begin : begin + RATE // 100]
        assert level(before) < 0.1 * level(spoken.samples), "it begins in silence"
        assert (end - begin) / RATE > 0.04


def test_the_mouth_of_an_h_is_that_of_what_follows(espeak: Espeak) -> None:
    spoken = labelled(say(espeak, "who"), 220)
    assert [name for name in names(spoken.shapes) if name != "sil"] == ["U"]


def test_a_longer_throat_speaks_slower_and_its_labels_with_it(espeak: Espeak) -> None:
    said = say(espeak, "my father")
    short, long = labelled(said, 200), labelled(said, 240)
    assert len(short.samples) / len(long.samples) == pytest.approx(1.2, rel=0.01)
    assert names(short.shapes) == names(long.shapes)
    assert len(long.shapes) == len(long.samples) == len(long.phones)


def test_somebody_speaks_as_long_as_is_wanted_in_each_language(espeak: Espeak) -> None:
    for language, _ in LANGUAGES + HELD_LANGUAGES:
        rng = np.random.default_rng(3)
        spoken = speak(espeak, language, PEOPLE.trained[0], 1.0, rng)
        assert len(spoken.samples) >= RATE
        assert len(set(names(spoken.shapes))) > 3, language
        assert UNKNOWN not in spoken.shapes


def test_who_is_held_back_is_not_trained_on() -> None:
    assert not set(PEOPLE.trained) & set(PEOPLE.held)
    assert len(PEOPLE.trained) == 8 + len(STOCK) - len(HELD_STOCK)
    assert not {name for name, _ in LANGUAGES} & {name for name, _ in HELD_LANGUAGES}


def test_there_is_something_to_say_in_each_language() -> None:
    rng = np.random.default_rng(0)
    for language, _ in LANGUAGES + HELD_LANGUAGES:
        assert all(len(text(rng, language)) > 3 for _ in range(20))


def test_roughened_speech_is_as_long_finite_and_within_bounds(espeak: Espeak) -> None:
    spoken = speak(espeak, "en-us", "own1", 1.0, np.random.default_rng(0))
    sounds = [roughen(spoken.samples, spoken.samples, np.random.default_rng(seed), as_sent) for seed in range(12)]
    assert all(sound.shape == spoken.samples.shape and np.isfinite(sound).all() for sound in sounds)
    assert max(np.abs(sound).max() for sound in sounds) <= 1.0
    levels = [level(sound) for sound in sounds]
    assert max(levels) / min(levels) > 5.0


def test_most_of_it_goes_through_a_call(espeak: Espeak) -> None:
    asked = []

    def call(samples: Floats, bitrate: int, loss: float, burst: float, seed: int) -> Floats:
        asked.append((bitrate, loss, burst))
        return samples

    for seed in range(40):
        roughen(np.ones(800, np.float32), np.zeros(0, np.float32), np.random.default_rng(seed), call)
    assert 20 <= len(asked) <= 36
    assert all(12_000 <= bitrate <= 32_000 and 0.0 <= loss <= 0.1 and burst >= 1.0 for bitrate, loss, burst in asked)
    assert any(loss > 0.0 for _, loss, _ in asked)


def stretch(count: int = 200, seed: int = 0) -> Stretch:
    rng = np.random.default_rng(seed)
    phones = np.repeat(np.arange(count // 10), 10).astype(np.uint16)
    shapes = rng.integers(0, len(VISEMES), count // 10).astype(np.uint8)[phones]
    spectra = rng.normal(-12.0, 2.0, (count, BANDS)).astype(np.float16)
    return Stretch(spectra, shapes, phones)


def test_labels_are_those_of_the_middle_of_each_spectrum(espeak: Espeak) -> None:
    spoken = labelled(say(espeak, "papa"), 220)
    one = heard(spoken, spoken.samples)
    assert len(one.spectra) == len(one.shapes) == len(spoken.samples) // 128
    at = 40
    assert one.shapes[at] == spoken.shapes[(at + 1) * 128 - 192]


def test_a_step_answers_for_the_mouth_of_twelve_ms_after_the_moment_that_it_is_about() -> None:
    shapes = np.zeros(400, np.uint8)
    shapes[200:] = 5
    whole = targets_of(shapes)[:, 5]
    # Spectrum i is about (i + 1) * 8 - 12 ms; step n about (2n + 2) * 8 - LAG_MS.
    change = (200 + 0.5) * 8 - 12  # between spectra 199 and 200
    moments = (2 * np.arange(200) + 2) * 8 - LAG_MS
    half = float(np.interp(0.5, whole[95:110], moments[95:110]))
    assert half == pytest.approx(change - LEAD_MS, abs=2.0)
    assert set(whole[:95]) == {0.0}
    assert set(whole[110:]) == {1.0}
    assert targets_of(shapes).sum(axis=1) == pytest.approx(1.0)


def test_where_the_mouth_is_not_known_there_is_nothing_to_learn() -> None:
    assert targets_of(np.full(20, UNKNOWN, np.uint8))[4:].sum() == 0.0


def test_what_is_held_back_is_taken_as_it_is() -> None:
    one, again = stretch(), stretch()
    prior = prior_of((one,))
    first = batch([one], 90, prior, None, np.random.default_rng(0))
    second = batch([again], 90, prior, None, np.random.default_rng(9))
    np.testing.assert_array_equal(first.inputs, second.inputs)
    np.testing.assert_array_equal(first.targets, targets_of(one.shapes[:180])[None])


def test_each_time_it_is_changed_otherwise_and_stays_within_bounds() -> None:
    one = stretch()
    prior = prior_of((one,))
    rng = np.random.default_rng(0)
    first, second = (batch([one, one], 90, prior, Change(), rng) for _ in range(2))
    assert first.inputs.shape == (2, 90, INPUTS)
    assert not np.allclose(first.inputs, second.inputs)
    for inputs in (first.inputs, second.inputs):
        assert np.isfinite(inputs).all()
        assert inputs.min() >= -4.0
        assert inputs.max() <= 3.0


def test_rare_mouths_count_more_and_all_together_as_much() -> None:
    one = stretch(2000)
    flat, steep = balance((one,), 0.0), balance((one,), 1.0)
    assert flat == pytest.approx(1.0)
    counts = np.bincount(one.shapes, minlength=len(VISEMES))
    assert (counts * steep).sum() / counts.sum() == pytest.approx(1.0)
    tongue, teeth = steep[VISEMES.index("TH")], steep[VISEMES.index("FF")]
    assert teeth > tongue


def test_the_same_seed_says_the_same(espeak: Espeak) -> None:
    one, other = (speak(espeak, "en-us", "own2", 1.0, np.random.default_rng(5)) for _ in range(2))
    assert names(one.shapes) == names(other.shapes)
    assert len(one.samples) == pytest.approx(len(other.samples), rel=0.02)
