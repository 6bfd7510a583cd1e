"""The figures as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from tests.bench.figures import QUANTILES, ratio
from tests.bench.summarise import Figures

NONE = "–"
BUSY_PERCENT = 15.0
"Where everything else on the machine uses more than this of a core, the figures are not worth much."
DELAYS = (
    ("face: last packet → message, ms", "video", "last_packet_to_message"),
    ("face: capture → message, ms", "video", "capture_to_message"),
    ("face: moving → message, ms", "video", "moment_to_message"),
    ("voice: last packet → heard, ms", "voice", "last_packet_to_message"),
    ("voice: capture → message, ms", "voice", "capture_to_message"),
    ("voice: sounding → message, ms", "voice", "moment_to_message"),
)
RATES = (
    ("pictures sent a second, each", "sent_per_s"),
    ("measured faces a second, each", "measured_per_s"),
    ("avatar frames a second, each", "avatar_frames_per_s"),
    ("emotion updates a second, each", "emotion_updates_per_s"),
)
COSTS = (
    ("service CPU, % of a core", "cpu_percent"),
    ("  of it for each participant", "cpu_percent_per_participant"),
    ("  of it the event loop's thread", "main_thread_percent"),
    ("CPU ms for each measured face, all in", "cpu_ms_per_face"),
    ("reading emotions, ms a second, each", "emotion_ms_per_s"),
    ("loop stall p99, ms", "loop_stall_p99_ms"),
    ("service memory, MiB", "rss_mib"),
    ("uploaded by each participant, kB/s", "uploaded_kb_per_s"),
    ("start → ready, s", "start_to_ready_s"),
    ("the load's own CPU, % of a core", "sender_cpu_percent"),
    ("CPU of all else on this machine, %", "others_cpu_percent"),
)
COMPARED = (
    ("service CPU for each participant", "cpu_percent_per_participant"),
    ("CPU for each measured face", "cpu_ms_per_face"),
    ("uploaded by each participant", "uploaded_kb_per_s"),
)


def main_table(participants: int, runs: Sequence[Figures], floor: Figures | None) -> Table:
    """One number of participants: a row for each figure, a column for each path."""
    title = f"{participants} participant{'s' * (participants > 1)}; p50 / p95 / p99; rates: mean (least)"
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    for one in runs:
        table.add_column(one["title"], justify="right")
    if floor is not None:
        table.add_column("native floor", justify="right")

    def row(name: str, cells: list[str], of_floor: str = "") -> None:
        if any(cell not in (NONE, "") for cell in cells):
            table.add_row(name, *cells, *([of_floor] if floor is not None else []))

    for name, kind, key in DELAYS:
        row(name, [_triple(_at(one, kind, key)) for one in runs])
    row("consent → first measured frame, ms", [_single(_at(one, "consent_to_first_ms", "p50")) for one in runs])
    for name, key in RATES:
        row(name, [_rate(one.get(key)) for one in runs], "30" if key == "measured_per_s" else "")
    for name, key in COSTS:
        row(name, [_single(one.get(key)) for one in runs], _floor_cell(key, participants, floor))
    if floor is not None:
        least = floor["cpu_percent"]
        times = [_times(one.get("cpu_percent_per_participant"), least) for one in runs]
        row("service CPU ÷ the floor's for all", times, "1.00")
    row("trouble", [trouble(one) for one in runs])
    return table


def ratio_table(runs: Sequence[Figures], floor: Figures | None) -> Table | None:
    """Our figures divided by the others'; None where there is nothing to compare."""
    ours = next((one for one in runs if one["path"] == "us" and "failed" not in one), None)
    others = [one for one in runs if one["path"] != "us" and "failed" not in one]
    if ours is None or not (others or floor):
        return None
    table = Table(title="hoovik_rtc ÷ the others (p50 / p95 / p99)", title_justify="left")
    table.add_column("figure")
    for one in others:
        table.add_column(f"÷ {one['title']}", justify="right")
    if floor is not None:
        table.add_column("÷ native floor", justify="right")
    blank = [""] if floor is not None else []
    for name, kind, key in DELAYS:
        mine = _at(ours, kind, key)
        table.add_row(name.removesuffix(", ms"), *(_ratios(mine, _at(one, kind, key)) for one in others), *blank)
    least = _floor_of(floor)
    for name, key in COMPARED:
        cells = [_times(ours[key], one[key]) for one in others]
        table.add_row(name, *cells, *([_times(ours[key], least.get(key))] if floor is not None else []))
    return table


def stage_table(run: Figures) -> Table:
    """Where the time of one run went, by stage, as the service itself reports it."""
    table = Table(title=f"{run['title']}, {run['participants']} participants, by stage", title_justify="left")
    for column in ("stage", "n", "p50 ms", "p95 ms", "p99 ms", "mean ms", "% of a core"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for name, stage in run["stages"].items():
        share = run.get("stage_percent", {}).get(name)
        cells = [f"{stage['n']:.0f}", *(_single(stage[key]) for key in ("p50", "p95", "p99", "mean"))]
        table.add_row(name, *cells, _single(share))
    return table


def floor_table(floor: Figures) -> Table:
    """What the native floor is made of."""
    table = Table("native floor, one participant", "CPU ms a second", title_justify="left")
    for name in ("decode", "convert", "mesh", "opus"):
        table.add_row(name, _single(floor[f"{name}_ms_per_s"]))
    table.add_row("all", f"{floor['cpu_ms_per_s']} = {floor['cpu_percent']} % of a core")
    table.add_row("all, a frame every 33 ms", f"{floor['paced_cpu_percent']} % of a core")
    table.add_row("one frame, p50 / p95 ms", f"{floor['frame_p50_ms']} / {floor['frame_p95_ms']}")
    return table


def trouble(run: Figures) -> str:
    """What did not go as it should, in a few words."""
    if "failed" in run:
        return "failed"
    said = []
    if run.get("refused"):
        said.append(f"{run['wanted'] - run['participants']} refused")
    for key, words in (("lost", "lost"), ("saw_nothing", "never seen")):
        if run.get(key):
            said.append(f"{run[key]} {words}")
    if run.get("others_cpu_percent", 0.0) > BUSY_PERCENT:
        said.append("machine busy")
    if run.get("control", {}).get("backpressure"):
        said.append(f"{run['control']['backpressure']} × backpressure")
    return ", ".join(said)


def _at(run: Figures, kind: str, key: str) -> Any:
    return (run.get(kind) or {}).get(key)


def _single(value: float | None) -> str:
    if value is None or value != value:
        return NONE
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _triple(delays: dict[str, float] | None) -> str:
    if delays is None or not delays["n"]:
        return NONE
    return " / ".join(_single(delays[f"p{p}"]) for p in QUANTILES)


def _rate(rate: dict[str, float] | None) -> str:
    return NONE if rate is None else f"{rate['mean']:.1f} ({rate['least']:.1f})"


def _times(one: float | None, other: float | None) -> str:
    times = ratio(one, other)
    return NONE if times is None else f"{times:.2f}"


def _ratios(one: dict[str, float] | None, other: dict[str, float] | None) -> str:
    if one is None or other is None:
        return NONE
    return " / ".join(_times(one[f"p{p}"], other[f"p{p}"]) for p in QUANTILES)


def _floor_of(floor: Figures | None) -> Figures:
    """The floor of one participant's costs, by their names."""
    if floor is None:
        return {}
    return {"cpu_percent_per_participant": floor["cpu_percent"], "cpu_ms_per_face": floor["cpu_ms_per_s"] / 30}


def _floor_cell(key: str, participants: int, floor: Figures | None) -> str:
    if floor is None:
        return ""
    if key == "cpu_percent":
        return _single(floor["cpu_percent"] * participants)
    least = _floor_of(floor)
    return _single(least[key]) if key in least else ""


def capacity_table(found: Sequence[dict[str, Any]]) -> Table:
    """The largest N at full rate, and what ended the search."""
    table = Table(title="largest number of participants at full rate", title_justify="left")
    for column in ("path", "N", "us ÷ it", "what the next one missed"):
        table.add_column(column, justify="right" if column in ("N", "us ÷ it") else "left")
    ours = next((one["capacity"] for one in found if one["path"] == "us"), None)
    for one in found:
        bound = "≥ " if one["capacity"] == one["limit"] else ""
        missed = [tried for tried in one["tried"] if tried["participants"] == one["capacity"] + 1 and tried["missed"]]
        why = "; ".join(missed[-1]["missed"]) if missed else ""
        late = f" (+{one['allowance_ms']:.0f} ms allowed)" if one["allowance_ms"] else ""
        table.add_row(one["title"] + late, f"{bound}{one['capacity']}", _times(ours, one["capacity"]), why)
    return table
