"""Training the expression network, small: that it learns, resumes, exports and says what it did. Not how well it reads.

How well the shipped one reads is measured by `hoovik-rtc evaluate` (test_expression.py holds it to a floor).
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[train]'")

from hoovik_inference.face.expression import ExpressionReader  # noqa: E402
from hoovik_inference.training.expression import Recipe, data, train  # noqa: E402
from hoovik_inference.training.expression.data import (  # noqa: E402
    Faces,
    Jitter,
    cuts,
    held_back,
    jittered,
    prepare,
    read,
    without_copies,
)
from hoovik_inference.training.expression.fit import fit  # noqa: E402
from hoovik_inference.training.expression.join import fit_shapes, join  # noqa: E402
from hoovik_inference.training.expression.net import Shape  # noqa: E402
from hoovik_inference.training.warp import warp_face  # noqa: E402
from hoovik_inference.types import EMOTIONS, Portrait  # noqa: E402
from tests import media  # noqa: E402

CLASSES = ["happy", "neutral", "surprise"]
SMALL = Recipe(
    epochs=3, cool=1, batch=16, rate=0.05, average=0.8, shape=Shape((8, 16, 16), (1, 1, 1), 8), jitter=Jitter()
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small grey pictures of the astronaut who smiles, rests or is surprised, as FER2013 has them."""
    import cv2

    photo, landmarks = media.astronaut()
    rng = np.random.default_rng(2)
    images, labels = [], []
    for n in range(120):
        label = n % 3
        wanted = {
            "smile": rng.uniform(0.7, 1) if label == 0 else 0.0,
            "jaw": rng.uniform(0.6, 1) if label == 2 else 0.0,
            "brows": rng.uniform(0.6, 1) if label == 2 else 0.0,
            "turn": rng.uniform(-0.5, 0.5),
        }
        face = np.asarray(cv2.cvtColor(warp_face(photo, landmarks, **wanted), cv2.COLOR_RGB2GRAY), np.uint8)
        images.append(np.asarray(cv2.resize(face[60:420, 60:420], (48, 48), interpolation=cv2.INTER_AREA), np.uint8))
        labels.append(label)
    file = tmp_path_factory.mktemp("pictures") / "train.npz"
    np.savez(file, images=np.stack(images), labels=np.array(labels, np.uint8), classes=np.array(CLASSES))
    return file


@pytest.fixture(scope="module")
def faces(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Faces:
    return prepare(pictures, tmp_path_factory.mktemp("work"), processes=1)


def test_labels_become_places_among_our_classes(pictures: Path) -> None:
    images, labels = read(pictures)
    assert images.shape == (120, 48, 48)
    assert [EMOTIONS[label] for label in labels[:3]] == CLASSES


def test_pictures_of_unknown_classes_are_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    np.savez(file, images=np.zeros((1, 48, 48), np.uint8), labels=[0], classes=np.array(["contempt"]))
    with pytest.raises(ValueError, match=r"contempt.*expected some of neutral"):
        read(file)


def test_an_npz_without_labels_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    np.savez(file, images=np.zeros((1, 48, 48), np.uint8))
    with pytest.raises(ValueError, match="lacks classes, labels"):
        read(file)


def test_faces_are_found_once_and_kept(pictures: Path, tmp_path: Path) -> None:
    told: list[str] = []

    def tell(stage: str, done: int, total: int, note: str = "") -> None:
        told.append(stage)

    first = prepare(pictures, tmp_path, processes=1, progress=tell)
    assert told and first.found.all()
    told.clear()
    again = prepare(pictures, tmp_path, processes=1, progress=tell)
    assert not told
    np.testing.assert_array_equal(first.shapes, again.shapes)


def test_copies_of_a_picture_are_on_the_same_side() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (400, 48, 48), np.uint8)
    side = held_back(np.concatenate([images, images]))
    np.testing.assert_array_equal(side[:400], side[400:])
    assert 0.05 < side.mean() < 0.16


def test_jittered_cuts_come_from_the_seed_and_stay_near_the_face(faces: Faces) -> None:
    order = np.arange(30)
    first = jittered(faces, order, Jitter(), np.random.default_rng(5))
    np.testing.assert_array_equal(first, jittered(faces, order, Jitter(), np.random.default_rng(5)))
    still = jittered(faces, order, Jitter(0.0, 0.0, 0.0), np.random.default_rng(5))
    plain = cuts(faces)[:30]
    same = [min(_apart(a, b), _apart(a[:, ::-1], b)) < 1.0 for a, b in zip(still, plain, strict=True)]
    assert sum(same) >= 6, "cuts that are neither blurred, noisy, shaded nor hidden are the face or its mirror image"
    assert not all(np.array_equal(a, b) for a, b in zip(first, plain, strict=True))


def _apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean difference in grey levels."""
    return float(np.abs(one.astype(np.int16) - other).mean())


def test_near_copies_of_what_is_trained_on_are_not_held_back(faces: Faces) -> None:
    rng = np.random.default_rng(1)
    noisy = np.clip(faces.images[:20].astype(np.int16) + rng.integers(-3, 4, (20, 48, 48)), 0, 255).astype(np.uint8)
    strangers = rng.integers(0, 256, (5, 48, 48), np.uint8)
    held = replace(
        faces,
        images=np.concatenate([noisy, strangers]),
        labels=faces.labels[:25],
        squares=faces.squares[:25],
        shapes=faces.shapes[:25],
    )
    assert without_copies(held, faces).tolist() == [False] * 20 + [True] * 5


def test_it_learns_what_tells_expressions_apart(faces: Faces, tmp_path: Path) -> None:
    _, history = fit(faces, faces, replace(SMALL, epochs=30, mixup=0.0), tmp_path)
    assert history[-1].held_loss < history[0].held_loss
    assert history[-1].held_accuracy > 0.6, "of three classes"


def test_a_resumed_run_ends_as_one_that_was_never_stopped(faces: Faces, tmp_path: Path) -> None:
    whole, _ = fit(faces, faces, SMALL, tmp_path / "whole")

    class StopError(Exception):
        pass

    def stop(stage: str, done: int, total: int, note: str = "") -> None:
        if done == 17:  # in the third epoch of seven steps
            raise StopError

    with pytest.raises(StopError):
        fit(faces, faces, SMALL, tmp_path / "parts", progress=stop)
    parts, history = fit(faces, faces, SMALL, tmp_path / "parts", resume=True)
    assert len(history) == SMALL.epochs + SMALL.cool
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], value, msg=name)


def test_a_checkpoint_of_another_recipe_is_refused(faces: Faces, tmp_path: Path) -> None:
    fit(faces, faces, replace(SMALL, epochs=1), tmp_path)
    with pytest.raises(ValueError, match="another recipe"):
        fit(faces, faces, SMALL, tmp_path, resume=True)


def test_the_bundle_reads_as_the_trained_networks_do(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "COPY", 1.1)  # all of them show one person
    out = tmp_path / "bundle"
    trained = train(pictures, pictures, out, tmp_path / "work", SMALL, processes=1)
    faces = prepare(pictures, tmp_path / "work", processes=1)
    held = held_back(faces.images)
    net, _ = fit(faces.part(~held), faces.part(held), SMALL, tmp_path / "work", resume=True)
    shares = torch.bincount(torch.from_numpy(faces.labels), minlength=len(EMOTIONS)) / len(faces)
    held_faces = faces.part(held)
    joined = join(net, fit_shapes(faces.part(~held), SMALL.seed), held_faces, shares)
    from hoovik_inference.training.expression.fit import pixels

    x = pixels(cuts(faces)[:6])
    with torch.no_grad():
        wanted = joined(x, torch.from_numpy(faces.shapes[:6])).numpy()
    reader = ExpressionReader(out)
    assert reader.name == trained.name
    portraits = [Portrait(0.0, x[index, 0].numpy(), faces.shapes[index], np.zeros(0, np.float32)) for index in range(6)]
    read = np.stack([reader.read(one) for one in portraits])
    np.testing.assert_allclose(read.sum(axis=1), 1.0, atol=1e-4)
    # In integers of eight bits, by ranges from a handful of pictures: alike, not the same.
    assert wanted.max() > 0.4, "it has an opinion"
    assert np.abs(read - wanted).mean() < 0.06
    assert (read.argmax(axis=1) == wanted.argmax(axis=1)).sum() >= 4
    card = (out / "card.md").read_text("utf-8")
    assert "FER2013" in card and f"{trained.pictures} pictures" in card
    assert "train.npz" in card and f"{trained.held.joined.accuracy:.2%}" in card
    assert (out / "curves.svg").stat().st_size > 2_000
    history: list[dict[str, Any]] = json.loads((out / "history.json").read_text("utf-8"))
    assert [one["epoch"] for one in history] == [1, 2, 3, 4]
