"""How the training went, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from hoovik_inference.training.expression.fit import Epoch


def draw(history: Sequence[Epoch], file: Path) -> None:
    """Loss and accuracy against the epoch; the suffix of `file` says the format."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    losses, accuracies = figure.subplots(1, 2)
    epochs = [epoch.epoch for epoch in history]
    losses.plot(epochs, [epoch.loss for epoch in history], label="trained on (mixed, jittered, smoothed labels)")
    losses.plot(epochs, [epoch.held_loss for epoch in history], label="held back")
    losses.set(xlabel="epoch", ylabel="cross entropy")
    losses.legend(frameon=False)
    accuracies.plot(epochs, [100 * epoch.held_accuracy for epoch in history], color="tab:orange")
    accuracies.set(xlabel="epoch", ylabel="accuracy on what is held back, %")
    for axes in (losses, accuracies):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
