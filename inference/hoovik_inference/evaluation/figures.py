"""How well labelled pictures were read, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from hoovik_inference.types import EMOTIONS, Floats

ECE_BINS = 15
"Bins of equal width, as Guo et al. 2017 have them."


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class."""

    name: str
    "One of EMOTIONS."
    n: int
    "Pictures of it."
    found: int
    "Of them, those in which a face was found."
    recall: float
    "0…1, of all n; 0 where n is 0."
    precision: float
    "0…1, of all pictures taken for it; 0 where there are none."
    f1: float
    "0…1, harmonic mean of both."


@dataclass(frozen=True, slots=True)
class Bin:
    """Readings whose top probability lies in one interval."""

    above: float
    "Lower edge, not in the interval."
    n: int
    "Readings in it."
    confidence: float
    "Their mean top probability; nan where there are none."
    accuracy: float
    "Share of them that is right; nan where there are none."


@dataclass(frozen=True, slots=True)
class Figures:
    """What a reader made of n labelled pictures."""

    classes: tuple[str, ...]
    "K of EMOTIONS, in their order: pictures and predictions are restricted to these."
    n: int
    "All pictures, found or not."
    found: float
    "0…1, share of the pictures in which a face was found."
    accuracy: float
    "0…1, share of all n that is right; a picture without a found face is wrong."
    uar: float
    "0…1, mean recall of the classes that have pictures (balanced accuracy); a missed picture lowers its class's."
    macro_f1: float
    "0…1, mean F1 of the classes that have pictures."
    ece: float
    "0…1, expected calibration error over the pictures found; nan where none was. A missed one has no probability."
    confusion: NDArray[np.int64]
    "(K, K + 1) pictures: rows true, columns predicted, the last column those missed. Row k sums to the n of class k."
    per_class: tuple[ClassFigures, ...]
    "Length K."
    bins: tuple[Bin, ...]
    "ECE_BINS bins of the top probability."


def figures(labels: NDArray[np.int64], probabilities: Floats, classes: Sequence[str] = EMOTIONS) -> Figures:
    """The figures of n >= 1 pictures.

    Args:
        labels: (n,) index into EMOTIONS, each one of `classes`.
        probabilities: (n, 7) in the order of EMOTIONS; a row of nan where no face was found.
        classes: Names of EMOTIONS: probabilities are restricted to these and sum to 1 over them.

    Raises:
        ValueError: Shapes don't fit, or a label is none of `classes`.
    """
    if len(labels) == 0 or probabilities.shape != (len(labels), len(EMOTIONS)):
        raise ValueError(f"{labels.shape} labels and {probabilities.shape} probabilities; expected (n,) and (n, 7)")
    columns = [index for index, name in enumerate(EMOTIONS) if name in classes]
    strange = set(labels.tolist()) - set(columns)
    if strange:
        raise ValueError(f"labels {sorted(strange)} are none of {', '.join(classes)}")
    true = np.searchsorted(columns, labels)
    return named_figures(true, probabilities[:, columns], [EMOTIONS[index] for index in columns])


def named_figures(true: NDArray[np.int64], probabilities: Floats, classes: Sequence[str]) -> Figures:
    """The figures of n >= 1 pictures of any classes.

    Args:
        true: (n,) index into `classes`.
        probabilities: (n, K); a row of nan where nothing was found. They are made sum 1.
        classes: K names.

    Raises:
        ValueError: Shapes don't fit.
    """
    count = len(classes)
    if len(true) == 0 or probabilities.shape != (len(true), count):
        raise ValueError(f"{true.shape} labels and {probabilities.shape} probabilities; expected (n,) and (n, {count})")
    among = _among(probabilities.astype(np.float64))
    seen = ~np.isnan(among).any(axis=1)
    guessed = np.where(seen, np.where(seen[:, None], among, 0.0).argmax(axis=1), count)
    confusion = confusion_matrix(true, guessed, labels=range(count + 1))[:count]
    precision, recall, f1, support = precision_recall_fscore_support(
        true, guessed, labels=range(count), zero_division=0.0
    )
    there = support > 0
    ece, bins = calibration(among[seen].max(axis=1, initial=0.0), guessed[seen] == true[seen])
    return Figures(
        classes=tuple(classes),
        n=len(true),
        found=float(seen.mean()),
        accuracy=float((guessed == true).mean()),
        uar=float(recall[there].mean()),
        macro_f1=float(f1[there].mean()),
        ece=ece,
        confusion=confusion.astype(np.int64),
        per_class=tuple(
            ClassFigures(
                name=name,
                n=int(support[k]),
                found=int(support[k] - confusion[k, count]),
                recall=float(recall[k]),
                precision=float(precision[k]),
                f1=float(f1[k]),
            )
            for k, name in enumerate(classes)
        ),
        bins=bins,
    )


def calibration(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = ECE_BINS
) -> tuple[float, tuple[Bin, ...]]:
    """Expected calibration error and the bins behind it.

    In each of `bins` intervals (i/bins, (i+1)/bins] of the top probability: how far its mean lies from the share that
    is right; then the mean over the intervals, each by its readings. Naeini, Cooper and Hauskrecht, "Obtaining well
    calibrated probabilities using Bayesian binning", AAAI 2015; intervals and top probability as in Guo et al., "On
    calibration of modern neural networks", ICML 2017.

    Args:
        confidence: (m,) top probability of each reading, 0…1.
        right: (m,) whether its class is the true one.
        bins: Intervals, all of the same width.

    Returns:
        The error, 0…1 (nan where m is 0), and the bins.
    """
    which = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = []
    for index in range(bins):
        inside = which == index
        n = int(inside.sum())
        mean, share = (float(confidence[inside].mean()), float(right[inside].mean())) if n else (np.nan, np.nan)
        rows.append(Bin(index / bins, n, mean, share))
    if not len(confidence):
        return float("nan"), tuple(rows)
    error = sum(row.n * abs(row.confidence - row.accuracy) for row in rows if row.n) / len(confidence)
    return float(error), tuple(rows)


def _among(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows that sum to 1; of a row without any probability each class gets the same."""
    total = probabilities.sum(axis=1, keepdims=True)
    equal = np.full_like(probabilities, 1 / probabilities.shape[1])
    return np.where(total == 0.0, equal, probabilities / np.where(total == 0.0, 1.0, total))
