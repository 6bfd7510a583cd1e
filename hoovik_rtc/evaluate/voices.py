"""Emotions of labelled recordings: `hoovik-rtc evaluate --task voice`."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from threadpoolctl import threadpool_limits

from hoovik_inference.evaluation import DataError, Figures, figures, plot
from hoovik_inference.evaluation.recordings import LabelledRecordings, Recording, recordings
from hoovik_inference.evaluation.voices import (
    ENOUGH_S,
    EVERY_S,
    WINDOWS_S,
    RecordedVoices,
    VoiceReadings,
    voice_readings,
)
from hoovik_inference.types import EMOTIONS, Floats
from hoovik_rtc import clock
from hoovik_rtc.errors import EvaluationError, UsageError
from hoovik_rtc.evaluate import report
from hoovik_rtc.media.call import Line, line_of, through_call

WHOLE = 0
"The window that is all of a recording."


@dataclass(frozen=True, slots=True)
class VoiceFigures:
    """What the encoder made of n recordings."""

    by_window: Mapping[int, Figures]
    "By seconds of the window, 0 for whole recordings; those that were asked for."
    by_actor: Mapping[int, Figures]
    "The first of them, of each actor's recordings."
    by_sex: Mapping[str, Figures]
    "The first of them, of each sex."

    @property
    def first(self) -> Figures:
        """Of whole recordings, or of the window that was asked for."""
        return next(iter(self.by_window.values()))


def evaluate_voices(
    data: Path,
    *,
    classes: Sequence[str] | None = None,
    limit: int | None = None,
    codec: str | None = None,
    loss: float = 0.0,
    window: int | None = None,
    json_to: Path | None = None,
    plot_to: Path | None = None,
    make: Callable[[], RecordedVoices] = RecordedVoices,
) -> VoiceFigures:
    """Read the recordings at `data`, print the figures, write what is asked for.

    Args:
        data: A tree of recordings, see `hoovik_inference.evaluation.recordings`.
        classes: Names: recordings and predictions are restricted to these. All seven where None.
        limit: Only so many of the recordings, drawn at random, the same each time.
        codec: The call that they go through first, such as `opus:16k`; none where None.
        loss: 0…0.5, share of that call's packets that are lost.
        window: Only running windows of so many seconds; whole recordings and all windows where None.
        json_to: Where the figures go as JSON.
        plot_to: Where the plot goes; its suffix says as what.
        make: Makes the reader.

    Raises:
        UsageError: An argument cannot be used.
        EvaluationError: There are no labelled recordings at `data`, no model, or a result cannot be written.
    """
    report.check_limit(limit, "recordings")
    report.check_outputs(json_to, plot_to)
    wanted = report.check_classes(classes)
    line = _line(codec, loss)
    try:
        found = recordings(data).only(wanted)
    except DataError as exc:
        raise EvaluationError(f"{data}: {exc}" if str(data) not in str(exc) else str(exc)) from exc
    total = len(found.recordings)
    if limit is not None:
        found = found.some(limit)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    for remark in _remarks(found, total):
        errors.print(escape(remark))
    lengths = (WHOLE, *WINDOWS_S) if window is None else (window,)
    try:
        reader = make()
    except FileNotFoundError as exc:
        raise EvaluationError(f"the model cannot be loaded: {exc}") from exc
    started = clock.now_ms()
    # One thread: most of the work are small products, for which BLAS would wake others in vain.
    with report.bar(errors) as bar, threadpool_limits(limits=1, user_api="blas"):
        task = bar.add_task(escape(data.resolve().name), total=len(found.recordings))
        readings, unreadable = voice_readings(
            found.recordings,
            reader,
            lengths,
            call=None if line is None else _call(found.recordings, line),
            advance=lambda count: bar.advance(task, count),
        )
    seconds = (clock.now_ms() - started) / 1000
    report.show_unreadable(errors, unreadable)
    result = _figures(found.recordings, readings, wanted or EMOTIONS)
    heard_as = "as recorded" if line is None else f"as a call delivers it: {codec}, {100 * loss:g} % of packets lost"
    _show(result, f"{data}: {len(found.recordings)} recordings, {reader.name}, {heard_as}")
    Console(highlight=False).print(f"{len(found.recordings)} recordings in {seconds:.1f} s, 1 thread", soft_wrap=True)
    if json_to is not None:
        about = {
            "task": "voice",
            "data": data.resolve().name,
            "model": reader.name,
            "codec": codec,
            "loss": loss,
            "window": window,
            "recordings": len(found.recordings),
        }
        rest = {
            "left_out": dict(found.left_out),
            "unreadable": list(unreadable),
            "seconds": round(seconds, 2),
            "threads": 1,
        }
        text = json.dumps({**about, **_report(result), **rest}, indent=1, allow_nan=False) + "\n"
        report.write(json_to, lambda: json_to.write_text(text, "utf-8"))
    if plot_to is not None:
        title = f"{data.resolve().name}: {result.first.n} {_things(next(iter(result.by_window)))}, {reader.name}"
        things = "recordings" if window is None else "windows"
        report.write(plot_to, lambda: plot(result.first, title, plot_to, things=things, missed="no voice"))
    return result


def _line(codec: str | None, loss: float) -> Line | None:
    if codec is None:
        return None
    try:
        return line_of(codec, loss)
    except ValueError as exc:
        raise UsageError(f"--codec {codec} --loss {loss}: {exc}") from exc


def _call(found: Sequence[Recording], line: Line) -> Callable[[Floats, int], Floats]:
    """Which packets of a recording are lost depends on its name alone."""
    return lambda samples, number: through_call(samples, line, zlib.crc32(found[number].file.name.encode()))


def _figures(found: Sequence[Recording], readings: Mapping[int, VoiceReadings], classes: Sequence[str]) -> VoiceFigures:
    labels = np.array([one.label for one in found], np.int64)
    actors = np.array([one.actor for one in found], np.int64)
    women = np.array([one.sex == "female" for one in found], np.bool_)
    first = next(iter(readings.values()))
    of = first.recordings

    def some(chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Figures:
        return figures(labels[of[chosen]], first.probabilities[chosen], classes)

    return VoiceFigures(
        by_window={
            seconds: figures(labels[one.recordings], one.probabilities, classes) for seconds, one in readings.items()
        },
        by_actor={int(actor): some(actors[of] == actor) for actor in np.unique(actors)},
        by_sex={sex: some(which[of]) for sex, which in (("female", women), ("male", ~women)) if which.any()},
    )


def _things(seconds: int) -> str:
    return "whole recordings" if seconds == WHOLE else f"windows of {seconds} s"


def _remarks(found: LabelledRecordings, total: int) -> list[str]:
    """What is done to the data that the user should know."""
    lines = []
    if found.left_out:
        lines.append("left out: " + ", ".join(f"{name} ({count})" for name, count in found.left_out.items()))
    if len(found.recordings) < total:
        lines.append(f"{len(found.recordings)} of {total} recordings, drawn at random (the same each time)")
    return lines


def _show(result: VoiceFigures, title: str) -> None:
    console = Console(highlight=False)
    console.print(escape(title), soft_wrap=True)
    rows = [(_things(seconds), one) for seconds, one in result.by_window.items()]
    _table(console, "read", rows)
    things = _things(next(iter(result.by_window)))
    if any(result.by_window):
        console.print(f"windows: every {EVERY_S} s, those with {ENOUGH_S} s of speech or more", soft_wrap=True)
    console.print(f"{things}, by class:")
    report.show_classes(console, result.first)
    report.show_totals(console, result.first, things, "a voice")
    _confusion(console, result.first)
    _table(console, "actor", [(f"{actor:02d}", one) for actor, one in result.by_actor.items()])
    _table(console, "sex", list(result.by_sex.items()))


def _table(console: Console, what: str, rows: Sequence[tuple[str, Figures]]) -> None:
    table = Table()
    table.add_column(what)
    for name in ("n", "found %", "accuracy %", "UAR %", "macro-F1 %", "ECE"):
        table.add_column(name, justify="right")
    for name, one in rows:
        shares = [report.percent(share) for share in (one.found, one.accuracy, one.uar, one.macro_f1)]
        table.add_row(name, str(one.n), *shares, report.ece(one))
    console.print(table)


def _confusion(console: Console, result: Figures) -> None:
    table = Table()
    table.add_column("true \\ read")
    for name in (*result.classes, "missed"):
        table.add_column(name, justify="right")
    for name, row in zip(result.classes, result.confusion.tolist(), strict=True):
        table.add_row(name, *map(str, row))
    console.print(table)


def _report(result: VoiceFigures) -> dict[str, Any]:
    """The first window's figures as for faces; then those of each window, actor and sex."""
    return {
        **report.report(result.first),
        "windows": {
            "whole" if seconds == WHOLE else str(seconds): report.report(one)
            for seconds, one in result.by_window.items()
        },
        "by_actor": {str(actor): report.report(one) for actor, one in result.by_actor.items()},
        "by_sex": {sex: report.report(one) for sex, one in result.by_sex.items()},
    }
