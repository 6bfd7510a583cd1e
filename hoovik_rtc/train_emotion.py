"""`hoovik-rtc train emotion`: the reference's ensemble on RAVDESS and CREMA-D as their makers ship them."""

from __future__ import annotations

import argparse
import math
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from hoovik_inference.task_file import check_parts
from hoovik_rtc.errors import TrainingError, UsageError
from hoovik_rtc.models.find import file_of
from hoovik_rtc.pipeline.cores import available
from hoovik_rtc.training import Bars, device_of, require

if TYPE_CHECKING:
    from hoovik_inference.training.emotion import Trained

TASK, VOICE = "face_landmarker", "wav2vec2"
"Names of the models that look and listen, where no others are named."
NAMED = 20
"Skipped clips that are named; skipped.txt in the work folder has all."


def add_arguments(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    emotion = kinds.add_parser("emotion", help="emotion from face and voice, on RAVDESS and CREMA-D")
    emotion.add_argument(
        "--data", type=Path, required=True, action="append", metavar="FOLDER",
        help="clips named as RAVDESS's or CREMA-D's, at any depth; may be given more than once",
    )  # fmt: skip
    emotion.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the bundle; must not be there yet")
    emotion.add_argument(
        "--task", default=TASK, metavar="FILE", help="MediaPipe's face_landmarker.task, or a model that was pulled"
    )
    emotion.add_argument(
        "--voice-model", default=VOICE, metavar="FOLDER", help="a wav2vec2, or a model that was pulled"
    )
    emotion.add_argument(
        "--work", type=Path, metavar="FOLDER",
        help="what can be resumed: faces and voices as numbers, epochs (default: OUT.work)",
    )  # fmt: skip
    emotion.add_argument(
        "--resume", action="store_true", help="go on with the training that a stopped run left in --work"
    )
    emotion.add_argument(
        "--tune", type=_whole, default=0, metavar="N", help="look for hyperparameters first, N trials of each model"
    )
    emotion.add_argument("--epochs", type=_positive, metavar="N", help="of the transformer, at most (default 90)")
    emotion.add_argument("--seed", type=int, default=1, help="everything random comes from it (default 1)")
    emotion.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto: cuda where there is one"
    )
    emotion.set_defaults(run=_emotion)


def _whole(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _emotion(arguments: argparse.Namespace) -> int:
    require("torch", "transformers", "xgboost", "optuna", extras="models,train")
    from hoovik_inference.evaluation.pictures import DataError  # all of it only here: it loads the models' libraries
    from hoovik_inference.training.emotion import Recipe, Tools, train
    from hoovik_inference.training.emotion.corpus import corpus

    out: Path = arguments.out
    if out.exists():
        raise UsageError(f"--out: {out} is there already; name a folder that is not")
    work: Path = arguments.work or out.with_name(f"{out.name}.work")
    device = device_of(arguments.device)
    try:
        clips = corpus(arguments.data).clips
    except DataError as exc:
        raise TrainingError(f"--data: {exc}") from exc
    tools = Tools(
        _task(arguments.task) if any(clip.film for clip in clips) else None,
        _voice(arguments.voice_model) if any(clip.sound for clip in clips) else None,
        device,
    )
    recipe = Recipe.reference(arguments.seed)
    if arguments.epochs is not None:
        recipe = recipe.with_epochs(arguments.epochs)
    with Bars() as bars, _terminable():
        try:
            trained = train(
                arguments.data, tools, out, work, recipe,
                trials=arguments.tune, resume=arguments.resume, device=device,
                processes=max(1, math.floor(available())), progress=bars.tell,
            )  # fmt: skip
        except (ValueError, OSError) as exc:
            raise TrainingError(str(exc)) from exc
    _tell(trained, out, work)
    return 0


def _tell(trained: Trained, out: Path, work: Path) -> None:
    from hoovik_inference.training.emotion.corpus import counted

    console = Console(highlight=False, soft_wrap=True)
    for words, count in trained.corpus.left_out.items():
        console.print(f"left out: {count} {words}")
    skipped = trained.extracted.skipped
    console.print(f"clips: {counted(trained.extracted.clips)}; {len(skipped)} more skipped")
    for name, why in skipped[:NAMED]:
        console.print(escape(f"  skipped {name}: {why}"))
    if skipped:
        lines = [f"{name}\t{why}\n" for name, why in skipped]
        (work / "skipped.txt").write_text("".join(lines), "utf-8")
        console.print(escape(f"  all of them: {work / 'skipped.txt'}"))
    for name, one in trained.test.items():
        figures = one.figures
        console.print(
            f"{name}, people never seen: accuracy {figures.accuracy:.1%}, UAR {figures.uar:.1%}, macro-F1 "
            f"{figures.macro_f1:.1%}, ECE {figures.ece:.3f}, anomalies {one.flagged:.1%}, n {figures.n}"
        )
    for note in trained.fitted.notes:
        console.print(escape(f"  note: {note}"))
    console.print(escape(f"written: {out}: the bundle, card.md, history.json, {', '.join(trained.plots)}"))


def _task(named: str) -> Path:
    path = file_of(named, os.environ)
    try:
        check_parts(path)
    except (FileNotFoundError, ValueError) as exc:
        raise TrainingError(f"--task: {exc}") from exc
    return path


def _voice(named: str) -> Path:
    path = file_of(named, os.environ)
    if not path.is_dir():
        raise TrainingError(
            f"--voice-model: {path} is no folder; expected a wav2vec2 (`hoovik-rtc models pull {VOICE}` gets it)"
        )
    return path


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the command as Ctrl-C does: processes that read clips are ended, bars are put away."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
