"""`make bench ARGS="--skip-table --ages"` (`--emotion-only`): how old the sound is that emotions are read from, with
models of the reference's size (stand_ins.py): a bundle, wav2vec2 in 12 layers, MediaPipe's face landmarker.

Everybody plays a talking head without a pause. An age is the time from the capture of the newest sample behind the
newest voice vector of a result until a client has read that result. A result that no new vector came for counts with
the vector it has, and is older for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from tests.bench.figures import percentile, summary
from tests.bench.record import Outcome
from tests.bench.run import Load, Run, run
from tests.bench.service import BenchError, Design
from tests.bench.stand_ins import config

REFERENCE = {1: (188.0, 281.0), 2: (377.0, 377.0), 4: (845.0, 845.0), 8: (2085.0, 2085.0)}
"""Ages p50 of the reference itself on two cores, from and to, by participants; it makes 6.1–7.0 results a second in
all, and its encoder is given 0.1 s of sound where it was trained on 0.6 s."""
ENOUGH_PER_S = 20.0
"Results in all that are aimed at once it is full."
LIMITS_MS = {4: 250.0, 8: 600.0}
"Of ages p50, aimed at by participants."
WARM_UP_S = 6.0
"Windows of ten steps are whole after three seconds, and the rates have settled."
READY_S = 240.0
"How long loading models of this size may take."

Figures = dict[str, Any]


def ages(counts: Sequence[int], load: Load, tell: Callable[[int, str], None]) -> list[Figures]:
    """One run for each number of participants, with figures for each.

    Args:
        counts: of participants.
        load: what else the service is put under.
        tell: told what is going on, and how many runs are done.

    Raises:
        BenchError: the stand-ins cannot be made.
    """
    tell(0, "making models of the reference's size")
    design = design_of(config(load.out / "stand-ins"))
    out: list[Figures] = []
    for done, count in enumerate(counts):

        def say(words: str, done: int = done, count: int = count) -> None:
            tell(done, f"N = {count}: {words}")

        try:
            out.append(figures_of(run(design, dataclasses.replace(load, participants=count), say), load.avatar))
        except BenchError as exc:
            out.append({"wanted": count, "participants": 0, "failed": str(exc)})
    return out


def design_of(file: Path) -> Design:
    """The service with a config."""
    arguments = ("serve", "--config", str(file))
    return Design("ages", "hoovik_rtc with a bundle", "hoovik_rtc", arguments, "webrtc", 30.0, ready_s=READY_S)


def figures_of(one: Run, avatar: bool = True) -> Figures:
    """Everything that is reported of one run."""
    outcome = one.outcome
    found: Figures = {"wanted": outcome.wanted, "participants": len(outcome.records), "avatar": avatar}
    if not outcome.records or outcome.usage is None:
        return found | {"failed": f"nobody was measured: {outcome.refused or 'nobody joined'}"}
    seconds = (outcome.end_ms - outcome.start_ms) / 1000
    each = [len(_within(outcome, record.emotion)) / seconds for record in outcome.records]
    stages = outcome.stats.get("stages", {})
    return found | {
        "refused": outcome.refused,
        "results_per_s": round(sum(each), 2),
        "least_per_s": round(min(each), 2),
        "age_ms": summary(age for _, age in _ages(outcome)),
        "growth_ms": growth(outcome),
        "windows_per_s": round(stages["speech"]["n"] / seconds, 2) if "speech" in stages else 0.0,
        "window_ms": stages.get("speech", {}).get("p50"),
        "infer_ms": stages.get("emotion", {}).get("p50"),
        "faces_per_s": round(stages["face"]["n"] / seconds / len(outcome.records), 2) if "face" in stages else 0.0,
        "cpu_percent": outcome.usage.cpu_percent,
        "sender_cpu_percent": outcome.sender_cpu_percent,
        "others_cpu_percent": round(outcome.others_cpu_percent, 1),
        "rss_mib": outcome.usage.rss_mib,
        "voice": outcome.stats.get("voice"),
        "counters": outcome.stats.get("counters", {}),
        "stages": stages,
    }


def growth(outcome: Outcome) -> float:
    """By how much ages p50 of the window's second half exceed those of its first, ms."""
    middle = (outcome.start_ms + outcome.end_ms) / 2
    halves = [[age for at, age in _ages(outcome) if (at >= middle) == later] for later in (False, True)]
    return round(percentile(halves[1], 50) - percentile(halves[0], 50), 1)


def table(found: Sequence[Figures]) -> Table:
    """A row for each number of participants."""
    kinds = {one.get("avatar", True) for one in found}
    title = f"age of the newest sound in a result, ms; {'avatars and emotions' if kinds == {True} else 'emotions only'}"
    made = Table(title=title, title_justify="left")
    columns = (
        *("participants", "results/s in all (least)", "age p50 / p95", "the reference's p50", "grows by", "vectors/s"),
        *("ms a vector", "ms a reading", "looks/s, each", "service CPU, %", "load's CPU, %", "other CPU, %"),
        *("voice", "aim"),
    )
    for column in columns:
        made.add_column(column, justify="left" if column in ("voice", "aim") else "right")
    for one in found:
        if "failed" in one:
            made.add_row(str(one["wanted"]), str(one["failed"]).splitlines()[0])
            continue
        age, voice = one["age_ms"], one["voice"] or {}
        made.add_row(
            str(one["participants"]),
            f"{one['results_per_s']:.1f} ({one['least_per_s']:.1f})",
            f"{age['p50']:.0f} / {age['p95']:.0f}",
            _theirs(one["participants"]),
            f"{one['growth_ms']:+.0f}",
            f"{one['windows_per_s']:.1f}",
            *("–" if one[key] is None else f"{one[key]:.1f}" for key in ("window_ms", "infer_ms")),
            f"{one['faces_per_s']:.1f}",
            *(f"{one[key]:.0f}" for key in ("cpu_percent", "sender_cpu_percent", "others_cpu_percent")),
            voice.get("reason") or voice.get("serving", "–"),
            aim(one),
        )
    return made


def aim(one: Figures) -> str:
    """Whether what is aimed at is held, where something is."""
    limit = LIMITS_MS.get(one["participants"])
    if limit is None:
        return ""
    missed = [] if one["age_ms"]["p50"] <= limit else [f"p50 > {limit:.0f} ms"]
    if one["participants"] == max(LIMITS_MS) and one["results_per_s"] < ENOUGH_PER_S:
        missed.append(f"< {ENOUGH_PER_S:.0f} results/s")
    return ", ".join(missed) or "held"


def _theirs(participants: int) -> str:
    known = REFERENCE.get(participants)
    return "–" if known is None else "–".join(f"{value:.0f}" for value in dict.fromkeys(known))


def _ages(outcome: Outcome) -> list[tuple[float, float]]:
    """(arrival, age) of each result of the window that names its sound."""
    return [
        (at, at - (sound - record.audio_ahead_ms))
        for record in outcome.records
        for sound, at in record.sounds
        if outcome.start_ms <= at < outcome.end_ms
    ]


def _within(outcome: Outcome, times: Sequence[float]) -> list[float]:
    return [at for at in times if outcome.start_ms <= at < outcome.end_ms]
