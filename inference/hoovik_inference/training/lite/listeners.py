"""Networks that read voices which they were not trained on, so that what they say of these is as of strangers.

The shipped voice network was trained on all actors there are, and says more of them than of others. The ensemble would
learn to believe it too much, and figures would flatter. So the people of the test are read by a network trained on all
others, and those by networks trained on three quarters of these others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.training.call import Call
from hoovik_inference.training.progress import Progress
from hoovik_inference.training.voice.data import prepare
from hoovik_inference.training.voice.export import export
from hoovik_inference.training.voice.fit import Recipe, fit
from hoovik_inference.training.voice.rows import rows
from hoovik_inference.voice.encoder import MODEL, EncoderNetwork

PARTS = 4
"Of the people who are not tested, for the networks that read them."
WATCHED = 2
"""Of these parts are watched, as many are trained on: how sure a voice may be read depends on whose it is. With four
actors watched the ensemble was surer than it was right about the next four."""
EVERY = 5
"Every fifth actor, from the fifth on, is tested: their UAR is nearest to the mean of all folds in the voice's card."
TEMPERATURE = 0.76
"Of the voice network, as its card has it."


@dataclass(frozen=True, slots=True)
class People:
    """The actors, divided."""

    trained: NDArray[np.int64]
    "Numbers of those that the ensemble is trained on…"
    watched: NDArray[np.int64]
    "…watched on…"
    tested: NDArray[np.int64]
    "…and tested on."


def people(actors: NDArray[np.int64]) -> People:
    """Divide the actors (n,) of recordings.

    Raises:
        ValueError: There are fewer than ten.
    """
    all_of = np.unique(actors)
    if len(all_of) < 2 * EVERY:
        raise ValueError(f"{len(all_of)} actors; expected {2 * EVERY} or more, every {EVERY}th is tested")
    tested = all_of[EVERY - 1 :: EVERY]
    rest = all_of[~np.isin(all_of, tested)]
    watched = rest[np.arange(len(rest)) % PARTS < WATCHED]
    return People(rest[~np.isin(rest, watched)], watched, tested)


def listeners(
    data: Path,
    work: Path,
    recipe: Recipe,
    seed: int,
    call: Call,
    *,
    resume: bool,
    device: str,
    progress: Progress,
) -> dict[int, EncoderNetwork]:
    """For each actor of the recordings at `data` a network that never heard them; arguments as of `voice.train`."""
    voices = prepare(data, work, recipe.spoiling, recipe.copies, recipe.seed, call, progress)
    material = rows(voices, recipe.windows, recipe.seed)
    divided = people(voices.actors)
    others = np.unique(voices.actors[~np.isin(voices.actors, divided.tested)])
    jobs: list[tuple[str, NDArray[np.int64]]] = [("tested", divided.tested)]
    jobs += [(f"part{part + 1}", others[part::PARTS]) for part in range(PARTS)]
    out: dict[int, EncoderNetwork] = {}
    for name, read in jobs:
        held = np.isin(voices.actors, np.concatenate((divided.tested, read)))
        fitted = [
            fit(
                voices, material, held, recipe, seed * 1000 + number, work / f"listener-{name}-{number}.pt",
                resume=resume, device=device, progress=progress, stage=f"listener, {name}",
            )
            for number in range(recipe.networks)
        ]  # fmt: skip
        folder = work / f"listener-{name}"
        export(fitted, TEMPERATURE, folder / MODEL, f"listener-{name}")
        network = EncoderNetwork(folder)
        out |= {int(actor): network for actor in read}
    return out
