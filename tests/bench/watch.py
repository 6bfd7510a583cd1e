"""A service watched from outside: memory, threads, file descriptors, CPU, and what it says of itself."""

from __future__ import annotations

import dataclasses
import json
import time
import urllib.request
from dataclasses import dataclass

import psutil

from tests.bench.crowd import Crowd
from tests.bench.service import Service

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
