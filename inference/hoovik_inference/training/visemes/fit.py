"""Fitting the network; a moving average of the weights is what is kept."""

from __future__ import annotations

import copy
import json
import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hoovik_inference.evaluation.phones import MOUTH_OF, MOUTHS
from hoovik_inference.training import checkpoint
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.training.visemes.material import Amount, Material, Stretch
from hoovik_inference.training.visemes.mix import Batch, Change, balance, batch, prior_of
from hoovik_inference.training.visemes.net import Shape, VisemeNet
from hoovik_inference.types import Floats
from hoovik_inference.voice.viseme_features import ANSWERS, SPECTRA

CHECKPOINT = "checkpoint.pt"
AHEAD = 4
"Batches that are made before they are needed."


@dataclass(frozen=True, slots=True)
class Recipe:
    """How it is trained; kept in the checkpoint, so that a resumed run is the same run."""

    epochs: int = 10
    "Between two looks at what is held back. Longer training reads synthesised speech better, and people no better."
    batches: int = 100
    "In an epoch."
    size: int = 32
    "Stretches of speech in a batch."
    steps: int = 288
    "Of 16 ms in each: 4.6 s."
    rate: float = 3e-3
    "Largest learning rate of AdamW; warms up over 5 % of the batches, then falls as a cosine to 0."
    decay: float = 1e-2
    "Weight decay."
    balance: float = 0.6
    "Mouth classes count by their share of the speech to the minus this: 0 as they come, 1 all the same."
    mouths: float = 0.5
    "Weight of the same loss over the seven mouth classes: which of their visemes it is shows less."
    smoothing: float = 0.05
    "Label smoothing."
    average: float = 0.997
    "Decay of the moving average of the weights, a batch."
    seed: int = 1
    "Everything random comes from it."
    amount: Amount = field(default_factory=Amount)
    "Of speech."
    shape: Shape = field(default_factory=Shape)
    "Of the network."
    change: Change = field(default_factory=Change)
    "Of the speech, each time."


@dataclass(frozen=True, slots=True)
class Epoch:
    """How one epoch went."""

    epoch: int
    "From 1."
    rate: float
    "Learning rate at its end."
    loss: float
    "Weighted cross entropy on what it trained on, changed each time."
    held_loss: float
    "Cross entropy on what is held back, unchanged."
    held_accuracy: float
    "0…1, of steps by their mouth class, there."
    held_uar: float
    "0…1, mean recall of the six mouth classes that are not silence, there."


def fit(
    material: Material,
    recipe: Recipe,
    work: Path,
    *,
    resume: bool = False,
    device: str = "cpu",
    progress: Progress = unheard,
) -> tuple[VisemeNet, Floats, list[Epoch]]:
    """Train; returns the averaged network, the mean spectrum that it hears voices against, and how it went.

    Args:
        material: Speech.
        recipe: How.
        work: Where the checkpoint of the newest epoch lies.
        resume: Go on from it.
        device: cpu or cuda.
        progress: Told after each batch.

    Raises:
        ValueError: The checkpoint was made with another recipe.
    """
    run = _Run(material, recipe, device)
    kept = work / CHECKPOINT
    if resume and kept.exists():
        run.load(kept)
    work.mkdir(parents=True, exist_ok=True)
    while len(run.history) < recipe.epochs:
        run.epoch(progress)
        run.save(kept)
    return run.averaged, run.prior, run.history


class _Run:
    def __init__(self, material: Material, recipe: Recipe, device: str) -> None:
        torch.manual_seed(recipe.seed)
        self._trained, self._recipe, self._device = material.trained, recipe, device
        self.prior = prior_of(material.trained)
        self._weights = torch.from_numpy(balance(material.trained, recipe.balance)).to(device)
        self._mouths = functional.one_hot(torch.tensor(MOUTH_OF), len(MOUTHS)).float().to(device)
        self._net = VisemeNet(recipe.shape).to(device)
        self.averaged = copy.deepcopy(self._net).eval()
        self._held = as_they_are(material.held, self.prior)
        self._optimizer = torch.optim.AdamW(self._net.parameters(), lr=0.0, weight_decay=recipe.decay)
        self.history: list[Epoch] = []
        self._about = json.dumps([asdict(recipe), sum(len(one.shapes) for one in material.trained)])

    def epoch(self, progress: Progress) -> None:
        """So many batches, then a look at what is held back."""
        recipe, number = self._recipe, len(self.history)
        torch.manual_seed(recipe.seed * 100_003 + number)
        self._net.train()
        total = 0.0
        for step, one in enumerate(self._batches(number)):
            total += self._step(number * recipe.batches + step, one)
            note = f"epoch {number + 1} of {recipe.epochs}, loss {total / (step + 1):.3f}"
            if self.history:
                note += f", held back UAR {self.history[-1].held_uar:.1%}"
            progress("training", number * recipe.batches + step + 1, recipe.epochs * recipe.batches, note)
        loss, accuracy, uar = watched(self.averaged, self._held, self._device)
        rate = self._optimizer.param_groups[0]["lr"]
        self.history.append(Epoch(number + 1, rate, total / recipe.batches, loss, accuracy, uar))

    def save(self, file: Path) -> None:
        """Keep where it is."""
        checkpoint.save(file, self._about, [asdict(epoch) for epoch in self.history], self._parts)

    def load(self, file: Path) -> None:
        """Go on from `save`."""
        self.history = [Epoch(**epoch) for epoch in checkpoint.load(file, self._about, self._parts, self._device)]

    @property
    def _parts(self) -> dict[str, checkpoint.Stateful]:
        return {"net": self._net, "averaged": self.averaged, "optimizer": self._optimizer}

    def _step(self, step: int, one: Batch) -> float:
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate(step)
        logits = self._net(torch.from_numpy(one.inputs).to(self._device))
        loss = self._loss(logits, torch.from_numpy(one.targets).to(self._device))
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._net.parameters(), 1.0)
        self._optimizer.step()
        self._follow(min(self._recipe.average, (1 + step) / (10 + step)))
        return float(loss.detach())

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy with shares for labels; each moment weighs as its shares say."""
        smoothing = self._recipe.smoothing
        logs = functional.log_softmax(logits, dim=2)
        weights = (targets * self._weights).sum(2)
        known = targets.sum(2).clamp(min=1e-6)
        right = -(targets * logs).sum(2) / known
        mouths = torch.log(logs.exp() @ self._mouths + 1e-6)
        seen = -((targets @ self._mouths) * mouths).sum(2) / known
        loss = (1 - smoothing) * right - smoothing * logs.mean(2) + self._recipe.mouths * seen
        return (weights * loss).sum() / weights.sum()

    def _rate(self, step: int) -> float:
        done = step / (self._recipe.epochs * self._recipe.batches)
        if done < 0.05:
            return self._recipe.rate * done / 0.05
        return self._recipe.rate * 0.5 * (1 + math.cos(math.pi * (done - 0.05) / 0.95))

    @torch.no_grad()
    def _follow(self, decay: float) -> None:
        for kept, new in zip(self.averaged.parameters(), self._net.parameters(), strict=True):
            kept.lerp_(new, 1 - decay)

    def _batches(self, epoch: int) -> Iterator[Batch]:
        """Batches of one epoch, made on a thread beside the training, one after the other."""
        recipe = self._recipe
        rng = np.random.default_rng((recipe.seed, 4, epoch))

        def make() -> Batch:
            chosen = [self._trained[at] for at in rng.integers(len(self._trained), size=recipe.size)]
            return batch(chosen, recipe.steps, self.prior, recipe.change, rng)

        with ThreadPoolExecutor(1) as maker:
            ahead: deque[Future[Batch]] = deque()
            for _ in range(recipe.batches):
                ahead.append(maker.submit(make))
                if len(ahead) > AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()


def as_they_are(stretches: tuple[Stretch, ...], prior: Floats) -> Batch:
    """All of them, unchanged, each as long as the shortest."""
    steps = min(len(one.shapes) for one in stretches) // SPECTRA * ANSWERS
    return batch(list(stretches), steps, prior, None, np.random.default_rng(0))


@torch.no_grad()
def watched(net: VisemeNet, held: Batch, device: str) -> tuple[float, float, float]:
    """Cross entropy, accuracy of mouth classes, and mean recall of those that are not silence."""
    logits, targets = _read(net, held, device)
    loss = -(targets * functional.log_softmax(logits, 2)).sum() / targets.sum()
    true, got = _mouths(logits, targets)
    recalls = _recalls(true, got)
    return float(loss), float((got == true).float().mean()), sum(recalls[1:]) / len(recalls[1:])


@torch.no_grad()
def recalls_of(net: VisemeNet, held: Batch, device: str) -> list[float]:
    """Recall of each of MOUTHS; nan where there is nothing of it."""
    return _recalls(*_mouths(*_read(net, held, device)))


def _read(net: VisemeNet, held: Batch, device: str) -> tuple[Tensor, Tensor]:
    net.eval()
    return net(torch.from_numpy(held.inputs).to(device)).float().cpu(), torch.from_numpy(held.targets)


def _mouths(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """(n,) true and read mouth class, of the moments whose mouth is known."""
    onehot = functional.one_hot(torch.tensor(MOUTH_OF), len(MOUTHS)).float()
    known = targets.sum(2) > 0.5
    return (targets @ onehot).argmax(2)[known], (logits.softmax(2) @ onehot).argmax(2)[known]


def _recalls(true: Tensor, got: Tensor) -> list[float]:
    return [float((got[true == one] == one).float().mean()) for one in range(len(MOUTHS))]
