"""`hoovik-rtc train face|blendshapes|voice|visemes|lite|emotion`: the models that ship, made by anyone; and others."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from hoovik_inference.types import Floats
from hoovik_rtc import train_emotion
from hoovik_rtc.errors import TrainingError
from hoovik_rtc.pipeline.cores import available
from hoovik_rtc.training import Bars, device_of, require

Trained = TypeVar("Trained")
"What a training comes to."


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    train = commands.add_parser("train", help="train the models that ship with the package")
    kinds = train.add_subparsers(required=True, metavar="WHAT")

    face = kinds.add_parser("face", help="expression from the pixels of a face, on labelled pictures")
    face.add_argument(
        "--data", type=Path, required=True, metavar="NPZ", help="labelled pictures, as FER2013's train.npz"
    )
    face.add_argument("--test", type=Path, metavar="NPZ", help="other labelled pictures, for the card only")
    face.add_argument("--epochs", type=_positive, default=None, help="passes over the pictures")
    _shared(face)
    face.set_defaults(run=_face)

    shapes = kinds.add_parser("blendshapes", help="the 52 blendshapes from landmarks, after MediaPipe's own model")
    shapes.add_argument("--data", type=Path, required=True, metavar="NPZ", help="pictures of many people, as FER2013's")
    shapes.add_argument("--media", type=Path, required=True, metavar="FOLDER", help="clips and stills, one person each")
    shapes.add_argument("--teacher", type=Path, required=True, metavar="FILE", help="MediaPipe's face_landmarker.task")
    _shared(shapes)
    shapes.set_defaults(run=_blendshapes)

    voice = kinds.add_parser("voice", help="emotion from the sound of a voice, on RAVDESS")
    voice.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="recordings named as RAVDESS's, of 5 actors or more"
    )
    voice.add_argument("--epochs", type=_positive, default=None, help="passes over the recordings")
    _shared(voice)
    voice.set_defaults(run=_voice)

    visemes = kinds.add_parser("visemes", help="mouth shapes from sound, on speech that espeak-ng synthesises")
    _shared(visemes)
    visemes.set_defaults(run=_visemes)

    lite = kinds.add_parser(
        "lite", help="the ensemble that reads faces and voices together, on pictures and recordings"
    )
    lite.add_argument(
        "--pictures", type=Path, required=True, metavar="NPZ",
        help="labelled pictures that `train face` was given; only the tenth that it held back is used",
    )  # fmt: skip
    lite.add_argument(
        "--test", type=Path, required=True, metavar="NPZ", help="other labelled pictures, for the figures"
    )
    lite.add_argument(
        "--voices",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="recordings named as RAVDESS's, of 10 actors or more",
    )
    _shared(lite)
    lite.set_defaults(run=_lite)

    train_emotion.add_arguments(kinds)


def _shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where model, curves and card go")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="what can be resumed (default: OUT/work)")
    parser.add_argument("--resume", action="store_true", help="go on from what a stopped run left in --work")
    parser.add_argument("--seed", type=int, default=1, help="everything random comes from it (default 1)")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto: cuda where there is one"
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _face(arguments: argparse.Namespace) -> int:
    require("torch", "onnx", "onnxscript")
    from hoovik_inference.training import expression

    recipe = expression.Recipe(seed=arguments.seed)
    if arguments.epochs is not None:
        recipe = expression.with_epochs(recipe, arguments.epochs)
    trained = _run(arguments, expression.train, recipe, arguments.data, arguments.test)
    console = Console(highlight=False, soft_wrap=True)
    for name, compared in (("held back", trained.held), (arguments.test, trained.tested)):
        if compared is not None:
            one = compared.joined
            console.print(f"{name}: accuracy {one.accuracy:.1%}, UAR {one.uar:.1%}, ECE {one.ece:.3f}, n {one.n}")
    console.print(f"written: {arguments.out}/model.onnx, card.md, curves.svg, history.json")
    return 0


def _blendshapes(arguments: argparse.Namespace) -> int:
    require("torch", "onnx", "onnxscript")
    from hoovik_inference.training.blendshape import train
    from hoovik_inference.training.blendshape.fit import Recipe

    recipe = Recipe(seed=arguments.seed)
    summary = _run(arguments, train.train, recipe, arguments.data, arguments.media, arguments.teacher)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"people held out: mean absolute error {summary.held.error:.4f}; by person in card.md")
    console.print(f"written: {arguments.out}/blendshapes.npz, card.md and curves")
    return 0


def _voice(arguments: argparse.Namespace) -> int:
    require("torch", "onnx", "onnxscript")
    from hoovik_inference.training import voice

    recipe = voice.Recipe(seed=arguments.seed)
    if arguments.epochs is not None:
        recipe = replace(recipe, epochs=arguments.epochs)
    trained = _run(arguments, partial(voice.train, call=_call), recipe, arguments.data)
    console = Console(highlight=False, soft_wrap=True)
    for name, scores in trained.all_folds.items():
        words = ", ".join(f"{seconds or 'whole'} {one.uar:.1%}" for seconds, one in scores.items())
        console.print(f"UAR of {len(trained.folds)} folds, {name}: {words}")
    console.print(f"written: {arguments.out}/voice.npz, card.md, curves.svg, history.json")
    return 0


def _visemes(arguments: argparse.Namespace) -> int:
    require("torch", "onnx", "onnxscript")
    from hoovik_inference.training import visemes

    _run(arguments, partial(visemes.train, call=_call), visemes.Recipe(seed=arguments.seed))
    Console(highlight=False, soft_wrap=True).print(f"written: {arguments.out}: model, card.md and curves")
    return 0


def _lite(arguments: argparse.Namespace) -> int:
    require("torch", "onnx", "onnxscript", "optuna", "xgboost", extras="train,models")
    from hoovik_inference.training.lite.recipe import Recipe
    from hoovik_inference.training.lite.train import train

    material = (arguments.pictures, arguments.test, arguments.voices)
    measured = _run(arguments, partial(train, call=_call, lossy=_lossy), Recipe(seed=arguments.seed), *material)
    console = Console(highlight=False, soft_wrap=True)
    for name, read in measured.clean.items():
        one = read.figures
        console.print(f"{name}: accuracy {one.accuracy:.1%}, UAR {one.uar:.1%}, ECE {one.ece:.3f}, n {one.n}")
    console.print(f"written: {arguments.out}, with card.md")
    return 0


def _call(samples: Floats, bitrate: int, loss: float, burst: float, seed: int) -> Floats:
    """A `hoovik_inference.training.call.Call`: training knows no codec."""
    from hoovik_rtc.media.call import Line, through_call

    return through_call(samples, Line(bitrate, loss, burst), seed)


def _lossy(samples: Floats, bitrate: int, loss: float, burst: float, seed: int) -> tuple[Floats, Floats]:
    """A `LossyCall`."""
    from hoovik_rtc.media.call import Line, received

    return received(samples, Line(bitrate, loss, burst), seed)


def _run(
    arguments: argparse.Namespace, train: Callable[..., Trained], recipe: object, *material: Path | None
) -> Trained:
    """Train by `recipe` on `material`, with progress bars; what is wrong with the material is said as ours."""
    with Bars() as bars:
        try:
            return train(
                *material,
                arguments.out,
                arguments.work or arguments.out / "work",
                recipe,
                resume=arguments.resume,
                device=device_of(arguments.device),
                processes=max(1, math.floor(available())),
                progress=bars.tell,
            )
        except (ValueError, OSError) as exc:
            raise TrainingError(str(exc)) from exc
