"""The light speech encoder: causal, forgetful, one state for each voice, and a model file that it can trust."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hoovik_inference.types import EMOTIONS, Floats
from hoovik_inference.voice.encoder import MODEL, VERSION, EncoderNetwork, VoiceEncoder, VoiceReading, shipped
from hoovik_inference.voice.hops import HeardHop, heard
from hoovik_inference.voice.logmel import BANDS, FRAMES, HIGHEST_HZ, LOWEST_HZ, LogMel, logmel, mel
from hoovik_inference.voice.moments import AFTER_SPEECH, INPUTS, LAGS, PITCH, POOLED, WIDE, Moments, inputs, pooled
from hoovik_inference.voice.silero import TRAITS
from hoovik_inference.voice.stream import HOP
from tests.unit.inference import acted, sounds


def made(file: Path, **other: NDArray[np.generic]) -> Path:
    """A model of random weights, written to `file`."""
    rng = np.random.default_rng(5)
    arrays: dict[str, NDArray[np.generic]] = {
        "version": np.array(VERSION),
        "name": np.array("made-up-1"),
        "emotions": np.array(EMOTIONS),
        "pooled": np.array(POOLED),
        "middle": np.zeros(POOLED, np.float32),
        "scale": np.ones(POOLED, np.float32),
        "embed.weight": rng.normal(0, 0.05, (POOLED, 16)).astype(np.float16),
        "embed.bias": np.zeros(16, np.float16),
        "read.weight": rng.normal(0, 1, (16, 8)).astype(np.float16),
        "read.bias": np.zeros(8, np.float16),
    }
    np.savez(file, **{**arrays, **other})
    return file.parent


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> EncoderNetwork:
    return EncoderNetwork(made(tmp_path_factory.mktemp("model") / MODEL))


@pytest.fixture(scope="module")
def hops() -> list[HeardHop]:
    return list(heard(np.concatenate([acted.voice(1.0, 3.0), sounds.silence(2.0), acted.voice(1.5, 3.0)])))


def readings(network: EncoderNetwork, hops: list[HeardHop]) -> list[VoiceReading | None]:
    encoder = VoiceEncoder(network)
    return [encoder.process(hop.samples, hop.speaking, hop.pitch_hz, hop.traits) for hop in hops]


def newest(network: EncoderNetwork, hops: list[HeardHop]) -> VoiceReading:
    return [one for one in readings(network, hops) if one is not None][-1]


def test_a_reading_is_probabilities_an_embedding_and_a_strength(network: EncoderNetwork, hops: list[HeardHop]) -> None:
    one = newest(network, hops)
    assert one.probabilities.shape == (7,) and one.probabilities.dtype == np.float32
    assert one.probabilities.sum() == pytest.approx(1.0, abs=1e-5) and one.probabilities.min() >= 0.0
    assert one.embedding.shape == (network.dimension,) and network.dimension == 16
    assert 0.0 <= one.strength <= 1.0


def test_it_is_causal(network: EncoderNetwork, hops: list[HeardHop]) -> None:
    whole, part = readings(network, hops), readings(network, hops[:60])
    for one, other in zip(whole, part, strict=False):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            np.testing.assert_array_equal(one.embedding, other.embedding)


def test_silence_is_passed_over_and_a_moment_of_speech_is_too_little(
    network: EncoderNetwork, hops: list[HeardHop]
) -> None:
    read = readings(network, hops)
    spoken = [number for number, hop in enumerate(hops) if hop.speaking >= 0.25]
    assert all(read[number] is None for number in range(len(hops)) if number not in spoken)
    assert [read[number] is None for number in spoken[:8]] == [True] * 6 + [False] * 2


def test_what_was_said_long_ago_is_forgotten(network: EncoderNetwork, hops: list[HeardHop]) -> None:
    voices = [list(heard(acted.voice(pitch, 3.0))) for pitch in (0.8, 1.3)]
    after: list[Floats] = [newest(network, before + hops * 4).embedding for before in voices]
    at_once: list[Floats] = [newest(network, before + hops[:20]).embedding for before in voices]
    assert np.abs(after[0] - after[1]).max() < 0.1 * np.abs(at_once[0] - at_once[1]).max()


def test_speech_is_counted_in_seconds_and_forgotten_in_silence(network: EncoderNetwork) -> None:
    hop = HeardHop(sounds.noise(0.032), 1.0, 120.0, np.zeros(TRAITS, np.float32))
    encoder = VoiceEncoder(network)
    for _ in range(1000):
        reading = encoder.process(hop.samples, 1.0, 120.0, hop.traits)
    assert reading is not None and reading.speech_s == pytest.approx(4.0, abs=0.02)
    for _ in range(250):  # 8 s
        assert encoder.process(hop.samples, 0.0, 0.0, hop.traits) is None
    reading = encoder.process(hop.samples, 1.0, 120.0, hop.traits)
    assert reading is not None and reading.speech_s == pytest.approx(4.0 / np.e, abs=0.05)


def test_two_voices_share_weights_and_nothing_else(network: EncoderNetwork, hops: list[HeardHop]) -> None:
    one, other = VoiceEncoder(network), VoiceEncoder(network)
    alone = newest(network, hops)
    mixed = None
    for hop in hops:
        other.process(np.asarray(-0.5 * hop.samples, np.float32), 1.0, 300.0, np.ones(TRAITS, np.float32))
        mixed = one.process(hop.samples, hop.speaking, hop.pitch_hz, hop.traits) or mixed
    assert mixed is not None
    np.testing.assert_array_equal(mixed.embedding, alone.embedding)


def test_after_a_reset_it_has_heard_nothing(network: EncoderNetwork, hops: list[HeardHop]) -> None:
    encoder = VoiceEncoder(network)
    for hop in hops:
        encoder.process(hop.samples, 1.0, 300.0, hop.traits)
    encoder.reset()
    again = [encoder.process(hop.samples, hop.speaking, hop.pitch_hz, hop.traits) for hop in hops]
    last = [one for one in again if one is not None][-1]
    np.testing.assert_array_equal(last.embedding, newest(network, hops).embedding)


def test_a_hop_of_another_length_is_refused(network: EncoderNetwork) -> None:
    with pytest.raises(ValueError, match=r"expected \(512,\) and \(256,\)"):
        VoiceEncoder(network).process(np.zeros(480, np.float32), 1.0, 0.0, np.zeros(TRAITS, np.float32))


def test_running_sums_come_to_what_the_hops_come_to_at_once() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, (40, INPUTS)).astype(np.float32)
    voiced = rng.random(40) < 0.6
    values[:, FRAMES * BANDS] *= voiced
    values[:, FRAMES * BANDS + 1] = voiced
    moments = Moments()
    for row in values:
        moments.speech(row)
    left = (AFTER_SPEECH ** np.arange(39, -1, -1)).astype(np.float32)
    np.testing.assert_allclose(moments.pooled(), pooled(values, left), rtol=1e-4, atol=1e-5)
    assert moments.hops == pytest.approx(left.sum(), rel=1e-6)


def test_moments_are_the_mean_the_deviation_and_the_change() -> None:
    values = np.zeros((2, INPUTS), np.float32)
    values[1, FRAMES * BANDS + 2 :] = 2.0
    values[0, FRAMES * BANDS : FRAMES * BANDS + 2] = 1.0, 1.0  # 300 Hz
    got = pooled(values, np.ones(2, np.float32))
    assert got[BANDS] == pytest.approx(1.0) and got[WIDE + BANDS] == pytest.approx(1.0)
    assert got[2 * WIDE + BANDS] == pytest.approx(1.0), "the first hop changes nothing, the second by 2"
    np.testing.assert_allclose(got[PITCH:], [0.5, 1.0, 0.0, 0.0], atol=1e-6)


@pytest.mark.parametrize(("place", "lag"), list(enumerate(LAGS)))
def test_a_change_is_told_over_its_own_time(place: int, lag: int) -> None:
    """A trait that comes and goes in so many hops changes wholly over half of that, and not at all over all of it."""
    for period, wanted in ((2 * lag, 1.0), (lag, 0.0)):
        values = np.zeros((240, INPUTS), np.float32)
        values[:, -1] = (np.arange(240) % period < period / 2) if period > 1 else 1.0
        got = pooled(values, np.concatenate([np.zeros(40), np.ones(200)]).astype(np.float32))
        assert got[(2 + place) * WIDE + WIDE - 1] == pytest.approx(wanted, abs=0.02)


def test_pitch_is_told_in_octaves_and_whether_there_is_one() -> None:
    spectra, traits = np.zeros((FRAMES, BANDS), np.float32), np.zeros(TRAITS, np.float32)
    voiced, unvoiced = inputs(spectra, 300.0, traits), inputs(spectra, 0.0, traits)
    assert voiced[FRAMES * BANDS : FRAMES * BANDS + 2].tolist() == [1.0, 1.0]
    assert not unvoiced.any() and voiced.shape == (INPUTS,)


@pytest.mark.parametrize("hz", [150.0, 1000.0, 5000.0])
def test_a_tone_is_loudest_in_the_band_that_it_falls_into(hz: float) -> None:
    spectra = LogMel()
    tone = sounds.tone(hz, 0.2)
    rows = [spectra.process(tone[start : start + HOP]) for start in range(0, HOP * 6, HOP)][2:]
    edges = 700.0 * (10.0 ** (np.linspace(mel(LOWEST_HZ), mel(HIGHEST_HZ), BANDS + 2) / 2595.0) - 1.0)
    band = int(np.argmax(np.mean(rows, axis=(0, 1))))
    assert edges[band] <= hz + 32 and hz - 32 <= edges[band + 2]


def test_spectra_of_a_stream_are_those_of_its_frames() -> None:
    noise = sounds.noise(0.2)
    spectra = LogMel()
    rows = np.concatenate([spectra.process(noise[start : start + HOP]) for start in range(0, HOP * 4, HOP)])
    frames = np.stack([noise[start : start + 512] for start in range(0, HOP * 4 - 511, 256)])
    np.testing.assert_allclose(rows[1:], logmel(frames), atol=1e-4)


def test_ten_times_as_loud_is_ten_times_the_power_squared() -> None:
    frames = sounds.noise(0.1)[None, :512]
    assert np.diff([logmel(frames).mean(), logmel(10 * frames).mean()])[0] == pytest.approx(np.log(100), abs=0.05)


def test_without_a_model_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="hoovik-rtc train voice"):
        EncoderNetwork(tmp_path)


@pytest.mark.parametrize("wrong", [{"version": np.array(99)}, {"emotions": np.array(["joy"])}, {"pooled": np.array(3)}])
def test_a_model_for_something_else_is_refused(tmp_path: Path, wrong: dict[str, NDArray[np.generic]]) -> None:
    folder = made(tmp_path / MODEL, **wrong)
    with pytest.raises(ValueError, match="train it with this version"):
        EncoderNetwork(folder)


def test_the_model_that_ships_is_small_and_reads(hops: list[HeardHop]) -> None:
    network = shipped()
    assert network.name.startswith("hoovik-voice-") and network.parameters <= 2_000_000 and network.dimension <= 256
    one = newest(network, hops)
    assert one.probabilities.sum() == pytest.approx(1.0, abs=1e-5) and np.isfinite(one.embedding).all()
