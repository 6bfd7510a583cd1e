"""A face pool with a made-up clock: participants who send 30 pictures a second, threads that look at them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from hoovik_rtc.pipeline.gate import GivingWay
from hoovik_rtc.pipeline.load import Advice, Load, People

TICK_MS = 200
FRAME_MS = 1000 / 30


@dataclass
class Sender:
    """One participant: of theirs one look runs or waits at a time, a newer picture takes the place of an older."""

    next_ms: float
    looked_ms: float = -1e9
    giving_way: GivingWay = field(default_factory=GivingWay)
    picture: bool = False
    busy: bool = False
    looks: int = 0


@dataclass
class Pool:
    """Steps through time in milliseconds.

    `wall` and `cpu` say what a look takes at a time; `rest` is the CPU time of everything else, ms per second.
    """

    senders: int
    wall: Callable[[float], float]
    cores: float = 2.0
    threads: int = 2
    cpu_share: float = 1.0
    rest: float = 200.0
    now: int = 0
    said: list[tuple[float, Advice]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.load = Load(self.cores, self.threads)
        self.everyone = [Sender(n * FRAME_MS / max(1, self.senders)) for n in range(self.senders)]
        self.waiting: deque[Sender] = deque()
        self.running: list[tuple[float, float, Sender]] = []  # end, how long, whose
        self.used = 0.0

    def run(self, seconds: float) -> Pool:
        for _ in range(int(seconds * 1000)):
            self.step()
        return self

    def step(self) -> None:
        for one in self.everyone:
            while one.next_ms <= self.now:
                if one.next_ms - one.looked_ms >= self.load.face_interval_ms:
                    one.looked_ms = one.next_ms
                    if not one.giving_way.gives(self.load.meter.waiting, one.next_ms):
                        one.picture = True
                        self.hand_over(one)
                one.next_ms += FRAME_MS
        for end, took, one in [job for job in self.running if job[0] <= self.now]:
            self.running.remove((end, took, one))
            self.load.meter.spent("face", took * self.cpu_share, took)
            self.used += took * self.cpu_share
            one.busy = False
            one.looks += 1
            if one.picture:
                self.hand_over(one)
        while self.waiting and len(self.running) < self.threads:
            one = self.waiting.popleft()
            self.load.meter.begun(self.now)
            one.picture = False
            took = self.wall(self.now)
            self.running.append((self.now + took, took, one))
        self.used += self.rest / 1000
        if self.now % TICK_MS == 0:
            people = People(self.senders, self.senders, self.senders)
            advice = self.load.tick(self.now, people, self.used)
            if advice is not None:
                self.said.append((self.now / 1000, advice))
        self.rates.append(self.load.face_rate_hz)
        self.now += 1

    def hand_over(self, one: Sender) -> None:
        if not one.busy:
            one.busy = True
            self.waiting.append(one)
            self.load.meter.queued(self.now)

    @property
    def steps(self) -> list[tuple[float, float]]:
        """When the rate changed, s, and to what, Hz."""
        return [(at, advice.step.rate_hz) for at, advice in self.said]
