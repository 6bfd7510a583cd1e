"""What a bad network leaves of face and voice: the service beside aiortc alone, on the same seeded losses.

    python -m tests.bench.loss --seconds 30 --seed 1 [--only loss-10 reorder] [--peer aiortc|chromium]

Each scenario runs all paths at once, each through a relay of its own with the same seed. The sender is a real peer;
its pictures carry numbers, so each measured face is known to the millisecond. Its video has one keyframe in eight
seconds and jumps there when asked (PLI), as browsers' encoders make one. The paths: `us`, a sender with in-band FEC
as browsers use it; `us, no FEC`, a sender without; `aiortc`, its jitter buffers and decoders alone, where every
picture that comes and looks as it was sent counts as measured (after a loss, aiortc decodes on without what the
pictures build on). Chromium's pictures carry the time instead, and all that come count.

Sound: share of what was sent that was really decoded, recovered from FEC, concealed. Freeze: longest time without a
measured face. Lag: capture → measured, and capture → message read by the sender, the network's delay included; of
sound, over the least that was possible. After: time from the end of the impairment until the lag is back to normal.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
from rich.console import Console
from rich.table import Table

from hoovik_inference.types import Image
from hoovik_rtc import clock
from hoovik_rtc.media.decode import VideoDecoder
from hoovik_rtc.media.opus import AudioDecoder
from hoovik_rtc.media.packets import EncodedFrame, EncodedSound
from hoovik_rtc.testing import Call, Clip, call, encode
from tests import media
from tests.bench import marks
from tests.bench.figures import percentile
from tests.bench.loss_paths import Noted, aiortc_alone, glance, ours
from tests.network import chromium
from tests.network.impairment import GilbertElliott, Impairment
from tests.network.relay import Relay, relaying

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
    "150-kbit-up": Scenario(NARROW, lag_ms=1000, bitrate=45_000, down=Impairment(delay_ms=DELAY_MS)),
    "150-kbit": Scenario(NARROW, lag_ms=1000, bitrate=45_000),
}


@dataclass
class Session:
    """One path under way, or over."""

    noted: Noted
    sent: Callable[[int, float], float | None]
    "(mark, when it was seen) → when that picture was captured, Unix ms."
    messages: list[tuple[float, float]] = field(default_factory=list)
    "(arrival, capture) of the measured avatar_frames that came, Unix ms; filled in at the end."
    keyframes_asked: int = 0
    "Filled in at the end."


Receiver = Callable[[], AbstractAsyncContextManager[tuple[str, Noted]]]


def material(bitrate: int) -> tuple[Clip, Clip]:
    """Eight seconds of a face with numbers, one keyframe; without FEC in the sound, and with."""
    size = (640, 480) if bitrate > 200_000 else (320, 240)
    frames = [marks.draw(image, n) for n, image in enumerate(media.talking_frames(*size) * 2)]
    voice = media.vowels(8.0)
    plain = encode(frames, 30, voice, bitrate=bitrate, keyframe_every=len(frames))
    return plain, Clip(plain.video, plain.fps, encode([], 0, voice, fec=True).audio, plain.keyframes)


def truth(clip: Clip) -> dict[int, Image]:
    """What each picture of the clip looks like where nothing is lost."""
    decoder = VideoDecoder()
    out = {}
    for number, data in enumerate(clip.video):
        picture = decoder.decode(EncodedFrame(data, number, 1, clip.keyframes[number], False, 0.0))
        assert picture is not None
        out[number] = glance(picture.planes())
    return out


def watch_sending(one: Call, clip: Clip) -> Callable[[int, float], float | None]:
    """When the picture of a mark, seen at a time, was sent: the last time before that."""
    marked = {data: n for n, data in enumerate(clip.video)}
    sent: dict[int, list[float]] = {}
    track = one.video
    assert track is not None
    recv = track.recv

    async def noted() -> av.Packet[Any]:
        packet = await recv()
        sent.setdefault(marked[bytes(packet)], []).append(clock.now_ms())
        return packet

    def last(mark: int, at: float) -> float | None:
        return max((one for one in sent.get(mark, ()) if one <= at), default=None)

    track.recv = noted  # type: ignore[method-assign]
    return last


@contextlib.asynccontextmanager
async def played(receiver: Receiver, clip: Clip, relay: Relay) -> AsyncIterator[Session]:
    """An aiortc peer that plays the clip."""
    async with receiver() as (base, noted), call(base, clip, through=relay, answers_pli=True) as one:
        noted.truth = truth(clip)
        sent = watch_sending(one, clip)
        if noted.bot is not None:
            await one.consent()
        session = Session(noted, sent)
        yield session
        session.keyframes_asked = one.keyframes_asked
        for at, message in one.received.timed("avatar_frame"):
            mark = noted.named.get(message["sequence"])
            capture = None if mark is None else sent(mark, at)
            if message["payload"]["measured"] and capture is not None:
                session.messages.append((at, capture))


@contextlib.asynccontextmanager
async def browsed(receiver: Receiver, folder: Path, relay: Relay) -> AsyncIterator[Session]:
    """Chromium, whose pictures carry the low bits of their time."""
    async with receiver() as (base, noted):
        session = Session(noted, lambda mark, at: at - (int(at) - mark) % marks.MOST)
        async with chromium.browsing(base, relay, folder, speaks=noted.bot is not None) as browser:
            yield session
        session.keyframes_asked = browser.outbound("video").get("pliCount", 0)
        for at, sequence in browser.report["measured"]:
            if sequence in noted.named:
                session.messages.append((at, session.sent(noted.named[sequence], at) or at))


async def one_path(
    name: str, clip: Clip | None, scenario: Scenario, seconds: float, seed: int, folder: Path
) -> dict[str, Any]:
    """Clear, impaired for `seconds`, clear again; the figures of it. Without a clip, the peer is Chromium."""
    clear = Impairment(delay_ms=DELAY_MS)
    receiver = aiortc_alone if name == "aiortc" else ours
    async with relaying(seed, up=clear, down=clear) as relay:
        async with browsed(receiver, folder, relay) if clip is None else played(receiver, clip, relay) as one:
            begun = time.monotonic()
            while len(one.noted.faces) < 20:
                if time.monotonic() - begun > 30:
                    raise SystemExit("no faces came before any impairment began")
                await asyncio.sleep(0.05)
            await asyncio.sleep(SETTLE_S)
            start, sound = clock.now_ms(), one.noted.sound_counts()
            relay.set(scenario.impairment, scenario.down or scenario.impairment)
            await asyncio.sleep(seconds)
            relay.both(clear)
            end, after = clock.now_ms(), one.noted.sound_counts()
            await asyncio.sleep(SETTLE_S)
        counters = {} if one.noted.bot is None else one.noted.bot.telemetry.counters()
        return figured(one, start, end, {name: after[name] - sound[name] for name in after}) | {
            "relay": {way: dict(counts) for way, counts in relay.counts().items()},
            "keyframes_asked": one.keyframes_asked,
            "broken_pictures": one.noted.broken,
            "counters": {key: n for key, n in counters.items() if key.startswith(("audio_", "video_", "pli"))},
        }


def figured(one: Session, start: float, end: float, sound: dict[str, int]) -> dict[str, Any]:
    """From what was noted."""
    whole = (end - start) * 48
    faces = one.noted.faces
    times = [start, *(at for at, _ in faces if start <= at <= end), end]
    lags = [(at, at - sent) for at, mark in faces if (sent := one.sent(mark, at)) is not None and at >= sent]
    least = min((behind for _, behind, _ in one.noted.sounds), default=0.0)
    heard = [(at, behind - least) for at, behind, _ in one.noted.sounds]
    return {
        "sound": {name: round(100 * n / whole, 2) for name, n in sound.items()},
        "heard": round(100 * (sound["decoded"] + sound["recovered"]) / whole, 2),
        "freeze_s": round(max(later - earlier for earlier, later in zip(times, times[1:], strict=False)) / 1000, 2),
        "faces_per_s": round((len(times) - 2) / (end - start) * 1000, 1),
        "video_lag_ms": _spread([lag for at, lag in lags if start <= at <= end]),
        "message_lag_ms": _spread([at - capture for at, capture in one.messages if start <= at <= end]),
        "sound_lag_ms": _spread([lag for at, lag in heard if start <= at <= end]),
        "video_after_s": _after(lags, start, end),
        "sound_after_s": _after(heard, start, end),
        "lags": [(round((at - start) / 1000, 3), round(lag)) for at, lag in lags],
        "sounds": [(round((at - start) / 1000, 3), round(lag)) for at, lag in heard],
    }


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {
        "n": len(values),
        "p50": round(percentile(values, 50)),
        "p95": round(percentile(values, 95)),
        "p99": round(percentile(values, 99)),
        "most": round(max(values)),
    }


def _after(lags: list[tuple[float, float]], start: float, end: float) -> float | None:
    """Seconds after the end until the lag is for half a second what it was before; None where it never is."""
    normal = percentile([lag for at, lag in lags if start - 3000 <= at < start], 95) + 40
    behind = [(at, lag) for at, lag in lags if at > end]
    since = end
    for at, lag in behind:
        if lag > normal:
            since = at
        elif at - since >= 500:
            return round((since - end) / 1000, 2)
    return None


async def run(options: argparse.Namespace, folder: Path, console: Console) -> dict[str, Any]:
    results: dict[str, Any] = {}
    paths = [path for path in options.paths if options.peer == "aiortc" or path != "us, no FEC"]
    for name in options.only:
        scenario = SCENARIOS[name]
        plain, with_fec = material(scenario.bitrate)
        clips = {"us": with_fec, "us, no FEC": plain, "aiortc": plain}
        with console.status(f"{name}: {options.seconds:.0f} s"):
            figures = await asyncio.gather(
                *(
                    one_path(
                        path,
                        clips[path] if options.peer == "aiortc" else None,
                        scenario,
                        options.seconds,
                        options.seed,
                        folder,
                    )
                    for path in paths
                )
            )
        results[name] = dict(zip(paths, figures, strict=True))
    return results


def show(results: dict[str, Any], console: Console) -> None:
    """One row a path; red where it does not hold what it is to hold."""
    table = Table(title="round trip 100 ms; times in ms unless said otherwise", title_justify="left")
    for column in (
        *("network", "path", "sound %", "decoded", "FEC", "concealed", "sound lag p95", "most", "after s"),
        *("freeze s", "faces/s", "video lag p95", "most", "after s", "message p50", "p95", "p99"),
    ):
        table.add_column(column)
    for name, paths in results.items():
        for path, one in paths.items():
            sound, heard, seen, said = (one[key] for key in ("sound", "sound_lag_ms", "video_lag_ms", "message_lag_ms"))
            columns = [
                *(f"{one['heard']:.1f}", sound["decoded"], sound["recovered"], sound["concealed"]),
                *(heard.get("p95"), heard.get("most"), one["sound_after_s"]),
                *(one["freeze_s"], one["faces_per_s"], seen.get("p95"), seen.get("most"), one["video_after_s"]),
                *(said.get("p50"), said.get("p95"), said.get("p99")),
            ]
            good = path == "aiortc" or holds(SCENARIOS[name], one)
            table.add_row(name, path if good else f"[red]{path}", *("-" if c is None else str(c) for c in columns))
    console.print(table)


def holds(wanted: Scenario, one: dict[str, Any]) -> bool:
    """Whether the figures of one path are what the scenario asks for."""
    after = one["sound_after_s"]
    return (
        (wanted.sound is None or one["heard"] >= wanted.sound)
        and (wanted.freeze_s is None or one["freeze_s"] <= wanted.freeze_s)
        and (wanted.lag_ms is None or one["message_lag_ms"].get("p95", 1e9) <= wanted.lag_ms)
        and after is not None
        and after <= 2
    )


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


def decoders(console: Console) -> None:
    """CPU of one packet of 20 ms to 16 kHz mono: libopus, and PyAV with a resampler."""
    table = Table("sound", "libopus, µs", "PyAV, µs", "ratio")
    for fec in (False, True):
        packets = encode([], 0, media.vowels(8.0), fec=fec).audio
        took = {}
        for plain in (False, True):
            decoder = AudioDecoder(plain=plain)
            rounds = []
            for _ in range(5):
                begun = time.thread_time()
                for data in packets:
                    decoder.decode(EncodedSound(data, 0, 1, 0, 0.0))
                rounds.append((time.thread_time() - begun) / len(packets) * 1e6)
            took[plain] = min(rounds)
        name = "with FEC" if fec else "plain"
        table.add_row(name, f"{took[False]:.1f}", f"{took[True]:.1f}", f"{took[True] / took[False]:.2f}")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.loss", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--paths", nargs="+", choices=PATHS, default=PATHS)
    parser.add_argument("--peer", choices=["aiortc", "chromium"], default="aiortc")
    parser.add_argument("--decoders", action="store_true", help="only what decoding sound costs, both ways")
    parser.add_argument("--out", type=Path, default=Path("out"))
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    console = Console(width=170 if not sys.stdout.isatty() else None)
    if options.decoders:
        decoders(console)
        return
    if options.peer == "chromium" and not chromium.there():
        raise SystemExit(chromium.MISSING)
    with tempfile.TemporaryDirectory() as folder:
        results = asyncio.run(run(options, Path(folder), console))
    show(results, console)
    (options.out / "loss.json").write_text(json.dumps({"seed": options.seed, "seconds": options.seconds, **results}))
    plot(results, options.out / "loss.png")
    print(f"written: {options.out}/loss.json, {options.out}/loss.png")


if __name__ == "__main__":
    main()
