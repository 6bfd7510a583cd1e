"""From nothing but a synthesiser to the bundle that is shipped: model, curves, card."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import torch

from hoovik_inference.evaluation.phones import MOUTHS
from hoovik_inference.training.call import Call
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.training.visemes.card import Trained, write
from hoovik_inference.training.visemes.curves import draw
from hoovik_inference.training.visemes.export import export
from hoovik_inference.training.visemes.fit import Recipe, as_they_are, fit, recalls_of, watched
from hoovik_inference.training.visemes.lean import lean
from hoovik_inference.training.visemes.material import Stretch, prepare
from hoovik_inference.voice.stream import RATE
from hoovik_inference.voice.viseme_features import STRIDE
from hoovik_inference.voice.viseme_net import MODEL

NAME = "hoovik-visemes-1"


def with_epochs(recipe: Recipe, epochs: int) -> Recipe:
    """The same recipe, longer or shorter."""
    return replace(recipe, epochs=epochs)


def train(
    out: Path,
    work: Path,
    recipe: Recipe,
    *,
    resume: bool = False,
    device: str = "cpu",
    processes: int = 1,
    progress: Progress = unheard,
    call: Call,
) -> Trained:
    """Synthesise speech and train on it; write visemes.onnx, curves.svg, history.json and card.md to `out`.

    Args:
        out: Where the bundle goes.
        work: Where speech and the checkpoint are kept.
        recipe: How.
        resume: Go on from the checkpoint in `work`; speech that is there is taken in any case.
        device: cpu or cuda.
        processes: Threads that make speech.
        progress: Told how far it is.
        call: What a call makes of sound.

    Raises:
        ValueError: Speech or checkpoint in `work` are of another recipe.
        OSError: A file cannot be read or written, or espeak-ng not be loaded.
    """
    material = prepare(recipe.amount, recipe.seed, work, call, processes=processes, progress=progress)
    net, prior, history = fit(material, recipe, work, resume=resume, device=device, progress=progress)
    net, held = net.cpu(), as_they_are(material.held, prior)
    leaning = lean(net, material.trained, held, recipe)
    with torch.no_grad():
        net.out.bias.add_(torch.from_numpy(leaning.bias))
    out.mkdir(parents=True, exist_ok=True)
    export(net, prior, NAME, out / MODEL)
    draw(history, out / "curves.svg")
    (out / "history.json").write_text(json.dumps([asdict(epoch) for epoch in history], indent=1) + "\n", "utf-8")
    recalls = recalls_of(net, held, "cpu")
    trained = Trained(
        name=NAME,
        recipe=recipe,
        history=history,
        hours=_hours(material.trained),
        held_hours=_hours(material.held),
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        bytes=(out / MODEL).stat().st_size,
        lean=leaning,
        read=watched(net, held, "cpu"),
        recalls=dict(zip(MOUTHS, recalls, strict=True)),
    )
    write(trained, out / "card.md")
    return trained


def _hours(stretches: tuple[Stretch, ...]) -> float:
    return sum(len(one.shapes) for one in stretches) * STRIDE / RATE / 3600.0
