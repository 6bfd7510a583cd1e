"""Laughter, told from speech by its rhythm."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from hoovik_inference.types import Floats
from hoovik_inference.voice import HOP, HighPass, StreamVoiceObserver, pitch_hz
from hoovik_inference.voice.laughter import HOLD, Laughter
from hoovik_inference.voice.prosody import FRAME
from tests.unit.inference.sounds import RATE, noise, recording, silence, tone, vowel

BREATH = 0.002
"-54 dBFS."


@cache
def call(seconds: float = 0.075, level: float = 0.4) -> Floats:
    """A vowel that swells and fades."""
    burst = vowel(180.0, (700.0, 1200.0, 2500.0), seconds, level)
    return np.asarray(burst * np.sin(np.pi * np.linspace(0, 1, len(burst))) ** 0.5, np.float32)


def bursts(starts_s: list[float], one: Floats, seconds: float, breath: float = BREATH) -> Floats:
    """`one` at each of these times, over breath."""
    out = noise(seconds, breath) if breath else silence(seconds)
    for start in starts_s:
        at = round(start * RATE)
        out[at : at + len(one)] += one
    return out


def row(count: int, every_s: float = 0.21, first_s: float = 0.5) -> list[float]:
    return [first_s + every_s * n for n in range(count)]


def heard(sound: Floats) -> list[bool]:
    """Hop by hop, as the observer asks."""
    laughter, clean, newest = Laughter(), HighPass(), np.zeros(FRAME, np.float32)
    out = []
    for at in range(0, len(sound) - HOP + 1, HOP):
        newest[:-HOP] = newest[HOP:]
        newest[-HOP:] = clean.process(sound[at : at + HOP])
        out.append(laughter.process(newest[-HOP:], pitch_hz(newest)))
    return out


def spans_s(told: list[bool]) -> list[tuple[float, float]]:
    """When laughter began and ended: seconds at which one knew."""
    edges = np.flatnonzero(np.diff([False, *told, False]))
    return [((a + 1) * HOP / RATE, (b + 1) * HOP / RATE) for a, b in edges.reshape(-1, 2)]


def test_sharp_calls_are_laughter_with_the_end_of_the_second() -> None:
    ((begun, _),) = spans_s(heard(bursts(row(5), call(), 3.0)))
    assert 0.71 + 0.06 <= begun <= 0.71 + 0.075 + 0.05


def test_calls_over_louder_breath_are_laughter_with_the_end_of_the_third() -> None:
    ((begun, _),) = spans_s(heard(bursts(row(5), call(), 3.0, breath=0.011)))
    assert 0.92 + 0.06 <= begun <= 0.92 + 0.075 + 0.05


def test_it_lasts_while_calls_follow_and_for_a_breath() -> None:
    last = row(6)[-1] + 0.075
    ((_, ended),) = spans_s(heard(bursts(row(6), call(), 4.0)))
    assert ended - last == pytest.approx(HOLD * HOP / RATE, abs=0.06)


def test_who_speaks_on_after_a_laugh_is_heard_soon() -> None:
    sound = bursts(row(4), call(), 3.0)
    word = vowel(150.0, (500.0, 1500.0, 2500.0), 0.6, 0.3)
    start = row(4)[-1] + 0.3
    sound[round(start * RATE) : round(start * RATE) + len(word)] += word
    ((_, ended),) = spans_s(heard(sound))
    assert start < ended < start + 0.25


@pytest.mark.parametrize(
    ("what", "sound"),
    [
        ("one call", bursts([0.5], call(), 2.0)),
        ("two calls that do not stand out", bursts(row(2), call(), 2.0, breath=0.011)),
        ("calls as far apart as words", bursts(row(8, 0.4), call(), 4.0)),
        ("calls as near as a trill", bursts(row(12, 0.1), call(0.05), 2.0)),
        ("uneven calls", bursts([0.5, 0.66, 0.9, 1.06, 1.3, 1.46], call(), 2.5, breath=0.011)),
        ("even syllables", bursts(row(10, 0.21), call(0.15), 3.0)),
        ("syllables without deep pauses", bursts(row(10), call(), 3.0, breath=0.05)),
        ("pauses that were muted", bursts(row(10), call(), 3.0, breath=0.0)),
        ("keys", bursts(row(10), noise(0.01, 0.2), 3.0)),
        ("knocks", bursts(row(10), noise(0.06, 0.2), 3.0)),
        ("calls nobody could hear", bursts(row(10), 0.003 * call(), 3.0, breath=0.000_03)),
        ("a held tone", tone(220.0, 2.0)),
        ("noise", noise(3.0)),
        ("silence", silence(2.0)),
    ],
)
def test_what_is_no_laughter(what: str, sound: Floats) -> None:
    assert not any(heard(sound)), what


def said(observer: StreamVoiceObserver, sound: Floats, end_ms: float) -> list[float]:
    return [one.speaking_probability for one in observer.observe(sound, end_ms)]


def test_laughter_does_not_count_as_speech() -> None:
    sound = bursts(row(5), call(), 2.5)
    told = heard(sound)
    probabilities = said(StreamVoiceObserver(), sound, 2500.0)
    assert [probability == 0.0 for probability in probabilities] == told and any(told)


def test_after_a_gap_nobody_laughs_any_more() -> None:
    sound = bursts(row(4), call(), 1.3)
    observer = StreamVoiceObserver()
    assert said(observer, sound, 1300.0)[-1] == 0.0, "laughs at the end"
    after = said(observer, noise(0.5, BREATH), 5000.0)
    assert after == pytest.approx(said(StreamVoiceObserver(), noise(0.5, BREATH), 5000.0)) and min(after) > 0.0


@pytest.mark.shared
def test_a_recorded_laugh_is_found_and_the_words_in_it_stay_speech(shared_media: Path) -> None:
    # "[laughter] montreal [laughter] forced [laughter] aligner [laughter]"
    sound = recording(shared_media / "mfa_laughter.flac")
    spoken = np.array(said(StreamVoiceObserver(), sound, 0.0))
    at = (np.arange(len(spoken)) + 0.5) * HOP / RATE
    for start, end in ((0.83, 1.93), (4.1, 5.2), (6.6, 8.1)):
        assert (spoken[(at > start) & (at < end)] == 0.0).mean() > 0.4
    for start, end in ((1.97, 3.2), (5.32, 5.9), (8.19, 8.95)):
        assert spoken[(at > start) & (at < end)].min() > 0.0


@pytest.mark.shared
@pytest.mark.parametrize("name", ["cold_corpus3.wav", "talking_head_8s.mp4"])
def test_real_speech_is_no_laughter(shared_media: Path, name: str) -> None:
    assert not any(heard(recording(shared_media / name)))
