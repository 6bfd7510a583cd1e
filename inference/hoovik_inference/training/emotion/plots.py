"""How the training went and what came of it, as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from hoovik_inference.evaluation.figures import ECE_BINS, Figures
from hoovik_inference.training.emotion.ensemble import Fitted
from hoovik_inference.training.emotion.score import Scored
from hoovik_inference.training.emotion.search import Search

_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#777777"
"Of the palette by Okabe and Ito, which the colour-blind tell apart."


def draw(fitted: Fitted, valid: Mapping[str, Scored], test: Mapping[str, Scored], folder: Path) -> tuple[str, ...]:
    """Write all of them as SVG; returns their names.

    Args:
        fitted: What was trained.
        valid: The watched side by modality.
        test: The tested side by modality.
        folder: Where to, which is there.

    Raises:
        OSError: One cannot be written.
    """
    drawn = {
        "curves.svg": curves(fitted),
        "confusion.svg": confusion({name: one.figures for name, one in test.items()}),
        "reliability.svg": reliability({name: one.figures for name, one in test.items()}),
        "importance.svg": importance(fitted.trees.importance),
        "anomaly.svg": anomaly(valid, test),
    }
    if fitted.searches:
        drawn["search.svg"] = search(fitted.searches)
    for name, figure in drawn.items():
        with rc_context({"svg.hashsalt": name}):  # else names of parts differ from run to run
            figure.savefig(folder / name, metadata={"Date": None})
    return tuple(drawn)


def curves(fitted: Fitted) -> Figure:
    """Loss and balanced accuracy of the transformer, cross entropy of XGBoost, and of the experts where there are."""
    panels = 4 if fitted.rounds else 3
    figure = Figure(figsize=(4.2 * panels, 3.6), layout="constrained")
    axes = figure.subplots(1, panels)
    epochs = [one.epoch for one in fitted.history]
    axes[0].plot(epochs, [one.loss for one in fitted.history], color=_BLUE, label="all losses, trained on")
    axes[0].plot(epochs, [one.valid_loss for one in fitted.history], color=_ORANGE, label="cross entropy, watched")
    axes[0].set(xlabel="epoch", title="transformer")
    axes[0].legend(frameon=False, fontsize=8)
    axes[1].plot(epochs, [100 * one.valid_uar for one in fitted.history], color=_ORANGE)
    axes[1].set(xlabel="epoch", ylabel="balanced accuracy, watched, %", title="transformer")
    for phase in dict.fromkeys(one.phase for one in fitted.history):
        begin = next(one.epoch for one in fitted.history if one.phase == phase) - 0.5
        for panel in axes[:2]:
            panel.axvline(begin, color=_GREY, linewidth=0.8, linestyle=":")
            panel.annotate(phase, (begin, 1.0), xycoords=("data", "axes fraction"), color=_GREY, va="top")
    for side, colour in (("train", _BLUE), ("valid", _ORANGE)):
        axes[2].plot(fitted.trees.curve[side], color=colour, label="trained on" if side == "train" else "watched")
    axes[2].axvline(fitted.trees.rounds - 1, color=_GREY, linewidth=0.8, linestyle=":")
    axes[2].set(xlabel="round", ylabel="cross entropy", title="XGBoost")
    axes[2].legend(frameon=False, fontsize=8)
    if fitted.rounds:
        axes[3].plot([one.epoch for one in fitted.rounds], [one.valid_loss for one in fitted.rounds], color=_ORANGE)
        axes[3].set(xlabel="epoch", ylabel="cross entropy, watched", title="experts")
    _plain(axes)
    return figure


def confusion(figures: Mapping[str, Figures]) -> Figure:
    """Of each modality, in percent of the class."""
    figure, axes = _panels(len(figures), 4.6, 4.2)
    for panel, (name, one) in zip(axes, figures.items(), strict=True):
        counts = one.confusion[:, :-1]
        totals = counts.sum(axis=1, keepdims=True)
        shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
        panel.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
        for (row, column), share in np.ndenumerate(shares):
            if counts[row, column]:
                colour = "white" if share > 0.5 else "black"
                panel.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour, fontsize=8)
        panel.set_xticks(range(len(one.classes)), one.classes, rotation=40, ha="right", fontsize=8)
        panel.set_yticks(range(len(one.classes)), [f"{each.name} ({each.n})" for each in one.per_class], fontsize=8)
        panel.set(xlabel="said, % of the class", title=f"{name}: UAR {100 * one.uar:.1f} %, n {one.n}")
    return figure


def reliability(figures: Mapping[str, Figures]) -> Figure:
    """Accuracy against the top probability, with the share of windows in each bin."""
    figure, axes = _panels(len(figures), 4.0, 3.8)
    for panel, (name, one) in zip(axes, figures.items(), strict=True):
        bins = [each for each in one.bins if each.n]
        total, width = sum(each.n for each in bins), 1 / ECE_BINS
        middles = [each.above + width / 2 for each in bins]
        panel.plot((0, 1), (0, 1), "--", color=_GREY, linewidth=1)
        panel.bar(middles, [each.n / total for each in bins], width * 0.92, color=_GREY, alpha=0.35)
        panel.plot([each.confidence for each in bins], [each.accuracy for each in bins], "o-", color=_BLUE)
        panel.set(
            xlim=(0, 1), ylim=(0, 1), xlabel="top probability", ylabel="share that is right",
            title=f"{name}: ECE {one.ece:.3f}, n {one.n}",
        )  # fmt: skip
    _plain(axes)
    return figure


def importance(shares: Mapping[str, float]) -> Figure:
    """Of XGBoost's gain, by block of features."""
    figure = Figure(figsize=(6.5, 0.3 * len(shares) + 1.2), layout="constrained")
    axes = figure.subplots()
    names = list(shares)[::-1]
    axes.barh(names, [100 * shares[name] for name in names], color=_BLUE)
    axes.set(xlabel="share of XGBoost's gain, %")
    _plain([axes])
    return figure


def anomaly(valid: Mapping[str, Scored], test: Mapping[str, Scored]) -> Figure:
    """Scores of the watched and the tested windows, with the threshold."""
    names = [*valid, *(name for name in test if name not in valid)]
    figure, axes = _panels(len(names), 4.2, 3.4)
    for panel, name in zip(axes, names, strict=True):
        sides = [(side[name], words, colour) for side, words, colour in (
            (valid, "watched", _ORANGE), (test, "tested", _BLUE)
        ) if name in side]  # fmt: skip
        for one, words, colour in sides:
            panel.hist(
                one.anomaly_scores, bins=30, density=True, histtype="step", color=colour,
                label=f"{words}: {100 * one.flagged:.1f} % below",
            )  # fmt: skip
        panel.axvline(sides[0][0].threshold, color=_GREY, linestyle=":", label="threshold")
        panel.set(xlabel="score (lower is stranger)", ylabel="density", title=name)
        panel.legend(frameon=False, fontsize=8)
    _plain(axes)
    return figure


def search(searches: Sequence[Search]) -> Figure:
    """Values of the trials, and the best so far."""
    figure, axes = _panels(len(searches), 4.8, 3.4)
    for panel, one in zip(axes, searches, strict=True):
        numbers = range(1, len(one.values) + 1)
        best = np.maximum.accumulate(one.values) if one.rising else np.minimum.accumulate(one.values)
        panel.plot(numbers, one.values, "o", color=_BLUE, label="trial")
        panel.plot(numbers, best, color=_ORANGE, label="best so far")
        panel.set(xlabel="trial (1: the recipe)", ylabel=one.unit, title=one.what)
        panel.legend(frameon=False, fontsize=8)
    _plain(axes)
    return figure


def _panels(count: int, width: float, height: float) -> tuple[Figure, list[Any]]:
    figure = Figure(figsize=(width * max(count, 1), height), layout="constrained")
    return figure, list(figure.subplots(1, max(count, 1), squeeze=False)[0])[:count]


def _plain(axes: Sequence[Any]) -> None:
    for panel in axes:
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
