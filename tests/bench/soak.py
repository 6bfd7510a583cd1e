"""Many minutes of a full room: does anything grow? `make soak ARGS="--minutes 30 --participants 8"`.

The service and its participants are processes of their own. Everybody comes and goes once before the baseline is
taken, because thread pools make their threads at first use. Held: resident memory, mean of the last tenth of the
time against the mean of the tenth after a warm-up of 3 min (a third of the time where that is less), grows by less
than 3 %; threads and descriptors are back at the baseline after everybody left.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hoovik_rtc.testing import Clip
from tests.bench.crowd import Crowd, CrowdError, clip_for, crowd
from tests.bench.service import BenchError, path_of, running
from tests.bench.watch import Seen, Watch, mean, rehearsed

WARM_UP_S = 180.0
GROWTH = 0.03


def soak(
    watch: Watch, people: Crowd, participants: int, seconds: float, every: float, rehearsal_s: float
) -> dict[str, Any]:
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


def judged(during: list[Seen], baseline: Seen, after: Seen, seconds: float) -> dict[str, Any]:
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
            "threads_back": after.threads <= baseline.threads,
            "fds_back": after.fds <= baseline.fds,
        },
    }


def show(report: dict[str, Any]) -> None:
    rss, verdict = report["rss_mib"], report["verdict"]
    title = f"soak: {report['participants']} participants, {report['minutes']} min"
    table = Table("figure", "value", "", title=title, title_justify="left")
    marks = {True: "[green]holds", False: "[red]does not hold"}
    growth = f"{rss['after_warm_up']} → {rss['at_the_end']} ({report['rss_growth']:+.2%})"
    table.add_row("RSS, MiB: after the warm-up → at the end", growth, marks[verdict["rss_growth_under_3_percent"]])
    for name in ("threads", "fds"):
        text = "{baseline} → {during} → {after}".format(**report[name])
        table.add_row(f"{name}: before → most → after all left", text, marks[verdict[f"{name}_back"]])
    table.add_row("RSS after all left, MiB", str(rss["after_all_left"]), "")
    table.add_row("CPU, % of a core", str(report["cpu_percent"]), "")
    latency = f"{report['p50_ms']}, {report['p95_ms_worst']}"
    table.add_row("last packet → avatar_frame, ms: p50 mean, p95 worst", latency, "")
    table.add_row("longest close, s", str(report["close_max_s"]), "")
    Console().print(table)


def draw(report: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    samples = report["samples"]
    minutes = [one["at_s"] / 60 for one in samples]
    figure, panels = pyplot.subplots(5, 1, figsize=(8, 10), sharex=True)
    for axes, keys, label in zip(
        panels,
        (("rss_mib",), ("threads", "fds"), ("cpu_percent",), ("p50_ms", "p95_ms"), ("load",)),
        ("RSS, MiB", "count", "CPU, % of a core", "last packet → avatar_frame, ms", "load"),
        strict=True,
    ):
        for key in keys:
            axes.plot(minutes, [float("nan") if one[key] is None else one[key] for one in samples], label=key)
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
        if len(keys) > 1:
            axes.legend(loc="upper right")
    panels[-1].set_xlabel("minutes")
    panels[0].set_title(f"{report['participants']} participants, RSS {report['rss_growth']:+.2%} after the warm-up")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main(argv: list[str] | None = None, clip: Clip | None = None) -> int:
    """The command; `clip` is played instead of what the arguments say."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--participants", type=int, default=8)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two looks")
    parser.add_argument("--rehearsal", type=float, default=15.0, help="seconds before the baseline")
    parser.add_argument("--media", type=Path, help="a recording with a face and a voice")
    parser.add_argument("--port", type=int, default=0, help="of the service; 0 for any")
    parser.add_argument("--out", type=Path, default=Path("out/soak"))
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        with (
            running(path_of("us"), options.port, options.out) as service,
            crowd(service.base, options.out, clip or clip_for(options.media)) as people,
        ):
            seconds = options.minutes * 60
            report = soak(Watch(service), people, options.participants, seconds, options.every, options.rehearsal)
    except (BenchError, CrowdError) as exc:
        print(exc, file=sys.stderr)
        return 2
    (options.out / "soak.json").write_text(json.dumps(report, indent=1))
    draw(report, options.out / "soak.png")
    show(report)
    print(f"written: {options.out}/soak.json, {options.out}/soak.png")
    return 0 if all(report["verdict"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
