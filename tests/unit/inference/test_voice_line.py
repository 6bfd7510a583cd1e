"""One voice on its way to a large encoder, and back onto its estimates."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from hoovik_inference.types import EMOTIONS, LIGHT, Affect, Floats, VoiceEstimate
from hoovik_inference.voice.large import Encoded, VoiceLine
from hoovik_inference.voice.large.answer import NAMED, affect, expression
from hoovik_inference.voice.large.line import SPOKEN, STALE_MS
from hoovik_inference.voice.stream import HOP, RATE

HOP_MS = HOP * 1000 / RATE


class Encoder:
    """Looks at half a second."""

    name = "large"
    size = 0
    window_s = 0.512
    hop_s = 0.25
    at_once = 8

    def encode(self, batch: Sequence[Floats], rate: int = RATE) -> list[Encoded]:
        return [Encoded() for _ in batch]


def estimate(time_ms: float, speaking: float = 0.9, said: Floats | None = None) -> VoiceEstimate:
    visemes = np.zeros(15, np.float32)
    return VoiceEstimate(time_ms, speaking, -20.0, 120.0, visemes, expression=said, engine=LIGHT)


def listened(hops: int, speaking: float = 0.9) -> VoiceLine:
    """A line that heard so many hops, whose samples are their number."""
    line = VoiceLine(Encoder())
    for number in range(1, hops + 1):
        line.hear(np.full(HOP, number, np.float32), speaking, number * HOP_MS)
    return line


def test_the_newest_sound_is_kept_as_long_as_the_window() -> None:
    samples, time_ms = listened(40).sound()
    assert len(samples) == 16 * HOP and time_ms == 40 * HOP_MS
    np.testing.assert_array_equal(samples[::HOP], np.arange(25, 41))


def test_before_the_window_is_full_there_is_what_there_is() -> None:
    samples, _ = listened(7).sound()
    np.testing.assert_array_equal(samples[::HOP], np.arange(1, 8))


def test_a_stretch_longer_than_the_window_leaves_its_end() -> None:
    line = VoiceLine(Encoder())
    long = np.arange(20 * HOP, dtype=np.float32)
    line.hear(long, 0.9, 640.0)
    np.testing.assert_array_equal(line.sound()[0], long[-16 * HOP :])


def test_it_is_worth_reading_once_a_third_of_the_window_is_speech_and_something_is_new() -> None:
    enough = int(np.ceil(SPOKEN * 16))
    assert not listened(enough - 1).worth
    line = listened(enough)
    assert line.worth
    line.sound()
    assert not line.worth, "it was read"
    line.hear(np.zeros(HOP, np.float32), 0.9, (enough + 1) * HOP_MS)
    assert line.worth
    assert not listened(40, speaking=0.1).worth, "silence is not sent"


def test_sound_that_does_not_continue_begins_anew() -> None:
    line = listened(20)
    line.take(Encoded(emotion="sad"), 640.0)
    line.hear(np.full(HOP, 99, np.float32), 0.9, 640.0 + 500.0)
    np.testing.assert_array_equal(line.sound()[0], np.full(HOP, 99, np.float32))
    assert line.dress(estimate(1140.0)).engine == LIGHT


def test_what_was_read_is_on_the_estimates_that_follow_while_it_is_recent_and_somebody_speaks() -> None:
    line = listened(20)
    bare = estimate(672.0)
    assert line.dress(bare) is bare
    line.take(Encoded(arousal=0.9, dominance=0.5, valence=0.2), 640.0)
    dressed = line.dress(bare)
    assert dressed.engine == "large"
    assert dressed.affect is not None
    assert dataclasses.astuple(dressed.affect) == pytest.approx((-0.6, 0.8, 0.0))
    assert line.dress(estimate(672.0, speaking=0.1)).affect is None
    assert line.dress(estimate(640.0 + STALE_MS + 1)).affect is None


def test_what_the_large_one_does_not_say_stays_as_the_light_one_said_it() -> None:
    line, light = listened(20), np.full(7, 1 / 7, np.float32)
    line.take(Encoded(arousal=0.5, dominance=0.5, valence=0.5), 640.0)
    assert line.dress(estimate(672.0, said=light)).expression is light
    line.take(Encoded(emotion="angry"), 672.0)
    named = line.dress(estimate(704.0, said=light)).expression
    assert named is not None and named.argmax() == EMOTIONS.index("angry")


def test_what_is_forgotten_or_let_go_is_on_nothing_any_more() -> None:
    line = listened(20)
    line.take(Encoded(emotion="happy"), 640.0)
    line.let_go()
    assert line.dress(estimate(672.0)).engine == LIGHT
    assert len(line.sound()[0]), "the sound is still there"
    line.forget()
    assert not len(line.sound()[0])
    line.take(Encoded(emotion="happy"), 640.0)
    assert line.dress(estimate(672.0)).engine == LIGHT, "what was under way when it was forgotten"


def test_a_label_is_believed_by_half_and_no_label_says_nothing() -> None:
    said = expression(Encoded(emotion="fear"))
    assert said is not None and said.sum() == pytest.approx(1.0)
    assert said[EMOTIONS.index("fear")] == NAMED
    assert expression(Encoded()) is None
    own = np.eye(7, dtype=np.float32)[2]
    assert expression(Encoded(expression=own, emotion="fear")) is own


def test_affect_is_held_to_its_scale_and_is_whole_or_not_there() -> None:
    assert affect(Encoded(arousal=1.2, dominance=-0.3, valence=0.5)) == Affect(0.0, 1.0, -1.0)
    assert affect(Encoded(arousal=0.5, valence=0.5)) is None


def test_a_reading_from_before_a_leap_is_not_of_what_came_after() -> None:
    line = listened(20)
    line.sound()  # it is being read
    line.hear(np.zeros(HOP, np.float32), 0.9, 640.0 + 300.0)
    line.take(Encoded(emotion="sad"), 640.0)
    assert line.dress(estimate(940.0)).engine == LIGHT


def test_an_encoder_that_has_no_word_for_it_has_read_nothing() -> None:
    line, light = listened(20), np.full(7, 1 / 7, np.float32)
    line.take(Encoded(language="en"), 640.0)
    bare = estimate(672.0, said=light)
    assert line.dress(bare) is bare


def test_sound_that_completes_no_estimate_is_heard_all_the_same() -> None:
    line = VoiceLine(Encoder())
    for number in range(1, 41):
        voices = [estimate(number * 20.0)] if number % 2 else []
        line.follow(np.full(320, number, np.float32), voices, number * 20.0)
    samples, _ = line.sound()
    np.testing.assert_array_equal(np.unique(samples[320:-320:320]), np.arange(16, 40))
    assert line.worth is False, "it was read"


def test_a_closed_line_hears_nothing_any_more() -> None:
    line = listened(20)
    line.close()
    line.hear(np.zeros(HOP, np.float32), 0.9, 672.0)
    assert not len(line.sound()[0]) and not line.worth


def vectored(hops: int, speaking: float = 0.9, level: float = 0.5) -> VoiceLine:
    """A line that is asked for vectors, and heard so many hops of a wave."""
    line = VoiceLine(Encoder(), vectors=True)
    wave = (level * np.sin(np.arange(HOP) / 3)).astype(np.float32)
    for number in range(1, hops + 1):
        line.hear(wave, speaking, number * HOP_MS)
    return line


def test_a_vector_is_on_the_first_estimate_after_its_reading_alone() -> None:
    line, vector = vectored(20), np.ones(4, np.float32)
    line.take(Encoded(embedding=vector, arousal=0.9, dominance=0.5, valence=0.2), 640.0)
    first, second = line.dress(estimate(672.0)), line.dress(estimate(704.0))
    assert first.embedding is vector and first.embedding_ms == 640.0 and first.engine == "large"
    assert second.embedding is None and second.embedding_ms is None and second.engine == "large"
    line.take(Encoded(embedding=vector), 704.0)
    paused = line.dress(estimate(736.0, speaking=0.0))
    assert paused.embedding is vector and paused.embedding_ms == 704.0, "in a pause too"
    assert paused.affect is None and paused.engine == LIGHT


def test_where_vectors_are_asked_for_all_sound_is_read_but_digital_silence() -> None:
    assert vectored(20, speaking=0.0).worth
    assert not vectored(20, level=0.0).worth
    line = vectored(4, speaking=0.0)
    assert line.worth, "what there is counts, not the zeros before"
    line.sound()
    assert not line.worth


def test_nobody_who_does_not_ask_gets_a_vector() -> None:
    line = listened(20)
    line.take(Encoded(embedding=np.ones(4, np.float32)), 640.0)
    assert line.dress(estimate(672.0)).embedding is None


def test_a_vector_that_was_forgotten_or_let_go_is_on_nothing() -> None:
    for end in ("forget", "let_go"):
        line = vectored(20)
        line.take(Encoded(embedding=np.ones(4, np.float32)), 640.0)
        getattr(line, end)()
        assert line.dress(estimate(672.0)).embedding is None
