"""What a bad network leaves of face and voice: the service beside aiortc alone, on the same seeded losses.

    python -m tests.bench.loss --seconds 30 --seed 1 [--only loss-10 reorder] [--peer aiortc|chromium]

Each scenario runs all paths at once, each through a relay of its own with the same seed. The sender is a real peer;
its pictures carry numbers, so each measured face is known to the millisecond. Its video has one keyframe in eight
seconds and jumps there when asked (PLI), as browsers' encoders make one. The paths: `us`, a sender with in-band FEC
as browsers use it; `us, no FEC`, a sender without; `aiortc`, its jitter buffers and decoders alone, where every
picture that comes counts as measured.

Sound: share of what was sent that was really decoded, recovered from FEC, concealed. Freeze: longest time without a
measured face. Lag: capture → measured, p95 and most (video, both stacks and the delay of the network included; sound
counts from the least that was possible). After: time from the end of the impairment until the lag is back to normal.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from rich.console import Console
from rich.table import Table

from hoovik_rtc import clock
from hoovik_rtc.testing import Call, Clip, call, encode
from tests import media
from tests.bench import marks
from tests.bench.figures import percentile
from tests.bench.loss_paths import Noted, aiortc_alone, ours
from tests.network.impairment import GilbertElliott, Impairment
from tests.network.relay import relaying

SETTLE_S = 4.0
"Before and after each impairment."
DELAY_MS = 50.0
"One way: a round trip of 100 ms."


@dataclass(frozen=True, slots=True)
class Scenario:
    """One bad network."""

    impairment: Impairment
    "Both ways, or up where `down` is given."
    sound: float | None = None
    "Per cent of the sound that is to reach the features."
    freeze_s: float | None = None
    "Seconds without a face that are allowed."
    lag_ms: float | None = None
    "Lag that is allowed."
    bitrate: int = 800_000
    "Of the video."
    down: Impairment | None = None
    "Service → participant, where that is another."


def _lossy(loss: float, sound: float, freeze_s: float) -> Scenario:
    return Scenario(Impairment(loss=loss, delay_ms=DELAY_MS), sound, freeze_s)


PATHS = ["us", "us, no FEC", "aiortc"]
NARROW = Impairment(rate_kbit=150, queue_ms=300, delay_ms=DELAY_MS)
SCENARIOS = {
    "loss-1": _lossy(0.01, 99, 0.5),
    "loss-5": _lossy(0.05, 97, 1),
    "loss-10": _lossy(0.10, 93, 2),
    "loss-20": _lossy(0.20, 85, 4),
    "bursts": Scenario(Impairment(bursts=GilbertElliott(enter=0.02, leave=0.25), delay_ms=DELAY_MS), lag_ms=1000),
    "reorder-25": Scenario(Impairment(reorder=0.25, reorder_ms=50, delay_ms=DELAY_MS), lag_ms=1000),
    "jitter-200": Scenario(Impairment(jitter_ms=200, delay_ms=200), lag_ms=1000),
    "150-kbit-up": Scenario(NARROW, lag_ms=1000, bitrate=70_000, down=Impairment(delay_ms=DELAY_MS)),
    "150-kbit": Scenario(NARROW, lag_ms=1000, bitrate=70_000),
}


@dataclass
class Session:
    """One path under way."""

    call: Call
    noted: Noted
    sent: dict[int, float]
    "Mark → when its picture was sent last, Unix ms."


def material(bitrate: int) -> tuple[Clip, Clip]:
    """Eight seconds of a face with numbers, one keyframe; without FEC in the sound, and with."""
    size = (640, 480) if bitrate > 200_000 else (320, 240)
    frames = [marks.draw(image, n) for n, image in enumerate(media.talking_frames(*size) * 2)]
    voice = media.vowels(8.0)
    plain = encode(frames, 30, voice, bitrate=bitrate, keyframe_every=len(frames))
    return plain, Clip(plain.video, plain.fps, encode([], 0, voice, fec=True).audio, plain.keyframes)


def watch_sending(one: Call, clip: Clip) -> dict[int, float]:
    """Notes when each picture is sent."""
    marked = {data: n for n, data in enumerate(clip.video)}
    sent: dict[int, float] = {}
    track = one.video
    assert track is not None
    recv = track.recv

    async def noted() -> av.Packet[Any]:
        packet = await recv()
        sent[marked[bytes(packet)]] = clock.now_ms()
        return packet

    track.recv = noted  # type: ignore[method-assign]
    return sent


@contextlib.asynccontextmanager
async def session(
    receiver: Callable[[], AbstractAsyncContextManager[tuple[str, Noted]]], clip: Clip, relay: Any
) -> AsyncIterator[Session]:
    """One sender, one receiver, the relay between them."""
    async with receiver() as (base, noted), call(base, clip, through=relay, answers_pli=True) as one:
        sent = watch_sending(one, clip)
        if noted.bot is not None:
            await one.consent()
        begun = time.monotonic()
        while len(noted.faces) < 20:
            if time.monotonic() - begun > 20:
                raise SystemExit("no faces came before any impairment began")
            await asyncio.sleep(0.05)
        yield Session(one, noted, sent)


async def one_path(name: str, clip: Clip, scenario: Scenario, seconds: float, seed: int) -> dict[str, Any]:
    """Clear, impaired for `seconds`, clear again; the figures of it."""
    clear = Impairment(delay_ms=scenario.impairment.delay_ms if scenario.impairment.jitter_ms == 0 else DELAY_MS)
    async with relaying(seed, up=clear, down=clear) as relay:
        async with session(aiortc_alone if name == "aiortc" else ours, clip, relay) as one:
            await asyncio.sleep(SETTLE_S)
            start, sound = clock.now_ms(), one.noted.sound_counts()
            relay.set(scenario.impairment, scenario.down or scenario.impairment)
            await asyncio.sleep(seconds)
            relay.both(clear)
            end, after = clock.now_ms(), one.noted.sound_counts()
            await asyncio.sleep(SETTLE_S)
            counters = {} if one.noted.bot is None else one.noted.bot.telemetry.counters()
            figures = figured(one, start, end, {name: after[name] - sound[name] for name in after})
            figures["relay"] = {way: dict(counts) for way, counts in relay.counts().items()}
            figures["pli"] = one.call.keyframes_asked
            figures["counters"] = {
                key: n for key, n in counters.items() if key.startswith(("audio_", "video_", "pli")) and n
            }
            return figures


def figured(one: Session, start: float, end: float, sound: dict[str, int]) -> dict[str, Any]:
    """From what was noted."""
    whole = (end - start) * 48
    faces = one.noted.faces
    times = [start, *(at for at, _ in faces if start <= at <= end), end]
    lags = [(at, at - one.sent[mark]) for at, mark in faces if mark in one.sent]
    lags = [(at, lag) for at, lag in lags if lag >= 0]
    messages = [
        (at, at - one.sent[mark])
        for at, message in one.call.received.timed("avatar_frame")
        if message["payload"]["measured"]
        and (mark := one.noted.named.get(round(message["timestamp_ms"], 3))) is not None
        and at >= one.sent[mark]
    ]
    least = min((behind for _, behind, _ in one.noted.sounds), default=0.0)
    heard = [(at, behind - least) for at, behind, _ in one.noted.sounds]
    return {
        "sound": {name: round(100 * n / whole, 2) for name, n in sound.items()},
        "freeze_s": round(max(later - earlier for earlier, later in zip(times, times[1:], strict=False)) / 1000, 2),
        "faces_per_s": round((len(times) - 2) / (end - start) * 1000, 1),
        "video_lag_ms": _spread([lag for at, lag in lags if start <= at <= end]),
        "message_lag_ms": _spread([lag for at, lag in messages if start <= at <= end]),
        "sound_lag_ms": _spread([lag for at, lag in heard if start <= at <= end]),
        "video_after_s": _after(lags, start, end),
        "sound_after_s": _after(heard, start, end),
        "lags": [(round((at - start) / 1000, 3), round(lag)) for at, lag in lags],
        "sounds": [(round((at - start) / 1000, 3), round(lag)) for at, lag in heard],
    }


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {"p50": round(percentile(values, 50)), "p95": round(percentile(values, 95)), "most": round(max(values))}


def _after(lags: list[tuple[float, float]], start: float, end: float) -> float | None:
    """Seconds after the end until the lag stays where it was before; None where it never does."""
    normal = percentile([lag for at, lag in lags if start - 3000 <= at < start], 95) + 40
    late = [at for at, lag in lags if at > end and lag > normal]
    behind = [at for at, _ in lags if at > end]
    if not behind or (late and late[-1] == behind[-1]):
        return None
    return round(max(0.0, (late[-1] if late else end) - end) / 1000, 2)


async def run(names: list[str], seconds: float, seed: int, paths: list[str], console: Console) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for name in names:
        scenario = SCENARIOS[name]
        plain, with_fec = material(scenario.bitrate)
        with console.status(f"{name}: {seconds:.0f} s"):
            figures = await asyncio.gather(
                *(one_path(path, with_fec if path == "us" else plain, scenario, seconds, seed) for path in paths)
            )
        results[name] = dict(zip(paths, figures, strict=True))
    return results


def show(results: dict[str, Any], console: Console) -> None:
    table = Table(
        "network", "path", "sound %", "decoded", "FEC", "concealed", "freeze s", "faces/s", "lag p95", "lag most",
        "sound p95", "most", "after s", title="100 ms round trip, loss both ways", title_justify="left",
    )  # fmt: skip
    for name, paths in results.items():
        wanted = SCENARIOS[name]
        for path, one in paths.items():
            sound = one["sound"]
            got = sound["decoded"] + sound["recovered"]
            video, heard = one["message_lag_ms"] or one["video_lag_ms"], one["sound_lag_ms"]
            after = max((one[key] if one[key] is not None else 99.0) for key in ("video_after_s", "sound_after_s"))
            ok = path == "aiortc" or (
                (wanted.sound is None or got >= wanted.sound)
                and (wanted.freeze_s is None or one["freeze_s"] <= wanted.freeze_s)
                and (wanted.lag_ms is None or video.get("p95", 1e9) <= wanted.lag_ms)
                and after <= 2
            )
            table.add_row(
                name, path if ok else f"[red]{path}", f"{got:.1f}", str(sound["decoded"]), str(sound["recovered"]),
                str(sound["concealed"]), str(one["freeze_s"]), str(one["faces_per_s"]), str(video.get("p95", "-")),
                str(video.get("most", "-")), str(heard.get("p95", "-")), str(heard.get("most", "-")),
                f"{after:.1f}" if after < 99 else "never",
            )  # fmt: skip
    console.print(table)


def plot(results: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(results), 2, figsize=(12, 2.2 * len(results)), squeeze=False, sharex=True)
    for row, (name, paths) in zip(axes, results.items(), strict=True):
        for axis, key, what in ((row[0], "lags", "video"), (row[1], "sounds", "sound")):
            for label, one in paths.items():
                axis.plot(*zip(*one[key], strict=True), label=label, linewidth=0.8) if one[key] else None
            axis.set(ylabel=f"{what} lag, ms", title=name)
            axis.grid(alpha=0.3)
    axes[0][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.loss", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--paths", nargs="+", choices=PATHS, default=PATHS)
    parser.add_argument("--out", type=Path, default=Path("out"))
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    console = Console(width=150 if not sys.stdout.isatty() else None)
    results = asyncio.run(run(options.only, options.seconds, options.seed, options.paths, console))
    show(results, console)
    (options.out / "loss.json").write_text(json.dumps({"seed": options.seed, "seconds": options.seconds, **results}))
    plot(results, options.out / "loss.png")
    print(f"written: {options.out}/loss.json, {options.out}/loss.png")


if __name__ == "__main__":
    main()
