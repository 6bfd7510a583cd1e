"""Expressions of labelled pictures: `hoovik-rtc evaluate --task face`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from hoovik_inference.evaluation import (
    DataError,
    Figures,
    LabelledPictures,
    PictureReader,
    Readings,
    figures,
    labelled,
    plot,
    readings,
)
from hoovik_inference.types import EMOTIONS
from hoovik_rtc import clock
from hoovik_rtc.errors import EvaluationError
from hoovik_rtc.evaluate import report
from hoovik_rtc.pipeline.cores import available

MOST_THREADS = 8
"More than so many wait for the interpreter's lock."


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
    report.check_limit(limit, "pictures")
    report.check_outputs(json_to, plot_to)
    wanted = report.check_classes(classes)
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
        with report.bar(errors) as bar:
            task = bar.add_task(escape(name), total=len(pictures.sources))
            read = readings(pictures.sources, make, threads=threads, advance=lambda count: bar.advance(task, count))
    except FileNotFoundError as exc:
        raise EvaluationError(f"the model cannot be loaded: {exc}") from exc
    seconds = (clock.now_ms() - started) / 1000
    report.show_unreadable(errors, read.unreadable)
    result = figures(pictures.labels, read.probabilities, wanted or EMOTIONS)
    _show(result, data, read, seconds, threads)
    if json_to is not None:
        found = {
            "task": "face",
            "data": data.resolve().name,
            "model": read.model,
            **report.report(result),
            "renamed": pictures.renamed,
            "left_out": dict(pictures.left_out),
            "unreadable": list(read.unreadable),
            "seconds": round(seconds, 2),
            "threads": threads,
        }
        text = json.dumps(found, indent=1, allow_nan=False) + "\n"
        report.write(json_to, lambda: json_to.write_text(text, "utf-8"))
    if plot_to is not None:
        report.write(plot_to, lambda: plot(result, f"{name}: {result.n} pictures, {read.model}", plot_to))
    return result


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
    report.show_classes(console, result)
    report.show_totals(console, result, "pictures", "a found face")
    many = f"{threads} threads" if threads > 1 else "1 thread"
    console.print(f"{result.n} pictures in {seconds:.1f} s, {many}", soft_wrap=True)
