"""The figures as pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.bench.figures import percentile
from tests.bench.summarise import Figures

COLOURS = {"us": "#0b7a75", "aiortc": "#d1495b", "upload5": "#7d5ba6", "upload30": "#edae49"}


def latency(runs: Sequence[Figures], path: Path) -> None:
    """Cumulative distributions of the two delays that a person feels, one panel for each number of participants."""
    counts = sorted({one["wanted"] for one in runs if "video" in one})
    if not counts:
        return
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(
        1, len(counts), figsize=(max(8.0, 5.2 * len(counts)), 4.8), squeeze=False, sharey=True, layout="constrained"
    )
    for panel, count in zip(axes[0], counts, strict=True):
        right = 30.0
        for one in runs:
            if one["wanted"] != count or "video" not in one:
                continue
            for key, style in (("capture_to_message", "-"), ("moment_to_message", "--")):
                points = one["video"]["curves"][key]
                if not points:
                    continue
                shares = [n / (len(points) - 1) for n in range(len(points))]
                label = f"{one['title']}: {'capture' if style == '-' else 'moving'} → message"
                panel.plot(points, shares, style, color=_colour(one), label=label, linewidth=1.5)
                right = max(right, percentile(points, 99))
        panel.set(xlabel="ms", title=f"{count} participant{'s' * (count > 1)}", xlim=(0, min(right, 500)), ylim=(0, 1))
        panel.grid(alpha=0.3)
    axes[0][0].set_ylabel("share")
    lines = {line.get_label(): line for panel in axes[0] for line in panel.get_lines()}
    figure.legend(lines.values(), lines.keys(), fontsize=7, loc="outside lower center", ncols=4)
    _save(figure, path)


def scaling(runs: Sequence[Figures], floor: Figures | None, path: Path) -> None:
    """CPU, latency and rate against the number of participants."""
    if not any("video" in one for one in runs):
        return
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(2, 2, figsize=(11, 7.6), layout="constrained")
    panels: list[tuple[str, Callable[[Figures], float | None]]] = [
        ("service CPU, % of a core", lambda one: one["cpu_percent"]),
        ("last packet → message p95, ms", lambda one: (one["video"]["last_packet_to_message"] or {}).get("p95")),
        ("moving → message p95, ms", lambda one: one["video"]["moment_to_message"]["p95"]),
        ("measured faces a second, whoever got least", lambda one: one["measured_per_s"]["least"]),
    ]
    for panel, (title, value) in zip(axes.flat, panels, strict=True):
        for key in dict.fromkeys(one["path"] for one in runs):
            of_path = [one for one in runs if one["path"] == key and "video" in one]
            points = [(one["participants"], value(one)) for one in sorted(of_path, key=lambda one: one["wanted"])]
            shown = [(n, y) for n, y in points if y is not None]
            if shown:
                panel.plot(*zip(*shown, strict=True), "o-", color=_colour(of_path[0]), label=of_path[0]["title"])
        if floor is not None and title.startswith("service CPU"):
            counts = sorted({one["wanted"] for one in runs})
            panel.plot(counts, [n * floor["cpu_percent"] for n in counts], ":", color="black", label="native floor")
        panel.set(xlabel="participants", title=title, xticks=sorted({one["wanted"] for one in runs}))
        if title.endswith("ms"):
            panel.set_yscale("log")  # one path's seconds would hide the others' milliseconds
        else:
            panel.set_ylim(bottom=0)
        panel.grid(alpha=0.3, which="both" if title.endswith("ms") else "major")
    axes[0][0].legend(fontsize=8)
    _save(figure, path)


def _colour(run: Figures) -> str:
    return COLOURS.get(run["path"], "#555555")


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=110)
    _pyplot().close(figure)
