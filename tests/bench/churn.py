"""People who come and go: does anything stay behind? `make churn ARGS="--joins 300"`.

Each joins, consents, plays a second of media from the first message about them, and leaves; several are there at a
time. Held: resident memory over the last visits is at most 10 MiB above what it was around the 100th (the first
third, where there are fewer); every close takes at most 2 s, from the DELETE to its answer; threads and descriptors
are back at the baseline, which is taken after as many at once came and went.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hoovik_rtc.testing import Clip
from tests.bench.crowd import Crowd, CrowdError, clip_for, crowd
from tests.bench.service import BenchError, path_of, running
from tests.bench.watch import Seen, Watch, mean, rehearsed

FIRST = 100
GROWTH_MIB = 10.0
CLOSE_S = 2.0
AROUND = 20
"Memory is a mean over this many visits."


def churn(watch: Watch, people: Crowd, joins: int, at_once: int, media_s: float, rehearsal_s: float) -> dict[str, Any]:
    """All the visits, one after another; the verdict."""
    baseline = rehearsed(watch, people, at_once, rehearsal_s)
    rss, closes = [], []
    started = time.perf_counter()
    people.order(do="churn", joins=joins, at_once=at_once, media_s=media_s)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=joins)
        while (said := people.heard())["did"] == "one":
            rss.append(watch.rss_mib())
            closes.append(said["close_s"])
            bar.update(task, completed=said["n"], description=f"{rss[-1]:.0f} MiB, close {max(closes):.2f} s")
    seconds = time.perf_counter() - started
    return judged(rss, closes, baseline, watch.settled(baseline)) | {
        "joins": joins,
        "at_once": at_once,
        "media_s": media_s,
        "seconds": round(seconds, 1),
        "rss_by_visit_mib": rss,
        "close_by_visit_s": closes,
        "counters": watch.counters(),
    }


def judged(rss: list[float], closes: list[float], baseline: Seen, after: Seen) -> dict[str, Any]:
    """What the visits say."""
    first = min(FIRST, max(1, len(rss) // 3))
    early, late = mean(rss[max(0, first - AROUND) : first]), mean(rss[-AROUND:])
    ordered = sorted(closes)
    return {
        "rss_mib": {f"around_{first}": round(early, 2), "at_the_end": round(late, 2), "after_all_left": after.rss_mib},
        "rss_growth_mib": round(late - early, 2),
        "close_s": {"p50": ordered[len(ordered) // 2], "max": ordered[-1]},
        "threads": {"baseline": baseline.threads, "after": after.threads},
        "fds": {"baseline": baseline.fds, "after": after.fds},
        "verdict": {
            "rss_growth_at_most_10_mib": late - early <= GROWTH_MIB,
            "every_close_within_2_s": ordered[-1] <= CLOSE_S,
            "threads_back": after.threads <= baseline.threads,
            "fds_back": after.fds <= baseline.fds,
        },
    }


def show(report: dict[str, Any]) -> None:
    verdict, (first, *_) = report["verdict"], report["rss_mib"]
    title = f"churn: {report['joins']} visits of {report['media_s']:g} s, {report['at_once']} at once"
    table = Table("figure", "value", "", title=title, title_justify="left")
    marks = {True: "[green]holds", False: "[red]does not hold"}
    rss = report["rss_mib"]
    growth = f"{rss[first]} → {rss['at_the_end']} ({report['rss_growth_mib']:+.2f})"
    table.add_row(
        f"RSS, MiB: {first.replace('_', ' ')} → at the end", growth, marks[verdict["rss_growth_at_most_10_mib"]]
    )
    table.add_row("RSS after all left, MiB", str(rss["after_all_left"]), "")
    closes = f"{report['close_s']['p50']}, {report['close_s']['max']}"
    table.add_row("close, s: p50, longest", closes, marks[verdict["every_close_within_2_s"]])
    for name in ("threads", "fds"):
        text = "{baseline} → {after}".format(**report[name])
        table.add_row(f"{name}: before → after all left", text, marks[verdict[f"{name}_back"]])
    Console().print(table)


def draw(report: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (memory, closes) = pyplot.subplots(2, 1, figsize=(8, 6), sharex=True)
    memory.plot(report["rss_by_visit_mib"])
    memory.set(ylabel="RSS, MiB", title=f"{report['joins']} visits, {report['at_once']} at once")
    closes.plot(report["close_by_visit_s"], ".", markersize=3)
    closes.set(ylabel="DELETE → answer, s", xlabel="visits")
    for axes in (memory, closes):
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main(argv: list[str] | None = None, clip: Clip | None = None) -> int:
    """The command; `clip` is played instead of what the arguments say."""
    parser = argparse.ArgumentParser(prog="make churn", description=__doc__)
    parser.add_argument("--joins", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=3, help="how many are there at a time")
    parser.add_argument("--media-s", type=float, default=1.0, help="how long each stays")
    parser.add_argument("--rehearsal", type=float, default=15.0, help="seconds before the baseline")
    parser.add_argument("--media", type=Path, help="a recording with a face and a voice")
    parser.add_argument("--port", type=int, default=0, help="of the service; 0 for any")
    parser.add_argument("--out", type=Path, default=Path("out/churn"))
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    os.environ["HOOVIK_LIMITS__JOINS_PER_MINUTE"] = "100000"  # all come from one address
    try:
        with (
            running(path_of("us"), options.port, options.out) as service,
            crowd(service.base, options.out, clip or clip_for(options.media)) as people,
        ):
            visits = options.joins, options.at_once, options.media_s
            report = churn(Watch(service), people, *visits, options.rehearsal)
    except (BenchError, CrowdError) as exc:
        print(exc, file=sys.stderr)
        return 2
    (options.out / "churn.json").write_text(json.dumps(report, indent=1))
    draw(report, options.out / "churn.png")
    show(report)
    print(f"written: {options.out}/churn.json, {options.out}/churn.png")
    return 0 if all(report["verdict"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
