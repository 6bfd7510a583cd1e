"""What telemetry costs: `python -m tests.bench.telemetry_cost`. No network, no models, about ten seconds.

Calls per participant and second are counted in the sources' own run: `--calls FILE` takes the `/stats/json` of a
service with one participant; without it, figures of such a run are used.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hoovik_rtc.bot import Bot
from hoovik_rtc.counters import MODALITIES, STAGES
from hoovik_rtc.telemetry import KEPT, MESSAGES, Telemetry
from hoovik_rtc.web.history import EVERY_S, History
from hoovik_rtc.web.metrics import exposition
from hoovik_rtc.web.stats import render

COUNTS_PER_S, TOOKS_PER_S = 150.0, 200.0
"Of one participant at 30 fps and Opus, rounded up: 125 and 145 were counted."


def ns(call: Callable[[], object], times: int = 200_000) -> float:
    """Nanoseconds of CPU per call, the best of five, an empty loop subtracted."""

    def timed(work: Callable[[], object]) -> float:
        best = float("inf")
        for _ in range(5):
            started = time.thread_time()
            for _ in range(times):
                work()
            best = min(best, time.thread_time() - started)
        return best

    return (timed(call) - timed(lambda: None)) / times * 1e9


def ms(call: Callable[[], object], times: int = 30) -> float:
    """Milliseconds of CPU per call, the median."""
    took = []
    for _ in range(times):
        started = time.thread_time()
        call()
        took.append((time.thread_time() - started) * 1000)
    return sorted(took)[times // 2]


def full() -> Bot:
    """A bot whose telemetry holds more than it ever will: every stage full, on four threads."""
    bot = Bot()
    names = [*STAGES, *(f"{message}/{modality}" for message in MESSAGES for modality in MODALITIES)]

    def fill() -> None:
        for name in names:
            for n in range(KEPT):
                bot.telemetry.took(name, n % 97 / 3)

    filled = threading.Barrier(4)

    def work() -> None:
        fill()
        filled.wait()
        threading.Event().wait()  # a thread that ends takes its durations with it

    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    fill()
    filled.wait()
    return bot


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=Path, help="/stats/json of a service with one participant")
    options = parser.parse_args()
    counts, tooks = COUNTS_PER_S, TOOKS_PER_S
    if options.calls is not None:
        stats = json.loads(options.calls.read_text())
        counts = sum(stats["counters"].values()) / stats["uptime_s"]
        durations = [
            *stats["stages"].values(),
            *(one for group in stats["modalities"].values() for one in group.values()),
        ]
        tooks = sum(one["n"] for one in durations) / 60

    telemetry = Telemetry()
    count, took = ns(lambda: telemetry.count("name")), ns(lambda: telemetry.took("stage", 1.0))
    per_second = (counts * count + tooks * took) / 1e9
    hot = Table("on the hot path", "ns of CPU", "a second, one participant", "% of a core", title_justify="left")
    hot.add_row("count", f"{count:.0f}", f"{counts:.0f}", f"{counts * count / 1e7:.4f}")
    hot.add_row("took", f"{took:.0f}", f"{tooks:.0f}", f"{tooks * took / 1e7:.4f}")
    hot.add_row("together", "", "", f"{per_second * 100:.4f}")

    bot = full()
    history = History(bot)
    for _ in range(3):
        history.sample()
    samples = list(history.samples) * 40
    cold = Table("where somebody looks, everything kept", "ms of CPU", "how often", title_justify="left")
    cold.add_row("snapshot (/stats/json)", f"{ms(bot.stats):.2f}", "at each request")
    cold.add_row("/metrics", f"{ms(lambda: exposition(bot)):.2f}", "at each scrape, 15 s as a rule")
    cold.add_row(
        "/stats",
        f"{ms(lambda: render(bot.stats(), samples, {}, 0.7)):.2f}",
        "every 2 s and page, its snapshot included",
    )
    cold.add_row("a sample of the history", f"{ms(history.sample):.2f}", f"every {EVERY_S:g} s")
    console = Console()
    console.print(hot, cold)


if __name__ == "__main__":
    main()
