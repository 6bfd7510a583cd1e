"""The largest number of participants for whom a path holds the full rates.

Full rate: each participant gets as many measured faces as pictures are sent (less 1.5 of 30), 29 avatar frames and 9
emotion updates a second, and p95 of last packet → message is at most 40 ms. aiortc's default path would hold this
for nobody: its jitter buffer lets a frame go when the next one begins, so it is one frame interval late by design.
It is allowed this interval on top, so that its capacity says something about load.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.bench.run import Load, Say, run
from tests.bench.service import BenchError, Design
from tests.bench.summarise import Figures, figures_of

MEASURED_WITHIN = 1.5
"Measured faces a second may be fewer than the pictures sent by this (at 30 fps; in proportion below)."
AVATAR_PER_S, EMOTION_PER_S = 29.0, 9.0
LAST_PACKET_P95_MS = 40.0
NARROW = 0.75
"A run that reaches this share of each target is tried once more: it may have been unlucky."

KEPT = ("cpu_percent", "others_cpu_percent", "measured_per_s")
"Of each try's figures, in bench.json."


@dataclass(frozen=True, slots=True)
class Miss:
    """A target that was not held."""

    words: str
    "What was measured, against what was wanted."
    reached: float
    "Share of the target, 0…1."


def missed(figures: Figures, allowance_ms: float = 0.0) -> list[Miss]:
    """Which of the full-rate targets a run misses, for whoever got least; none: it holds."""
    if "failed" in figures:
        return [Miss(str(figures["failed"]).splitlines()[0], 0.0)]
    if figures["participants"] < figures["wanted"]:
        return [Miss(f"{figures['wanted'] - figures['participants']} refused", 0.0)]
    fps = figures["fps"]
    checks = [
        ("measured", figures["measured_per_s"]["least"], fps - MEASURED_WITHIN * fps / 30),
        ("avatar", figures["avatar_frames_per_s"]["least"], AVATAR_PER_S),
        ("emotion", figures["emotion_updates_per_s"]["least"], EMOTION_PER_S),
    ]
    out = [Miss(f"{name} {got:.1f} < {target:.1f}/s", got / target) for name, got, target in checks if got < target]
    inside, limit = figures["video"]["last_packet_to_message"], LAST_PACKET_P95_MS + allowance_ms
    if inside is None:
        out.append(Miss("no last packet → message", 0.0))
    elif inside["p95"] > limit:
        out.append(Miss(f"last packet p95 {inside['p95']:.0f} > {limit:.0f} ms", limit / inside["p95"]))
    return out


def largest(holds: Callable[[int], bool], guess: int, limit: int) -> int:
    """The largest n ≤ limit with `holds(n)`, taking it that fewer always hold where more do; 0 where none does."""
    low, high = 0, limit + 1
    step = max(1, guess // 2)
    n = min(guess, limit)
    while low + 1 < high:
        if holds(n):
            low = n
        else:
            high = n
        if high > limit and low < limit:
            n = min(low + step, limit)
            step *= 2
        else:
            n = (low + high) // 2
    return low


def capacity(design: Design, load: Load, limit: int, guess: int, say: Say) -> dict[str, Any]:
    """Search with short runs; what fails narrowly is tried once more."""
    tried: list[dict[str, Any]] = []

    def attempt(n: int) -> list[Miss]:
        short = dataclasses.replace(load, participants=n, partial=False)
        try:
            found = figures_of(run(design, short, lambda words: say(f"{design.title}, N = {n}: {words}")), load.seed)
            misses = missed(found, design.allowance_ms)
        except BenchError as exc:
            found, misses = {}, [Miss(str(exc).splitlines()[0], 0.0)]
        words = [miss.words for miss in misses]
        say(f"{design.title}, N = {n}: {'holds' if not words else '; '.join(words)}")
        tried.append({"participants": n, "missed": words, **{key: found.get(key) for key in KEPT}})
        return misses

    def holds(n: int) -> bool:
        misses = attempt(n)
        if misses and min(miss.reached for miss in misses) >= NARROW:
            misses = attempt(n)
        return not misses

    found = largest(holds, guess, limit)
    return {
        "path": design.key,
        "title": design.title,
        "fps": design.fps,
        "allowance_ms": round(design.allowance_ms, 1),
        "capacity": found,
        "limit": limit,
        "tried": tried,
    }
