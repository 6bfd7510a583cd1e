"""Fitting the network: mirrored, jittered, mixed pictures; a moving average of the weights is what is kept."""

from __future__ import annotations

import copy
import json
import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from hoovik_inference.face.crop import LEAST_STD
from hoovik_inference.training import checkpoint
from hoovik_inference.training.expression.data import Faces, Jitter, cuts, jittered
from hoovik_inference.training.expression.net import ExpressionNet, Shape
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import EMOTIONS

CHECKPOINT = "checkpoint.pt"
AHEAD = 4
"Batches that are made before they are needed."


@dataclass(frozen=True, slots=True)
class Recipe:
    """How it is trained; kept in the checkpoint, so that a resumed run is the same run."""

    epochs: int = 50
    "Times that each picture is drawn, mixed with others."
    cool: int = 12
    "Further times, unmixed: what a whole face of each class looks like is learnt last."
    batch: int = 128
    "Pictures in a step."
    rate: float = 0.08
    "Largest learning rate; warms up over 5 % of the steps, then falls as a cosine to 0."
    cool_rate: float = 0.015
    "Learning rate at the begin of the unmixed epochs, over which it falls to 0 again."
    decay: float = 5e-4
    "Weight decay of the convolutions and the last layer."
    mixup: float = 0.2
    "α of mixup (Zhang et al., ICLR 2018): labels here are noisy."
    smoothing: float = 0.1
    "Label smoothing."
    average: float = 0.998
    "Decay of the moving average of the weights, a step."
    seed: int = 1
    "Everything random comes from it."
    shape: Shape = field(default_factory=Shape)
    "Of the network."
    jitter: Jitter = field(default_factory=Jitter)
    "Of the cuts."


@dataclass(frozen=True, slots=True)
class Epoch:
    """How one epoch went."""

    epoch: int
    "From 1."
    rate: float
    "Learning rate at its end."
    loss: float
    "Cross entropy on what it trained on, with mixup and smoothing."
    held_loss: float
    "Cross entropy on what is held back."
    held_accuracy: float
    "0…1, on what is held back."


def fit(
    train: Faces,
    held: Faces,
    recipe: Recipe,
    work: Path,
    *,
    resume: bool = False,
    device: str = "cpu",
    progress: Progress = unheard,
) -> tuple[ExpressionNet, list[Epoch]]:
    """Train; returns the averaged network and how it went.

    Args:
        train: Pictures to train on.
        held: Pictures to watch it on.
        recipe: How.
        work: Where the checkpoint of the newest epoch lies.
        resume: Go on from it.
        device: cpu or cuda.
        progress: Told after each step.

    Raises:
        ValueError: The checkpoint was made with another recipe or on other pictures.
    """
    run = _Run(train, held, recipe, device)
    kept = work / CHECKPOINT
    if resume and kept.exists():
        run.load(kept)
    work.mkdir(parents=True, exist_ok=True)
    while len(run.history) < recipe.epochs + recipe.cool:
        run.epoch(progress)
        run.save(kept)
    return run.averaged, run.history


class _Run:
    def __init__(self, train: Faces, held: Faces, recipe: Recipe, device: str) -> None:
        torch.manual_seed(recipe.seed)
        self._train, self._recipe, self._device = train, recipe, device
        self._net = ExpressionNet(recipe.shape).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self._net).eval()
        self._held = (pixels(cuts(held)), torch.from_numpy(held.labels))
        self._steps = len(train) // recipe.batch
        self._optimizer = torch.optim.SGD(self._groups(), lr=0.0, momentum=0.9, nesterov=True)
        self.history: list[Epoch] = []
        # What a checkpoint must agree with.
        self._about = json.dumps([asdict(recipe), len(train), int(train.labels.sum())])

    def epoch(self, progress: Progress) -> None:
        """One pass over the pictures."""
        number = len(self.history)
        torch.manual_seed(self._recipe.seed * 100_003 + number)
        self._net.train()
        total = 0.0
        epochs = self._recipe.epochs + self._recipe.cool
        for step, (images, labels) in enumerate(self._batches(number)):
            total += self._step(number * self._steps + step, images, labels)
            note = f"epoch {number + 1} of {epochs}, loss {total / (step + 1):.3f}"
            if self.history:
                note += f", held back {self.history[-1].held_accuracy:.1%}"
            progress("training", number * self._steps + step + 1, epochs * self._steps, note)
        logits = predict(self.averaged, self._held[0], self._device)
        self.history.append(
            Epoch(
                number + 1,
                self._optimizer.param_groups[0]["lr"],
                total / self._steps,
                float(functional.cross_entropy(logits, self._held[1])),
                float((logits.argmax(1) == self._held[1]).float().mean()),
            )
        )

    def save(self, file: Path) -> None:
        """Keep where it is."""
        checkpoint.save(file, self._about, [asdict(epoch) for epoch in self.history], self._parts)

    def load(self, file: Path) -> None:
        """Go on from `save`."""
        self.history = [Epoch(**epoch) for epoch in checkpoint.load(file, self._about, self._parts, self._device)]

    @property
    def _parts(self) -> dict[str, checkpoint.Stateful]:
        return {"net": self._net, "averaged": self.averaged, "optimizer": self._optimizer}

    def _step(self, step: int, images: NDArray[np.uint8], labels: Tensor) -> float:
        recipe = self._recipe
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate(step)
        x = pixels(images).to(self._device).contiguous(memory_format=torch.channels_last)
        labels = labels.to(self._device)
        share = self._share(step)
        other = torch.randperm(len(x), device=x.device)
        with torch.autocast(self._device, torch.bfloat16):
            logits = self._net(torch.lerp(x[other], x, share))
        logits = logits.float()
        loss = share * functional.cross_entropy(logits, labels, label_smoothing=recipe.smoothing)
        loss = loss + (1 - share) * functional.cross_entropy(logits, labels[other], label_smoothing=recipe.smoothing)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._net.parameters(), 5.0)
        self._optimizer.step()
        self._follow(min(recipe.average, (1 + step) / (10 + step)))
        return float(loss.detach())

    def _share(self, step: int) -> float:
        """Of the first picture in a mix of two."""
        alpha = self._recipe.mixup if step < self._recipe.epochs * self._steps else 0.0
        return float(np.random.default_rng((self._recipe.seed, 7, step)).beta(alpha, alpha)) if alpha else 1.0

    def _rate(self, step: int) -> float:
        done = step / (self._recipe.epochs * self._steps)
        if done >= 1.0:
            cooled = (step - self._recipe.epochs * self._steps) / (self._recipe.cool * self._steps)
            return self._recipe.cool_rate * 0.5 * (1 + math.cos(math.pi * cooled))
        if done < 0.05:
            return self._recipe.rate * done / 0.05
        return self._recipe.rate * 0.5 * (1 + math.cos(math.pi * (done - 0.05) / 0.95))

    @torch.no_grad()
    def _follow(self, decay: float) -> None:
        kept, new = self.averaged.state_dict(), self._net.state_dict()
        for name, value in kept.items():
            if value.is_floating_point():
                value.lerp_(new[name], 1 - decay)
            else:
                value.copy_(new[name])

    def _groups(self) -> list[dict[str, Any]]:
        decayed = [p for p in self._net.parameters() if p.ndim > 1]
        free = [p for p in self._net.parameters() if p.ndim <= 1]
        return [{"params": decayed, "weight_decay": self._recipe.decay}, {"params": free, "weight_decay": 0.0}]

    def _batches(self, epoch: int) -> Iterator[tuple[NDArray[np.uint8], Tensor]]:
        """Batches of one epoch, made on a thread beside the training, one after the other."""
        rng = np.random.default_rng((self._recipe.seed, epoch))
        order = rng.permutation(len(self._train))[: self._steps * self._recipe.batch]

        def make(chosen: NDArray[np.int64]) -> tuple[NDArray[np.uint8], Tensor]:
            images = jittered(self._train, chosen, self._recipe.jitter, rng)
            return images, torch.from_numpy(self._train.labels[chosen])

        with ThreadPoolExecutor(1) as maker:
            ahead: deque[Future[tuple[NDArray[np.uint8], Tensor]]] = deque()
            for chosen in order.reshape(self._steps, -1):
                ahead.append(maker.submit(make, chosen))
                if len(ahead) > AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()


def pixels(cuts: NDArray[np.uint8]) -> Tensor:
    """(n, 1, SIDE, SIDE) as the network takes them: see `crop.standardised`."""
    x = torch.from_numpy(cuts).float()
    x -= x.mean((1, 2), keepdim=True)
    x /= x.std((1, 2), unbiased=False, keepdim=True).clamp(min=LEAST_STD)
    return x[:, None]


@torch.no_grad()
def predict(net: nn.Module, x: Tensor, device: str = "cpu", batch: int = 256) -> Tensor:
    """(n, 7) logits of (n, 1, SIDE, SIDE)."""
    net.eval()
    parts = [net(x[at : at + batch].to(device)).float().cpu() for at in range(0, len(x), batch)]
    return torch.cat(parts) if parts else torch.zeros(0, len(EMOTIONS))
