"""How well a network reads the watched side, for early stopping and curves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from hoovik_inference.emotion.reference.windows import Windows
from hoovik_inference.training.emotion.material import Rows
from hoovik_inference.types import Floats

Logits = Callable[[nn.Module, Windows, str], Tensor]
"(B, K) of a network, windows, a device."
BATCH = 512


def tensors(windows: Windows, device: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Face, audio, face mask, audio mask."""
    arrays = (windows.face, windows.audio, windows.face_mask, windows.audio_mask)
    face, audio, face_mask, audio_mask = (torch.from_numpy(array).to(device) for array in arrays)
    return face, audio, face_mask, audio_mask


@torch.no_grad()
def watched(net: nn.Module, rows: Rows, read: Logits, device: str) -> tuple[float, float]:
    """Cross entropy and balanced accuracy."""
    net.eval()
    parts = [
        read(net, rows.at(slice(start, start + BATCH)), device).cpu() for start in range(0, len(rows), BATCH)
    ]  # fmt: skip
    logits = torch.cat(parts)
    loss = float(functional.cross_entropy(logits, torch.from_numpy(rows.labels)))
    return loss, balanced(rows.labels, logits.argmax(dim=1).numpy())


def balanced(labels: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """Mean recall of the classes that occur."""
    return float(np.mean([(said[labels == label] == label).mean() for label in np.unique(labels)]))


def class_weights(labels: NDArray[np.int64], boosts: Floats) -> Floats:
    """(K,) 1/√count times a boost, scaled so that a window weighs 1 on average; 0 of a class that does not occur."""
    counts = np.bincount(labels, minlength=len(boosts)).astype(np.float64)
    weights = np.where(counts > 0, boosts / np.sqrt(np.maximum(counts, 1.0)), 0.0)
    scaled: Floats = (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)
    return scaled
