"""Figures from what was sent and heard; no I/O, no clock: lists of times go in, numbers come out."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

QUANTILES = (50, 95, 99)


def percentile(values: Iterable[float], p: float) -> float:
    """The value that p % of `values` do not exceed (nearest rank); NaN of nothing."""
    ordered = sorted(values)
    return ordered[round((len(ordered) - 1) * p / 100)] if ordered else float("nan")


def summary(values: Iterable[float]) -> dict[str, float]:
    """n, p50, p95 and p99."""
    ordered = sorted(values)
    return {"n": float(len(ordered)), **{f"p{p}": round(percentile(ordered, p), 2) for p in QUANTILES}}


def curve(values: Iterable[float], points: int = 200) -> list[float]:
    """Evenly spaced quantiles, 0 to 100 %: enough to draw the distribution."""
    ordered = sorted(values)
    return [round(percentile(ordered, 100 * n / points), 2) for n in range(points + 1)] if ordered else []


def match(named: Sequence[float], timestamp: float, slack: float = 2.0, limit: float = 250.0) -> int | None:
    """Which frame a message speaks of: the newest of `named` (ascending, ms) that is not after its timestamp.

    A service learns capture times from sender reports, which carry the moment of sending: so it may name a frame
    late by as much as the sender's loop was, but never early. `slack` is for rounding; beyond `limit` it is none.
    """
    index = bisect_right(named, timestamp + slack) - 1
    return index if index >= 0 and timestamp - named[index] <= limit else None


def capture_to_message(frames: Iterable[tuple[float, float]], start: float, end: float) -> list[float]:
    """Delays of the (capture, arrival) pairs that arrived in the window, ms.

    By arrival, not by capture: of a path that falls behind, the latest frames would be answered after the window,
    and the worst delays would not count.
    """
    return [arrival - capture for capture, arrival in frames if start <= arrival < end]


def moment_to_message(
    frames: Iterable[tuple[float, float]], start: float, end: float, seed: int, samples: int = 2000
) -> list[float]:
    """From a random moment to the first message about it or about something later, ms.

    This is what a person waits for: until the next captured frame that is looked at, and then for its message.
    A message that speaks of `capture` and came at `arrival` is a pair of `frames`. The moments are drawn from those
    whose answer arrived in the window.
    """
    ordered = sorted(frames)
    captures = [capture for capture, _ in ordered]
    answers = [arrival for _, arrival in ordered]  # of this one or any later one
    for index in range(len(answers) - 2, -1, -1):
        answers[index] = min(answers[index], answers[index + 1])
    first, last = bisect_left(answers, start), bisect_left(answers, end) - 1
    if last <= first:
        return []
    since = captures[first - 1] if first else captures[0]
    draw = random.Random(seed)
    moments = (captures[last] - draw.random() * (captures[last] - since) for _ in range(samples))
    return [answers[bisect_left(captures, moment)] - moment for moment in moments]


def advances(pairs: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of (audio time, arrival) in order of arrival, those that say something newer than all before."""
    newest = float("-inf")
    out = []
    for audio, arrival in pairs:
        if audio > newest:
            newest = audio
            out.append((audio, arrival))
    return out


def ratio(one: float | None, other: float | None) -> float | None:
    """one / other, None where that says nothing."""
    if one is None or not other or one != one or other != other:
        return None
    return one / other
