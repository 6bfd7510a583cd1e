"""The figures as a picture: confusion matrix and reliability diagram."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure  # without pyplot: no window, no state that outlives the call

from hoovik_inference.evaluation.figures import ECE_BINS, Figures

SUFFIXES = (".png", ".svg", ".pdf")
_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#777777"
"Of the palette by Okabe and Ito, which the colour-blind tell apart."


def plot(figures: Figures, title: str, path: Path, *, things: str = "pictures", missed: str = "no face") -> None:
    """Write both diagrams to `path`, as its suffix says.

    Args:
        figures: What is drawn.
        title: Above both.
        path: Where it goes.
        things: What was scored.
        missed: What those are called in which nothing was found.

    Raises:
        OSError: It cannot be written.
        ValueError: The suffix is none of SUFFIXES.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path.name}: expected a name that ends in {', '.join(SUFFIXES)}")
    side = 2.6 + 0.6 * len(figures.classes)
    figure = Figure(figsize=(side + 5.0, 4.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(side, 4.6))
    figure.suptitle(title, parse_math=False)  # a file may be called as it likes
    _confusion(left, figures, things, missed)
    _reliability(right, figures, missed)
    figure.savefig(path, dpi=130)


def _confusion(axes: Any, figures: Figures, things: str, missed: str) -> None:
    """Shares of each row in percent, with the size of each class beside its name."""
    counts = figures.confusion
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        if counts[row, column]:
            text = f"{100 * share:.0f}" if share >= 0.005 else "<1"
            axes.text(column, row, text, ha="center", va="center", color="white" if share > 0.5 else "black")
    axes.axvline(len(figures.classes) - 0.5, color=_GREY, linewidth=2)
    axes.set_xticks(range(counts.shape[1]), [*figures.classes, missed], rotation=30, ha="right")
    axes.set_yticks(range(len(figures.classes)), [f"{one.name} ({one.n})" for one in figures.per_class])
    axes.set(
        xlabel="predicted, % of the class",
        ylabel=f"true ({things})",
        title=f"accuracy {100 * figures.accuracy:.1f} %, UAR {100 * figures.uar:.1f} %",
    )


def _reliability(axes: Any, figures: Figures, missed: str) -> None:
    """Accuracy against probability, with the share of readings in each bin below."""
    axes.plot((0, 1), (0, 1), "--", color=_GREY, linewidth=1, label="as sure as right")
    bins = [one for one in figures.bins if one.n]
    if bins:
        width, read = 1 / ECE_BINS, sum(one.n for one in bins)
        sure, right = [one.confidence for one in bins], [one.accuracy for one in bins]
        shares = [one.n / read for one in bins]
        middles = [one.above + width / 2 for one in bins]
        axes.bar(middles, shares, width * 0.92, color=_GREY, alpha=0.35, label="share of the readings")
        axes.vlines(sure, right, sure, color=_ORANGE, linewidth=2, label="gap")
        axes.plot(sure, right, "o-", color=_BLUE, clip_on=False, label="accuracy")
    title = f"ECE {figures.ece:.3f}, {ECE_BINS} bins" if bins else f"all: {missed}"
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="top probability", ylabel="share", title=title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9)
