"""Which people are trained on, watched and tested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from hoovik_inference.training.emotion.material import TEST, TRAIN, VALID

HELD = 0.15
"Share of the people of each source on the watched side, and as many on the tested one (the reference's)."
LEAST = 3
"People of a source: one for each side."


def sides_of(actors: Iterable[tuple[str, str]], seed: int) -> Mapping[str, int]:
    """TRAIN, VALID or TEST by actor: of each source 70, 15 and 15 %, at least one on each side, drawn by a seed.

    Args:
        actors: Source and actor of each clip.
        seed: Of the draw.

    Raises:
        ValueError: A source has too few people.
    """
    people: dict[str, set[str]] = {}
    for source, actor in actors:
        people.setdefault(source, set()).add(actor)
    out: dict[str, int] = {}
    rng = np.random.default_rng(seed)
    for source in sorted(people):
        names = sorted(people[source])
        if len(names) < LEAST:
            raise ValueError(
                f"{source} has {len(names)} actors whose clips can be read ({', '.join(names)}); expected {LEAST} or "
                "more, as nobody may be on two of three sides: trained on, watched, tested"
            )
        held = max(1, round(HELD * len(names)))
        for number, place in enumerate(rng.permutation(len(names)).tolist()):
            out[names[place]] = VALID if number < held else TEST if number < 2 * held else TRAIN
    return out
