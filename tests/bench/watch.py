"""A service watched from outside: memory, threads, file descriptors, CPU, and what it says of itself.

Below, what the commands `soak` and `churn` share: a service and a crowd, a verdict, a table, a plot.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from hoovik_rtc.testing import Clip
from tests.bench.crowd import Crowd, CrowdError, clip_for, crowd
from tests.bench.service import BenchError, Service, path_of, running

SETTLE_S = 10.0
"After everybody left, threads and descriptors may take this long to go."


@dataclass(frozen=True, slots=True)
class Seen:
    """A service at one moment."""

    at_s: float
    "Since the watch began."
    rss_mib: float
    threads: int
    fds: int
    cpu_percent: float
    "Of one core, since the look before."
    participants: int
    load: float | None
    queue_depth: float
    p50_ms: float | None
    "Last packet → avatar_frame since the look before, as the service measured it."
    p95_ms: float | None
    stall_p95_ms: float | None
    "How late the event loop was."


class Watch:
    """Looks at one service now and then."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._process = psutil.Process(service.process.pid)
        self._started = time.perf_counter()
        self._before = self._started
        self._cpu = self._used()
        self.seen: list[Seen] = []

    def look(self) -> Seen:
        """Note how it is.

        Raises:
            BenchError: the service died.
        """
        self._service.check()
        now, cpu = time.perf_counter(), self._used()
        passed = now - self._before
        with urllib.request.urlopen(f"{self._service.base}/stats/json?seconds={passed:.1f}", timeout=10) as response:
            stats = json.load(response)
        avatar = stats["stages"].get("last_packet_to_avatar", {})
        one = Seen(
            at_s=round(now - self._started, 1),
            rss_mib=self.rss_mib(),
            threads=sum(one.num_threads() for one in self._tree()),
            fds=sum(one.num_fds() for one in self._tree()),
            cpu_percent=round((cpu - self._cpu) / passed * 100, 1),
            participants=stats["participants"],
            load=stats.get("load"),
            queue_depth=stats["queue_depth"],
            p50_ms=avatar.get("p50"),
            p95_ms=avatar.get("p95"),
            stall_p95_ms=stats["stages"].get("loop_stall", {}).get("p95"),
        )
        self._before, self._cpu = now, cpu
        self.seen.append(one)
        return one

    def rss_mib(self) -> float:
        """Resident memory now, the process that analyses included."""
        return round(sum(one.memory_info().rss for one in self._tree()) / 2**20, 2)

    def settled(self, baseline: Seen) -> Seen:
        """A look once threads and descriptors are back at `baseline`, or after SETTLE_S."""
        until = time.perf_counter() + SETTLE_S
        while True:
            time.sleep(0.5)
            one = self.look()
            if (one.threads <= baseline.threads and one.fds <= baseline.fds) or time.perf_counter() > until:
                return one

    def counters(self) -> dict[str, float]:
        """What the service counted since its start."""
        with urllib.request.urlopen(f"{self._service.base}/stats/json", timeout=10) as response:
            counters: dict[str, float] = json.load(response)["counters"]
        return counters

    def rows(self) -> list[dict[str, float | None]]:
        """All that was seen, for a file."""
        return [dataclasses.asdict(one) for one in self.seen]

    def _used(self) -> float:
        times = [one.cpu_times() for one in self._tree()]
        return float(sum(one.user + one.system for one in times))

    def _tree(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]


def rehearsed(watch: Watch, people: Crowd, participants: int, seconds: float) -> Seen:
    """The service after some came and went once: the baseline. Pools make their threads at first use."""
    people.do(do="stay", participants=participants)
    time.sleep(seconds)
    people.do(do="leave")
    time.sleep(SETTLE_S / 2)  # sockets close a little later
    return watch.look()


def mean(values: list[float]) -> float:
    """Of at least one."""
    return sum(values) / len(values)


# The commands.

MARKS = {True: "[green]holds", False: "[red]does not hold"}
COUNTED = {"baseline": "before", "during": "most", "after": "after all left"}
Report = dict[str, Any]


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Those that both commands have."""
    parser.add_argument("--rehearsal", type=float, default=15.0, help="seconds before the baseline")
    parser.add_argument("--media", type=Path, help="a recording with a face and a voice")
    parser.add_argument("--port", type=int, default=0, help="of the service; 0 for any")
    parser.add_argument("--out", type=Path, default=Path(f"out/{name}"))


def command(
    name: str,
    options: argparse.Namespace,
    clip: Clip | None,
    measure: Callable[[Watch, Crowd], Report],
    tabulate: Callable[[Report], Table],
    draw: Callable[[Report, Path], None],
) -> int:
    """Measure a service and a crowd of its own, write and show the report; 0 where all of the verdict holds."""
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        with (
            running(path_of("us"), options.port, options.out) as service,
            crowd(service.base, options.out, clip or clip_for(options.media)) as people,
        ):
            report = measure(Watch(service), people)
    except (BenchError, CrowdError) as exc:
        print(exc, file=sys.stderr)
        return 2
    (options.out / f"{name}.json").write_text(json.dumps(report, indent=1))
    draw(report, options.out / f"{name}.png")
    Console().print(tabulate(report))
    print(f"written: {options.out}/{name}.json, {options.out}/{name}.png")
    return 0 if all(report["verdict"].values()) else 1


def back(baseline: Seen, after: Seen) -> dict[str, bool]:
    """The verdict on what may not stay once everybody left."""
    return {"threads_back": after.threads <= baseline.threads, "fds_back": after.fds <= baseline.fds}


def add_counts(table: Table, report: Report) -> None:
    """A row for the threads and one for the descriptors."""
    for name in ("threads", "fds"):
        what = " → ".join(COUNTED[key] for key in report[name])
        values = " → ".join(str(value) for value in report[name].values())
        table.add_row(f"{name}: {what}", values, MARKS[report["verdict"][f"{name}_back"]])


@contextlib.contextmanager
def panels(count: int, height: float, path: Path) -> Iterator[Any]:
    """`count` plots with a common x, one above the other, `height` inches in all, for `path`."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, all_axes = pyplot.subplots(count, 1, figsize=(8, height), sharex=True)
    yield all_axes
    for axes in all_axes:
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
