"""What the transformer's training minimises."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def smoothed(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """(B, K) targets: 1 less `smoothing` for the label, the rest for all alike."""
    one_hot = functional.one_hot(labels, classes).float()
    return one_hot * (1.0 - smoothing) + smoothing / classes


def focal(logits: Tensor, targets: Tensor, weights: Tensor, gamma: float) -> Tensor:
    """(B,) focal loss of soft targets (Lin et al., ICCV 2017; class by class, γ 0 is cross entropy).

    Args:
        logits: (B, K).
        targets: (B, K) that sum to 1.
        weights: (K,) of the classes.
        gamma: How much less counts what is right already.
    """
    logs = functional.log_softmax(logits, dim=1)
    return -(weights * targets * (1.0 - logs.exp()) ** gamma * logs).sum(dim=1)


def contrastive(pooled: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss (Khosla et al., NeurIPS 2020, equation 2, "out").

    Windows without another of their class in the batch do not count; where none has one it is 0.
    """
    unit = functional.normalize(pooled, dim=1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    near = (unit @ unit.T / temperature).masked_fill(itself, -torch.inf)
    logs = near - torch.logsumexp(near, dim=1, keepdim=True)
    same = (labels[:, None] == labels) & ~itself
    number = same.sum(dim=1)
    counted = number > 0
    if not counted.any():
        return pooled.sum() * 0.0
    of_same = torch.where(same, logs, torch.zeros_like(logs)).sum(dim=1)
    return -(of_same[counted] / number[counted]).mean()


def triplet(pooled: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Batch-hard triplet loss of unit vectors (Hermans, Beyer and Leibe, 2017): the farthest alike, the nearest other.

    0 where no window has both.
    """
    unit = functional.normalize(pooled, dim=1)
    apart = (2.0 - 2.0 * (unit @ unit.T)).clamp(min=1e-8).sqrt()
    same = labels[:, None] == labels
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    alike = same & ~itself
    counted = alike.any(dim=1) & (~same).any(dim=1)
    if not counted.any():
        return pooled.sum() * 0.0
    farthest = apart.masked_fill(~alike, -torch.inf).amax(dim=1)[counted]
    nearest = apart.masked_fill(same, torch.inf).amin(dim=1)[counted]
    return functional.relu(farthest - nearest + margin).mean()


def separation(logits: Tensor, labels: Tensor, pairs: Sequence[tuple[int, int, float]]) -> Tensor:
    """How much the true class's logit falls short of the margin over its rival's, a mean over windows of such classes.

    `pairs` are two places of classes, either of which may be the true one, and the margin.
    """
    total, count = logits.sum() * 0.0, 0
    for first, second, margin in pairs:
        for true, rival in ((first, second), (second, first)):
            there = labels == true
            total = total + functional.relu(margin - logits[there, true] + logits[there, rival]).sum()
            count += int(there.sum())
    return total / max(count, 1)
