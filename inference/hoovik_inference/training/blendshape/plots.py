"""The curves beside the card."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hoovik_inference.training.blendshape.fit import REPORT
from hoovik_inference.training.blendshape.summary import Summary
from hoovik_inference.types import BLENDSHAPES

LOSSES, CHANNELS, LEARNING = "losses.svg", "channels.svg", "learning.svg"


def plot(summary: Summary, out: Path) -> None:
    """Write LOSSES, CHANNELS and LEARNING to `out`."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "blendshapes"  # the same figures, the same bytes
    from matplotlib import pyplot

    def keep(name: str) -> None:
        pyplot.tight_layout()
        pyplot.savefig(out / name, metadata={"Date": None})
        pyplot.close()

    pyplot.figure(figsize=(7, 4))
    for stage, losses in summary.losses.items():
        pyplot.plot([REPORT * (n + 1) for n in range(len(losses))], losses, label=stage, linewidth=1)
    pyplot.yscale("log")
    pyplot.xlabel("step")
    pyplot.ylabel("loss on what is trained on")
    pyplot.legend(fontsize=6)
    keep(LOSSES)

    pyplot.figure(figsize=(7, 9))
    order = np.argsort(summary.held.spread)
    rows = np.arange(len(order))
    pyplot.barh(rows, summary.held.errors[order], color="#8aa", label="mean absolute error")
    pyplot.plot(summary.held.spread[order], rows, "k|", label="the teacher's standard deviation")
    pyplot.plot(summary.held.r[order], rows, "o", color="#c50", markersize=4, label="r, where the teacher moves")
    pyplot.axvline(0.9, color="#c50", linewidth=0.5)
    pyplot.yticks(rows, [BLENDSHAPES[at] for at in order], fontsize=7)
    pyplot.xlabel("people not trained on")
    pyplot.legend(fontsize=7)
    keep(CHANNELS)

    pyplot.figure(figsize=(5, 3.5))
    people = sorted(summary.curve)
    pyplot.plot(people, [summary.curve[n].error for n in people], "o-")
    pyplot.xscale("log")
    pyplot.xlabel("pictures of other people trained on (no clip)")
    pyplot.ylabel("mean absolute error on the clips")
    keep(LEARNING)
