"""`make bench`: our service beside the other ways of doing the same, on one machine and one piece of media.

    make bench                                     # the table, bench.json, plots: about five minutes
    make bench ARGS="--paths us --participants 6 --seconds 8"
    make bench ARGS="--capacity"                   # and how many participants each path carries
    make bench ARGS="--skip-table --flame 6"       # only where our time goes
    make bench ARGS="--skip-table --ages"          # emotions by models of the reference's size (ages.py)

Paths: `us`, the service; `aiortc`, aiortc's default `track.recv()` (aiortc_path.py); `upload`, JPEGs and PCM over
Socket.IO (upload_path.py); `floor`, bare decoding and face mesh (floor.py). All have the same models behind them.

One process is the service, another the load: N participants who play real face and voice, encoded beforehand, as
VP8 480p30 and Opus over WebRTC (or as JPEGs and PCM). Every run starts both anew; joining and two seconds of
warm-up are not measured. `audience = self`: nobody receives what is said about others.

- last packet → message: inside the service, from the last packet of a frame (the event with the JPEG) until its
  message is handed to the channel; for a voice until what was heard has moved the avatar.
- capture → message: outside, from handing a frame to the sender's stack until its message is read, both stacks
  included. For a voice from the newest sound that a message covers.
- moving → message: from a random moment to the first message about it: waiting for the next picture that is looked
  at is part of it. This is what a person feels, and where 5 pictures a second and 30 differ.

Everything runs on one machine, so the load takes its share of the cores; its own CPU is in the table.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench import ages, plots, tables
from tests.bench.capacity import capacity
from tests.bench.flame import flame
from tests.bench.material import material, save
from tests.bench.options import parser
from tests.bench.run import Load, run
from tests.bench.service import BenchError, Design, check_free, path_of, tail
from tests.bench.summarise import Figures, failed, figures_of

FLOOR_S = 20.0
"Seconds of media that the floor runs through, in about a tenth of that."
CAPACITY_S = 8.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code is 0, or 1 where a run came to nothing."""
    options = parser(__doc__ or "").parse_args(argv)
    console = Console(width=None if sys.stdout.isatty() else 150)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        return bench(options, console)
    except BenchError as exc:
        console.print(f"make bench: {exc}", style="red", highlight=False, markup=False)
        return 1


def bench(options: argparse.Namespace, console: Console) -> int:
    """Everything, written to `options.out` as it goes.

    Raises:
        BenchError: it cannot go on at all.
    """
    if options.port:
        check_free(options.port)
    with console.status("encoding the media"):
        media = material(options.media)
        save(media, options.out / "material.pickle")
    results: dict[str, Any] = {
        "media": media.name,
        "seconds": options.seconds,
        "seed": options.seed,
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "runs": [],
    }
    designs = _designs(options)
    load = Load(1, options.seconds, options.warm_up, options.seed, options.out / "material.pickle", options.out,
                options.port)  # fmt: skip
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
               TimeElapsedColumn(), TextColumn("[dim]{task.fields[doing]}"))  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        if "floor" in options.paths and not options.skip_table:
            progress.add_task("native floor", total=None, doing="decoding and meshing")
            results["floor"] = _floor(options)
            _write(results, options.out)
        if not options.skip_table:
            _table_runs(options, load, designs, results, progress)
        if options.capacity:
            _capacities(options, load, designs, results, progress)
        if options.ages:
            _ages(options, load, results, progress)
        if options.flame:
            task = progress.add_task("flame graph", total=None, doing="")
            loaded = _with(load, participants=options.flame)
            graph = flame(loaded, lambda words: progress.update(task, doing=words), options.native)
            results["flame"] = str(graph)
    _show(options, results, console)
    _write(results, options.out)
    return int(any("failed" in one for one in results["runs"] + results.get("ages", [])))


def _table_runs(
    options: argparse.Namespace, load: Load, designs: list[Design], results: dict[str, Any], progress: Progress
) -> None:
    """Every path with every number of participants, one after the other."""
    total = len(options.participants) * len(designs)
    task = progress.add_task("runs", total=total, doing="")
    for count in options.participants:
        for design in designs:
            title = f"{design.title}, N = {count}"

            def say(words: str, title: str = title) -> None:
                progress.update(task, doing=f"{title}: {words}")

            try:
                figures = figures_of(run(design, _with(load, participants=count), say), options.seed)
            except BenchError as exc:
                figures = failed(design.key, design.title, design.fps, count, str(exc))
            if "failed" in figures:
                progress.console.print(f"{title}: {figures['failed']}", style="red", highlight=False)
            results["runs"].append(figures)
            progress.advance(task)
            _write(results, options.out)


def _capacities(
    options: argparse.Namespace, load: Load, designs: list[Design], results: dict[str, Any], progress: Progress
) -> None:
    """The largest N at full rate for each path."""
    task = progress.add_task("capacity", total=len(designs), doing="")
    results["capacity"] = []
    short = _with(load, seconds=min(load.seconds, CAPACITY_S))
    for design in designs:
        guess = 12 if design.fps < 15 else 8
        found = capacity(design, short, options.capacity_limit, guess, lambda words: progress.update(task, doing=words))
        results["capacity"].append(found)
        progress.advance(task)
        _write(results, options.out)


def _ages(options: argparse.Namespace, load: Load, results: dict[str, Any], progress: Progress) -> None:
    """Emotions by models of the reference's size."""
    task = progress.add_task("ages", total=len(options.ages), doing="")
    longer = _with(load, warm_up=max(ages.WARM_UP_S, load.warm_up), avatar=not options.emotion_only)
    results["ages"] = ages.ages(
        options.ages, longer, lambda done, words: progress.update(task, completed=done, doing=words)
    )


def _show(options: argparse.Namespace, results: dict[str, Any], console: Console) -> None:
    """Tables on the console, plots beside the JSON."""
    runs: list[Figures] = results["runs"]
    floor: Figures | None = results.get("floor")
    console.print(f"{results['media']}; {options.seconds:g} s each; seed {options.seed}; {os.cpu_count()} cores")
    if floor is not None:
        console.print(tables.floor_table(floor))
    for count in options.participants:
        of_count = [one for one in runs if one["wanted"] == count]
        if not of_count:
            continue
        console.print(tables.main_table(count, of_count, floor))
        compared = tables.ratio_table(of_count, floor)
        if compared is not None:
            console.print(compared)
    for one in runs:
        if one["path"] == "us" and one.get("stages") and one["wanted"] in (options.participants[0],
                                                                          options.participants[-1]):  # fmt: skip
            console.print(tables.stage_table(one))
    if results.get("ages"):
        console.print(ages.table(results["ages"]))
    if results.get("capacity"):
        console.print(tables.capacity_table(results["capacity"]))
    written = [options.out / "bench.json"]
    if runs:
        plots.latency(runs, options.out / "latency.png")
        plots.scaling(runs, floor, options.out / "scaling.png")
        written += [options.out / "latency.png", options.out / "scaling.png"]
    if "flame" in results:
        written.append(Path(results["flame"]))
    console.print("written: " + ", ".join(str(one) for one in written if one.is_file() or one.name == "bench.json"))


def _floor(options: argparse.Namespace) -> Figures:
    """The floor, in a process of its own: nothing else may cost CPU in it.

    Raises:
        BenchError: it failed.
    """
    target, log = options.out / "floor.json", options.out / "floor.log"
    command = [sys.executable, "-m", "tests.bench.floor", "--material", str(options.out / "material.pickle")]
    command += ["--seconds", str(min(FLOOR_S, 2 * options.seconds)), "--out", str(target)]
    with log.open("wb") as stream:
        done = subprocess.run(command, stdout=stream, stderr=stream)
    if done.returncode:
        raise BenchError(f"The floor ended with code {done.returncode}. The end of {log}:\n{tail(log)}")
    figures: Figures = json.loads(target.read_text())
    return figures


def _designs(options: argparse.Namespace) -> list[Design]:
    designs: list[Design] = []
    for name in options.paths:
        if name == "upload":
            designs += [path_of(name, fps) for fps in options.upload_fps]
        elif name != "floor":
            designs.append(path_of(name))
    return designs


def _write(results: dict[str, Any], out: Path) -> None:
    (out / "bench.json").write_text(json.dumps(results, indent=1))


def _with(load: Load, **changes: Any) -> Load:
    return dataclasses.replace(load, **changes)


if __name__ == "__main__":
    sys.exit(main())
