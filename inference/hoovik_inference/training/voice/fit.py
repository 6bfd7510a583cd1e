"""Fitting the networks: moments of copies and windows, changed and mixed anew whenever they are drawn."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from hoovik_inference.training import checkpoint
from hoovik_inference.training.progress import Progress
from hoovik_inference.training.voice.data import Voices
from hoovik_inference.training.voice.net import Shape, VoiceNet
from hoovik_inference.training.voice.rows import Rows, changed
from hoovik_inference.training.voice.spoil import Spoiling
from hoovik_inference.types import EMOTIONS, Floats

FOLDS = 5
"Parts that the actors are divided into."


@dataclass(frozen=True, slots=True)
class Recipe:
    """How it is trained; kept with what can be resumed, so that a resumed run is the same run."""

    epochs: int = 40
    "Times that each copy of each recording is drawn."
    batch: int = 64
    "Of them, in a step."
    rate: float = 1e-3
    "Learning rate at the begin (AdamW), from which it falls as a cosine to 0."
    decay: float = 0.05
    "Weight decay."
    mixup: float = 0.4
    "α of mixup (Zhang et al., ICLR 2018)."
    smoothing: float = 0.1
    "Label smoothing."
    strength: float = 0.3
    "Weight of telling strong from normal, beside the emotion."
    networks: int = 2
    "Side by side, each from a seed of its own."
    copies: int = 2
    "Spoiled copies of each recording."
    windows: int = 3
    "Of each recording in each copy."
    cut: float = 0.3
    "Share of what is drawn that is a window and not all of a recording."
    gain_db: float = 2.0
    "Standard deviation of the level, beside what spoiling does to it."
    tilt_db: float = 1.0
    "Standard deviation of six points of the spectrum: other microphones."
    pitch: float = 0.04
    "Standard deviation of the pitch in octaves."
    seed: int = 1
    "Everything random comes from it."
    shape: Shape = field(default_factory=Shape)
    "Of each network."
    spoiling: Spoiling = field(default_factory=Spoiling)
    "Of the copies."


@dataclass(frozen=True, slots=True)
class Epoch:
    """How one epoch went."""

    epoch: int
    "From 1."
    loss: float
    "Cross entropy on what was trained on, with mixup and smoothing."
    held_loss: float | None
    "Cross entropy on the whole recordings of the actors held out; None where none is."
    held_recall: float | None
    "0…1, mean recall of the classes on those that are heard as speech."


@dataclass(frozen=True, slots=True)
class Fitted:
    """One trained network."""

    net: VoiceNet
    "Its weights."
    middle: Floats
    "(POOLED,) taken from moments…"
    scale: Floats
    "(POOLED,) …which are then multiplied by it."
    history: tuple[Epoch, ...]
    "How it went."


def folds(actors: NDArray[np.int64], count: int = FOLDS) -> list[NDArray[np.bool_]]:
    """Which recordings each fold holds out: every `count`th actor, so that men and women take turns."""
    people = np.unique(actors)
    return [np.isin(actors, people[fold::count]) for fold in range(count)]


def fit(
    voices: Voices,
    rows: Rows,
    held: NDArray[np.bool_],
    recipe: Recipe,
    seed: int,
    kept: Path,
    *,
    resume: bool,
    device: str,
    progress: Progress,
    stage: str,
) -> Fitted:
    """Train one network on the recordings that are not `held`, or read it from `kept` where `resume`.

    Raises:
        ValueError: The checkpoint was made with another recipe or on other recordings.
        OSError: It cannot be read or written.
    """
    about = json.dumps([asdict(recipe), seed, held.tolist(), voices.labels.tolist(), voices.actors.tolist()])
    run = _Run(voices, rows, held, recipe, seed, device)
    if resume and kept.exists():
        history = tuple(Epoch(**epoch) for epoch in checkpoint.load(kept, about, {"net": run.net}, device))
        progress(stage, 1, 1, "resumed")
        return Fitted(run.net.cpu().eval(), run.middle, run.scale, history)
    history = tuple(run.epoch(number, progress, stage) for number in range(recipe.epochs))
    checkpoint.save(kept, about, [asdict(epoch) for epoch in history], {"net": run.net})
    return Fitted(run.net.cpu().eval(), run.middle, run.scale, history)


class _Run:
    def __init__(
        self, voices: Voices, rows: Rows, held: NDArray[np.bool_], recipe: Recipe, seed: int, device: str
    ) -> None:
        torch.manual_seed(seed)
        self._voices, self._recipe, self._seed, self._device = voices, recipe, seed, device
        self._rows = rows.moments
        whole = self._rows[:, 0]
        there = ~np.isnan(whole[..., 0])
        copies, numbers = np.nonzero(there & ~held)
        self._drawn = np.stack([copies, numbers], axis=1)
        heard = whole[copies, numbers]
        self.middle = heard.mean(axis=0, dtype=np.float64).astype(np.float32)
        self.scale = (1.0 / (heard.std(axis=0, dtype=np.float64) + 1e-3)).astype(np.float32)
        self.net = VoiceNet(recipe.shape).to(device)
        self._optimizer = torch.optim.AdamW(self.net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
        shares = np.bincount(voices.labels[numbers], minlength=len(EMOTIONS)) / len(numbers)
        self._weights = torch.tensor(1.0 / np.maximum(len(EMOTIONS) * shares, 0.1), dtype=torch.float32, device=device)
        self._held = np.flatnonzero(held & there[0])
        self._steps = len(self._drawn) // recipe.batch

    def epoch(self, number: int, progress: Progress, stage: str) -> Epoch:
        """One pass over all copies."""
        rng = np.random.default_rng((self._seed, number))
        torch.manual_seed(self._seed * 100_003 + number)
        self.net.train()
        order = rng.permutation(self._drawn)
        total = 0.0
        for step in range(self._steps):
            drawn = order[step * self._recipe.batch : (step + 1) * self._recipe.batch]
            done = (number + step / self._steps) / self._recipe.epochs
            total += self._step(done, drawn, rng)
        loss, recall = self._watch()
        words = f"loss {total / self._steps:.3f}" + ("" if recall is None else f", held out {recall:.1%}")
        progress(stage, number + 1, self._recipe.epochs, words)
        return Epoch(number + 1, total / self._steps, loss, recall)

    def _step(self, done: float, drawn: NDArray[np.int64], rng: np.random.Generator) -> float:
        recipe = self._recipe
        for group in self._optimizer.param_groups:
            group["lr"] = recipe.rate * 0.5 * (1.0 + math.cos(math.pi * done))
        copies, numbers = drawn.T
        windows = np.where(rng.random(len(drawn)) < recipe.cut, rng.integers(1, 1 + recipe.windows, len(drawn)), 0)
        moments = self._rows[copies, windows, numbers]
        silent = np.isnan(moments[:, 0])  # a window in which nobody speaks
        moments[silent] = self._rows[copies[silent], 0, numbers[silent]]
        moments = changed(moments, recipe.gain_db, recipe.tilt_db, recipe.pitch, rng)
        x = torch.from_numpy((moments - self.middle) * self.scale).to(self._device)
        labels = torch.from_numpy(self._voices.labels[numbers]).to(self._device)
        strong = torch.from_numpy(self._voices.strong[numbers]).float().to(self._device)
        share = float(rng.beta(recipe.mixup, recipe.mixup)) if recipe.mixup else 1.0
        other = torch.from_numpy(rng.permutation(len(drawn))).to(self._device)
        logits = self.net(torch.lerp(x[other], x, share))
        loss = logits.new_zeros(())
        for part, to, force in ((share, labels, strong), (1.0 - share, labels[other], strong[other])):
            emotion = functional.cross_entropy(
                logits[:, :-1], to, weight=self._weights, label_smoothing=recipe.smoothing
            )
            loss = loss + part * emotion
            loss = loss + part * recipe.strength * functional.binary_cross_entropy_with_logits(logits[:, -1], force)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        return float(loss.detach())

    @torch.no_grad()
    def _watch(self) -> tuple[float | None, float | None]:
        if not len(self._held):
            return None, None
        x = torch.from_numpy((self._rows[0, 0, self._held] - self.middle) * self.scale).to(self._device)
        logits = self.net.eval()(x).cpu()[:, :-1]
        labels = torch.from_numpy(self._voices.labels[self._held])
        right = logits.argmax(dim=1) == labels
        present = sorted(set(labels.tolist()))
        recalls = [float(right[labels == label].float().mean()) for label in present]
        return float(functional.cross_entropy(logits, labels)), sum(recalls) / len(recalls)


@torch.no_grad()
def predict(nets: Sequence[Fitted], moments: Floats) -> Floats:
    """(n, 7 + 1) mean logits for (n, POOLED)."""
    logits = [one.net.eval()(torch.from_numpy((moments - one.middle) * one.scale)) for one in nets]
    return np.asarray(torch.stack(logits).mean(dim=0).numpy(), np.float32)
