"""`make bench`: what one participant on real media costs, measured from outside and inside the service.

    make bench ARGS="--seconds 20 --media FILE"

The service runs in a process of its own; the participant plays pre-encoded VP8 and Opus from another, on the same
machine. "Outside" is from handing a frame's bytes to the sender's RTP stack until its `avatar_frame` is read from
the data channel, both stacks included; "inside" is from the frame's last packet at the tap until the message is
handed to the channel.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from hoovik_rtc.testing import Call, Clip, call, clip_of
from tests import media

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "media" / "talking_head_8s.mp4"


def percentile(values: list[float], p: float) -> float:
    ordered = sorted(values)
    return ordered[round((len(ordered) - 1) * p / 100)] if ordered else float("nan")


async def wait_ready(base: str, process: subprocess.Popen[bytes]) -> None:
    async with aiohttp.ClientSession() as http:
        while True:
            if process.poll() is not None:
                raise SystemExit(f"the service ended with code {process.returncode}")
            try:
                async with http.get(f"{base}/ready") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.02)


def outside(one: Call, after: float) -> list[float]:
    """Milliseconds from each frame's sending to its message, matched by the capture time that both name."""
    delays = []
    for at, message in one.received.timed("avatar_frame"):
        if message["payload"]["measured"] and at > after:
            sent = min(one.sent_video, key=lambda moment: abs(moment - message["timestamp_ms"]))
            if abs(sent - message["timestamp_ms"]) < 15:
                delays.append(at - sent)
    return delays


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(base: str, pid: int, clip: Clip, seconds: float) -> dict[str, Any]:
    async with aiohttp.ClientSession() as http, call(base, clip, room="bench") as one:
        await one.wait_for("welcome")
        idle = cpu_seconds(pid)
        await asyncio.sleep(2.0)
        idle = (cpu_seconds(pid) - idle) / 2.0
        consented = time.time() * 1000
        await one.consent()
        await one.wait_for("avatar_frame", where=lambda m: bool(m["payload"]["measured"]))
        first = next(at for at, m in one.received.timed("avatar_frame") if m["payload"]["measured"])
        await asyncio.sleep(2.0)
        start, cpu = time.time(), cpu_seconds(pid)
        await asyncio.sleep(seconds)
        wall, cpu = time.time() - start, cpu_seconds(pid) - cpu
        delays = outside(one, start * 1000)
        frames = [m for at, m in one.received.timed("avatar_frame") if at > start * 1000]
        updates = [m for at, m in one.received.timed("emotion_update") if at > start * 1000]
        async with http.get(f"{base}/stats/json") as response:
            inside = (await response.json())["stages"]
    return {
        "seconds": round(wall, 1),
        "consent_to_first_frame_ms": round(first - consented, 1),
        "outside_ms": {f"p{p}": round(percentile(delays, p), 2) for p in (50, 95, 99)},
        "outside_n": len(delays),
        "delays_ms": [round(delay, 2) for delay in delays],
        "inside_ms": inside,
        "cpu_percent_before_consent": round(idle * 100, 1),
        "cpu_percent": round(cpu / wall * 100, 1),
        "measured_per_s": round(sum(m["payload"]["measured"] for m in frames) / wall, 1),
        "avatar_frames_per_s": round(len(frames) / wall, 1),
        "emotion_updates_per_s": round(len(updates) / wall, 1),
    }


def show(figures: dict[str, Any]) -> None:
    inside = figures["inside_ms"]
    table = Table("figure", "p50", "p95", title=f"{figures['media']}, {figures['seconds']} s", title_justify="left")
    table.add_row("frame sent → avatar_frame read (outside), ms", *map(str, list(figures["outside_ms"].values())[:2]))
    for name in ("last_packet_to_avatar", "last_packet_to_voice", "decode", "convert", "face", "voice", "emotion"):
        if name in inside:
            table.add_row(f"{name} (inside), ms", str(inside[name]["p50"]), str(inside[name]["p95"]))
    table.add_row("consent → first measured frame, ms", str(figures["consent_to_first_frame_ms"]), "")
    table.add_row("start → /ready, s", str(figures["start_to_ready_s"]), "")
    table.add_row("service CPU, one participant, % of a core", str(figures["cpu_percent"]), "")
    table.add_row("the same before consent, %", str(figures["cpu_percent_before_consent"]), "")
    for name in ("measured_per_s", "avatar_frames_per_s", "emotion_updates_per_s"):
        table.add_row(name, str(figures[name]), "")
    Console().print(table)


def plot(figures: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    delays = sorted(figures["delays_ms"])
    if not delays:
        return
    figure, axes = pyplot.subplots(figsize=(7, 4))
    axes.plot(delays, [(n + 1) / len(delays) for n in range(len(delays))])
    axes.set(xlabel="frame sent → avatar_frame read, ms", ylabel="share of frames", title=figures["media"])
    axes.set_xlim(0, max(30.0, percentile(delays, 99)))
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


async def run(
    base: str, process: subprocess.Popen[bytes], clip: Clip, seconds: float, started: float
) -> dict[str, Any]:
    await wait_ready(base, process)
    ready = time.time() - started
    figures = await measure(base, process.pid, clip, seconds)
    return figures | {"start_to_ready_s": round(ready, 2)}


def main(arguments: argparse.Namespace) -> None:
    if arguments.media is not None or DEFAULT.is_file():
        file = arguments.media or DEFAULT
        clip, name = clip_of(file, width=640, height=480, seconds=8.0), file.name
    else:
        clip, name = media.talking_clip(640, 480), "warped test face (no ../shared)"
    base = f"http://127.0.0.1:{arguments.port}"
    command = [sys.executable, "-m", "hoovik_rtc", "serve", "--port", str(arguments.port)]
    with (arguments.out / "service.log").open("wb") as log:
        started = time.time()
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            with Console().status(f"measuring for {arguments.seconds} s"):
                figures = asyncio.run(run(base, process, clip, arguments.seconds, started))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)
    figures["media"] = name
    show(figures)
    plot(figures, arguments.out / "latency.png")
    (arguments.out / "bench.json").write_text(json.dumps(figures, indent=2))
    print(f"written: {arguments.out}/bench.json, {arguments.out}/latency.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--media", type=Path)
    parser.add_argument("--port", type=int, default=18080)
    parser.add_argument("--out", type=Path, default=Path("out"))
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    main(options)
