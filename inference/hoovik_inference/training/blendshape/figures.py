"""How near the head comes to its teacher, on people that it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import BLENDSHAPES, Floats

MOVING = 0.05
"Standard deviation of the teacher's scores from which on a channel is said to move."
TAUGHT = len(BLENDSHAPES) - 1
"Channels that the teacher has: all but tongueOut, the last."


@dataclass(frozen=True, slots=True)
class Figures:
    """Agreement over some faces."""

    faces: int
    "How many."
    error: float
    "Mean absolute difference over all channels that the teacher has."
    errors: Floats
    "(52,) of each channel."
    spread: Floats
    "(52,) standard deviation of the teacher's scores."
    r: Floats
    "(52,) Pearson's correlation; nan where the teacher moves less than MOVING."

    @property
    def least(self) -> tuple[str, float]:
        """The channel that correlates least, of those that move; an empty name where none does."""
        if np.isnan(self.r).all():
            return "", float("nan")
        at = int(np.nanargmin(self.r))
        return BLENDSHAPES[at], float(self.r[at])

    def below(self, least: float) -> dict[str, float]:
        """Channels that move and correlate less than `least`, worst first."""
        found = {name: float(r) for name, r in zip(BLENDSHAPES, self.r, strict=True) if r < least}
        return dict(sorted(found.items(), key=lambda item: item[1]))


def compare(said: Floats, taught: Floats) -> Figures:
    """Figures of (n, 52) scores against the teacher's."""
    errors = np.abs(said - taught).mean(axis=0)
    spread = taught.std(axis=0)
    r = np.full(len(BLENDSHAPES), np.nan, np.float32)
    for at in np.flatnonzero(spread >= MOVING):
        still = said[:, at].std() < 1e-9
        r[at] = 0.0 if still else np.corrcoef(said[:, at], taught[:, at])[0, 1]
    return Figures(len(said), float(errors[:TAUGHT].mean()), errors, spread, r)


def by_person(said: Floats, taught: Floats, person: NDArray[np.str_]) -> dict[str, Figures]:
    """Figures of each person."""
    return {str(one): compare(said[person == one], taught[person == one]) for one in np.unique(person)}
