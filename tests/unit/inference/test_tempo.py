"""Syllables a second, from levels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from praatio import textgrid

from hoovik_inference.types import Floats
from hoovik_inference.voice import HOP, HighPass, VoiceActivity
from hoovik_inference.voice.tempo import Tempo
from tests.unit.inference.sounds import recording

RATE = 16_000


def syllables(per_s: float, seconds: float) -> Floats:
    """A buzz that swells so often, half of each time quiet."""
    t = np.arange(round(seconds * RATE)) / RATE
    buzz = np.sign(np.sin(2 * np.pi * 120 * t))
    return np.asarray(0.2 * buzz * np.maximum(0.02, np.sin(2 * np.pi * per_s * t)), np.float32)


def rates(sound: Floats, speaking: float = 1.0) -> list[float | None]:
    tempo = Tempo()
    return [tempo.process(sound[n : n + HOP], speaking) for n in range(0, len(sound) - HOP + 1, HOP)]


@pytest.mark.parametrize("per_s", [2.0, 4.0, 6.0])
def test_what_swells_so_often_is_so_many_syllables(per_s: float) -> None:
    assert rates(syllables(per_s, 6.0))[-1] == pytest.approx(per_s, abs=0.3)


def test_a_held_vowel_is_not_many() -> None:
    t = np.arange(5 * RATE) / RATE
    last = rates(np.asarray(0.2 * np.sin(2 * np.pi * 150 * t), np.float32))[-1]
    assert last is not None and last < 0.5


def test_before_a_second_of_speech_there_is_no_rate_and_pauses_do_not_count() -> None:
    assert rates(syllables(4.0, 0.9))[-1] is None
    assert rates(syllables(4.0, 3.0), speaking=0.1)[-1] is None
    tempo = Tempo()
    said = [tempo.process(hop, 1.0) for hop in syllables(4.0, 3.0)[: 93 * HOP].reshape(-1, HOP)]
    quiet = [tempo.process(np.zeros(HOP, np.float32), 0.0) for _ in range(60)]
    assert quiet[-1] == said[-1]


@pytest.mark.shared
def test_on_real_speech_it_is_near_the_vowels_that_were_spoken(shared_media: Path) -> None:
    sound = recording(shared_media / "cold_corpus3.wav")
    grid = textgrid.openTextgrid(str(shared_media / "cold_corpus3.TextGrid"), False)
    (phones,) = (tier for tier in grid.tiers if "phone" in tier.name)
    vowels = np.array([(one.start + one.end) / 2 for one in phones.entries if one.label[-1:].isdigit()])
    tempo, activity, clean = Tempo(), VoiceActivity(), HighPass()
    heard, spoken = [], []
    for n in range(0, len(sound) - HOP + 1, HOP):
        hop = sound[n : n + HOP]
        speaking = activity.process(hop)
        heard.append((tempo.process(clean.process(hop), speaking), (n + HOP) / RATE))
        spoken.append(speaking > 0.5)
    talked_s = sum(spoken) * HOP / RATE
    found = np.array([rate for rate, at in heard if rate is not None and at > 4.0])
    assert np.mean(found) == pytest.approx(len(vowels) / talked_s, rel=0.25)
