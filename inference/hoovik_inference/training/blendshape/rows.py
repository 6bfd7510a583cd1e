"""What the head is trained on: faces as our mesh sees them beside what the teacher says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.points import POINTS
from hoovik_inference.face.pose import align, angles
from hoovik_inference.training.blendshape.teacher import READ
from hoovik_inference.types import BLENDSHAPES, Floats

CLEAN, ROUGH, WARPED, MIXED = "clean", "rough", "warped", "mixed"
"""Kinds of rows: a picture as it is; turned, shrunk, blurred and compressed; warped to known expressions; landmarks of
two faces mixed."""


@dataclass(frozen=True, slots=True)
class Rows:
    """n faces."""

    points: Floats
    "(n, len(POINTS), 3) our mesh's, in the neutral face's frame."
    turned: Floats
    "(n, 3) yaw, pitch, roll of the head in degrees."
    scores: Floats
    "(n, 52) the teacher's, of the picture before it was made rough."
    truth: Floats
    "(n, 52) what the picture was warped to; nan where the warp says nothing."
    seen: Floats
    """(n, 2, 146, 2) in pixels: what the teacher's network would read in our landmarks, and what it read in its
    own; nan where it saw another picture."""
    shifted: Floats
    "(n, 52) the teacher's of the same picture shifted by one pixel; nan where it was not asked."
    person: NDArray[np.str_]
    "(n,) file of the clip that shows them, or nothing for a picture of somebody who is in no clip."
    kind: NDArray[np.str_]
    "(n,) CLEAN, ROUGH, WARPED or MIXED."
    label: NDArray[np.int8]
    "(n,) emotion that people saw, as an index of EMOTIONS, or -1."

    def __len__(self) -> int:
        return len(self.points)

    def where(self, chosen: NDArray[Any]) -> Rows:
        """Those rows, by mask or index."""
        return Rows(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def renamed(self, same: Sequence[Sequence[str]]) -> Rows:
        """People who are in several clips, all of them under the first one's name."""
        person = self.person.copy()
        for first, *others in same:
            person[np.isin(person, others)] = first
        return replace(self, person=person)

    def save(self, path: Path) -> None:
        """Write them as npz, at once or not at all."""
        part = path.with_suffix(".part")
        with part.open("wb") as stream:
            np.savez(stream, **{field.name: getattr(self, field.name) for field in fields(self)})
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Rows:
        """Read what `save` wrote."""
        with np.load(path) as held:
            return cls(*(held[field.name] for field in fields(cls)))

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """One after the other."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


@dataclass(frozen=True, slots=True)
class Row:
    """One face, before many become Rows."""

    landmarks: Floats
    "(478, 3) our mesh's, normalised."
    size: tuple[int, int]
    "Width and height of the picture in pixels."
    scores: Floats
    "(52,) the teacher's."
    taught: Floats | None
    "(478, 3) the teacher's landmarks in the same picture, normalised; None where it saw another one."
    kind: str
    "CLEAN, ROUGH or WARPED."
    truth: Floats | None = None
    "(52,) nan where the warp says nothing; None without a warp."
    person: str = ""
    "File of the clip."
    label: int = -1
    "Index of EMOTIONS."
    shifted: Floats | None = None
    "(52,) the teacher's of the picture shifted by one pixel; None where it was not asked."


def gathered(rows: Sequence[Row]) -> Rows:
    """Rows of single ones."""
    n = len(rows)
    points = np.empty((n, len(POINTS), 3), np.float32)
    turned = np.empty((n, 3), np.float32)
    seen = np.full((n, 2, len(READ), 2), np.nan, np.float32)
    for index, row in enumerate(rows):
        face = align(row.landmarks, *row.size)
        head = angles(face.rotation)
        points[index] = face.points[POINTS]
        turned[index] = head.yaw, head.pitch, head.roll
        if row.taught is not None:
            seen[index] = [landmarks[READ, :2] * row.size for landmarks in (row.landmarks, row.taught)]
    unknown = np.full(len(BLENDSHAPES), np.nan, np.float32)
    return Rows(
        points,
        turned,
        np.array([row.scores for row in rows], np.float32).reshape(n, len(BLENDSHAPES)),
        np.array([unknown if row.truth is None else row.truth for row in rows], np.float32).reshape(
            n, len(BLENDSHAPES)
        ),
        seen,
        np.array([unknown if row.shifted is None else row.shifted for row in rows], np.float32).reshape(
            n, len(BLENDSHAPES)
        ),
        np.array([row.person for row in rows], dtype="U64"),
        np.array([row.kind for row in rows], dtype="U8"),
        np.array([row.label for row in rows], np.int8),
    )
