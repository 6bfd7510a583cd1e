"""How the training went, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from hoovik_inference.training.voice.fit import Epoch


def draw(histories: Sequence[Sequence[Epoch]], file: Path) -> None:
    """Loss and recall of each fold's first network against the epoch; the suffix of `file` says the format."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    losses, recalls = figure.subplots(1, 2)
    for number, history in enumerate(histories):
        epochs, colour = [epoch.epoch for epoch in history], f"C{number}"
        losses.plot(epochs, [epoch.loss for epoch in history], "--", color=colour)
        losses.plot(epochs, [epoch.held_loss for epoch in history], color=colour, label=f"fold {number + 1}")
        recalls.plot(epochs, [100 * (epoch.held_recall or 0.0) for epoch in history], color=colour)
    losses.set(xlabel="epoch", ylabel="cross entropy (dashed: trained on, mixed and smoothed)")
    losses.legend(frameon=False)
    recalls.set(xlabel="epoch", ylabel="mean recall on actors held out, %")
    for axes in (losses, recalls):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
