"""The labelled windows of the lite training: which pictures and people are on which side, and what was made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.evaluation.recordings import recordings, sound_of
from hoovik_inference.training.call import Call, LossyCall
from hoovik_inference.training.expression.data import Faces, held_back, prepare, without_copies
from hoovik_inference.training.lite import looks, speech
from hoovik_inference.training.lite.listeners import People, listeners, people
from hoovik_inference.training.lite.pairs import Labelled
from hoovik_inference.training.lite.recipe import Recipe
from hoovik_inference.training.progress import Progress
from hoovik_inference.types import Floats


@dataclass(frozen=True, slots=True)
class Sides:
    """Windows of one modality, clean and called alike, by side."""

    trained: Labelled
    "Degraded ones, too."
    quiet: Labelled
    "Those of `trained` that are not degraded: what detectors of unusual windows take for usual."
    watched: Labelled
    tested: Labelled


@dataclass(frozen=True, slots=True)
class Scenes:
    """All of them."""

    faces: Sides
    voices: Sides
    degraded: Mapping[str, Labelled]
    "By what was done: faces of the test."
    noisy: Mapping[str, Labelled]
    "By what was done: voices of the test."
    called: Labelled
    "Voices of the test through a call that loses 5 % of the packets."
    spoiled_faces: Mapping[str, Labelled]
    "What detectors are to find."
    spoiled_voices: Mapping[str, Labelled]
    pictures: tuple[int, int, int]
    "Trained on, watched and tested."
    actors: People
    "The same of voices."
    found: float
    "0…1, share of the tested pictures in which a face was found."


def scenes(
    pictures: Path,
    test: Path,
    voices: Path,
    work: Path,
    recipe: Recipe,
    *,
    call: Call,
    lossy: LossyCall,
    resume: bool,
    device: str,
    processes: int,
    progress: Progress,
) -> Scenes:
    """Look at the faces and listen to the voices; what was made is kept in `work`.

    Args:
        pictures: Labelled ones that the expression network was trained on, but for a tenth: only that is used.
        test: Others, for the test.
        voices: A tree of recordings named as RAVDESS's.
        work: Where what was made is kept.
        recipe: How.
        call: The codec and the network, for the listeners' training…
        lossy: …and the same that says what was lost.
        resume: Go on from the listeners in `work`.
        device: cpu or cuda.
        processes: That look at faces at once.
        progress: Told how far it is.

    Raises:
        ValueError: The material is not what it should be.
        OSError: A file cannot be read or written.
    """
    rng = np.random.default_rng(recipe.seed)
    all_faces = prepare(pictures, work, processes=processes, progress=progress)
    others = prepare(test, work, processes=processes, progress=progress)
    held = held_back(all_faces.images)
    own = all_faces.part(held)
    own = own.part(without_copies(own, all_faces.part(~held)))
    others = others.part(without_copies(others, all_faces))
    drawn = np.zeros(len(others), np.bool_)
    drawn[rng.permutation(len(others))[: recipe.tested]] = True
    others = others.part(drawn)

    def seen(kind: str, faces: Faces) -> looks.Looks:
        return looks.looks(faces.images, kind, work, seed=recipe.seed, processes=processes, progress=progress)

    def first(count: int, kind: str) -> Labelled:
        part = others.part(np.random.default_rng(recipe.seed).permutation(len(others)) < count)
        return _at(seen(kind, part), part.labels)

    watched = np.zeros(len(own), np.bool_)
    watched[rng.permutation(len(own))[: round(recipe.watched_share * len(own))]] = True
    clean, mixed = (seen(kind, own) for kind in (looks.CLEAN, looks.MIXED))
    quiet = _at(clean, own.labels, ~watched)
    faces = Sides(
        trained=joined((quiet, _at(mixed, own.labels, ~watched))),
        quiet=quiet,
        watched=_at(clean, own.labels, watched),
        tested=_at(seen(looks.CLEAN, others), others.labels),
    )

    found = recordings(voices).recordings
    actors = np.array([one.actor for one in found], np.int64)
    labels = np.array([one.label for one in found], np.int64)
    networks = listeners(voices, work, recipe.voice, recipe.seed, call, resume=resume, device=device, progress=progress)
    samples = [sound_of(one.file) for one in found]
    divided = people(actors)

    def heard(kind: str, chosen: NDArray[np.int64]) -> list[tuple[int, Floats]]:
        """Windows by recording."""
        made = speech.hear(
            [samples[number] for number in chosen], [networks[int(actors[number])] for number in chosen], kind, lossy,
            work, seed=recipe.seed, about=f"listeners {recipe.seed}", progress=progress,
        )  # fmt: skip
        return [(number, made.windows(place)) for place, number in enumerate(chosen.tolist())]

    copies = {kind: heard(kind, np.arange(len(found))) for kind in (speech.CLEAN, speech.CALLED, speech.CHANGED)}
    plain = (speech.CLEAN, speech.CALLED)

    def spoken(kinds: Sequence[str], who: NDArray[np.int64]) -> Labelled:
        some = [(number, one) for kind in kinds for number, one in copies[kind] if actors[number] in who]
        return _drawn(some, labels, recipe.windows, rng)

    tested = np.flatnonzero(np.isin(actors, divided.tested))
    sides = Sides(
        trained=spoken((*plain, speech.CHANGED), divided.trained),
        quiet=spoken(plain, divided.trained),
        watched=spoken(plain, divided.watched),
        tested=spoken(plain, divided.tested),
    )
    return Scenes(
        faces=faces,
        voices=sides,
        degraded={kind: first(recipe.degraded, kind) for kind in looks.DEGRADED},
        noisy={kind: _drawn(heard(kind, tested), labels, recipe.windows, rng) for kind in speech.DEGRADED},
        called=spoken((speech.CALLED,), divided.tested),
        spoiled_faces={kind: first(recipe.spoiled, kind) for kind in looks.SPOILED},
        spoiled_voices={kind: _drawn(heard(kind, tested), labels, recipe.windows, rng) for kind in speech.SPOILED},
        pictures=(int((~watched).sum()), int(watched.sum()), len(others)),
        actors=divided,
        found=len(faces.tested[1]) / len(others),
    )


def _at(made: looks.Looks, labels: NDArray[np.int64], chosen: NDArray[np.bool_] | None = None) -> Labelled:
    """Those in which a face was found, of those that are chosen."""
    places = made.found if chosen is None else made.found & chosen
    return made.rows[places], labels[places]


def _drawn(
    parts: Sequence[tuple[int, Floats]], labels: NDArray[np.int64], most: int, rng: np.random.Generator
) -> Labelled:
    """At most so many windows of each recording, drawn by chance."""
    rows, told = [], []
    for number, windows in parts:
        if len(windows) > most:
            windows = windows[np.sort(rng.choice(len(windows), most, replace=False))]
        rows.append(windows)
        told.append(np.full(len(windows), labels[number]))
    return np.concatenate(rows), np.concatenate(told)


def joined(parts: Sequence[Labelled]) -> Labelled:
    """One after the other."""
    rows: Floats = np.concatenate([part[0] for part in parts])
    return rows, np.concatenate([part[1] for part in parts])
