"""Training the ensemble on windows that were made up: that it learns, resumes, and fits what the engine reads."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[train]'")
pytest.importorskip("xgboost", reason="needs XGBoost: pip install 'hoovik-rtc[models]'")

from hoovik_inference.emotion.reference import ReferenceEngine, anomaly_inputs, load, save  # noqa: E402
from hoovik_inference.emotion.reference.anomaly import Detector  # noqa: E402
from hoovik_inference.emotion.reference.anomaly_inputs import anomaly_features  # noqa: E402
from hoovik_inference.emotion.reference.calibrated import platt, softmax  # noqa: E402
from hoovik_inference.emotion.reference.late import weights_of  # noqa: E402
from hoovik_inference.emotion.reference.shape import Shape  # noqa: E402
from hoovik_inference.emotion.reference.steps import Measured  # noqa: E402
from hoovik_inference.emotion.reference.windows import AUDIO_ONLY, BOTH, VIDEO_ONLY, Windows  # noqa: E402
from hoovik_inference.evaluation.figures import calibration  # noqa: E402
from hoovik_inference.training.emotion import TEST, TRAIN, VALID, Fitted, Material, Recipe, fit, score  # noqa: E402
from hoovik_inference.training.emotion.calibrate import lines, mixture, surprise, temperature  # noqa: E402
from hoovik_inference.training.emotion.ensemble import sized  # noqa: E402
from hoovik_inference.training.emotion.experts import LateNetwork  # noqa: E402
from hoovik_inference.training.emotion.forests import columns_of  # noqa: E402
from hoovik_inference.training.emotion.losses import contrastive, focal, separation, smoothed, triplet  # noqa: E402
from hoovik_inference.training.emotion.recipe import (  # noqa: E402
    Boosting,
    Calibrating,
    Experts,
    Forests,
    Fusing,
    Losses,
    Phase,
)
from hoovik_inference.training.emotion.search import Search, tune  # noqa: E402
from hoovik_inference.training.emotion.trees import importance, layout, once  # noqa: E402
from hoovik_inference.training.emotion.watch import class_weights, tensors  # noqa: E402
from tests.unit.inference.windowed import AUDIO, CLASSES, FACE, material  # noqa: E402

SMALL = Recipe(
    shape=Shape(d_model=16, nhead=4, num_layers=1, dim_feedforward=16, dropout=0.05),
    fusing=Fusing(
        phases=(
            Phase("A", 2, 4e-3, warmup=1, both=True, boosts=(("ravdess", 1.2),)),
            Phase("B", 4, 4e-3, mixup_from=2, boosts=(("ravdess", 1.4),)),
            Phase("C", 3, 5e-4, average=2),
        ),
        batch=32,
        losses=Losses(apart=(("neutral", "sad", 0.5),)),
    ),
    boosting=Boosting(None, rounds=30, max_depth=3, learning_rate=0.2, early_stopping=8, threads=1),
    late=Experts(epochs=6, rate=2e-2),
    forests=Forests(trees=20, components={"both": 12}),
    calibrating=Calibrating(trials=20),
)


class Stopped(Exception):
    """Somebody pulled the plug."""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def given() -> Material:
    return material(280)


@pytest.fixture(scope="module")
def fitted(given: Material, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return fit(given, SMALL, tmp_path_factory.mktemp("work"))


def same(one: Fitted, other: Fitted) -> None:
    """Both bundles hold the same."""
    assert one.history == other.history and one.notes == other.notes
    for name, array in one.bundle.weights.items():
        np.testing.assert_array_equal(array, other.bundle.weights[name])
    assert one.bundle.boosted == other.bundle.boosted
    assert one.bundle.ensemble.told() == other.bundle.ensemble.told()
    assert one.bundle.late is not None and other.bundle.late is not None
    for name, array in one.bundle.late.weights.items():
        np.testing.assert_array_equal(array, other.bundle.late.weights[name])
    for name, detector in one.bundle.detectors.items():
        assert detector.threshold == other.bundle.detectors[name].threshold
        twin = other.bundle.detectors[name]
        assert isinstance(detector, Detector) and isinstance(twin, Detector)
        np.testing.assert_array_equal(detector.forest.bounds, twin.forest.bounds)


def test_the_ensemble_reads_people_that_it_never_saw(given: Material, fitted: Fitted) -> None:
    scored = score(fitted.bundle, given, TEST)
    assert set(scored) == {"audio_only", "video_only", "both"}
    for name, least in (("audio_only", 0.4), ("video_only", 0.45), ("both", 0.55)):
        assert scored[name].figures.uar > least, "chance is a quarter"
        assert scored[name].derived == (name != "both")
        assert set(scored[name].members) == {"transformer", "boosted", "late"}
    assert scored["both"].figures.uar > scored["audio_only"].figures.uar


def test_a_tenth_of_the_watched_windows_is_called_strange(given: Material, fitted: Fitted) -> None:
    for scored in score(fitted.bundle, given, VALID).values():
        assert scored.flagged == pytest.approx(0.1, abs=0.02)


def test_what_is_said_of_the_watched_side_is_as_sure_as_it_is_right(given: Material, fitted: Fitted) -> None:
    said, right = [], []
    engine, rows = ReferenceEngine(fitted.bundle), given.rows(VALID)
    probs = engine.infer(rows.at(np.arange(len(rows)))).probs
    said, right = probs.max(axis=1).astype(np.float64), probs.argmax(axis=1) == rows.labels
    assert calibration(said, right, bins=5)[0] < 0.1


def test_a_bundle_is_saved_and_read_as_it_was(fitted: Fitted, given: Material, tmp_path: Path) -> None:
    save(replace(fitted.bundle, card="# A card"), tmp_path / "bundle")
    again = load(tmp_path / "bundle")
    rows = given.rows(TEST).at(np.arange(40))
    one, other = (ReferenceEngine(bundle).infer(rows) for bundle in (fitted.bundle, again))
    np.testing.assert_array_equal(one.probs, other.probs)
    np.testing.assert_array_equal(one.anomaly_score, other.anomaly_score)
    assert again.vectors == "made-up" and again.shares["both"] == pytest.approx((0.25,) * 4)


@pytest.mark.parametrize("where", ["B", "boosted trees", "forests"])
def test_an_interrupted_run_that_goes_on_is_the_same_run(
    given: Material, fitted: Fitted, tmp_path: Path, where: str
) -> None:
    def stop(stage: str, done: int, total: int, note: str = "") -> None:
        if stage == where or (stage == "transformer" and note.startswith(f"{where}, loss") and done % 2 == 0):
            raise Stopped

    with pytest.raises(Stopped):
        fit(given, SMALL, tmp_path, progress=stop)
    told: list[str] = []
    again = fit(given, SMALL, tmp_path, resume=True, progress=lambda stage, *_: told.append(stage))
    same(again, fitted)
    if where in ("forests", "calibration"):
        assert told.count("transformer") == 1 and "features" not in told, "finished stages are not done again"


def test_a_finished_run_is_read_again_at_once(given: Material, fitted: Fitted, tmp_path: Path) -> None:
    fit(given, SMALL, tmp_path)
    notes: list[str] = []
    again = fit(given, SMALL, tmp_path, resume=True, progress=lambda *said: notes.append(said[3]))
    same(again, fitted)
    assert notes.count("resumed") == 4
    same(fit(given, SMALL, tmp_path), fitted)


def test_what_is_kept_of_another_recipe_or_other_windows_is_refused(given: Material, tmp_path: Path) -> None:
    short = SMALL.with_epochs(3)
    fit(given, short, tmp_path)
    for other, recipe in ((given, replace(short, seed=2)), (material(280, seed=1), short)):
        with pytest.raises(ValueError, match="another recipe or other material"):
            fit(other, recipe, tmp_path, resume=True)


def test_a_search_that_was_interrupted_finds_what_it_would_have_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = material(120)
    normal = given.normaliser().apply(given.windows)
    train, valid = given.rows(TRAIN, normal), given.rows(VALID, normal)
    recipe = sized(SMALL.with_epochs(9), given)

    def searched(folder: Path, resume: bool) -> tuple[Recipe, tuple[Search, ...]]:
        return tune(
            train, valid, CLASSES, recipe, 3, folder, "about", resume=resume, device="cpu", progress=lambda *_: None
        )

    whole = searched(tmp_path / "whole", False)
    calls: list[int] = []

    def stopping(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise Stopped
        return once(*given)

    with monkeypatch.context() as patch:
        patch.setattr("hoovik_inference.training.emotion.trees.once", stopping)
        with pytest.raises(Stopped):
            searched(tmp_path / "part", False)
    assert searched(tmp_path / "part", True) == whole
    found, (transformer, boosted) = whole
    assert len(transformer.values) == len(boosted.values) == 3 and not (tmp_path / "whole" / "trial.pt").exists()
    assert found.boosting.max_depth == round(boosted.best["max_depth"])
    assert found.fusing.losses.focal == transformer.best["focal"] and found.forests == recipe.forests
    assert min(boosted.values) <= boosted.values[0], "the first trial is the recipe itself"


def test_windows_of_one_modality_only_train_what_there_is(tmp_path: Path) -> None:
    alone = fit(material(200, flags=(0,)), SMALL.with_epochs(4), tmp_path)
    assert set(alone.bundle.detectors) == {"audio_only", "global"}
    assert {epoch.phase for epoch in alone.history} == {"B", "C"}
    words = " ".join(alone.notes)
    assert "phase A was left out" in words and "no anomaly detector for both" in words
    assert "video_only: 0 watched windows" in words
    assert set(alone.bundle.shares) == {"audio_only"}
    assert set(score(alone.bundle, material(200, flags=(0,)), TEST)) == {"audio_only"}


def test_a_modality_with_windows_of_its_own_gets_no_masked_ones() -> None:
    mixed = material(240, flags=(2, 2, 1))
    rows = mixed.rows(TRAIN)
    assert rows.derived == ("audio_only",)
    own = (mixed.windows.modality[mixed.sides == TRAIN] == VIDEO_ONLY).sum()
    assert (rows.flags == VIDEO_ONLY).sum() == own
    shown = rows.of(AUDIO_ONLY)
    windows = shown.at(np.arange(len(shown)))
    assert not windows.face.any() and not windows.face_mask.any() and windows.audio_mask.any(axis=1).all()
    assert (windows.modality == AUDIO_ONLY).all() and (mixed.windows.modality[shown.places] == BOTH).all()


def test_numbers_are_normalised_by_the_steps_that_count_on_the_side_that_is_trained_on() -> None:
    given = material(240)
    normal = given.normaliser().apply(given.windows)
    steps = normal.face[given.sides == TRAIN][normal.face_mask[given.sides == TRAIN] != 0]
    np.testing.assert_allclose(steps.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(steps.std(axis=0), 1.0, atol=1e-4)
    without = material(240, flags=(1,)).normaliser()
    np.testing.assert_array_equal(without.audio_std, 1.0)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"labels": np.zeros(3, np.int64)}, "expected as many of each"),
        ({"labels": np.full(240, 4)}, "a label is none of 0…3"),
        ({"sides": np.full(240, TRAIN)}, "no window is on the side valid"),
        ({"classes": (*CLASSES, "fear")}, "nothing to train on is fear"),
    ],
)
def test_material_that_cannot_be_trained_on_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(material(240), **change)  # type: ignore[arg-type]


def test_experts_in_torch_say_what_they_say_without_it() -> None:
    torch.manual_seed(3)
    given, net = material(60, flags=(0, 1, 2)), LateNetwork(FACE, AUDIO, len(CLASSES)).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_()
        windows = given.windows
        windows.face_mask[5] = windows.audio_mask[5] = 0
        said = net(*tensors(windows, "cpu"))[0].numpy()
    late = net.weights()
    assert {name: array.shape for name, array in late.weights.items()} == weights_of(FACE, AUDIO, len(CLASSES))
    np.testing.assert_allclose(late(windows), said, rtol=1e-4, atol=1e-5)


def test_focal_loss_without_gamma_is_cross_entropy() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(9, 4), torch.arange(9) % 4
    targets, ones = smoothed(labels, 4, 0.1), torch.ones(4)
    wanted = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1, reduction="none")
    torch.testing.assert_close(focal(logits, targets, ones, 0.0), wanted)
    sure, unsure = torch.tensor([[4.0, 0.0, 0.0, 0.0]]), torch.tensor([[0.2, 0.0, 0.0, 0.0]])
    shares = [
        float(
            focal(x, smoothed(torch.tensor([0]), 4, 0.0), ones, 2.0)
            / focal(x, smoothed(torch.tensor([0]), 4, 0.0), ones, 0.0)
        )
        for x in (sure, unsure)
    ]
    assert shares[0] < 0.01 < 0.4 < shares[1], "what is right already counts less"


def test_losses_of_distance_prefer_classes_that_lie_together() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    together = torch.tensor([[1.0, 0.1], [1.0, 0.0], [0.0, 1.0], [0.1, 1.0]])
    across = together[[0, 2, 1, 3]]
    for near, far in (
        (contrastive(together, labels, 0.1), contrastive(across, labels, 0.1)),
        (triplet(together, labels, 0.5), triplet(across, labels, 0.5)),
    ):
        assert float(near) < 0.05 < 0.5 < float(far)
    apart = torch.tensor([0, 1, 2, 3])
    assert float(contrastive(together, apart, 0.1)) == float(triplet(together, apart, 0.5)) == 0.0, "nobody has another"


def test_rivals_are_held_apart_by_their_margin() -> None:
    logits = torch.tensor([[1.0, 0.8, 5.0], [0.0, 2.0, 5.0]])
    labels = torch.tensor([0, 1])
    assert float(separation(logits, labels, [(0, 1, 0.5)])) == pytest.approx((0.5 - 0.2) / 2)
    assert float(separation(logits, labels, [(0, 2, 1.0)])) == pytest.approx(5.0)
    assert float(separation(logits, labels, [])) == 0.0


def test_rare_classes_weigh_more_and_a_window_weighs_one() -> None:
    labels = np.array([0] * 16 + [1] * 4)
    weights = class_weights(labels, np.array([1, 1, 1], np.float32))
    assert weights[1] == pytest.approx(2 * weights[0]) and weights[2] == 0.0
    assert weights[labels].mean() == pytest.approx(1.0)


def test_a_temperature_makes_logits_as_sure_as_they_are_right() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0.0, 1.5, (4000, 5)).astype(np.float32)
    labels = np.array([rng.choice(5, p=row) for row in softmax(logits)])
    assert temperature(logits * 3, labels) == pytest.approx(3.0, rel=0.1)
    assert temperature(logits / 2, labels) == pytest.approx(0.5, rel=0.1)


def test_the_mixture_is_likelier_than_any_model_and_leaves_out_noise() -> None:
    rng = np.random.default_rng(1)
    parts = rng.normal(0.0, 1.2, (2, 1500, 4)).astype(np.float32)
    labels = np.array([rng.choice(4, p=row) for row in softmax(parts[0] + parts[1])])
    noise = rng.normal(0.0, 2.0, (1500, 4)).astype(np.float32)
    sure = np.stack([softmax(one) for one in (*parts, noise)])
    weights = mixture(sure, labels, 60, 1)
    assert weights.sum() == pytest.approx(1.0) and weights[2] < 0.1 and weights[:2].min() > 0.25
    assert surprise(np.tensordot(weights, sure, axes=1), labels) < min(surprise(one, labels) for one in sure)


def test_lines_move_what_is_too_sure_and_leave_classes_that_are_rare() -> None:
    rng = np.random.default_rng(2)
    true = softmax(rng.normal(0.0, 1.0, (3000, 3)).astype(np.float32))
    labels = np.array([rng.choice(3, p=row) for row in true])
    tilted = true * np.array([3.0, 1.0, 0.5])
    tilted /= tilted.sum(axis=1, keepdims=True)
    slopes, offsets = lines(tilted, labels, np.array([True, True, True]), 0.5)
    assert offsets[0] < offsets[1] < offsets[2]
    better = platt(tilted, slopes, offsets).astype(np.float64)
    assert surprise(better, labels) < surprise(tilted, labels) - 0.05
    held = lines(tilted, labels, np.array([True, False, True]), 0.5)
    assert held[0][1] == 1.0 and held[1][1] == 0.0 and held[0][0] != 1.0


def test_columns_of_the_anomaly_features_are_those_of_their_names(given: Material) -> None:
    windows = given.windows.at(np.arange(7))
    measured = Measured.of(windows)
    features = anomaly_features(measured)
    sizes = (FACE, AUDIO)
    for stream, steps in (("face", measured.face), ("audio", measured.audio)):
        known = {
            "mean": steps.moments[0], "std": steps.moments[1], "min": steps.extremes[0], "max": steps.extremes[1],
            "range": steps.quartile_range, "changes": steps.change_spread, "travelled": steps.travelled,
        }  # fmt: skip
        for block, values in known.items():
            np.testing.assert_allclose(features[:, columns_of(sizes, stream, (1, 3), (block,))], values[:, [1, 3]])
        (share,) = columns_of(sizes, stream, (), ("share",))
        np.testing.assert_allclose(features[:, share], steps.mask.mean(axis=1))
    assert max(columns_of(sizes, "audio", range(AUDIO), ("travelled",))) == anomaly_inputs.count(*sizes) - 1


def test_a_detector_looks_only_at_the_columns_it_was_given(given: Material, tmp_path: Path) -> None:
    columns = columns_of((FACE, AUDIO), "face", (0,), ("mean", "std"))
    forests = replace(SMALL.forests, columns={"both": columns, "video_only": columns})
    detectors = fit(given, replace(SMALL, forests=forests).with_epochs(3), tmp_path).bundle.detectors
    rows = given.rows(TEST).of(BOTH)
    features = anomaly_features(Measured.of(rows.at(np.arange(len(rows)))))
    before = detectors["both"].score(features)
    others = [column for column in range(features.shape[1]) if column not in columns]
    spoiled = features.copy()
    spoiled[:, others] = 100.0
    np.testing.assert_array_equal(detectors["both"].score(spoiled), before)
    spoiled[:, list(columns)] += 50.0
    assert (detectors["both"].score(spoiled) < detectors["both"].threshold).all()


def test_importance_goes_to_the_blocks_whose_numbers_the_trees_ask_for(fitted: Fitted) -> None:
    assert sum(fitted.trees.importance.values()) == pytest.approx(1.0)
    assert sum(width for _, width in layout(FACE, AUDIO)) == fitted.bundle.features
    assert list(fitted.trees.importance)[0] == "face mean" and fitted.trees.importance["face mean"] > 0.05
    gains = importance({"f0": 2.0}, fitted.bundle.projection, (FACE, AUDIO))
    assert gains["face mean"] == pytest.approx(1.0)


def test_features_may_be_projected_on_their_components(given: Material, tmp_path: Path) -> None:
    recipe = replace(SMALL, boosting=replace(SMALL.boosting, components=10), late=None).with_epochs(3)
    bundle = fit(given, recipe, tmp_path).bundle
    assert (bundle.projection.outputs, bundle.projection.inputs) == (10, bundle.features) and bundle.late is None
    assert score(bundle, given, TEST)["both"].members.keys() == {"transformer", "boosted"}


def test_the_reference_s_recipe_is_the_reference_s() -> None:
    recipe = Recipe.reference()
    assert [phase.epochs for phase in recipe.fusing.phases] == [15, 40, 35]
    assert recipe.boosting.rounds == 3150 and recipe.boosting.components == 512 and recipe.shape == Shape()
    assert recipe.late is None and json.loads(recipe.told()) == json.loads(json.dumps(asdict(recipe)))
    assert sum(phase.epochs for phase in recipe.with_epochs(9).fusing.phases) == pytest.approx(9, abs=1)


def test_windows_without_any_step_are_read_by_the_experts() -> None:
    empty = Windows(
        np.zeros((2, 10, FACE), np.float32), np.zeros((2, 10, AUDIO), np.float32), np.zeros((2, 10), np.float32),
        np.zeros((2, 10), np.float32), np.array([2, 2]),
    )  # fmt: skip
    late = LateNetwork(FACE, AUDIO, len(CLASSES)).weights()
    np.testing.assert_array_equal(late(empty), np.tile(late.weights["bias"], (2, 1)))
