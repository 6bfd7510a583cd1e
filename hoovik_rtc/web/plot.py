"""Small drawings for `/stats`, as SVG in the page: lines over time, and the spread of a duration."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 300, 84
"Of a plot, in its own units; it scales with the page."


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot."""

    name: str
    "As it stands beside the plot."
    values: Sequence[float | None]
    "Oldest first, evenly spaced, the last one is now; None where there was nothing."


def plot(title: str, lines: Sequence[Line], unit: str, *, slots: int, top: float, span: str, limit: float = 0) -> str:
    """A figure with lines over time.

    Args:
        title: what is shown.
        lines: one or two.
        unit: written behind values, with its space.
        slots: how many values fit; shorter lines begin further right.
        top: the scale reaches at least this far.
        span: how long ago the left end is, in words.
        limit: a value to mark; 0 for none.
    """
    known = [value for line in lines for value in line.values if value is not None]
    highest = max(known, default=0.0)
    scale = _round_up(max(top, highest))
    now = ", ".join(f"{line.name} {_now(line, unit)}".strip() for line in lines)
    said = f"{title}: now {now}; highest in {span} {_figure(highest)}{unit}."
    drawn = "".join(
        f'<polyline class="line line{index}" points="{piece}"/>'
        for index, line in enumerate(lines)
        for piece in _pieces(line.values, slots, scale)
    )
    mark = f'<path class="limit" d="M0 {_y(limit, scale):.1f}H{WIDTH}"/>' if limit else ""
    legend = "".join(
        f'<span class="key key{index}">{escape(line.name)} <b>{_now(line, unit)}</b></span>'
        for index, line in enumerate(lines)
    )
    return (
        f'<figure class="plot"><figcaption><h3>{escape(title)}</h3><span>{legend}</span></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{escape(said)}">'
        f'<path class="grid" d="M0 {_y(scale, scale):.1f}H{WIDTH}M0 {_y(scale / 2, scale):.1f}H{WIDTH}'
        f'M0 {_y(0, scale):.1f}H{WIDTH}"/>{mark}{drawn}</svg>'
        f'<div class="axis" aria-hidden="true"><span>{escape(span)} ago</span>'
        f"<span>top: {_figure(scale)}{unit}</span><span>now</span></div></figure>"
    )


def spread(figures: dict[str, float], low: float = 0.1, high: float = 1000.0) -> str:
    """From the shortest to the longest on a logarithmic scale, p50 to p95 thick; figures are in the table beside it."""

    def x(ms: float) -> float:
        return 120 * math.log(min(max(ms, low), high) / low) / math.log(high / low)

    least, middle, late, most = (x(figures[key]) for key in ("min", "p50", "p95", "max"))
    return (
        '<svg class="spread" viewBox="0 0 120 12" aria-hidden="true">'
        f'<path class="grid" d="M30 0V12M60 0V12M90 0V12"/><path class="reach" d="M{least:.1f} 6H{most:.1f}"/>'
        f'<path class="bulk" d="M{middle:.1f} 6H{max(late, middle + 2):.1f}"/></svg>'
    )


def _figure(value: float) -> str:
    if value == round(value) or abs(value) >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def _now(line: Line, unit: str) -> str:
    value = line.values[-1] if line.values else None
    return "–" if value is None else f"{_figure(value)}{unit}"


def _pieces(values: Sequence[float | None], slots: int, scale: float) -> list[str]:
    """Points of each stretch without a gap; a single value becomes a short dash."""
    step = WIDTH / (slots - 1)
    start = WIDTH - step * (len(values) - 1)
    pieces: list[list[str]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{start + step * index:.1f},{_y(value, scale):.1f}")
    return [" ".join(piece if len(piece) > 1 else piece * 2) for piece in pieces if piece]


def _y(value: float, scale: float) -> float:
    return HEIGHT - 3 - (HEIGHT - 6) * value / scale


def _round_up(value: float) -> float:
    """The next of 1, 2, 3, 5, 10, 20, 30, 50 and so on."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 3, 5, 10) if value <= step * power * 1.0001)
