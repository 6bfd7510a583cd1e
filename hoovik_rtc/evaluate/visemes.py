"""Mouth shapes of speech whose phones have times: `hoovik-rtc evaluate --task visemes`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hoovik_inference.evaluation import DataError, UnreadableError, plot
from hoovik_inference.evaluation.energy_visemes import energy
from hoovik_inference.evaluation.recordings import sound_of
from hoovik_inference.evaluation.textgrid import phones, spoken
from hoovik_inference.evaluation.visemes import HIT_MS, Scored, VisemeFigures, network, score, viseme_figures
from hoovik_inference.voice.viseme_features import LATENCY_MS
from hoovik_inference.voice.viseme_net import shipped
from hoovik_rtc import clock
from hoovik_rtc.errors import EvaluationError, UsageError
from hoovik_rtc.evaluate import report
from hoovik_rtc.media.call import Line, line_of, through_call

ENERGY = "energy viseme"
"The first reader of this project, beside the one that serves."


def evaluate_visemes(
    data: Path,
    *,
    codec: str | None = None,
    loss: float = 0.0,
    json_to: Path | None = None,
    plot_to: Path | None = None,
) -> VisemeFigures:
    """Read the recordings with TextGrids at `data`, print the figures, write what is asked for.

    Args:
        data: A recording, or a folder, see `hoovik_inference.evaluation.textgrid.spoken`.
        codec: As a call delivers it, such as `opus:16k`; as it is where None.
        loss: Share of the packets that the call loses.
        json_to: Where the figures go as JSON.
        plot_to: Where the plot goes; its suffix says as what.

    Raises:
        UsageError: `codec`, `loss` or a name to write to cannot be used.
        EvaluationError: There are no recordings with phones at `data`, or a result cannot be written.
    """
    report.check_outputs(json_to, plot_to)
    line = _line(codec, loss)
    try:
        found = spoken(data)
        name = shipped().name
    except DataError as exc:
        raise EvaluationError(str(exc)) from exc
    except FileNotFoundError as exc:
        raise EvaluationError(f"the model cannot be loaded: {exc}") from exc
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    if found.left_out:
        errors.print("left out: " + ", ".join(f"{what} ({count})" for what, count in found.left_out.items()))
    readers = {name: network, ENERGY: energy}
    scored: dict[str, list[Scored]] = {reader: [] for reader in readers}
    unreadable: list[str] = []
    started = clock.now_ms()
    with report.bar(errors) as bar:
        task = bar.add_task(escape(data.resolve().name), total=len(found.recordings))
        for number, one in enumerate(found.recordings):
            try:
                sound, said = sound_of(one.file), phones(one.grid)
            except UnreadableError as exc:
                unreadable.append(str(exc))
            else:
                heard = sound if line is None else through_call(sound, line, number)
                for reader, read in readers.items():
                    scored[reader].append(score(heard, said, read))
            bar.advance(task)
    seconds = (clock.now_ms() - started) / 1000
    report.show_unreadable(errors, unreadable)
    if not scored[name]:
        raise EvaluationError(f"{data} has no recording that can be scored; what is wrong with each stands above")
    try:
        results = {reader: viseme_figures(rows) for reader, rows in scored.items()}
    except ValueError as exc:
        raise EvaluationError(f"{data}: {exc}") from exc
    result = results[name]
    _show(results, name, data, line, seconds)
    if json_to is not None:
        text = json.dumps(
            {
                "task": "visemes",
                "data": data.resolve().name,
                "model": name,
                "codec": codec,
                "loss": loss,
                "latency_ms": LATENCY_MS,
                "recordings": len(scored[name]),
                **_figures(result),
                "compared": {reader: _figures(one) for reader, one in results.items() if reader != name},
                "left_out": dict(found.left_out),
                "unreadable": unreadable,
                "seconds": round(seconds, 2),
            },
            indent=1,
            allow_nan=False,
        )
        report.write(json_to, lambda: json_to.write_text(text + "\n", "utf-8"))
    if plot_to is not None:
        title = f"{data.resolve().name}: {result.mouths.n} moments, {name}"
        report.write(plot_to, lambda: plot(result.mouths, title, plot_to, things="moments", missed="nothing"))
    return result


def _line(codec: str | None, loss: float) -> Line | None:
    if codec is None:
        return None
    try:
        return line_of(codec, loss)
    except ValueError as exc:
        raise UsageError(f"--codec, --loss: {exc}") from exc


def _figures(result: VisemeFigures) -> dict[str, object]:
    """The figures for a program: shares are 0…1, null is what cannot be said."""
    return {
        **report.report(result.mouths),
        "closures": result.closures,
        "closure_recall": _number(result.closure_recall),
        "closure_precision": _number(result.closure_precision),
        "closures_detected": result.detected,
        "false_closures_a_minute": round(result.false_closures, 3),
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _show(results: Mapping[str, VisemeFigures], name: str, data: Path, line: Line | None, seconds: float) -> None:
    console = Console(highlight=False)
    first = results[name]
    call = "as they are" if line is None else f"Opus at {line.bitrate / 1000:g} kbit/s, {line.loss:.0%} of packets lost"
    console.print(
        f"{escape(str(data))}: {first.seconds:.1f} s of speech, {first.mouths.n} moments, {first.closures} closures of "
        f"the lips (p b m); {call}",
        soft_wrap=True,
    )
    report.show_classes(console, first.mouths)
    table = Table()
    table.add_column("")
    for reader in results:
        table.add_column(reader, justify="right")
    rows: tuple[tuple[str, Callable[[VisemeFigures], str]], ...] = (
        ("UAR %", lambda one: report.percent(one.mouths.uar)),
        ("closures hit %", lambda one: report.percent(_number(one.closure_recall))),
        ("closures read, right %", lambda one: report.percent(_number(one.closure_precision))),
        ("closures read, wrong, a minute", lambda one: f"{one.false_closures:.1f}"),
        ("accuracy %", lambda one: report.percent(one.mouths.accuracy)),
        ("macro-F1 %", lambda one: report.percent(one.mouths.macro_f1)),
        ("ECE", lambda one: report.ece(one.mouths)),
    )
    for head, of in rows:
        table.add_row(head, *(of(one) for one in results.values()))
    console.print(table)
    console.print(
        f"UAR and F1: mean over the six classes that are not silence. A closure is hit by lips that close within "
        f"{HIT_MS:.0f} ms of it, each by its own. Weights count for the moment they are about; they come "
        f"{LATENCY_MS:.0f} ms after it began, at most. {seconds:.1f} s",
        soft_wrap=True,
    )
