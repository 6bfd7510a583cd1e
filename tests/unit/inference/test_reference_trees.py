"""XGBoost's trees and Isolation Forests as arrays, against XGBoost and scikit-learn."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import StandardScaler

xgboost = pytest.importorskip("xgboost", reason="needs XGBoost: pip install 'hoovik-rtc[models]'")
pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[models]'")

from hoovik_inference.emotion.reference import BundleError  # noqa: E402
from hoovik_inference.emotion.reference.boosted import Boosted  # noqa: E402
from hoovik_inference.emotion.reference.forest import Forest, Tree  # noqa: E402
from hoovik_inference.emotion.reference.projection import Projection, Scaler  # noqa: E402
from hoovik_inference.emotion.reference.ubj import read_ubj  # noqa: E402
from tests.unit.inference.reference_folder import BEST, classifier  # noqa: E402


def numbers(count: int, width: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


@pytest.fixture(scope="module")
def trained() -> Any:
    return classifier(numbers(150, 24))


def raw(model: Any) -> bytes:
    return bytes(model.get_booster().save_raw("ubj"))


def test_probabilities_are_those_of_xgbclassifier_up_to_the_best_round(trained: Any) -> None:
    ours, x = Boosted.read(raw(trained)), numbers(200, 24, seed=1)
    assert (ours.rounds, ours.classes, ours.inputs) == (BEST + 1, 6, 24)
    np.testing.assert_allclose(ours.probabilities(x), trained.predict_proba(x), atol=1e-6)
    margins = trained.get_booster().inplace_predict(x, iteration_range=(0, BEST + 1), predict_type="margin")
    np.testing.assert_allclose(ours.margins(x), margins, atol=1e-6)
    assert (ours.probabilities(x).argmax(axis=1) == trained.predict(x)).all()


def test_without_early_stopping_all_rounds_count(trained: Any) -> None:
    booster = trained.get_booster().copy()
    booster.set_attr(best_iteration=None)
    ours, x = Boosted.read(bytes(booster.save_raw("ubj"))), numbers(50, 24, seed=2)
    assert ours.rounds == 30
    np.testing.assert_allclose(ours.probabilities(x), booster.inplace_predict(x), atol=1e-6)


def test_values_on_a_bound_go_the_way_of_xgboost(trained: Any) -> None:
    ours = Boosted.read(raw(trained))
    x = np.zeros((40, 24), np.float32)
    for row, level in enumerate(range(40)):
        columns, bounds = ours.columns[0], ours.bounds[0]
        x[row, columns[level]] = bounds[level]
    np.testing.assert_allclose(ours.probabilities(x), trained.predict_proba(x), atol=1e-6)


def test_one_window_and_none_have_the_shape_of_many(trained: Any) -> None:
    ours, x = Boosted.read(raw(trained)), numbers(3, 24)
    np.testing.assert_array_equal(ours.probabilities(x[:1])[0], ours.probabilities(x)[0])
    assert ours.probabilities(x[:0]).shape == (0, 6)
    with pytest.raises(ValueError, match=r"x is \(3, 23\); expected \(N, 24\)"):
        ours.probabilities(x[:, 1:])


def test_ubjson_is_what_xgboost_writes_as_json(trained: Any) -> None:
    found = read_ubj(raw(trained))
    expected = json.loads(bytes(trained.get_booster().save_raw("json")))
    tree, other = (held["learner"]["gradient_booster"]["model"]["trees"][5] for held in (found, expected))
    np.testing.assert_array_equal(tree["left_children"], other["left_children"])
    np.testing.assert_allclose(tree["split_conditions"], other["split_conditions"], rtol=1e-6)
    assert found["learner"]["attributes"] == {"best_iteration": str(BEST)} and found["version"] == expected["version"]


def test_a_model_that_breaks_off_or_is_another_one_is_refused(trained: Any) -> None:
    data = raw(trained)
    for broken in (data[:1000], data + b"x", b"", b"\x80\x04", b"{" * 2000):
        with pytest.raises(BundleError, match="expected a model of XGBoost"):
            Boosted.read(broken)
    with pytest.raises(BundleError, match="without 'learner'"):
        Boosted.read(b"{}")
    x = numbers(40, 5)
    binary = xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(x, x[:, 0] > 0)
    with pytest.raises(BundleError, match="binary:logistic and gbtree; expected multi:softprob"):
        Boosted.read(raw(binary))


def grown(model: IsolationForest) -> Forest:
    trees = [
        Tree(
            tree.tree_.children_left,
            tree.tree_.children_right,
            np.where(tree.tree_.feature >= 0, columns[np.maximum(tree.tree_.feature, 0)], 0),
            tree.tree_.threshold,
            tree.tree_.n_node_samples,
        )
        for tree, columns in zip(model.estimators_, model.estimators_features_, strict=True)
    ]
    return Forest.of(trees, model.max_samples_, model.offset_)


@pytest.mark.parametrize(
    ("samples", "settings"),
    [
        (400, {}),
        (400, {"max_features": 0.5}),
        (60, {"contamination": 0.1}),
        (900, {"max_samples": 700}),
        (2, {}),
        (1, {}),
    ],
)
def test_an_isolation_forest_decides_as_scikit_learns_to_1e_9(samples: int, settings: dict[str, Any]) -> None:
    x = numbers(samples, 12)
    model = IsolationForest(n_estimators=60, random_state=1, **settings).fit(x)
    seen = np.concatenate((x[:200], 4.0 * numbers(100, 12, seed=3)))
    np.testing.assert_allclose(grown(model).decide(seen), model.decision_function(seen), atol=1e-9, rtol=0)


def test_a_damaged_tree_is_refused() -> None:
    model = IsolationForest(n_estimators=1, random_state=1).fit(numbers(50, 3))
    tree = model.estimators_[0].tree_
    parts = [tree.children_left, tree.children_right, tree.feature, tree.threshold, tree.n_node_samples]
    looped = tree.children_left.copy()
    looped[0] = 0
    for damaged in ([looped, *parts[1:]], [parts[0][:-1], *parts[1:]]):
        with pytest.raises(BundleError, match="a tree of an Isolation Forest"):
            Forest.of([Tree(*damaged)], 50, -0.5)
    with pytest.raises(BundleError, match="of 0 trees"):
        Forest.of([], 50, -0.5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("whiten", [False, True])
def test_scaling_and_components_are_scikit_learns(dtype: Any, whiten: bool) -> None:
    x = numbers(80, 30).astype(dtype) * 3 + 1
    scaler = StandardScaler().fit(x)
    pca = PCA(6, whiten=whiten, random_state=0).fit(scaler.transform(x))
    scale = np.sqrt(pca.explained_variance_) if whiten else None
    found = Projection(pca.components_, pca.mean_, scale).apply(Scaler(scaler.mean_, scaler.scale_).apply(x))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, pca.transform(scaler.transform(x)), atol=2e-5 if dtype is np.float32 else 1e-12)
