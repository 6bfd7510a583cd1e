"""What finished stages of a training left, for a run that goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder in which each finished stage has a JSON, and other files that are whole once it is there."""

    folder: Path
    "Is made."
    about: str
    "What a run that goes on must agree with: recipe and material."
    resume: bool
    "Whether what is there counts."

    def done(self, stage: str) -> dict[str, Any] | None:
        """What `finish` was told; None where the stage is to be done.

        Raises:
            ValueError: It is of another recipe or other material.
        """
        file = self.folder / f"{stage}.json"
        if not self.resume or not file.exists():
            return None
        held: dict[str, Any] = json.loads(file.read_text("utf-8"))
        if held.pop("about") != self.about:
            raise ValueError(f"{file} is of another recipe or other material; remove it, or train without --resume")
        return held

    def begin(self, stage: str) -> None:
        """The stage is done anew: nothing counts as finished until it is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{stage}.json").unlink(missing_ok=True)

    def finish(self, stage: str, told: Mapping[str, Any]) -> None:
        """The stage is done, its files are written."""
        part = self.folder / f"{stage}.part"
        part.write_text(json.dumps({"about": self.about, **told}), "utf-8")
        part.replace(self.folder / f"{stage}.json")
