"""From a synthesiser to a bundle, with a network that learns next to nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[train]'")

from hoovik_inference.training.visemes import Recipe, train, with_epochs  # noqa: E402
from hoovik_inference.training.visemes.export import export  # noqa: E402
from hoovik_inference.training.visemes.fit import CHECKPOINT, as_they_are, fit  # noqa: E402
from hoovik_inference.training.visemes.lean import STEPS, lean  # noqa: E402
from hoovik_inference.training.visemes.material import Amount, prepare  # noqa: E402
from hoovik_inference.training.visemes.mix import balance, prior_of  # noqa: E402
from hoovik_inference.training.visemes.net import Shape, VisemeNet  # noqa: E402
from hoovik_inference.types import VISEMES, Floats  # noqa: E402
from hoovik_inference.voice import HOP, VisemeReader  # noqa: E402
from hoovik_inference.voice.viseme_features import ANSWERS, BANDS  # noqa: E402
from hoovik_inference.voice.viseme_level import INPUTS  # noqa: E402
from hoovik_inference.voice.viseme_net import MODEL, VisemeNetwork, Weights  # noqa: E402

SMALL = Recipe(
    epochs=2, batches=2, size=2, steps=40, amount=Amount(trained=3, held=2, seconds=1.0, voices=10),
    shape=Shape(heard=8, units=8),
)  # fmt: skip


class Stopped(Exception):
    """Somebody pulled the plug."""


def as_sent(samples: Floats, bitrate: int, loss: float, burst: float, seed: int) -> Floats:
    return samples


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with speech in it."""
    pytest.importorskip("espeakng_loader", reason="needs espeak-ng: the extra `train`")
    work = tmp_path_factory.mktemp("work")
    prepare(SMALL.amount, SMALL.seed, work, as_sent)
    return work


def test_the_network_that_is_shipped_is_the_one_in_torch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = VisemeNet(Shape(heard=24, units=16)).eval()
    inputs = np.random.default_rng(0).normal(0.0, 1.5, (30, INPUTS)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(inputs)[None])[0].softmax(1).numpy()
    prior = np.linspace(-2.0, 2.0, BANDS, dtype=np.float32)
    export(net, prior, "test", tmp_path / MODEL)
    weights = Weights(tmp_path / MODEL)
    assert (weights.name, weights.units) == ("test", 16)
    np.testing.assert_allclose(weights.prior, prior, rtol=1e-6)
    network = VisemeNetwork(weights)
    got = np.concatenate([network.hop(hop) for hop in inputs.reshape(-1, ANSWERS, INPUTS)])
    np.testing.assert_allclose(got, expected, atol=1e-3)  # weights in half precision


def test_training_writes_a_bundle_that_can_be_listened_with(tmp_path: Path, speech: Path) -> None:
    told: list[str] = []

    def progress(stage: str, done: int, total: int, note: str) -> None:
        assert 0 < done <= total
        told.append(stage)

    trained = train(tmp_path / "out", speech, SMALL, progress=progress, call=as_sent)
    out = tmp_path / "out"
    weights = VisemeReader(Weights(out / MODEL)).read(np.zeros(HOP, np.float32))
    assert weights.shape == (2, len(VISEMES))
    assert [one["epoch"] for one in json.loads((out / "history.json").read_text())] == [1, 2]
    assert (out / "curves.svg").read_text().startswith("<?xml")
    card = (out / "card.md").read_text()
    for words in ("espeak-ng", "GPL-3.0-or-later", "60 ms", "Held back", "Limits", f"{trained.parameters:,}"):
        assert words in card
    assert "training" in told


def test_what_the_weights_of_the_loss_left_of_frequent_mouths_is_taken_off_and_closed_lips_get_more(
    speech: Path,
) -> None:
    material = prepare(SMALL.amount, SMALL.seed, speech, as_sent)
    torch.manual_seed(0)
    net = VisemeNet(SMALL.shape)
    held = as_they_are(material.held, prior_of(material.trained))
    closed = VISEMES.index("PP")
    even = lean(net, material.trained, held, replace(SMALL, balance=1.0))
    assert even.closed in STEPS
    assert np.delete(even.bias, closed) == pytest.approx(0.0, abs=1e-6)
    assert even.bias[closed] == pytest.approx(even.closed)
    uneven = lean(net, material.trained, held, replace(SMALL, balance=0.0))
    shares = balance(material.trained, 1.0)
    order = np.argsort(np.delete(shares, closed), kind="stable")
    assert (np.diff(np.delete(uneven.bias, closed)[order]) >= -1e-5).all(), "the rarer, the more"


def test_speech_that_is_there_is_not_made_again(speech: Path) -> None:
    def call(samples: Floats, bitrate: int, loss: float, burst: float, seed: int) -> Floats:
        raise AssertionError("made again")

    again = prepare(SMALL.amount, SMALL.seed, speech, call)
    assert (len(again.trained), len(again.held)) == (3, 2)


def test_speech_of_another_recipe_is_refused(speech: Path) -> None:
    with pytest.raises(ValueError, match="another recipe or version; remove it"):
        prepare(replace(SMALL.amount, seconds=2.0), SMALL.seed, speech, as_sent)


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not(tmp_path: Path, speech: Path) -> None:
    material = prepare(SMALL.amount, SMALL.seed, speech, as_sent)
    straight, _, history = fit(material, SMALL, tmp_path / "straight")

    def stop(stage: str, done: int, total: int, note: str) -> None:
        if done == SMALL.batches + 1:
            raise Stopped

    with pytest.raises(Stopped):
        fit(material, SMALL, tmp_path / "stopped", progress=stop)
    assert (tmp_path / "stopped" / CHECKPOINT).exists()
    resumed, _, again = fit(material, SMALL, tmp_path / "stopped", resume=True)
    assert [one.epoch for one in again] == [one.epoch for one in history]
    for one, other in zip(straight.parameters(), resumed.parameters(), strict=True):
        np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), atol=1e-6)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path, speech: Path) -> None:
    material = prepare(SMALL.amount, SMALL.seed, speech, as_sent)
    fit(material, with_epochs(SMALL, 1), tmp_path)
    with pytest.raises(ValueError, match="another recipe or other material"):
        fit(material, SMALL, tmp_path, resume=True)
