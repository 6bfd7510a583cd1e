"""Many minutes of a full room: does anything grow? `make soak ARGS="--minutes 30 --participants 8"`.

The service and its participants are processes of their own. Everybody comes and goes once before the baseline is
taken, because thread pools make their threads at first use. Held: resident memory, mean of the last tenth of the
time against the mean of the tenth after a warm-up of 3 min (a third of the time where that is less), grows by less
than 3 %; threads and descriptors are back at the baseline after everybody left.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hoovik_rtc.testing import Clip
from tests.bench.crowd import Crowd
from tests.bench.watch import MARKS, Report, Seen, Watch, add_counts, arguments, back, command, mean, panels, rehearsed

WARM_UP_S = 180.0
GROWTH = 0.03


def soak(watch: Watch, people: Crowd, participants: int, seconds: float, every: float, rehearsal_s: float) -> Report:
    """Everybody in, watched for `seconds`, everybody out; the verdict."""
    baseline = rehearsed(watch, people, participants, rehearsal_s)
    people.do(do="stay", participants=participants)
    watch.seen.clear()
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    started = time.perf_counter()
    with bar:
        task = bar.add_task("", total=seconds)
        while (passed := time.perf_counter() - started) < seconds:
            time.sleep(min(every, seconds - passed))
            one = watch.look()
            text = f"{one.rss_mib:.0f} MiB, {one.threads} threads, {one.fds} fds, p95 {one.p95_ms} ms, load {one.load}"
            bar.update(task, completed=time.perf_counter() - started, description=text)
    during = list(watch.seen)
    left = people.do(do="leave")
    after = watch.settled(baseline)
    return judged(during, baseline, after, seconds) | {
        "participants": participants,
        "participants_at_the_end": during[-1].participants,
        "messages": left["messages"],
        "close_max_s": max(left["close_s"]),
        "samples": watch.rows(),
    }


def judged(during: list[Seen], baseline: Seen, after: Seen, seconds: float) -> Report:
    """What the samples say."""
    begin = during[0].at_s
    warm_up = min(WARM_UP_S, seconds / 3)
    early = [one.rss_mib for one in during if warm_up <= one.at_s - begin < warm_up + seconds / 10]
    late = [one.rss_mib for one in during if one.at_s - begin >= seconds * 0.9] or [during[-1].rss_mib]
    first, last = mean(early or [during[0].rss_mib]), mean(late)
    latencies = [one for one in during if one.p50_ms is not None and one.p95_ms is not None]
    return {
        "minutes": round(seconds / 60, 2),
        "warm_up_s": warm_up,
        "rss_mib": {"after_warm_up": round(first, 2), "at_the_end": round(last, 2), "after_all_left": after.rss_mib},
        "rss_growth": round(last / first - 1, 4),
        "threads": {"baseline": baseline.threads, "during": max(one.threads for one in during), "after": after.threads},
        "fds": {"baseline": baseline.fds, "during": max(one.fds for one in during), "after": after.fds},
        "cpu_percent": round(mean([one.cpu_percent for one in during]), 1),
        "p50_ms": round(mean([one.p50_ms or 0.0 for one in latencies]), 2) if latencies else None,
        "p95_ms_worst": max((one.p95_ms or 0.0 for one in latencies), default=None),
        "verdict": {
            "rss_growth_under_3_percent": last / first - 1 < GROWTH,
            "everybody_stayed": min(one.participants for one in during) >= during[0].participants,
            **back(baseline, after),
        },
    }


def tabulate(report: Report) -> Table:
    rss, verdict = report["rss_mib"], report["verdict"]
    title = f"soak: {report['participants']} participants, {report['minutes']} min"
    table = Table("figure", "value", "", title=title, title_justify="left")
    growth = f"{rss['after_warm_up']} → {rss['at_the_end']} ({report['rss_growth']:+.2%})"
    table.add_row("RSS, MiB: after the warm-up → at the end", growth, MARKS[verdict["rss_growth_under_3_percent"]])
    stayed = f"{report['participants']} → {report['participants_at_the_end']}"
    table.add_row("participants: at the beginning → at the end", stayed, MARKS[verdict["everybody_stayed"]])
    add_counts(table, report)
    table.add_row("RSS after all left, MiB", str(rss["after_all_left"]), "")
    table.add_row("CPU, % of a core", str(report["cpu_percent"]), "")
    latency = f"{report['p50_ms']}, {report['p95_ms_worst']}"
    table.add_row("last packet → avatar_frame, ms: p50 mean, p95 worst", latency, "")
    table.add_row("longest close, s", str(report["close_max_s"]), "")
    return table


def draw(report: Report, path: Path) -> None:
    samples = report["samples"]
    minutes = [one["at_s"] / 60 for one in samples]
    keys = ("rss_mib",), ("threads", "fds"), ("cpu_percent",), ("p50_ms", "p95_ms"), ("load",)
    labels = "RSS, MiB", "count", "CPU, % of a core", "last packet → avatar_frame, ms", "load"
    with panels(len(keys), 10, path) as all_axes:
        for axes, names, label in zip(all_axes, keys, labels, strict=True):
            for name in names:
                axes.plot(minutes, [float("nan") if one[name] is None else one[name] for one in samples], label=name)
            axes.set_ylabel(label)
            if len(names) > 1:
                axes.legend(loc="upper right")
        all_axes[-1].set_xlabel("minutes")
        title = f"{report['participants']} participants, RSS {report['rss_growth']:+.2%} after the warm-up"
        all_axes[0].set_title(title)


def main(argv: list[str] | None = None, clip: Clip | None = None) -> int:
    """The command; `clip` is played instead of what the arguments say."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--participants", type=int, default=8)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two looks")
    arguments(parser, "soak")
    options = parser.parse_args(argv)

    def measure(watch: Watch, people: Crowd) -> Report:
        seconds = options.minutes * 60
        return soak(watch, people, options.participants, seconds, options.every, options.rehearsal)

    return command("soak", options, clip, measure, tabulate, draw)


if __name__ == "__main__":
    sys.exit(main())
