"""A mouth that rests while nobody speaks, and has missed nothing when somebody does."""

from __future__ import annotations

import numpy as np
import pytest

from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice import HOP, HighPass, VisemeReader, VoiceActivity
from hoovik_inference.voice.mouth import CAUGHT_UP, PATIENCE, Mouth
from tests.unit.inference.sounds import noise, vowel

SIL = VISEMES.index("sil")


def hops(sound: Floats) -> Floats:
    return sound[: len(sound) // HOP * HOP].reshape(-1, HOP)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Floats]:
    """The hops that reach the network."""
    seen: list[Floats] = []
    whole = VisemeReader.read

    def noted(self: VisemeReader, hop: Floats) -> Floats:
        seen.append(hop)
        return whole(self, hop)

    monkeypatch.setattr(VisemeReader, "read", noted)
    return seen


def test_after_half_a_second_without_speech_it_is_closed_and_nothing_is_read(read: list[Floats]) -> None:
    mouth = Mouth()
    tracks = [mouth.read(hop, 0.01) for hop in hops(noise(2.0, 1e-3))]
    assert len(read) == PATIENCE
    for track in tracks[PATIENCE:]:
        assert track.shape == (2, len(VISEMES)) and (track[:, SIL] == 1.0).all()


def test_when_somebody_begins_what_came_just_before_is_read_first(read: list[Floats]) -> None:
    mouth, sound = Mouth(), hops(noise(2.0, 1e-3))
    for hop in sound[:-1]:
        mouth.read(hop, 0.01)
    read.clear()
    mouth.read(sound[-1], 0.3)
    np.testing.assert_array_equal(read, sound[-CAUGHT_UP - 1 :])
    read.clear()
    mouth.read(sound[0], 0.02)
    assert len(read) == 1, "a pause within speech is read"


def test_what_is_answered_stays_as_it_is() -> None:
    mouth = Mouth()
    for hop in hops(noise(1.0, 1e-3)):
        mouth.read(hop, 0.0)[:] = 7.0
    assert mouth.read(hops(noise(0.1))[0], 0.0)[:, SIL] == pytest.approx(1.0)


def test_a_voice_after_a_long_silence_is_read_as_by_a_reader_that_never_rests() -> None:
    spoken = np.tile(np.concatenate([vowel(120, (700.0, 1200.0, 2600.0), 0.3), noise(0.1, 1e-3)]), 5)
    sound = np.concatenate([spoken, noise(3.0, 1e-3), spoken])
    activity, filtered, mouth, reader = VoiceActivity(), HighPass(), Mouth(), VisemeReader()
    apart, closed = [], 0
    for hop in hops(sound):
        speaking, clean = activity.process(hop), filtered.process(hop)
        rests, never = mouth.read(clean, speaking), reader.read(clean)
        closed += bool((rests[:, SIL] == 1.0).all())
        if speaking > 0.5:
            apart.append(np.abs(rests - never).max())
    assert closed > 50, "it rested"
    assert len(apart) > 30 and np.mean(np.array(apart) > 0.2) < 0.1
