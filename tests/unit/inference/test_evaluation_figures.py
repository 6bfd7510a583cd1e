"""The figures against scikit-learn and against numbers made by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from hoovik_inference.evaluation import calibration, figures, plot
from hoovik_inference.types import EMOTIONS, Floats

HAPPY, SAD, FEAR = (EMOTIONS.index(name) for name in ("happy", "sad", "fear"))


def sure(guesses: list[int | None], p: float = 0.7) -> Floats:
    """(n, 7) with `p` for each guess and the rest shared; None is a missed face."""
    out = np.full((len(guesses), 7), (1 - p) / 6, np.float32)
    for row, guess in zip(out, guesses, strict=True):
        if guess is None:
            row[:] = np.nan
        else:
            row[guess] = p
    return out


def some(n: int, missed: float, seed: int = 5) -> tuple[NDArray[np.int64], Floats]:
    """Labels of uneven classes and probabilities that know something about them."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(7, n, p=[0.3, 0.25, 0.15, 0.1, 0.1, 0.07, 0.03])
    logits = rng.normal(0, 1, (n, 7))
    logits[np.arange(n), labels] += 1.5
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probabilities[rng.random(n) < missed] = np.nan
    return labels, probabilities.astype(np.float32)


def test_where_all_are_found_the_figures_are_scikit_learns() -> None:
    labels, probabilities = some(400, missed=0.0)
    guesses = probabilities.argmax(axis=1)
    got = figures(labels, probabilities)
    assert got.found == 1.0 and got.n == 400
    assert got.accuracy == pytest.approx(accuracy_score(labels, guesses))
    assert got.uar == pytest.approx(balanced_accuracy_score(labels, guesses))
    assert got.macro_f1 == pytest.approx(f1_score(labels, guesses, average="macro"))
    assert 0.3 < got.accuracy < 0.9 and got.uar != pytest.approx(got.accuracy)


def test_a_missed_face_is_an_error_in_every_figure_but_ece() -> None:
    labels = np.array([HAPPY, HAPPY, HAPPY, HAPPY, SAD, SAD])
    got = figures(labels, sure([HAPPY, HAPPY, None, SAD, SAD, None], p=0.5))
    assert got.found == pytest.approx(4 / 6)
    assert got.accuracy == pytest.approx(3 / 6)
    assert got.uar == pytest.approx((2 / 4 + 1 / 2) / 2)
    happy, sad = (next(one for one in got.per_class if one.name == name) for name in ("happy", "sad"))
    assert (happy.n, happy.found, happy.recall, happy.precision) == (4, 3, 0.5, 1.0)
    assert (sad.n, sad.found, sad.recall, sad.precision) == (2, 1, 0.5, 0.5)
    assert got.macro_f1 == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert got.ece == pytest.approx(0.25)  # 3 of the 4 found are right at 0.5


def test_rows_of_the_confusion_are_true_and_sum_to_the_pictures_of_the_class() -> None:
    labels, probabilities = some(300, missed=0.2)
    got = figures(labels, probabilities)
    assert got.confusion.shape == (7, 8)
    assert got.confusion.sum(axis=1).tolist() == np.bincount(labels, minlength=7).tolist()
    assert got.confusion[:, 7].sum() == np.isnan(probabilities[:, 0]).sum() > 0
    assert np.trace(got.confusion) / 300 == pytest.approx(got.accuracy)
    one = figures(np.array([HAPPY]), sure([SAD]))
    assert one.confusion[HAPPY, SAD] == 1 and one.confusion.sum() == 1


def test_a_class_without_pictures_moves_no_mean() -> None:
    labels = np.array([HAPPY, HAPPY, SAD])
    got = figures(labels, sure([HAPPY, FEAR, SAD]))
    assert got.uar == pytest.approx((1 / 2 + 1) / 2)
    assert got.macro_f1 == pytest.approx((2 / 3 + 1) / 2)


def test_where_nothing_is_found_nothing_is_right() -> None:
    got = figures(np.array([HAPPY, SAD]), sure([None, None]))
    assert (got.found, got.accuracy, got.uar, got.macro_f1) == (0.0, 0.0, 0.0, 0.0)
    assert math.isnan(got.ece)


def test_a_subset_of_classes_is_decided_among_these_alone() -> None:
    probabilities = np.zeros((3, 7), np.float32)
    probabilities[:, FEAR] = 0.6
    probabilities[0, [HAPPY, SAD]] = 0.3, 0.1
    probabilities[1, [HAPPY, SAD]] = 0.1, 0.3
    probabilities[2] = np.nan
    labels = np.array([HAPPY, HAPPY, SAD])
    assert figures(labels, probabilities).accuracy == 0.0
    got = figures(labels, probabilities, ("sad", "happy"))
    assert got.classes == ("happy", "sad")
    assert got.confusion.tolist() == [[1, 1, 0], [0, 0, 1]]
    assert got.accuracy == pytest.approx(1 / 3)
    assert got.ece == pytest.approx(0.25)  # both are sure by 0.75, one is right
    with pytest.raises(ValueError, match="none of sad, fear"):
        figures(labels, probabilities, ("sad", "fear"))


def test_a_reading_without_any_of_the_classes_gives_each_the_same() -> None:
    probabilities = np.zeros((1, 7), np.float32)
    probabilities[0, FEAR] = 1.0
    got = figures(np.array([SAD]), probabilities, ("happy", "sad", "angry", "disgust"))
    assert got.found == 1.0 and got.ece == pytest.approx(0.25)


@pytest.mark.parametrize("shape", [(2, 7), (3, 6), (3,)])
def test_figures_of_what_does_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        figures(np.zeros(3, np.int64), np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match="expected"):
        figures(np.zeros(0, np.int64), np.zeros((0, 7), np.float32))


def test_the_calibration_error_of_known_cases() -> None:
    right = np.array([True] * 8 + [False] * 2)
    assert calibration(np.full(10, 0.8), right)[0] == pytest.approx(0.0)
    assert calibration(np.full(10, 1.0), right)[0] == pytest.approx(0.2)
    assert calibration(np.full(10, 0.5), right)[0] == pytest.approx(0.3)
    # Two bins, each wrong by 0.1 to its own side: they don't cancel out.
    confidence = np.array([0.3] * 10 + [0.9] * 10)
    right = np.array([True] * 4 + [False] * 6 + [True] * 8 + [False] * 2)
    error, bins = calibration(confidence, right)
    assert error == pytest.approx(0.1)
    assert [one.n for one in bins if one.n] == [10, 10] and len(bins) == 15
    assert math.isnan(calibration(np.zeros(0), np.zeros(0, bool))[0])


def test_a_probability_on_an_edge_belongs_to_the_bin_below() -> None:
    _, bins = calibration(np.array([0.0, 0.2, 0.21, 1.0]), np.array([True] * 4), bins=5)
    assert [one.n for one in bins] == [2, 1, 0, 0, 1]


def test_calibration_error_grows_with_overconfidence() -> None:
    labels, probabilities = some(3000, missed=0.1)
    bent = probabilities**3 / (probabilities**3).sum(axis=1, keepdims=True)
    honest, bold = figures(labels, probabilities), figures(labels, bent)
    assert honest.accuracy == bold.accuracy
    assert bold.ece > honest.ece + 0.05


@pytest.mark.parametrize("classes", [EMOTIONS, ("happy", "sad")])
def test_the_plot_shows_the_figures(tmp_path: Path, classes: tuple[str, ...]) -> None:
    labels, probabilities = some(200, missed=0.1)
    kept = np.isin(labels, [EMOTIONS.index(name) for name in classes])
    result = figures(labels[kept], probabilities[kept], classes)
    plot(result, "200 pictures", tmp_path / "a.png")
    plot(result, "200 pictures", tmp_path / "a.svg")
    with Pillow.open(tmp_path / "a.png") as shown:
        assert shown.width > 500 and len(set(shown.convert("L").get_flattened_data())) > 50
    drawn = (tmp_path / "a.svg").read_text("utf-8")
    assert f"ECE {result.ece:.3f}" in drawn and "200 pictures" in drawn  # matplotlib notes its texts in comments
    with pytest.raises(ValueError, match=r"\.png, \.svg, \.pdf"):
        plot(result, "", tmp_path / "a.bmp")


def test_a_plot_without_any_reading_says_so(tmp_path: Path) -> None:
    plot(figures(np.array([HAPPY]), sure([None])), "a $ and a $\\x", tmp_path / "a.svg")
    assert "all: no face" in (tmp_path / "a.svg").read_text("utf-8")
