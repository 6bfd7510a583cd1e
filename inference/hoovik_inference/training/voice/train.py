"""From a tree of labelled recordings to the bundle that is shipped: model, curves, card, numbers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from hoovik_inference.training.call import Call
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.training.voice.card import Fold, Trained, write
from hoovik_inference.training.voice.curves import draw
from hoovik_inference.training.voice.data import CALLED, CLEAN, prepare
from hoovik_inference.training.voice.export import export
from hoovik_inference.training.voice.fit import FOLDS, Fitted, Recipe, fit, folds
from hoovik_inference.training.voice.rows import rows
from hoovik_inference.training.voice.score import LENGTHS, WHOLE, Read, calibrated, joined, read, scored, strength
from hoovik_inference.voice.encoder import MODEL, EncoderNetwork

NAME = "hoovik-voice-1"


def train(
    data: Path,
    out: Path,
    work: Path,
    recipe: Recipe,
    *,
    call: Call,
    resume: bool = False,
    device: str = "cpu",
    processes: int = 1,
    progress: Progress = unheard,
) -> Trained:
    """Train on the recordings at `data`; write voice.npz, curves.svg, history.json and card.md to `out`.

    First five times with every fifth actor held out, which the card's figures come from; then on all actors.

    Args:
        data: A tree of recordings named as RAVDESS's, of five actors or more.
        out: Where the bundle goes.
        work: Where what was heard, and finished networks, are kept.
        recipe: How.
        call: What a call makes of sound.
        resume: Go on from the networks in `work`. What was heard is taken from there in any case.
        device: cpu or cuda.
        processes: Ignored: all of it runs in this one.
        progress: Told how far it is.

    Raises:
        ValueError: The recordings or the networks in `work` are not what they should be.
        OSError: A file cannot be read or written.
    """
    voices = prepare(data, work, recipe.spoiling, recipe.copies, recipe.seed, call, progress)
    people = np.unique(voices.actors)
    if len(people) < FOLDS:
        raise ValueError(f"{data} has {len(people)} actors; expected {FOLDS} or more, every {FOLDS}th is held out")
    progress("moments", 0, 1, "")
    material = rows(voices, recipe.windows, recipe.seed)
    progress("moments", 1, 1, "")

    def fitted(held: np.ndarray[tuple[int], np.dtype[np.bool_]], stage: str, name: str) -> list[Fitted]:
        return [
            fit(
                voices, material, held, recipe, recipe.seed * 1000 + number, work / f"{name}-{number}.pt",
                resume=resume, device=device, progress=progress, stage=f"{stage}, network {number + 1}",
            )
            for number in range(recipe.networks)
        ]  # fmt: skip

    histories = []
    parts: dict[str, list[dict[int, Read]]] = {CLEAN: [], CALLED: []}
    held_out = folds(voices.actors)
    for number, held in enumerate(held_out):
        nets = fitted(held, f"fold {number + 1}", f"fold{number + 1}")
        histories.append(nets[0].history)
        for name, one in ((CLEAN, voices.clean), (CALLED, voices.called)):
            parts[name].append(read(nets, one, np.flatnonzero(held)))
    both = {name: {length: joined([part[length] for part in parts[name]]) for length in LENGTHS} for name in parts}
    temperature = calibrated([one for reads in both.values() for one in reads.values()], voices.labels)
    shipped = fitted(np.zeros(len(voices.labels), np.bool_), "all actors", "all")
    export(shipped, temperature, out / MODEL, NAME)
    draw(histories, out / "curves.svg")
    network = EncoderNetwork(out)
    trained = Trained(
        name=NAME,
        recipe=recipe,
        recordings=len(voices.labels),
        actors=len(people),
        folds=tuple(
            Fold(
                tuple(np.unique(voices.actors[held]).tolist()),
                {
                    name: {length: scored(reads[number][length], voices.labels, temperature) for length in LENGTHS}
                    for name, reads in parts.items()
                },
            )
            for number, held in enumerate(held_out)
        ),
        all_folds={
            name: {length: scored(reads[length], voices.labels, temperature) for length in LENGTHS}
            for name, reads in both.items()
        },
        strength={name: strength(both[name][WHOLE], voices.strong, voices.labels) for name in both},
        temperature=temperature,
        parameters=network.parameters,
        embedding=network.dimension,
        bytes=(out / MODEL).stat().st_size,
    )
    history = {"temperature": temperature, "folds": [[asdict(epoch) for epoch in one] for one in histories]}
    (out / "history.json").write_text(json.dumps(history, indent=1) + "\n", "utf-8")
    write(trained, out / "card.md")
    return trained
