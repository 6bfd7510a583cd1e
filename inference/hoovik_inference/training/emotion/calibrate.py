"""Temperatures, weights and Platt's lines from what the trained models say of the watched side, by modality.

First each model's temperature by likelihood (Guo et al., ICML 2017), then the weights of their mixture, which Optuna
looks for by likelihood, then for each class a line in log odds (Platt, 1999) as `calibrated.platt` applies it: those of
all classes together, by likelihood of what comes out once they are made sum 1, with a normal prior around lines that
change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from hoovik_inference.emotion.reference.calibrated import MEMBERS, Calibrated, softmax
from hoovik_inference.emotion.reference.windows import MODALITIES
from hoovik_inference.training.emotion.kept import Kept
from hoovik_inference.training.emotion.recipe import Calibrating
from hoovik_inference.training.progress import Progress
from hoovik_inference.types import Floats

STAGE = "calibration"
_LEAST = 1e-6
_COLDEST, _HOTTEST = 0.05, 20.0


@dataclass(frozen=True, slots=True)
class Tuned:
    """A calibration."""

    calibrated: Calibrated
    "For the bundle."
    shares: dict[str, tuple[float, ...]]
    "By modality: (K,) shares of the classes on the watched side."
    notes: tuple[str, ...]
    "What is to be known of it."


def calibrate(
    said: Sequence[Floats],
    labels: NDArray[np.int64],
    modality: NDArray[np.int64],
    classes: Sequence[str],
    recipe: Calibrating,
    seed: int,
    kept: Kept,
    progress: Progress,
) -> Tuned:
    """Find it, or read it from where it was kept.

    Args:
        said: M of (N, K) logits of the watched windows, in the order of MEMBERS.
        labels: (N,).
        modality: (N,) places in MODALITIES.
        classes: K names, for notes.
        recipe: How.
        seed: Of Optuna.
        kept: Where it is kept.
        progress: Told how far it is.

    Raises:
        ValueError: What was kept is of another recipe or other material.
    """
    told = kept.done(STAGE)
    if told is not None:
        progress("calibration", 1, 1, "resumed")
        shares = {name: tuple(values) for name, values in told["shares"].items()}
        return Tuned(Calibrated.of(told["ensemble"]), shares, tuple(told["notes"]))
    kept.begin(STAGE)
    members, count = len(said), len(classes)
    weights, temperatures = np.full((3, members), 1.0 / members), np.ones((3, members))
    slopes, offsets = np.ones((3, count)), np.zeros((3, count))
    shares, notes = {}, []
    for flag, name in enumerate(MODALITIES):
        progress("calibration", flag, len(MODALITIES), name)
        rows = np.flatnonzero(modality == flag)
        if len(rows) < recipe.least:
            notes.append(f"{name}: {len(rows)} watched windows, so nothing is calibrated and all models count alike")
            continue
        true, heard = labels[rows], [logits[rows] for logits in said]
        temperatures[flag] = [temperature(logits, true) for logits in heard]
        sure = np.stack([softmax(logits / t) for logits, t in zip(heard, temperatures[flag].tolist(), strict=True)])
        weights[flag] = mixture(sure, true, recipe.trials, seed)
        counts = np.bincount(true, minlength=count)
        few = [classes[label] for label in np.flatnonzero(counts < recipe.least)]
        if few:
            notes.append(f"{name}: fewer than {recipe.least} watched windows of {', '.join(few)}, whose lines stay")
        mixed = np.tensordot(weights[flag], sure, axes=1)
        slopes[flag], offsets[flag] = lines(mixed, true, counts >= recipe.least, recipe.spread)
        shares[name] = tuple((counts / counts.sum()).tolist())
        notes.append(
            f"{name}: {', '.join(f'{one} {w:.2f}' for one, w in zip(MEMBERS, weights[flag].tolist(), strict=False))}"
        )
    progress("calibration", len(MODALITIES), len(MODALITIES), "")
    calibrated = Calibrated(weights, temperatures, slopes, offsets)
    kept.finish(STAGE, {"ensemble": calibrated.told(), "shares": shares, "notes": notes})
    return Tuned(calibrated, shares, tuple(notes))


def temperature(logits: Floats, labels: NDArray[np.int64]) -> float:
    """By which (N, K) logits are divided to be as sure as they are right."""

    def loss(log_t: float) -> float:
        return surprise(softmax(logits / np.exp(log_t)), labels)

    found = minimize_scalar(loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def mixture(sure: NDArray[np.float64], labels: NDArray[np.int64], trials: int, seed: int) -> NDArray[np.float64]:
    """(M,) weights of (M, N, K) probabilities that make the labels likeliest, found by Optuna."""
    members = len(sure)

    def normal(values: Sequence[float]) -> NDArray[np.float64]:
        raw = np.array(values, np.float64)
        shares: NDArray[np.float64] = raw / raw.sum()
        return shares

    def loss(trial: optuna.Trial) -> float:
        raw = [trial.suggest_float(name, 1e-3, 1.0) for name in MEMBERS[:members]]
        return surprise(np.tensordot(normal(raw), sure, axes=1), labels)

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # else a line for each trial
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial(dict.fromkeys(MEMBERS[:members], 1.0))
    for name in MEMBERS[:members]:
        study.enqueue_trial({other: 1.0 if other == name else 1e-3 for other in MEMBERS[:members]})
    study.optimize(loss, n_trials=max(trials, members + 1))
    return normal([study.best_params[name] for name in MEMBERS[:members]])


def lines(
    mixed: NDArray[np.float64], labels: NDArray[np.int64], free: NDArray[np.bool_], spread: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(K,) slopes and offsets for (N, K) probabilities; 1 and 0 of classes that are not `free`, (K,)."""
    held = torch.from_numpy(np.clip(mixed, _LEAST, 1.0 - _LEAST))
    odds = torch.log(held / (1.0 - held))
    true, loose = torch.from_numpy(labels), torch.from_numpy(free).double()
    moved = torch.zeros(2, mixed.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([moved], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        slopes, offsets = 1.0 + moved[0] * loose, moved[1] * loose
        logs = torch.nn.functional.logsigmoid(slopes * odds + offsets)
        nll = torch.nn.functional.nll_loss(torch.log_softmax(logs, dim=1), true, reduction="sum")
        value = nll + moved.square().sum() / (2.0 * spread**2)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    found = (moved.detach() * loose).numpy()
    return 1.0 + found[0], found[1]


def surprise(shares: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Mean cross entropy of (N, K) probabilities."""
    return float(-np.mean(np.log(np.maximum(shares[np.arange(len(labels)), labels], 1e-12))))
