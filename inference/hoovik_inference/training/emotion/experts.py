"""Training the experts of the late fusion: `hoovik_inference.emotion.reference.late` in torch, by the same names."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hoovik_inference.emotion.reference.late import HIDDEN, Late
from hoovik_inference.emotion.reference.windows import Windows
from hoovik_inference.training import checkpoint
from hoovik_inference.training.emotion.material import Rows
from hoovik_inference.training.emotion.recipe import Experts
from hoovik_inference.training.emotion.watch import class_weights, tensors, watched
from hoovik_inference.training.progress import Progress


@dataclass(frozen=True, slots=True)
class Round:
    """How one epoch went."""

    epoch: int
    "From 1."
    loss: float
    "On what was trained on."
    valid_loss: float
    "Cross entropy on the watched side."
    valid_uar: float
    "0…1, balanced accuracy on it."


class Expert(nn.Module):
    """Of one modality."""

    def __init__(self, size: int, classes: int) -> None:
        super().__init__()
        self.attention = nn.Parameter(torch.zeros(size))
        self.expert = nn.Linear(size, classes)

    def forward(self, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, K) what it says of (B, T, D), and the (B, D) mean of the steps, weighted by attention."""
        scores = (values @ self.attention).masked_fill(mask == 0, -torch.inf)
        most = scores.amax(dim=1, keepdim=True).clamp(min=-1e9)
        weights = torch.exp(scores - most) * mask
        weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-9)
        pooled = torch.einsum("nt,ntd->nd", weights, values)
        return self.expert(pooled), pooled


class LateNetwork(nn.Module):
    """Both experts, and what weighs them."""

    def __init__(self, face: int, audio: int, classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.face, self.audio = Expert(face, classes), Expert(audio, classes)
        self.context = nn.Linear(face + audio + 2, HIDDEN)
        self.trust = nn.Linear(HIDDEN, 2)
        self.bias = nn.Parameter(torch.zeros(classes))
        self.dropout = nn.Dropout(dropout)

    def forward(self, face: Tensor, audio: Tensor, face_mask: Tensor, audio_mask: Tensor) -> tuple[Tensor, ...]:
        """(B, K) logits, then what each expert says by itself."""
        said, pooled, there = [], [], []
        for expert, values, mask in ((self.face, face, face_mask), (self.audio, audio, audio_mask)):
            kept = self.dropout(torch.ones_like(values[:, :1]))  # the same numbers in each step
            logits, rows = expert(values * kept, mask)
            said.append(logits)
            pooled.append(rows)
            there.append(mask.any(dim=1, keepdim=True).to(values.dtype))
        hidden = torch.tanh(self.context(torch.cat((*pooled, *there), dim=1)))
        trust = functional.softplus(self.trust(hidden), threshold=80.0)
        logits = trust[:, :1] * there[0] * said[0] + trust[:, 1:] * there[1] * said[1] + self.bias
        return logits, said[0] + self.bias, said[1] + self.bias

    def weights(self) -> Late:
        """As a bundle has it."""
        return Late({name: value.detach().cpu().float().numpy() for name, value in self.state_dict().items()})


def fit(
    train: Rows,
    valid: Rows,
    classes: Sequence[str],
    recipe: Experts,
    seed: int,
    kept: Path,
    about: str,
    *,
    resume: bool,
    device: str,
    progress: Progress,
) -> tuple[Late, tuple[Round, ...]]:
    """Train them, or read them from `kept` where `resume`.

    Raises:
        ValueError: The checkpoint is of another recipe or other material.
    """
    torch.manual_seed(seed)
    sizes = train.windows.face.shape[2], train.windows.audio.shape[2]
    net = LateNetwork(*sizes, len(classes), recipe.dropout).to(device)
    if resume and kept.exists():
        history = [Round(**one) for one in checkpoint.load(kept, about, {"net": net}, device)]
        progress("experts", 1, 1, "resumed")
        return net.weights(), tuple(history)
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    weights = torch.from_numpy(class_weights(train.labels, np.ones(len(classes), np.float32))).to(device)
    history, best = [], copy.deepcopy(net.state_dict())
    for number in range(recipe.epochs):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * 0.5 * (1.0 + math.cos(math.pi * number / recipe.epochs))
        loss = _epoch(net, optimizer, train, weights, recipe, (seed, number), device)
        history.append(Round(number + 1, loss, *watched(net, valid, _logits, device)))
        losses = [one.valid_loss for one in history]
        progress("experts", number + 1, recipe.epochs, f"loss {loss:.3f}, watched {history[-1].valid_uar:.1%}")
        if losses[-1] == min(losses):
            best = copy.deepcopy(net.state_dict())
        elif number - losses.index(min(losses)) >= recipe.patience:
            break
    net.load_state_dict(best)
    kept.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.save(kept, about, [asdict(one) for one in history], {"net": net})
    progress("experts", recipe.epochs, recipe.epochs, f"{len(history)} epochs")
    return net.weights(), tuple(history)


def _epoch(
    net: LateNetwork,
    optimizer: torch.optim.Optimizer,
    train: Rows,
    weights: Tensor,
    recipe: Experts,
    seed: tuple[int, int],
    device: str,
) -> float:
    torch.manual_seed(seed[0] * 100_003 + seed[1])
    order = np.random.default_rng(seed).permutation(len(train))
    steps = max(1, math.ceil(len(train) / recipe.batch))
    total = 0.0
    net.train()
    for chosen in np.array_split(order, steps):
        windows = train.at(chosen)
        labels = torch.from_numpy(train.labels[chosen]).to(device)
        logits, of_face, of_audio = net(*tensors(windows, device))
        loss = functional.cross_entropy(logits, labels, weights, label_smoothing=recipe.smoothing)
        for alone, mask in ((of_face, windows.face_mask), (of_audio, windows.audio_mask)):
            there = torch.from_numpy(mask.any(axis=1)).to(device)
            if there.any():
                loss = loss + recipe.alone * functional.cross_entropy(
                    alone[there], labels[there], weights, label_smoothing=recipe.smoothing
                )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total += float(loss.detach())
    return total / steps


def _logits(net: nn.Module, windows: Windows, device: str) -> Tensor:
    logits: Tensor = net(*tensors(windows, device))[0]
    return logits
