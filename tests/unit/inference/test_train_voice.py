"""Training the light encoder, small: that it learns, resumes, exports and says what it did. Not how well it reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[train]'")

from hoovik_inference.evaluation.recordings import recordings, sound_of  # noqa: E402
from hoovik_inference.evaluation.voices import RecordedVoices, windows  # noqa: E402
from hoovik_inference.training.voice import Recipe, train  # noqa: E402
from hoovik_inference.training.voice.data import CALLED, CLEAN, Copy, Voices, prepare  # noqa: E402
from hoovik_inference.training.voice.fit import Fitted, fit, folds, predict  # noqa: E402
from hoovik_inference.training.voice.net import Shape  # noqa: E402
from hoovik_inference.training.voice.rows import Rows, changed, remembered, rows  # noqa: E402
from hoovik_inference.training.voice.score import WHOLE, Read, calibrated, read, scored, strength  # noqa: E402
from hoovik_inference.training.voice.spoil import Spoiling, spoiled  # noqa: E402
from hoovik_inference.types import EMOTIONS, Floats  # noqa: E402
from hoovik_inference.voice.encoder import SPEAKING, EncoderNetwork, VoiceEncoder  # noqa: E402
from hoovik_inference.voice.hops import heard  # noqa: E402
from hoovik_inference.voice.logmel import BANDS  # noqa: E402
from hoovik_inference.voice.moments import INPUTS, PITCH, POOLED, Moments  # noqa: E402
from tests.unit.inference import acted, sounds  # noqa: E402

SMALL = Recipe(epochs=6, batch=8, networks=2, copies=1, windows=1, shape=Shape(16))


def call(samples: Floats, bitrate: int, loss: float, burst: float, seed: int) -> Floats:
    """A call of half the level, with a hole where packets are lost."""
    out = samples / 2
    if loss:
        out[len(out) // 2 : len(out) // 2 + 320] = 0.0
    return np.asarray(out, np.float32)


def unheard(stage: str, done: int, total: int, note: str = "") -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return acted.corpus(tmp_path_factory.mktemp("voices"))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def voices(corpus: Path, work: Path) -> Voices:
    return prepare(corpus, work, Spoiling(), 1, 1, call, unheard)


@pytest.fixture(scope="module")
def material(voices: Voices) -> Rows:
    return rows(voices, 1, 1)


def fitted(voices: Voices, material: Rows, folder: Path, recipe: Recipe = SMALL, *, resume: bool = False) -> Fitted:
    none = np.zeros(len(voices.labels), np.bool_)
    return fit(
        voices, material, none, recipe, 1, folder / "net.pt", resume=resume, device="cpu", progress=unheard, stage="x"
    )


def test_recordings_are_heard_once_and_kept(corpus: Path, work: Path, voices: Voices) -> None:
    told: list[str] = []

    def tell(stage: str, done: int, total: int, note: str = "") -> None:
        told.append(stage)

    again = prepare(corpus, work, Spoiling(), 1, 1, call, tell)
    assert not told
    np.testing.assert_array_equal(again.clean.values, voices.clean.values)
    prepare(corpus, work, Spoiling(), 2, 1, call, tell)
    assert set(told) == {"hearing spoiled-1"}
    told.clear()
    prepare(corpus, work, Spoiling(throat=1.1), 1, 1, call, tell)
    assert set(told) == {"hearing spoiled-0"}, "spoiled otherwise"


def test_a_copy_has_the_hops_of_each_recording(corpus: Path, voices: Voices) -> None:
    found = recordings(corpus).recordings
    assert [EMOTIONS[label] for label in voices.labels[:6:2]] == ["neutral", "happy", "angry"]
    for number in (0, 17, len(found) - 1):
        values, said = voices.clean.of(number)
        hops = list(heard(sound_of(found[number].file)))
        assert values.shape == (len(hops), INPUTS)
        np.testing.assert_allclose(said, [hop.speaking for hop in hops], atol=1e-6)
        assert said.max() > 0.5


def test_spoiled_copies_come_from_the_seed_and_are_no_numbers_nowhere() -> None:
    said, other = acted.voice(1.0), acted.voice(1.3)
    for seed in range(12):
        one = spoiled(said, [other], Spoiling(), call, np.random.default_rng(seed))
        assert one.dtype == np.float32 and np.isfinite(one).all() and np.abs(one).max() <= 1.0
        assert 0.6 < len(one) / len(said) < 1.5
        np.testing.assert_array_equal(one, spoiled(said, [other], Spoiling(), call, np.random.default_rng(seed)))


def test_another_throat_has_another_pitch() -> None:
    tone = sounds.tone(400, 1.0)
    still = Spoiling(throat=1.3, tempo=1.0, gain_db=0.0, reverb=0.0, noise=0.0, clipping=0.0, call=0.0)
    found = []
    for seed in range(10):
        one = spoiled(tone, [], still, call, np.random.default_rng(seed))
        assert len(one) == pytest.approx(len(tone), rel=0.1), "the tempo stays"
        found.append(np.argmax(np.abs(np.fft.rfft(one[2000:14_000]))) * 16_000 / 12_000)
    assert min(found) < 370 and max(found) > 430 and 300 < min(found) and max(found) < 530


def test_noise_is_as_far_below_the_voice_as_is_asked_for() -> None:
    said = np.concatenate([sounds.silence(1.0), acted.voice(1.0, 2.0)])
    still = Spoiling(throat=1.0, tempo=1.0, gain_db=0.0, reverb=0.0, noise=1.0, clipping=0.0, call=0.0)
    for snr in (5.0, 25.0):
        one = spoiled(said, [], replace(still, snr_db=(snr, snr)), call, np.random.default_rng(1))
        noise, voice = np.mean(one[:14_000] ** 2), np.mean(said[18_000:46_000] ** 2)
        assert 10 * np.log10(voice / noise) == pytest.approx(snr, abs=4.0)


def test_moments_of_copies_are_what_the_encoder_remembers(voices: Voices, corpus: Path, tmp_path: Path) -> None:
    from tests.unit.inference.test_voice_encoder import made

    network = EncoderNetwork(made(tmp_path / "voice.npz"))
    encoder = VoiceEncoder(network)
    read_last = None
    for hop in heard(sound_of(recordings(corpus).recordings[0].file)):
        read_last = encoder.process(hop.samples, hop.speaking, hop.pitch_hz, hop.traits) or read_last
    moments = remembered(*voices.clean.of(0))
    assert read_last is not None and moments is not None
    np.testing.assert_allclose(network.read(moments)[0], read_last.embedding, atol=0.03)  # values in half precision


def test_what_came_before_a_pause_is_remembered_less_as_the_encoder_does() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, (120, INPUTS)).astype(np.float16)
    said = np.where((np.arange(120) > 40) & (np.arange(120) < 90), 0.1, 0.9).astype(np.float32)
    running = Moments()
    for row, speaking in zip(values.astype(np.float32), said, strict=True):
        if speaking >= SPEAKING:
            running.speech(row)
        else:
            running.silence()
    batch = remembered(values, said)
    assert batch is not None
    np.testing.assert_allclose(batch, running.pooled(), rtol=1e-4, atol=1e-4)


def test_without_speech_nothing_is_remembered(voices: Voices) -> None:
    values, said = voices.clean.of(0)
    assert remembered(values, 0 * said) is None
    assert remembered(values[:0], said[:0]) is None
    assert remembered(values[-4:], np.ones(4, np.float32)) is None, "0.13 s"


def test_changed_moments_differ_in_level_and_pitch_alone(material: Rows) -> None:
    moments = material.moments[0, 0]
    other = changed(moments, 6.0, 2.0, 0.1, np.random.default_rng(1))
    same = np.ones(POOLED, np.bool_)
    same[:BANDS] = same[PITCH + 1] = False
    np.testing.assert_array_equal(other[:, same], moments[:, same])
    assert np.abs(other[:, :BANDS] - moments[:, :BANDS]).mean() > 0.5
    np.testing.assert_array_equal(changed(moments, 0.0, 0.0, 0.0, np.random.default_rng(1)), moments)


def test_each_actor_is_held_out_once_and_with_all_recordings() -> None:
    actors = np.repeat(np.arange(1, 21), 3)
    held = folds(actors)
    assert np.sum(held, axis=0).tolist() == [1] * 60
    for one in held:
        people = set(actors[one].tolist())
        assert len(people) == 4 and one.sum() == 12
        assert {actor % 2 for actor in people} == {0, 1}, "men and women"


def test_it_learns_what_tells_emotions_apart(voices: Voices, material: Rows, tmp_path: Path) -> None:
    net = fitted(voices, material, tmp_path, replace(SMALL, epochs=60, mixup=0.0))
    assert net.history[-1].loss < net.history[0].loss
    logits = predict([net], material.moments[0, 0])
    assert (logits[:, :-1].argmax(axis=1) == voices.labels).mean() > 0.8


def test_a_finished_network_is_read_again_and_another_recipe_is_refused(
    voices: Voices, material: Rows, tmp_path: Path
) -> None:
    first = fitted(voices, material, tmp_path)
    again = fitted(voices, material, tmp_path, resume=True)
    assert again.history == first.history
    torch.testing.assert_close(again.net.state_dict(), first.net.state_dict())
    with pytest.raises(ValueError, match="another recipe"):
        fitted(voices, material, tmp_path, replace(SMALL, epochs=2), resume=True)


def test_the_same_seed_gives_the_same_network(voices: Voices, material: Rows, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = (fitted(voices, material, folder) for folder in (tmp_path, tmp_path / "other"))
    torch.testing.assert_close(one.net.state_dict(), other.net.state_dict())


def test_windows_hold_half_a_second_of_speech() -> None:
    said = np.zeros(156, np.float32)  # 5 s
    said[60:90] = 1.0
    spans = windows(said, 1)
    assert spans and all(end - start == 31 for start, end in spans)
    assert all((said[start:end] >= 0.5).sum() * 0.032 >= 0.5 for start, end in spans)
    assert windows(0 * said, 2) == []
    assert windows(said[50:100], 3) == [(0, 50)], "a shorter recording is one window"


def test_a_recording_without_speech_is_missed_once_in_each_length(
    voices: Voices, material: Rows, tmp_path: Path
) -> None:
    values, said = voices.clean.of(0)
    one = Copy(np.concatenate([values, values]), np.concatenate([said, 0 * said]), np.array([len(said), 2 * len(said)]))
    found = read([fitted(voices, material, tmp_path)], one, np.arange(2))
    for part in found.values():
        assert np.isnan(part.logits[part.recordings == 1]).all() and (part.recordings == 1).sum() == 1
    assert scored(found[WHOLE], voices.labels[[0, 1]]).found == 0.5


def test_the_temperature_undoes_what_was_too_sure() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 1, (4000, 8)).astype(np.float32)
    chances = np.exp(logits[:, :7]) / np.exp(logits[:, :7]).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(7, p=row / row.sum()) for row in chances.astype(np.float64)])
    assert calibrated([Read(np.arange(4000), 2 * logits)], labels) == pytest.approx(2.0, rel=0.1)


def test_strength_is_scored_where_there_are_two_to_tell_apart() -> None:
    labels = np.array([0, 1, 1, 2, 2])
    strong = np.array([False, False, True, False, True])
    logits = np.zeros((5, 8), np.float32)
    logits[:, -1] = [9.0, -1.0, 1.0, 1.0, 1.0]
    assert strength(Read(np.arange(5), logits), strong, labels) == pytest.approx(0.75), "neutral is not asked"


def test_the_bundle_reads_as_the_trained_networks_do(corpus: Path, work: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    out.mkdir()
    trained = train(corpus, out, work, SMALL, call=call)
    network = EncoderNetwork(out)
    assert network.name == trained.name and network.dimension == trained.embedding == 32
    voices = prepare(corpus, work, Spoiling(), 1, 1, call, unheard)
    material = rows(voices, 1, 1)
    none = np.zeros(len(voices.labels), np.bool_)
    nets = [
        fit(voices, material, none, SMALL, 1000 + n, work / f"all-{n}.pt", resume=True, device="cpu",
            progress=unheard, stage="x")
        for n in (0, 1)
    ]  # fmt: skip
    logits = predict(nets, material.moments[0, 0, :5])
    for row, wanted in zip(material.moments[0, 0, :5], logits, strict=True):
        got = network.read(row)[1]
        np.testing.assert_allclose(got[:-1], wanted[:-1] / trained.temperature, atol=0.02)
        assert got[-1] == pytest.approx(wanted[-1], abs=0.02)
    card = (out / "card.md").read_text("utf-8")
    assert f"**{trained.all_folds[CLEAN][WHOLE].uar:.1%}** | **{trained.all_folds[CALLED][WHOLE].uar:.1%}**" in card
    assert "CC BY-NC-SA 4.0" in card and "non-commercial" in card and "30 recordings of 5 actors" in card
    assert (out / "curves.svg").stat().st_size > 2000
    history = json.loads((out / "history.json").read_text("utf-8"))
    assert [len(fold) for fold in history["folds"]] == [SMALL.epochs] * 5
    found = RecordedVoices(network).read(sound_of(recordings(corpus).recordings[0].file), [WHOLE, 1])
    assert found[WHOLE][0] is not None and len(found[1]) >= 1


def test_too_few_actors_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 actors; expected 5 or more"):
        train(acted.corpus(tmp_path / "few", 2, (1,)), tmp_path, tmp_path / "work", SMALL, call=call)
