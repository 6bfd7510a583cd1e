"""How loaded the face pool is, and how often faces are looked at because of it: 30, 15, 10 or 7.5 times a second.

No clock: times are arguments. Steps down are fast: pictures wait, or the pool is busy nearly all the time. Steps up
are slow: nothing waited for a while, and what one look costs says that the next rate would hold; where it did not,
the next try waits longer. Judged is only what came since the last step.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hoovik_rtc.pipeline.costs import Costs
from hoovik_rtc.pipeline.meter import Meter, Reading
from hoovik_rtc.pipeline.workers import FACE_THREADS

TOLERANCE_MS = 8.3
"Pictures may come this much early: a quarter of a frame at 30 Hz."
MEAN_MS = 1000.0
"The queue's depth is a mean over this long; at most one step is made in it."
BUSY_MS = 2000.0
"How busy the pool is, and what a look takes, are means over this long."
DEEP = 3.0
"Looks that wait, all participants together: from here on it is too much."
SHALLOW = 1.5
"Up to here few wait: half of DEEP, since the next higher rate doubles them at most."
FULL = 0.9
"The pool is busy for more than this share of the time: it will not hold."
ROOM = 0.7
"A higher rate is tried where it would keep the pool busy for less than this share."
CALM_MS = 3000.0
"For this long few must have waited before a step up."
LEAST_HZ = 20.0
"At the full rate, pictures give way to others' that wait as long as so many a second of each are looked at."
UNDONE_MS = 10_000.0
"A step up that is taken back within this long was a mistake: the next one waits twice as long."
MAX_CALM_MS = 60_000.0


@dataclass(frozen=True, slots=True)
class Step:
    """One of the rates, and what the senders are asked for at it."""

    rate_hz: float
    "Faces measured of one participant, per second."
    least_hz: float
    "What must hold for the rate to be kept, and to be tried."
    interval_ms: float
    "Pictures closer together than this (capture time) are not looked at."
    height: int
    "Lines of the picture. 480 is all that measuring a face profits from; a quarter of the pixels still does."
    bits_per_s: int | None
    "What the video may take (REMB); None for no cap."


STEPS = (
    Step(30.0, LEAST_HZ, 1000 / 30 - TOLERANCE_MS, 480, None),
    Step(15.0, 15.0, 1000 / 15 - TOLERANCE_MS, 360, 400_000),
    Step(10.0, 10.0, 1000 / 10 - TOLERANCE_MS, 360, 300_000),
    Step(7.5, 7.5, 1000 / 7.5 - TOLERANCE_MS, 240, 200_000),
)
"Every picture of 30 fps, every second, third, fourth."


@dataclass(frozen=True, slots=True)
class Advice:
    """What the senders are to be told."""

    step: Step
    "The rate now."
    queue_depth: float
    "Looks that waited, mean of the last second."
    reason: str
    "`overloaded` (a step down), `recovering` (a step up), `recovered` (the full rate is back)."


@dataclass(frozen=True, slots=True)
class People:
    """Who causes the load at one moment."""

    connected: int
    "Have a connection."
    analysed: int
    "Have a connection and consented."
    watched: int
    "Are analysed and have a camera that is on."


@dataclass(frozen=True, slots=True)
class _Sample:
    """Totals at one moment."""

    at: float
    "ms."
    waited: float
    "Looks × ms that they waited."
    looks: int
    "Looks that ended."
    cpu: float
    "CPU time of the looks, ms."
    wall: float
    "Time between begin and end of the looks, ms."
    process: float
    "CPU time of the process, ms."


class Load:
    """The load of one bot; lives on the event loop, only its `meter` may be used from any thread.

    Args:
        cores: CPUs that this process may use.
        threads: of the face pool.
    """

    def __init__(self, cores: float, threads: int = FACE_THREADS) -> None:
        self.cores = cores
        self.costs = Costs()
        self.queue_depth = 0.0
        "Looks that waited, mean of the last second, at the last `tick`."
        self._threads = threads
        self.meter = Meter()
        "What this process's threads count."
        self._waited = 0.0
        self._looks = 0
        self._cpu = self._wall = 0.0
        self._samples: deque[_Sample] = deque()
        self._index = 0
        self._reason = "recovered"
        self._stepped_ms: float | None = None
        self._raised_ms: float | None = None  # the last step, if it was up and may still prove a mistake
        self._calm_since: float | None = None
        self._calm_ms = CALM_MS
        self._look_cpu = self._look_wall = 0.0  # of one, ms; the last known
        self._rest = 0.0  # cores that all but the looks take
        self._watched = 0

    # The rate.

    @property
    def step(self) -> Step:
        """The rate in force."""
        return STEPS[self._index]

    @property
    def face_rate_hz(self) -> float:
        """Faces measured of one participant, per second: 30, 15, 10 or 7.5."""
        return self.step.rate_hz

    @property
    def face_interval_ms(self) -> float:
        """Pictures closer together than this (capture time) are not looked at."""
        return self.step.interval_ms

    @property
    def advice(self) -> Advice | None:
        """What somebody who comes now is to be told; None at the full rate."""
        return Advice(self.step, self.queue_depth, self._reason) if self._index else None

    # What the pools did.

    def absorb(self, reading: Reading) -> None:
        """Add what a meter counted: our own one, or that of the process that analyses."""
        self._waited += reading.waited
        for stage, spent in reading.stages.items():
            self.costs.add(stage, spent.jobs, spent.cpu_ms)
            if stage == "face":
                self._looks += spent.jobs
                self._cpu += spent.cpu_ms
                self._wall += spent.wall_ms

    # What the loop asks, several times a second.

    def tick(self, now_ms: float, people: People, process_cpu_ms: float) -> Advice | None:
        """Look at what came since the last tick; what is to be said where the rate changed."""
        self.absorb(self.meter.read(now_ms))
        self.costs.tick(now_ms, process_cpu_ms, people.connected, people.analysed)
        self._sample(now_ms, process_cpu_ms)
        self._watched = people.watched
        if self._stepped_ms is None:
            self._stepped_ms = now_ms
        if self._raised_ms is not None and now_ms - self._raised_ms > UNDONE_MS:
            self._raised_ms = None
            self._calm_ms = max(CALM_MS, self._calm_ms / 2)
        if self.queue_depth > SHALLOW:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now_ms
        if now_ms - self._stepped_ms < MEAN_MS:
            return None
        if self._index + 1 < len(STEPS) and self._overloaded():
            if self._raised_ms is not None:
                self._calm_ms = min(MAX_CALM_MS, self._calm_ms * 2)
            return self._change(self._index + 1, "overloaded", now_ms)
        if self._index and self._rested(now_ms) and self.utilisation(people, STEPS[self._index - 1]) < ROOM:
            return self._change(self._index - 1, "recovering" if self._index > 1 else "recovered", now_ms)
        return None

    def utilisation(self, people: People, step: Step) -> float:
        """The share of the face pool that the least looks of `step` would take, from what one costs now."""
        per_s = people.watched * step.least_hz
        left = max(0.1, min(self._threads, self.cores - self._rest))
        return max(
            per_s * self._look_cpu / (left * 1000),
            per_s * self._look_wall / (self._threads * 1000),
            step.least_hz * self._look_wall / 1000 if per_s else 0.0,  # of one participant one look runs at a time
        )

    def share(self, participants: int) -> float:
        """The load 0… of so many participants at the lowest rates: the share of all cores that they would take."""
        return participants * self.costs.participant_ms(STEPS[-1].rate_hz) / (1000 * self.cores)

    def _sample(self, now_ms: float, process_cpu_ms: float) -> None:
        newest = _Sample(now_ms, self._waited, self._looks, self._cpu, self._wall, process_cpu_ms)
        samples = self._samples
        samples.append(newest)
        while len(samples) > 2 and samples[1].at <= now_ms - BUSY_MS:
            samples.popleft()
        oldest = samples[0]
        second = next((one for one in reversed(samples) if one.at <= now_ms - MEAN_MS), oldest)
        if newest.at > second.at:
            self.queue_depth = (newest.waited - second.waited) / (newest.at - second.at)
        if newest.looks > oldest.looks:
            self._look_cpu = (newest.cpu - oldest.cpu) / (newest.looks - oldest.looks)
            self._look_wall = (newest.wall - oldest.wall) / (newest.looks - oldest.looks)
        if newest.at - oldest.at >= MEAN_MS:
            used = newest.process - oldest.process - (newest.cpu - oldest.cpu)
            self._rest = max(0.0, used) / (newest.at - oldest.at)

    def _overloaded(self) -> bool:
        """Too many wait, or the pool is busy all the time; a share of CPU alone counts where looks also wait."""
        if self.queue_depth >= DEEP:
            return True
        newest, oldest = self._samples[-1], self._samples[0]
        passed = newest.at - oldest.at
        if passed < MEAN_MS:
            return False
        least = self._watched * self.step.least_hz * passed / 1000
        if self.step.least_hz < self.step.rate_hz and newest.looks - oldest.looks >= least:
            return False  # as full as it may be
        lines = min(self._threads, max(1, self._watched))
        left = max(0.1, min(self._threads, self.cores - self._rest))
        busy = (newest.wall - oldest.wall) / (passed * lines)
        return busy > FULL or (self.queue_depth >= 1.0 and (newest.cpu - oldest.cpu) / (passed * left) > FULL)

    def _rested(self, now_ms: float) -> bool:
        assert self._stepped_ms is not None  # set by the first tick
        return self._calm_since is not None and now_ms - max(self._calm_since, self._stepped_ms) >= self._calm_ms

    def _change(self, index: int, reason: str, now_ms: float) -> Advice:
        self._raised_ms = now_ms if index < self._index else None
        self._index, self._reason = index, reason
        self._stepped_ms, self._calm_since = now_ms, None
        newest = self._samples[-1]
        self._samples.clear()
        self._samples.append(newest)
        return Advice(self.step, self.queue_depth, reason)
