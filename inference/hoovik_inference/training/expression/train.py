"""From labelled pictures to the bundle that is shipped: model, curves, card."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import torch

from hoovik_inference.training.expression.card import Trained, write
from hoovik_inference.training.expression.curves import draw
from hoovik_inference.training.expression.data import disagreement, held_back, prepare, without_copies
from hoovik_inference.training.expression.export import export
from hoovik_inference.training.expression.fit import Recipe, fit
from hoovik_inference.training.expression.join import fit_shapes, join
from hoovik_inference.training.expression.readings import compare
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import EMOTIONS

NAME = "hoovik-face-1"


def with_epochs(recipe: Recipe, epochs: int) -> Recipe:
    """The same recipe, longer or shorter."""
    return replace(recipe, epochs=epochs, cool=round(recipe.cool * epochs / recipe.epochs))


def train(
    data: Path,
    test: Path | None,
    out: Path,
    work: Path,
    recipe: Recipe,
    *,
    resume: bool = False,
    device: str = "cpu",
    processes: int = 1,
    progress: Progress = unheard,
) -> Trained:
    """Train on the npz `data`; write model.onnx, curves.svg, history.json and card.md to `out`.

    Args:
        data: Labelled pictures: a tenth of them is held back for calibration.
        test: Other labelled pictures, which only the card's figures come from.
        out: Where the bundle goes.
        work: Where landmarks and the checkpoint are kept.
        recipe: How.
        resume: Go on from the checkpoint in `work`.
        device: cpu or cuda.
        processes: That look for faces at once.
        progress: Told how far it is.

    Raises:
        ValueError: The pictures or the checkpoint are not what they should be.
        OSError: A file cannot be read or written.
    """
    faces = prepare(data, work, processes=processes, progress=progress)
    others = None if test is None else prepare(test, work, processes=processes, progress=progress)
    held = held_back(faces.images)
    train_on, held_faces = faces.part(~held), faces.part(held)
    held_faces = held_faces.part(without_copies(held_faces, train_on))
    if len(train_on) < 4 * recipe.batch or not len(held_faces):
        raise ValueError(
            f"{data} has {len(faces)} pictures; expected at least {5 * recipe.batch}, a tenth is held back"
        )
    net, history = fit(train_on, held_faces, recipe, work, resume=resume, device=device, progress=progress)
    shares = torch.bincount(torch.from_numpy(faces.labels), minlength=len(EMOTIONS)) / len(faces)
    joined = join(net.cpu(), fit_shapes(train_on, recipe.seed, progress), held_faces, shares)
    export(joined, faces.part(held), out / "model.onnx", NAME)
    draw(history, out / "curves.svg")
    (out / "history.json").write_text(json.dumps([asdict(epoch) for epoch in history], indent=1) + "\n", "utf-8")
    trained = Trained(
        name=NAME,
        data=data.name,
        test=None if test is None else test.name,
        recipe=recipe,
        pictures=len(train_on),
        held=compare(joined, held_faces),
        tested=None if others is None else compare(joined, others),
        alone=None if others is None else compare(joined, others.part(without_copies(others, faces))),
        twice=disagreement(faces),
        learnt=compare(joined, train_on).pixels.accuracy,
        parameters=sum(parameter.numel() for parameter in joined.parameters()),
        bytes=(out / "model.onnx").stat().st_size,
        weights=(joined.weights[0].item(), joined.weights[1].item()),
    )
    write(trained, out / "card.md")
    return trained
