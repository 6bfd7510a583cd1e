"""What the table of laughter counts."""

from __future__ import annotations

import numpy as np

from hoovik_inference.voice import HOP, RATE
from tests.bench import laughter
from tests.unit.inference.sounds import noise

BEFORE = np.array([0.9, 0.9, 0.9, 0.4, 0.9, 0.9], np.float32)
AFTER = np.array([0.9, 0.0, 0.0, 0.0, 0.9, 0.0], np.float32)


def test_lost_are_hops_of_speech_and_a_laugh_begins_where_they_follow_others() -> None:
    assert laughter.row("a", BEFORE, AFTER) == laughter.Row("a", hops=6, before=5, after=2, begun=2)


def test_only_hops_within_the_seconds_given_count() -> None:
    hop_s = HOP / RATE
    got = laughter.row("a", BEFORE, AFTER, [(0.0, 2 * hop_s), (4 * hop_s, 5 * hop_s)])
    assert got == laughter.Row("a", hops=3, before=3, after=2, begun=1)
    assert got + got == laughter.Row("a", hops=6, before=6, after=4, begun=2)


def test_a_gate_lowers_only_what_is_quiet() -> None:
    loud, quiet = noise(0.08, 0.1), noise(0.08, 0.001)
    gated = laughter.gated(np.concatenate([loud, quiet]), 0.1)
    np.testing.assert_array_equal(gated[: len(loud)], loud)
    np.testing.assert_allclose(gated[len(loud) :], 0.1 * quiet, rtol=1e-5)


def test_denoised_sound_is_as_long() -> None:
    assert len(laughter.denoised(noise(0.5))) == len(noise(0.5))
