"""The load, in a process of its own: N participants, one window, one record each.

    python -m tests.bench.sender --kind webrtc --base http://127.0.0.1:8080 --material FILE --out FILE …

Started by `make bench`. It says what it is doing on stdout, one JSON object a line, and writes an `Outcome`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
from pathlib import Path
from typing import Protocol

import aiohttp
import msgspec
import socketio.exceptions
import uvloop

from hoovik_rtc import clock
from hoovik_rtc.testing import CallRefusedError
from tests.bench.material import Material, load
from tests.bench.record import Outcome, Record
from tests.bench.upload_player import UploadPlayer
from tests.bench.usage import Machine, Meter
from tests.bench.webrtc_player import WebRtcPlayer

FIRST_S = 20.0
"Whoever has seen nothing by then is measured all the same."


LEAVE_S = 20.0


class Player(Protocol):
    """One participant of the load."""

    record: Record

    async def join(self, base: str, http: aiohttp.ClientSession) -> None: ...
    def agree(self) -> None: ...
    async def seen(self) -> None: ...
    async def begin(self) -> None: ...
    async def end(self) -> None: ...
    async def leave(self, base: str, http: aiohttp.ClientSession) -> None: ...


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def players(kind: str, media: Material, count: int, fps: float, seed: int, avatar: bool = True) -> list[Player]:
    """The participants, their phases spread by the seed."""
    draw = random.Random(seed)
    phases = [draw.random() for _ in range(count)]
    if kind == "webrtc":
        return [WebRtcPlayer(media.clip, phase, avatar) for phase in phases]
    return [UploadPlayer(media, fps, phase) for phase in phases]


async def play(options: argparse.Namespace) -> Outcome:
    media = load(options.material)
    fps = media.clip.fps if options.kind == "webrtc" else options.fps
    everyone = players(options.kind, media, options.participants, fps, options.seed, not options.emotion_only)
    outcome = Outcome(fps=fps, wanted=len(everyone))
    inside: list[Player] = []
    async with aiohttp.ClientSession() as http:
        for player in everyone:
            try:
                await player.join(options.base, http)
            except (CallRefusedError, aiohttp.ClientError, socketio.exceptions.ConnectionError, TimeoutError) as exc:
                outcome.refused = f"{type(exc).__name__}: {exc}"
                say(state="refused", joined=len(inside), why=outcome.refused)
                break
            inside.append(player)
            say(state="joined", joined=len(inside))
        try:
            if inside and (outcome.refused is None or options.partial):
                await measure(options, http, inside, outcome)
        finally:
            say(state="leaving")
            leaving = [asyncio.ensure_future(player.leave(options.base, http)) for player in inside]
            late = (await asyncio.wait(leaving, timeout=LEAVE_S))[1] if leaving else set()
            if late:  # of a service that is ended right away
                say(state="gave up leaving", participants=len(late))
    return outcome


async def measure(
    options: argparse.Namespace, http: aiohttp.ClientSession, inside: list[Player], outcome: Outcome
) -> None:
    for player in inside:
        player.agree()
        await asyncio.sleep(0.02)
    waiting = [asyncio.ensure_future(player.seen()) for player in inside]
    done, late = await asyncio.wait(waiting, timeout=FIRST_S)
    for one in late:
        one.cancel()
    say(state="warm-up", seen=len(done))
    await asyncio.sleep(options.warm_up)
    gc.collect()
    gc.freeze()  # a collection would hold up every participant at once
    gc.disable()
    for player in inside:
        await player.begin()
    service, load_itself, rest = Meter(options.pid), Meter(os.getpid()), Machine()
    outcome.start_ms = clock.now_ms()
    say(state="window")
    await asyncio.sleep(options.seconds)
    outcome.end_ms = clock.now_ms()
    outcome.usage, outcome.sender_cpu_percent = service.read(), load_itself.read().cpu_percent
    outcome.others_cpu_percent = max(0.0, rest.read() - outcome.usage.cpu_percent - outcome.sender_cpu_percent)
    say(state="measured")
    params = {"seconds": str((outcome.end_ms - outcome.start_ms) / 1000)}
    async with http.get(f"{options.base}/stats/json", params=params) as response:
        outcome.stats = await response.json()
    for player in inside:
        await player.end()
    outcome.records = [player.record for player in inside]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=("webrtc", "upload"), required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--pid", type=int, required=True, help="of the service, whose CPU is measured")
    parser.add_argument("--material", type=Path, required=True)
    parser.add_argument("--participants", type=int, default=1)
    parser.add_argument("--fps", type=float, default=5.0, help="of the upload design")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--warm-up", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--partial", action="store_true", help="measure even where somebody was refused")
    parser.add_argument("--emotion-only", action="store_true", help="consent to no avatar")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    outcome = uvloop.run(play(options))
    options.out.write_bytes(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
