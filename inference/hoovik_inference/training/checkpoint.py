"""Checkpoints of trainings: what a later process needs to go on, and what it must agree with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch


class Stateful(Protocol):
    """A network, an optimiser, a schedule."""

    def state_dict(self) -> Any:
        """What it is now."""
        ...

    def load_state_dict(self, state_dict: Any) -> Any:
        """Be what that says."""
        ...


def save(file: Path, about: str, history: Sequence[Any], parts: Mapping[str, Stateful]) -> None:
    """Write a checkpoint; the file is whole at any moment.

    Args:
        file: Where to.
        about: What whoever goes on must agree with: recipe and material.
        history: How it went so far, of plain values.
        parts: What is trained and what trains it.
    """
    part = file.with_suffix(".part")
    states = {name: one.state_dict() for name, one in parts.items()}
    torch.save({"about": about, "history": list(history), **states}, part)
    part.replace(file)


def load(file: Path, about: str, parts: Mapping[str, Stateful], device: str | torch.device = "cpu") -> list[Any]:
    """Bring `parts` to what `save` wrote; returns the history.

    Raises:
        ValueError: It is of another recipe or other material.
        OSError: It cannot be read.
    """
    state: dict[str, Any] = torch.load(file, map_location=device, weights_only=True)
    if state["about"] != about:
        raise ValueError(f"{file} is of another recipe or other material; remove it, or train without --resume")
    for name, one in parts.items():
        one.load_state_dict(state[name])
    return list(state["history"])
