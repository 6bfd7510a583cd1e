"""What every kind of evaluation shares: checks before any work, the table, the JSON, files that can be written."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hoovik_inference.evaluation import ECE_BINS, Figures, chosen
from hoovik_inference.evaluation.plot import SUFFIXES
from hoovik_rtc.errors import EvaluationError, UsageError

NAMED = 5
"Unreadable files that are named; the JSON has all."


def check_outputs(json_to: Path | None, plot_to: Path | None) -> None:
    """Refuse names that cannot be written to, which would only be noticed after minutes of work.

    Raises:
        UsageError: One cannot.
    """
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


def check_limit(limit: int | None, things: str) -> None:
    """Refuse a `limit` that leaves nothing.

    Raises:
        UsageError: It does.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"--limit is {limit}; expected 1 or more {things}")


def check_classes(classes: Sequence[str] | None) -> tuple[str, ...] | None:
    """The classes that somebody names as ours, in the order of EMOTIONS; None stays None.

    Raises:
        UsageError: One is none of ours, or there are fewer than two.
    """
    if classes is None:
        return None
    try:
        return chosen(classes)
    except ValueError as exc:
        raise UsageError(f"--classes: {exc}") from exc


def show_classes(console: Console, result: Figures) -> None:
    """A table of the classes."""
    table = Table()
    table.add_column("class")
    for name in ("n", "found", "recall %", "precision %", "F1 %"):
        table.add_column(name, justify="right")
    for one, predicted in zip(result.per_class, result.confusion.sum(axis=0), strict=False):  # the last: missed
        recall, f1 = (percent(value if one.n else None) for value in (one.recall, one.f1))
        table.add_row(one.name, str(one.n), str(one.found), recall, percent(one.precision if predicted else None), f1)
    console.print(table)


def show_totals(console: Console, result: Figures, things: str, sought: str) -> None:
    """The figures over all classes.

    Args:
        console: Where to.
        result: The figures.
        things: What was scored, such as `pictures`.
        sought: What is found in one, such as `a found face`.
    """
    missed = result.n - sum(one.found for one in result.per_class)
    totals = Table.grid(padding=(0, 2))
    for name, value, words in (
        ("accuracy", f"{100 * result.accuracy:.1f} %", f"of all {things}; one without {sought} counts as wrong"),
        ("UAR", f"{100 * result.uar:.1f} %", "balanced accuracy: mean recall of the classes"),
        ("macro-F1", f"{100 * result.macro_f1:.1f} %", ""),
        ("ECE", ece(result), f"{ECE_BINS} bins, over the {things} with {sought}"),
        ("found", f"{100 * result.found:.1f} %", f"{missed} of {result.n} {things} without {sought}"),
    ):
        totals.add_row(name, value, words)
    console.print(totals)


def show_unreadable(errors: Console, unreadable: Sequence[str]) -> None:
    """The first files that could not be read, and how many more there are."""
    for words in unreadable[:NAMED]:
        errors.print(f"[yellow]{escape(words)}[/]")
    if len(unreadable) > NAMED:
        errors.print(f"[yellow]… and {len(unreadable) - NAMED} more files that cannot be read[/]")


def report(result: Figures) -> dict[str, Any]:
    """The figures for a program: shares are 0…1, null is what cannot be said."""
    return {
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
    }


def percent(share: float | None) -> str:
    """Without its sign; a dash for what is not defined."""
    return "–" if share is None else f"{100 * share:.1f}"


def ece(result: Figures) -> str:
    """The calibration error; a dash where nothing was found."""
    return "–" if math.isnan(result.ece) else f"{result.ece:.3f}"


def write(path: Path, write: Callable[[], object]) -> None:
    """Write to `path` by `write`.

    Raises:
        EvaluationError: That failed.
    """
    try:
        write()
    except OSError as exc:
        raise EvaluationError(f"{path} cannot be written: {exc.strerror}. The figures above stand.") from exc


def bar(console: Console) -> Progress:
    """A bar on standard error, so that the table on standard output stays clean."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)
