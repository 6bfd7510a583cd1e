"""One run: a service in its process, the load in another, an Outcome."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.bench.record import Outcome
from tests.bench.service import BenchError, Design, Service, running, tail

GRACE_S = 120.0
"Joining, warming up and leaving may take as long as this beside the window."


@dataclass(frozen=True, slots=True)
class Load:
    """What a service is put under."""

    participants: int
    seconds: float
    "Length of the measured window."
    warm_up: float
    "Seconds between the first measured frames and the window."
    seed: int
    material: Path
    "Written by material.save."
    out: Path
    "Folder for logs."
    port: int = 0
    "0 for any."
    avatar: bool = True
    "Whether everybody consents to an avatar, beside emotions."
    partial: bool = True
    "Whether those who were let in are measured where somebody was refused."


@dataclass(frozen=True, slots=True)
class Run:
    """One run's raw results."""

    design: Design
    outcome: Outcome
    start_to_ready_s: float


Say = Callable[[str], None]
"Told in a few words what is going on."


def run(design: Design, load: Load, say: Say, during: Callable[[Service], None] | None = None) -> Run:
    """Start a service, put it under load, end it.

    Args:
        design: what to start.
        load: what it is put under.
        say: told what is going on.
        during: called when the measured window begins; must not block.

    Raises:
        BenchError: the port is taken, the service died, or the load came to nothing.
    """
    say("starting")
    with running(design, load.port, load.out) as service:
        outcome = asyncio.run(_play(design, service, load, say, during))
        service.check()
        return Run(design, outcome, service.start_to_ready_s)


async def _play(
    design: Design, service: Service, load: Load, say: Say, during: Callable[[Service], None] | None
) -> Outcome:
    result, log = load.out / "outcome.json", load.out / "sender.log"
    result.unlink(missing_ok=True)
    arguments = {
        "kind": design.kind,
        "base": service.base,
        "pid": service.process.pid,
        "material": load.material,
        "participants": load.participants,
        "fps": design.fps,
        "seconds": load.seconds,
        "warm-up": load.warm_up,
        "seed": load.seed,
        "out": result,
    }
    command = [sys.executable, "-m", "tests.bench.sender", *(f"--{key}={value}" for key, value in arguments.items())]
    if load.partial:
        command.append("--partial")
    if not load.avatar:
        command.append("--emotion-only")
    with log.open("wb") as stream:
        sender = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=stream)
        try:
            await _watch(sender, service, time.perf_counter() + load.seconds + GRACE_S, say, during)
        finally:
            if sender.returncode is None:
                sender.send_signal(signal.SIGKILL)
                await sender.wait()
    if sender.returncode != 0 or not result.is_file():
        raise BenchError(f"The load ended with code {sender.returncode}. The end of {log}:\n{tail(log)}")
    return msgspec.json.decode(result.read_bytes(), type=Outcome)


async def _watch(
    sender: asyncio.subprocess.Process,
    service: Service,
    until: float,
    say: Say,
    during: Callable[[Service], None] | None,
) -> None:
    """Follow what the load says of itself until it ends; notice where the service dies."""
    assert sender.stdout is not None
    reading: asyncio.Future[bytes] | None = None
    while True:
        reading = reading or asyncio.ensure_future(sender.stdout.readline())
        done, _ = await asyncio.wait([reading], timeout=0.5)
        service.check()
        if time.perf_counter() > until:
            reading.cancel()
            raise BenchError(f"The load did not end in time. The end of {service.log}:\n{tail(service.log)}")
        if not done:
            continue
        line, reading = reading.result(), None
        if not line:
            await sender.wait()
            return
        told = json.loads(line)
        if told["state"] == "window" and during is not None:
            during(service)
        say(" ".join(str(value) for value in told.values()))
