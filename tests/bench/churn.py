"""People who come and go: does anything stay behind? `make churn ARGS="--joins 300"`.

Each joins, consents, plays a second of media from the first message about them, and leaves; several are there at a
time. Held: resident memory over the last visits is at most 10 MiB above what it was around the 100th (the first
third, where there are fewer); every close takes at most 2 s, from the DELETE to its answer; threads and descriptors
are back at the baseline, which is taken after as many at once came and went.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hoovik_rtc.testing import Clip
from tests.bench.crowd import Crowd
from tests.bench.watch import MARKS, Report, Seen, Watch, add_counts, arguments, back, command, mean, panels, rehearsed

FIRST = 100
GROWTH_MIB = 10.0
CLOSE_S = 2.0
AROUND = 20
"Memory is a mean over this many visits."


def churn(watch: Watch, people: Crowd, joins: int, at_once: int, media_s: float, rehearsal_s: float) -> Report:
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


def judged(rss: list[float], closes: list[float], baseline: Seen, after: Seen) -> Report:
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
            **back(baseline, after),
        },
    }


def tabulate(report: Report) -> Table:
    verdict, rss = report["verdict"], report["rss_mib"]
    first = next(iter(rss))
    title = f"churn: {report['joins']} visits of {report['media_s']:g} s, {report['at_once']} at once"
    table = Table("figure", "value", "", title=title, title_justify="left")
    growth = f"{rss[first]} → {rss['at_the_end']} ({report['rss_growth_mib']:+.2f})"
    table.add_row(
        f"RSS, MiB: {first.replace('_', ' ')} → at the end", growth, MARKS[verdict["rss_growth_at_most_10_mib"]]
    )
    table.add_row("RSS after all left, MiB", str(rss["after_all_left"]), "")
    closes = f"{report['close_s']['p50']}, {report['close_s']['max']}"
    table.add_row("close, s: p50, longest", closes, MARKS[verdict["every_close_within_2_s"]])
    add_counts(table, report)
    return table


def draw(report: Report, path: Path) -> None:
    with panels(2, 6, path) as (memory, closes):
        memory.plot(report["rss_by_visit_mib"])
        memory.set(ylabel="RSS, MiB", title=f"{report['joins']} visits, {report['at_once']} at once")
        closes.plot(report["close_by_visit_s"], ".", markersize=3)
        closes.set(ylabel="DELETE → answer, s", xlabel="visits")


def main(argv: list[str] | None = None, clip: Clip | None = None) -> int:
    """The command; `clip` is played instead of what the arguments say."""
    parser = argparse.ArgumentParser(prog="make churn", description=__doc__)
    parser.add_argument("--joins", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=3, help="how many are there at a time")
    parser.add_argument("--media-s", type=float, default=1.0, help="how long each stays")
    arguments(parser, "churn")
    options = parser.parse_args(argv)
    os.environ["HOOVIK_LIMITS__JOINS_PER_MINUTE"] = "100000"  # all come from one address

    def measure(watch: Watch, people: Crowd) -> Report:
        return churn(watch, people, options.joins, options.at_once, options.media_s, options.rehearsal)

    return command("churn", options, clip, measure, tabulate, draw)


if __name__ == "__main__":
    sys.exit(main())
