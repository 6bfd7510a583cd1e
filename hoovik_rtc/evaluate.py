"""`hoovik-rtc evaluate`: how well labelled material is read, as a table, as JSON and as a plot."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hoovik_inference.evaluation import (
    ECE_BINS,
    DataError,
    Figures,
    LabelledPictures,
    PictureReader,
    Readings,
    chosen,
    figures,
    labelled,
    plot,
    readings,
)
from hoovik_inference.evaluation.plot import SUFFIXES
from hoovik_inference.types import EMOTIONS
from hoovik_rtc import clock
from hoovik_rtc.errors import EvaluationError, UsageError
from hoovik_rtc.pipeline.cores import available

MOST_THREADS = 8
"More than so many wait for the interpreter's lock."
NAMED = 5
"Unreadable files that are named; the JSON has all."


def evaluate_faces(
    data: Path,
    make: Callable[[], PictureReader],
    *,
    classes: Sequence[str] | None = None,
    limit: int | None = None,
    json_to: Path | None = None,
    plot_to: Path | None = None,
) -> Figures:
    """Read the labelled pictures at `data`, print the figures, write what is asked for.

    Args:
        data: An npz file or a folder, see `hoovik_inference.evaluation.labelled`.
        make: Makes a reader, one for each core.
        classes: Names: pictures and predictions are restricted to these. All seven where None.
        limit: Only so many of the pictures, drawn at random, the same each time.
        json_to: Where the figures go as JSON.
        plot_to: Where the plot goes; its suffix says as what.

    Raises:
        UsageError: `classes`, `limit` or a name to write to cannot be used.
        EvaluationError: There are no labelled pictures at `data`, or a result cannot be written.
    """
    wanted = _checked(classes, limit, json_to, plot_to)
    try:
        pictures = labelled(data).only(wanted)
    except DataError as exc:
        raise EvaluationError(f"{data}: {exc}" if str(data) not in str(exc) else str(exc)) from exc
    total = len(pictures.sources)
    if limit is not None:
        pictures = pictures.some(limit)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    for line in _remarks(pictures, total):
        errors.print(escape(line))
    threads = max(1, min(MOST_THREADS, math.floor(available())))
    name = data.resolve().name
    started = clock.now_ms()
    try:
        with _progress(errors) as bar:
            task = bar.add_task(escape(name), total=len(pictures.sources))
            read = readings(pictures.sources, make, threads=threads, advance=lambda count: bar.advance(task, count))
    except FileNotFoundError as exc:
        raise EvaluationError(f"the model cannot be loaded: {exc}") from exc
    seconds = (clock.now_ms() - started) / 1000
    for words in read.unreadable[:NAMED]:
        errors.print(f"[yellow]{escape(words)}[/]")
    if len(read.unreadable) > NAMED:
        errors.print(f"[yellow]… and {len(read.unreadable) - NAMED} more files that cannot be read[/]")
    result = figures(pictures.labels, read.probabilities, wanted or EMOTIONS)
    _show(result, data, read, seconds, threads)
    if json_to is not None:
        report = _report(result, data, pictures, read, seconds, threads)
        _write(json_to, lambda: json_to.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n", "utf-8"))
    if plot_to is not None:
        _write(plot_to, lambda: plot(result, f"{name}: {result.n} pictures, {read.model}", plot_to))
    return result


def _checked(
    classes: Sequence[str] | None, limit: int | None, json_to: Path | None, plot_to: Path | None
) -> tuple[str, ...] | None:
    """What would only be noticed after minutes of work; the classes as ours."""
    if limit is not None and limit < 1:
        raise UsageError(f"--limit is {limit}; expected 1 or more pictures")
    if plot_to is not None and plot_to.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--plot {plot_to}: expected a name that ends in {', '.join(SUFFIXES)}")
    for option, path in (("--json", json_to), ("--plot", plot_to)):
        if path is None:
            continue
        if path.is_dir():
            raise UsageError(f"{option} {path} is a folder; name a file in it")
        if not path.absolute().parent.is_dir():
            raise UsageError(f"{option} {path}: there is no folder {path.parent}; make it first")
        if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            raise UsageError(f"{option} {path} may not be written; name another place")
    if classes is None:
        return None
    try:
        return chosen(classes)
    except ValueError as exc:
        raise UsageError(f"--classes: {exc}") from exc


def _remarks(pictures: LabelledPictures, total: int) -> list[str]:
    """What is done to the data that the user should know."""
    said = [f"{name} → {ours}" for name, ours in pictures.renamed.items()]
    lines = [f"read as our classes: {', '.join(said)}"] if said else []
    if pictures.left_out:
        lines.append("left out: " + ", ".join(f"{name} ({count})" for name, count in pictures.left_out.items()))
    if len(pictures.sources) < total:
        lines.append(f"{len(pictures.sources)} of {total} pictures, drawn at random (the same each time)")
    return lines


def _show(result: Figures, data: Path, read: Readings, seconds: float, threads: int) -> None:
    console = Console(highlight=False)
    console.print(f"{escape(str(data))}: {result.n} pictures, {escape(read.model)}", soft_wrap=True)
    table = Table()
    table.add_column("class")
    for name in ("n", "found", "recall %", "precision %", "F1 %"):
        table.add_column(name, justify="right")
    for one, predicted in zip(result.per_class, result.confusion.sum(axis=0), strict=False):  # the last: missed
        recall, f1 = (_percent(value if one.n else None) for value in (one.recall, one.f1))
        table.add_row(one.name, str(one.n), str(one.found), recall, _percent(one.precision if predicted else None), f1)
    missed = result.n - sum(one.found for one in result.per_class)
    console.print(table)
    totals = Table.grid(padding=(0, 2))
    ece = "–" if math.isnan(result.ece) else f"{result.ece:.3f}"
    for name, value, words in (
        ("accuracy", f"{100 * result.accuracy:.1f} %", "of all pictures; one without a found face counts as wrong"),
        ("UAR", f"{100 * result.uar:.1f} %", "balanced accuracy: mean recall of the classes"),
        ("macro-F1", f"{100 * result.macro_f1:.1f} %", ""),
        ("ECE", ece, f"{ECE_BINS} bins, over the pictures with a found face"),
        ("found", f"{100 * result.found:.1f} %", f"{missed} of {result.n} pictures without a found face"),
    ):
        totals.add_row(name, value, words)
    console.print(totals)
    many = f"{threads} threads" if threads > 1 else "1 thread"
    console.print(f"{result.n} pictures in {seconds:.1f} s, {many}", soft_wrap=True)


def _percent(share: float | None) -> str:
    """Without its sign; a dash for what is not defined."""
    return "–" if share is None else f"{100 * share:.1f}"


def _report(
    result: Figures, data: Path, pictures: LabelledPictures, read: Readings, seconds: float, threads: int
) -> dict[str, Any]:
    """The figures for a program: shares are 0…1, null is what cannot be said."""
    return {
        "task": "face",
        "data": data.resolve().name,
        "model": read.model,
        "classes": list(result.classes),
        "n": result.n,
        "found": result.found,
        "accuracy": result.accuracy,
        "uar": result.uar,
        "macro_f1": result.macro_f1,
        "ece": None if math.isnan(result.ece) else result.ece,
        "confusion": result.confusion.tolist(),
        "missed": int(result.confusion[:, -1].sum()),
        "confusion_columns": [*result.classes, "missed"],
        "per_class": {
            one.name: {
                "n": one.n,
                "found": one.found,
                "missed": one.n - one.found,
                "recall": one.recall,
                "precision": one.precision,
                "f1": one.f1,
            }
            for one in result.per_class
        },
        "reliability": [
            {"above": round(one.above, 4), "n": one.n, "confidence": one.confidence, "accuracy": one.accuracy}
            for one in result.bins
            if one.n
        ],
        "renamed": pictures.renamed,
        "left_out": dict(pictures.left_out),
        "unreadable": list(read.unreadable),
        "seconds": round(seconds, 2),
        "threads": threads,
    }


def _write(path: Path, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as exc:
        raise EvaluationError(f"{path} cannot be written: {exc.strerror}. The figures above stand.") from exc


def _progress(console: Console) -> Progress:
    """A bar on standard error, so that the table on standard output stays clean."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)
