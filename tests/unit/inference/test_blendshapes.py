"""What the trained head reads from landmarks, without anybody's baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hoovik_inference.face import FaceMesh, FaceModels, align
from hoovik_inference.face.blendshapes import BUNDLE, INPUTS, OTHER, UNMEASURED, WEIGHTS, blendshapes
from hoovik_inference.face.head import Head
from hoovik_inference.face.points import MIDDLE, PAIRS, POINTS, mirrored
from hoovik_inference.face.pose import NEUTRAL, Alignment
from hoovik_inference.training.blendshape.lids_lips import CHANNELS, geometry
from hoovik_inference.training.moves import Truth, moved
from hoovik_inference.training.warp import express
from hoovik_inference.types import BLENDSHAPES, Floats, Image
from tests.unit.inference.faces import photo, photo_landmarks


def at(name: str) -> int:
    return BLENDSHAPES.index(name)


def photographed(landmarks: Floats | None = None, size: int = 300) -> Alignment:
    return align(photo_landmarks() if landmarks is None else landmarks, size, size)


def opposite() -> Floats:
    """The photo's landmarks as a mirror shows them."""
    out = photo_landmarks().copy()
    still = [(a, b) for a, (x, y, z) in NEUTRAL.items() for b, at in NEUTRAL.items() if x < 0 and at == (-x, y, z)]
    assert len(still) == 9
    for right, left in {*PAIRS, *still}:
        out[[right, left]] = out[[left, right]]
    out[:, 0] = 1.0 - out[:, 0]
    return out


def test_scores_are_52_between_0_and_1() -> None:
    scores = blendshapes(photographed())
    assert scores.shape == (52,)
    assert scores.dtype == np.float32
    assert scores.min() >= 0.0
    assert scores.max() <= 1.0


def test_scores_stay_between_0_and_1_for_landmarks_that_are_no_face() -> None:
    rng = np.random.default_rng(0)
    for spread in (0.01, 0.3, 30.0):
        wild = photo_landmarks() + rng.normal(0, spread, (478, 3)).astype(np.float32)
        scores = blendshapes(photographed(wild))
        assert np.isfinite(scores).all()
        assert scores.min() >= 0.0
        assert scores.max() <= 1.0


def test_the_photo_smiles_with_open_eyes_and_raises_no_brow() -> None:
    scores = blendshapes(photographed())
    assert min(scores[at("mouthSmileLeft")], scores[at("mouthSmileRight")]) > 0.7
    assert max(scores[at("eyeBlinkLeft")], scores[at("eyeBlinkRight")]) < 0.3
    assert scores[at("mouthFrownLeft")] < 0.1
    assert scores[at("mouthPucker")] < 0.1


def test_what_landmarks_do_not_show_stays_zero_and_is_named() -> None:
    assert "tongueOut" in UNMEASURED
    assert set(UNMEASURED) <= set(BLENDSHAPES)
    wild = photo_landmarks() + np.random.default_rng(0).normal(0, 0.1, (478, 3)).astype(np.float32)
    scores = blendshapes(photographed(wild))
    assert all(scores[at(name)] == 0.0 for name in UNMEASURED)


def test_pose_scale_and_place_drop_out() -> None:
    once = blendshapes(photographed())
    far = photo_landmarks() * np.float32(0.25) + np.array([0.3, 0.1, 0.0], np.float32)
    np.testing.assert_allclose(blendshapes(photographed(far)), once, atol=2e-3)
    np.testing.assert_allclose(blendshapes(photographed(photo_landmarks(), 1200)), once, atol=2e-3)


def test_the_mirrored_face_has_the_mirrored_scores() -> None:
    one, other = blendshapes(photographed()), blendshapes(photographed(opposite()))
    np.testing.assert_allclose(one[OTHER], other, atol=0.02)


def test_points_and_channels_come_in_mirrored_pairs() -> None:
    assert len(set(POINTS.tolist())) == len(POINTS) == len(MIDDLE) + 2 * len(PAIRS)
    assert POINTS.max() < 478
    face = photographed().points[POINTS]
    np.testing.assert_array_equal(mirrored(mirrored(face)), face)
    assert np.abs(mirrored(face) - face).max() < 1.5, "a face is nearly its own mirror image"
    np.testing.assert_array_equal(OTHER[OTHER], np.arange(52))
    assert OTHER[at("jawLeft")] == at("jawRight")
    assert OTHER[at("jawOpen")] == at("jawOpen")


def test_landmarks_without_irises_are_refused() -> None:
    with pytest.raises(ValueError, match="turn refined landmarks on"):
        blendshapes(align(photo_landmarks()[:468], 300, 300))


def test_the_bundle_is_small_and_has_its_card() -> None:
    assert (BUNDLE / WEIGHTS).stat().st_size < 600_000
    card = (BUNDLE / "card.md").read_text(encoding="utf-8")
    for word in ("Apache-2.0", "FER2013", "held out", "MAE", "Limits", *UNMEASURED):
        assert word in card


def logistic(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))


def test_a_head_is_a_chain_of_weighted_sums_on_components_of_a_face_and_its_mirror_image() -> None:
    head = Head(
        np.array([[1.0], [0.0]], np.float32),
        np.array([[1.0, 0.5], [0.0, 2.0]], np.float32),
        np.array([[1.0], [-1.0]], np.float32),
        (np.array([[1.0, 2.0]], np.float32) / 2, np.array([[3.0], [-1.0]], np.float32) / 2),
        (np.array([[0.5]], np.float32) / 2, np.array([[-1.0], [0.25]], np.float32) / 2),
        ("oneLeft", "oneRight"),
    )

    def layers(first: float, second: float) -> tuple[float, float]:
        inner = 1.0 * first + 2.0 * second + 0.5
        inner *= logistic(inner)
        return logistic(3.0 * inner - 1.0), logistic(-inner + 0.25)

    said = head(np.array([[3.0, 1.0], [0.5, 0.0]], np.float32))
    assert said.shape == (2, 2)
    face, opposite = layers(2.25, 1.0), layers(2.25, -1.0)
    assert said[:, 0].tolist() == pytest.approx([(face[0] + opposite[1]) / 2, (face[1] + opposite[0]) / 2], abs=1e-6)
    assert said[0, 1] == pytest.approx((layers(0.0, 0.0)[0] + layers(0.0, 0.0)[1]) / 2, abs=1e-6)


def random_head(rng: np.random.Generator) -> Head:
    def drawn(*shape: int) -> Floats:
        return rng.normal(size=shape).astype(np.float32)

    signs = np.array([[1.0], [1.0], [-1.0]], np.float32)
    return Head(drawn(4, 1), drawn(3, 4), signs, (drawn(5, 3), drawn(2, 5)), (drawn(5, 1), drawn(2, 1)), ("a", "b"))


def test_a_head_that_was_saved_says_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    head = random_head(rng)
    head.save(tmp_path / "head.npz")
    again = Head.load(tmp_path / "head.npz")
    faces = rng.normal(size=(4, 5)).astype(np.float32)
    assert again.names == ("a", "b")
    np.testing.assert_allclose(again(faces), head(faces), atol=5e-3)
    assert np.ptp(head(faces)) > 0.1


def test_a_file_without_weights_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", something=np.zeros(3))
    with pytest.raises(ValueError, match="expected weights from `hoovik-rtc train blendshapes`"):
        Head.load(tmp_path / "other.npz")
    with pytest.raises(FileNotFoundError):
        Head.load(tmp_path / "absent.npz")


def test_the_shipped_head_takes_what_it_is_given() -> None:
    head = Head.load(BUNDLE / WEIGHTS)
    assert len(head.centre) == INPUTS
    assert head.names == BLENDSHAPES


@pytest.fixture(scope="module")
def models() -> FaceModels:
    return FaceModels()


def read(models: FaceModels, image: Image) -> Floats:
    mesh = FaceMesh(models, pictures=True)
    landmarks = mesh.find(image)
    mesh.close()
    assert landmarks is not None
    return blendshapes(align(landmarks, image.shape[1], image.shape[0]))


STEPS = np.linspace(0.0, 1.0, 7)


def told(models: FaceModels, field: str, sides: tuple[bool, bool] = (True, True)) -> list[Floats]:
    """Scores of the astronaut, who is in no training, as the warp makes them do ever more of something."""
    out = []
    for much in STEPS:
        by: dict[str, Any] = {field: (float(much) * sides[0], float(much) * sides[1])}
        out.append(read(models, express(photo(), photo_landmarks(), Truth(**by))))
    return out


@pytest.mark.parametrize(("field", "channel"), [("wide", "eyeWide"), ("frown", "mouthFrown")])
def test_channels_that_the_teacher_hardly_scores_follow_the_truth(models: FaceModels, field: str, channel: str) -> None:
    scores = told(models, field)
    sides = np.array([[one[at(channel + side)] for side in ("Left", "Right")] for one in scores])
    assert np.corrcoef(STEPS, sides.mean(axis=1))[0, 1] > 0.9
    assert (sides[-1] - sides[0] > 0.15).all()
    assert sides.mean(axis=1)[-1] > 0.35
    assert sides[0].max() < 0.1, "nothing at rest"


def test_lids_and_corners_of_the_mouth_are_told_by_geometry() -> None:
    rest = photographed().points[:, :].astype(np.float64)
    seen = [rest.copy() for _ in range(3)]
    seen[1][:468] = moved(rest[:468], Truth(wide=(1.0, 0.0)))
    seen[2][:468] = moved(rest[:468], Truth(frown=(0.0, 1.0)))
    none, wide, frown = geometry(np.array(seen, np.float32)[:, POINTS])
    assert [BLENDSHAPES[n] for n in CHANNELS] == ["eyeWideLeft", "eyeWideRight", "mouthFrownLeft", "mouthFrownRight"]
    assert wide[0] > none[0] + 0.5
    assert wide[1] == none[1]
    assert none[3] == 0.0, "the photo smiles"
    assert frown[0] == none[0]
    assert geometry(np.zeros((2, len(POINTS), 3), np.float32)).shape == (2, 4), "no face, no division by 0"


def test_one_corner_of_the_mouth_alone_raises_its_own_channel_most(models: FaceModels) -> None:
    last = told(models, "frown", (True, False))[-1]
    assert last[at("mouthFrownLeft")] > last[at("mouthFrownRight")]


@pytest.mark.parametrize(
    ("field", "points"), [("sneer", (64, 294)), ("cheeks", (50, 280)), ("puff", (214, 434)), ("frown", (61, 291))]
)
def test_the_mesh_follows_corners_of_the_mouth_and_not_what_is_called_unmeasured(
    models: FaceModels, field: str, points: tuple[int, int]
) -> None:
    mesh = FaceMesh(models, pictures=True)

    def seen(much: float) -> Floats:
        by: dict[str, Any] = {field: (much, much)}
        landmarks = mesh.find(express(photo(), photo_landmarks(), Truth(**by)))
        assert landmarks is not None
        return align(landmarks, 300, 300).points[list(points)]

    rest = photographed().points[:468].astype(np.float64)
    full: dict[str, Any] = {field: (1.0, 1.0)}
    asked = np.linalg.norm((moved(rest, Truth(**full)) - rest)[list(points)], axis=1).mean()
    share = np.linalg.norm(seen(1.0) - seen(0.0), axis=1).mean() / asked
    mesh.close()
    assert (share > 0.6) == (field == "frown")
    assert field == "frown" or share < 0.45
