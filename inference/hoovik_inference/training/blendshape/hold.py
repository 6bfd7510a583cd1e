"""Who is held out together, and what the fits are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from hoovik_inference.face.blendshapes import scores
from hoovik_inference.face.head import Head
from hoovik_inference.training.blendshape.figures import Figures
from hoovik_inference.training.blendshape.fit import Material, Recipe, Scale, fit, head, network
from hoovik_inference.training.blendshape.rows import CLEAN, WARPED, Rows
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import Floats


class Fits:
    """All that is trained from one material: a base on people of no clip, and heads that also saw clips."""

    def __init__(
        self,
        rows: Rows,
        own: Floats,
        recipe: Recipe,
        work: Path,
        *,
        device: str = "cpu",
        progress: Progress = unheard,
    ) -> None:
        """Sort the material.

        Args:
            rows: All of it.
            own: (n, 52) what the teacher's own network says of our mesh's landmarks, from `own_scores`.
            recipe: What decides the result.
            work: Where checkpoints are kept.
            device: Of torch.
            progress: Told often.
        """
        self._recipe, self._work, self._device, self._progress = recipe, work, device, progress
        nobody = rows.person == ""
        wanted = rows.scores * (1 - recipe.own_share) + own * recipe.own_share
        self._people, self._clips = (replace(rows, scores=wanted).where(who) for who in (nobody, ~nobody))
        self.people, self.clips = rows.where(nobody), rows.where(~nobody)
        self.scale = Scale.of(self.people if nobody.any() else rows, recipe.components)
        self._nobody = self._groups(self._people, 1.0)

    def base(self) -> tuple[torch.nn.Sequential, list[float]]:
        """The network after the first stage, and its losses."""
        net = self._fresh()
        if not self._nobody:
            return net, []
        return net, self._fit(net, self._nobody, self._recipe.base_steps, "base", "people of no clip")

    def without(self, person: str | None, start: torch.nn.Sequential) -> tuple[Head, list[float]]:
        """The head that never saw `person` (None: that saw everybody), from the base; and its losses."""
        net = self._fresh()
        net.load_state_dict(start.state_dict())
        share = self._recipe.clip_share if self._nobody else 1.0
        groups = self._groups(self._clips.where(self._clips.person != (person or "")), share)
        groups += [(material, (1.0 - share) * part) for material, part in self._nobody]
        stage = "clips of all" if person is None else f"clips without {person}"
        name = f"without-{person or 'nobody'}"
        losses = self._fit(net, groups, self._recipe.clip_steps, name, stage, self._recipe.clip_rate)
        return head(net, self.scale), losses

    def finish(self, net: torch.nn.Sequential) -> Head:
        """A network as it is run."""
        return head(net, self.scale)

    def curve(self, shares: Sequence[float], measured: Callable[[Head], Figures]) -> dict[int, Figures]:
        """Pictures of people that were trained on → figures, of bases that saw only some."""
        out = {}
        for share in shares:
            some = self._people.where(np.arange(len(self.people)) < share * len(self.people))
            net = self._fresh()
            self._fit(
                net, self._groups(some, 1.0), self._recipe.base_steps, f"some-{len(some)}", f"{share:.0%} of the people"
            )
            out[int((some.kind == CLEAN).sum())] = measured(self.finish(net))
        return out

    def _groups(self, rows: Rows, share: float) -> list[tuple[Material, float]]:
        """Rows as they are fitted, warped ones apart, with the share of the steps that is theirs."""
        warped = rows.kind == WARPED
        parts = [
            (rows.where(~warped), 1.0 - self._recipe.warped_share),
            (rows.where(warped), self._recipe.warped_share),
        ]
        there = [(part, own) for part, own in parts if len(part)]
        total = sum(own for _, own in there)
        return [(Material.of(part, self.scale, self._device), share * own / total) for part, own in there]

    def _fit(
        self,
        net: torch.nn.Sequential,
        groups: list[tuple[Material, float]],
        steps: int,
        name: str,
        stage: str,
        rate: float = 1.0,
    ) -> list[float]:
        """Train `net`, keeping where it is in a file of that name."""
        return fit(
            net,
            groups,
            self.scale,
            self._recipe,
            steps,
            kept=self._work / f"{name}.pt",
            stage=stage,
            rate=rate,
            progress=self._progress,
        )

    def _fresh(self) -> torch.nn.Sequential:
        torch.manual_seed(self._recipe.seed)
        return network(self._recipe).to(self._device)


def said(fitted: Head, rows: Rows) -> Floats:
    """(n, 52) what a head says of rows."""
    if not len(rows):
        return np.empty((0, rows.scores.shape[1]), np.float32)
    return scores(fitted, rows.points, rows.turned)
