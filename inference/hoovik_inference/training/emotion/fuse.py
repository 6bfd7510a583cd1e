"""Training the transformer: phases, each of which goes on from the best weights of the one before."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hoovik_inference.emotion.reference.shape import Shape
from hoovik_inference.emotion.reference.transformer import EmotionTransformer
from hoovik_inference.emotion.reference.windows import AUDIO_ONLY, BOTH, VIDEO_ONLY, Windows
from hoovik_inference.training import checkpoint
from hoovik_inference.training.emotion import losses
from hoovik_inference.training.emotion.material import Rows
from hoovik_inference.training.emotion.recipe import Fusing, Phase, boost
from hoovik_inference.training.emotion.watch import class_weights, tensors, watched
from hoovik_inference.training.progress import Progress
from hoovik_inference.types import Floats

_LOWEST = 0.05
"Share of the learning rate that is left at the end of a phase."


@dataclass(frozen=True, slots=True)
class Epoch:
    """How one epoch went."""

    epoch: int
    "From 1, over all phases."
    phase: str
    "Its name."
    rate: float
    "Learning rate at its end."
    loss: float
    "All losses together, on what was trained on."
    valid_loss: float
    "Cross entropy on the watched side, before calibration."
    valid_uar: float
    "0…1, balanced accuracy on it."


@dataclass(frozen=True, slots=True)
class Fused:
    """A trained transformer."""

    weights: dict[str, Floats]
    "By the names of `weights_of`."
    history: tuple[Epoch, ...]
    "How it went."
    notes: tuple[str, ...]
    "What is to be known of it."


def fuse(
    train: Rows,
    valid: Rows,
    classes: Sequence[str],
    shape: Shape,
    recipe: Fusing,
    seed: int,
    kept: Path,
    about: str,
    *,
    resume: bool,
    device: str,
    progress: Progress,
    stage: str = "transformer",
) -> Fused:
    """Train it, or go on from the checkpoint `kept` where `resume`; each epoch is kept.

    Raises:
        ValueError: The checkpoint is of another recipe or other material.
    """
    run = _Run(train, valid, classes, shape, recipe, seed, device)
    if resume and kept.exists():
        run.load(kept, about)
    total, done = sum(phase.epochs for phase in run.phases), len(run.history)
    while (phase := run.next_phase()) is not None:
        run.epoch(phase, progress, stage, total)
        run.save(kept, about)
        done = len(run.history)
    progress(stage, total, total, f"{done} epochs")
    return run.result()


class _Snapshots:
    """The best weights of the phase, and those of its last epochs."""

    def __init__(self) -> None:
        self.best: dict[str, Tensor] = {}
        self.last: list[dict[str, Tensor]] = []

    def state_dict(self) -> Any:
        return {"best": self.best, "last": self.last}

    def load_state_dict(self, state_dict: Any) -> None:
        self.best, self.last = state_dict["best"], state_dict["last"]


class _Run:
    def __init__(
        self, train: Rows, valid: Rows, classes: Sequence[str], shape: Shape, recipe: Fusing, seed: int, device: str
    ) -> None:
        torch.manual_seed(seed)
        self._train, self._valid, self._recipe, self._seed, self._device = train, valid, recipe, seed, device
        self._net = EmotionTransformer(shape).to(device)
        self.history: list[Epoch] = []
        self._snapshots = _Snapshots()
        places = {name: place for place, name in enumerate(classes)}
        self._apart = [
            (places[one], places[other], margin)
            for one, other, margin in recipe.losses.apart
            if one in places and other in places
        ]
        boosts = np.array([boost(recipe.losses.class_boosts, name) for name in classes], np.float32)
        self._weights = torch.from_numpy(class_weights(train.labels, boosts)).to(device)
        self._both = train.of(BOTH)
        self.notes: list[str] = []
        self.phases = tuple(phase for phase in recipe.phases if not phase.both or len(self._both))
        for phase in set(recipe.phases) - set(self.phases):
            self.notes.append(f"phase {phase.name} was left out: no window to train on has both modalities")
        self._optimizer = self._new_optimizer()

    def next_phase(self) -> Phase | None:
        """Of the next epoch; None where all are over."""
        begun = [epoch.phase for epoch in self.history]
        for number, phase in enumerate(self.phases):
            later = any(other.name in begun for other in self.phases[number + 1 :])
            if not later and begun.count(phase.name) < phase.epochs and not self._stale(phase):
                return phase
        return None

    def epoch(self, phase: Phase, progress: Progress, stage: str, total: int) -> None:
        """One pass."""
        of_phase = self._of(phase)
        if not of_phase:
            if self._snapshots.best:
                self._net.load_state_dict(self._snapshots.best)
            self._snapshots = _Snapshots()
            self._optimizer = self._new_optimizer()
        number, at = len(self.history), len(of_phase)
        torch.manual_seed(self._seed * 100_003 + number)
        rng = np.random.default_rng((self._seed, number))
        rows = self._both if phase.both else self._train
        order = _drawn(rows, phase, rng)
        steps = max(1, math.ceil(len(order) / self._recipe.batch))
        self._net.train()
        loss = 0.0
        for step, chosen in enumerate(np.array_split(order, steps)):
            for group in self._optimizer.param_groups:
                group["lr"] = _rate(phase, at + (step + 1) / steps)
            loss += self._step(rows, chosen, phase, at, number, rng)
            if step % 16 == 15:
                progress(
                    stage, number, total, f"{phase.name}, step {step + 1} of {steps}, loss {loss / (step + 1):.3f}"
                )
        valid_loss, uar = watched(self._net, self._valid, _logits, self._device)
        rate = self._optimizer.param_groups[0]["lr"]
        self.history.append(Epoch(number + 1, phase.name, rate, loss / steps, valid_loss, uar))
        state = copy.deepcopy(self._net.state_dict())
        if self._best(phase) == len(self._of(phase)) - 1:
            self._snapshots.best = state
        if phase.average:
            self._snapshots.last = [*self._snapshots.last, state][-phase.average :]
        progress(stage, number + 1, total, f"{phase.name}, loss {loss / steps:.3f}, watched {uar:.1%}")

    def result(self) -> Fused:
        """The average of the last phase's last epochs, or its best epoch where that reads the watched side better."""
        if self._snapshots.best:
            self._net.load_state_dict(self._snapshots.best)
        notes = list(self.notes)
        if len(self._snapshots.last) > 1:
            best = self._of(self.phases[-1])[self._best(self.phases[-1])]
            average = {
                name: torch.stack([state[name] for state in self._snapshots.last]).mean(dim=0)
                for name in self._snapshots.best
            }
            self._net.load_state_dict(average)
            loss, uar = watched(self._net, self._valid, _logits, self._device)
            better = (uar, -loss) >= (best.valid_uar, -best.valid_loss)
            if not better:
                self._net.load_state_dict(self._snapshots.best)
            taken = "taken" if better else f"not taken: epoch {best.epoch} has {best.valid_uar:.1%}"
            count = len(self._snapshots.last)
            notes.append(f"the average of the last {count} epochs reads {uar:.1%} of the watched side, {taken}")
        weights = {name: value.cpu().float().numpy() for name, value in self._net.state_dict().items()}
        return Fused(weights, tuple(self.history), tuple(notes))

    def save(self, file: Path, about: str) -> None:
        """Keep where it is."""
        file.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.save(file, about, [asdict(epoch) for epoch in self.history], self._parts)

    def load(self, file: Path, about: str) -> None:
        """Go on from `save`."""
        self.history = [Epoch(**epoch) for epoch in checkpoint.load(file, about, self._parts, self._device)]

    @property
    def _parts(self) -> dict[str, checkpoint.Stateful]:
        return {"net": self._net, "optimizer": self._optimizer, "snapshots": self._snapshots}

    def _of(self, phase: Phase) -> list[Epoch]:
        return [epoch for epoch in self.history if epoch.phase == phase.name]

    def _best(self, phase: Phase) -> int:
        """Place of the phase's best epoch."""
        of_phase = self._of(phase)
        return max(range(len(of_phase)), key=lambda at: (of_phase[at].valid_uar, -of_phase[at].valid_loss))

    def _stale(self, phase: Phase) -> bool:
        count = len(self._of(phase))
        return count > 0 and count - 1 - self._best(phase) >= phase.patience

    def _new_optimizer(self) -> torch.optim.AdamW:
        return torch.optim.AdamW(self._net.parameters(), lr=0.0, weight_decay=self._recipe.decay)

    def _step(
        self, rows: Rows, chosen: NDArray[np.int64], phase: Phase, at: int, number: int, rng: np.random.Generator
    ) -> float:
        recipe, part = self._recipe, self._recipe.losses
        windows = rows.at(chosen)
        labels = torch.from_numpy(rows.labels[chosen]).to(self._device)
        targets = losses.smoothed(labels, len(self._weights), part.smoothing)
        mixes = phase.mixup_from is not None and at + 1 >= phase.mixup_from and rng.random() < recipe.mixup_share
        if mixes:
            share = float(rng.beta(recipe.mixup, recipe.mixup))
            other = _partners(windows.modality, rng)
            windows = _mixed(windows, windows.at(other), share)
            targets = share * targets + (1.0 - share) * targets[torch.from_numpy(other).to(self._device)]
        out = self._net(*tensors(windows, self._device))
        heads = losses.focal(out.logits, targets, self._weights, part.focal) * (1.0 - 2.0 * part.auxiliary)
        for logits, absent in ((out.face_logits, AUDIO_ONLY), (out.audio_logits, VIDEO_ONLY)):
            there = torch.from_numpy(windows.modality != absent).to(self._device)
            heads = heads + part.auxiliary * there * losses.focal(logits, targets, self._weights, part.focal)
        loss = heads.mean()
        if not mixes:  # a mixed window has no class
            ramp = min(1.0, (number + 1) / max(part.contrast_ramp, 1))
            temperature = part.contrast_from + ramp * (part.contrast_to - part.contrast_from)
            loss = loss + part.contrast * ramp * losses.contrastive(out.pooled, labels, temperature)
            loss = loss + part.triplet * losses.triplet(out.pooled, labels, part.triplet_margin)
            if self._apart:
                loss = loss + part.apart_weight * losses.separation(out.logits, labels, self._apart)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._net.parameters(), recipe.clip)
        self._optimizer.step()
        return float(loss.detach())


def _logits(net: nn.Module, windows: Windows, device: str) -> Tensor:
    logits: Tensor = net(*tensors(windows, device)).logits
    return logits


def _drawn(rows: Rows, phase: Phase, rng: np.random.Generator) -> NDArray[np.int64]:
    """As many as there are, with replacement where sources are drawn more or less often than others."""
    if not phase.boosts:
        return rng.permutation(len(rows))
    weights = np.array([boost(phase.boosts, source) for source in rows.sources.tolist()])
    return rng.choice(len(rows), len(rows), p=weights / weights.sum())


def _rate(phase: Phase, done: float) -> float:
    """Learning rate after so many epochs of a phase."""
    if done < phase.warmup:
        return phase.rate * done / phase.warmup
    part = (done - phase.warmup) / max(phase.epochs - phase.warmup, 1)
    return phase.rate * (_LOWEST + (1.0 - _LOWEST) * 0.5 * (1.0 + math.cos(math.pi * min(part, 1.0))))


def _partners(modality: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """(B,) for each window another one, or itself, that shows as much."""
    out = np.arange(len(modality))
    for flag in np.unique(modality):
        places = np.flatnonzero(modality == flag)
        out[places] = rng.permutation(places)
    return out


def _mixed(windows: Windows, others: Windows, share: float) -> Windows:
    """`share` of the first; a step counts where it does in either."""
    part = np.float32(share)
    return Windows(
        part * windows.face + (1 - part) * others.face,
        part * windows.audio + (1 - part) * others.audio,
        np.maximum(windows.face_mask, others.face_mask),
        np.maximum(windows.audio_mask, others.audio_mask),
        windows.modality,
    )
