"""How the training went, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from hoovik_inference.training.visemes.fit import Epoch


def draw(history: Sequence[Epoch], file: Path) -> None:
    """Loss and recall against the epoch; the suffix of `file` says the format."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    losses, recalls = figure.subplots(1, 2)
    epochs = [epoch.epoch for epoch in history]
    losses.plot(epochs, [epoch.loss for epoch in history], label="trained on (changed each time, weighted)")
    losses.plot(epochs, [epoch.held_loss for epoch in history], label="held back, synthesised")
    losses.set(xlabel="epoch", ylabel="cross entropy")
    losses.legend(frameon=False)
    recalls.plot(epochs, [100 * epoch.held_uar for epoch in history], label="UAR, six mouth classes")
    recalls.plot(epochs, [100 * epoch.held_accuracy for epoch in history], label="accuracy, with silence")
    recalls.set(xlabel="epoch", ylabel="held back, synthesised, %")
    recalls.legend(frameon=False)
    for axes in (losses, recalls):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
