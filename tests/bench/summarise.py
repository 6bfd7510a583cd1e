"""A run's records as the figures that are reported; no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tests.bench.figures import advances, capture_to_message, curve, match, moment_to_message, percentile, summary
from tests.bench.record import Outcome, Record
from tests.bench.run import Run

Figures = dict[str, Any]
WAITS = ("last_packet", "consent", "loop_stall", "queue", "wait")
"Stages named so are delays, not work."


def figures_of(run: Run, seed: int) -> Figures:
    """Everything that is reported of one run; goes into bench.json as it is."""
    outcome = run.outcome
    figures: Figures = {
        "path": run.design.key,
        "title": run.design.title,
        "fps": run.design.fps,
        "wanted": outcome.wanted,
        "participants": len(outcome.records),
        "refused": outcome.refused,
        "start_to_ready_s": run.start_to_ready_s,
    }
    if not outcome.records or outcome.usage is None:
        return figures | {"failed": f"nobody was measured: {outcome.refused or 'nobody joined'}"}
    figures |= _rates(outcome)
    figures["video"] = _video(outcome, seed)
    figures["voice"] = _voice(outcome, seed)
    figures |= _costs(outcome)
    faces = figures["measured_per_s"]["mean"]
    each = figures["cpu_percent_per_participant"] * 10 / faces if faces else None
    figures["cpu_ms_per_face"] = None if each is None else round(each, 2)
    figures["emotion_ms_per_s"] = _emotion_ms(outcome)
    figures["stages"] = outcome.stats.get("stages", {})
    figures["stage_percent"] = _stage_percent(outcome)
    figures["counters"] = outcome.stats.get("counters", {})
    figures["control"] = dict(sum((Counter(record.control) for record in outcome.records), Counter[str]()))
    figures["lost"] = sum(record.lost for record in outcome.records)
    firsts = [record.consent_to_first_ms for record in outcome.records if record.consent_to_first_ms is not None]
    figures["saw_nothing"] = len(outcome.records) - len(firsts)
    figures["consent_to_first_ms"] = summary(firsts)
    return figures


def failed(path: str, title: str, fps: float, wanted: int, why: str) -> Figures:
    """A run that came to nothing."""
    return {"path": path, "title": title, "fps": fps, "wanted": wanted, "participants": 0, "failed": why}


def _seconds(outcome: Outcome) -> float:
    return (outcome.end_ms - outcome.start_ms) / 1000


def _rates(outcome: Outcome) -> Figures:
    """How often each participant was spoken of: the mean, and whoever got least and most."""

    def rate(times: Callable[[Record], Sequence[float]]) -> dict[str, float]:
        each = [
            sum(outcome.start_ms <= at < outcome.end_ms for at in times(record)) / _seconds(outcome)
            for record in outcome.records
        ]
        return {
            "mean": round(sum(each) / len(each), 2),
            "least": round(min(each), 2),
            "most": round(max(each), 2),
        }

    return {
        "seconds": round(_seconds(outcome), 2),
        "sent_per_s": rate(lambda record: record.sent),
        "measured_per_s": rate(lambda record: [at for _, at in record.frames]),
        "avatar_frames_per_s": rate(lambda record: record.avatar),
        "emotion_updates_per_s": rate(lambda record: record.emotion),
    }


def _video(outcome: Outcome, seed: int) -> Figures:
    captured: list[float] = []
    moved: list[float] = []
    for number, record in enumerate(outcome.records):
        frames = seen(record)
        captured += capture_to_message(frames, outcome.start_ms, outcome.end_ms)
        moved += moment_to_message(frames, outcome.start_ms, outcome.end_ms, seed + number)
    inside = _stage(outcome, "last_packet_to_avatar")
    return _delays(inside, captured, moved)


def _voice(outcome: Outcome, seed: int) -> Figures:
    captured: list[float] = []
    moved: list[float] = []
    for number, record in enumerate(outcome.records):
        heard = [(audio_ms - record.audio_ahead_ms, at) for audio_ms, at in advances(record.audio)]
        captured += capture_to_message(heard, outcome.start_ms, outcome.end_ms)
        moved += moment_to_message(heard, outcome.start_ms, outcome.end_ms, seed + number)
    inside = _stage(outcome, "last_packet_to_voice")
    return _delays(inside, captured, moved)


def _delays(inside: Figures | None, captured: list[float], moved: list[float]) -> Figures:
    return {
        "last_packet_to_message": inside,
        "capture_to_message": summary(captured),
        "moment_to_message": summary(moved),
        "curves": {"capture_to_message": curve(captured), "moment_to_message": curve(moved)},
    }


def seen(record: Record) -> list[tuple[float, float]]:
    """(capture, arrival) of each measured frame."""
    pairs = []
    for timestamp, arrival in record.frames:
        index = match(record.named, timestamp)
        if index is not None:
            pairs.append((record.sent[index], arrival))
    return pairs


def _stage(outcome: Outcome, name: str) -> Figures | None:
    stage = outcome.stats.get("stages", {}).get(name)
    return None if stage is None else {key: stage[key] for key in ("n", "p50", "p95", "p99")}


def _emotion_ms(outcome: Outcome) -> float:
    """How long expressions and emotions are read, of a second and for each participant, ms."""
    stages = outcome.stats.get("stages", {})
    spent: float = sum(stages[name]["n"] * stages[name]["mean"] for name in ("expression", "emotion") if name in stages)
    return round(spent / _seconds(outcome) / len(outcome.records), 2)


def _stage_percent(outcome: Outcome) -> dict[str, float]:
    """How much of the window each stage that does work was at it, % of a core (waiting for the GIL included)."""
    window_ms = outcome.end_ms - outcome.start_ms
    return {
        name: round(stage["n"] * stage["mean"] / window_ms * 100, 2)
        for name, stage in outcome.stats.get("stages", {}).items()
        if not name.startswith(WAITS)
    }


def _costs(outcome: Outcome) -> Figures:
    usage = outcome.usage
    assert usage is not None
    uploaded = [record.bytes_sent / _seconds(outcome) / 1000 for record in outcome.records]
    stall = _stage(outcome, "loop_stall")
    return {
        "cpu_percent": usage.cpu_percent,
        "cpu_percent_per_participant": round(usage.cpu_percent / len(outcome.records), 2),
        "main_thread_percent": usage.main_thread_percent,
        "rss_mib": usage.rss_mib,
        "sender_cpu_percent": outcome.sender_cpu_percent,
        "others_cpu_percent": round(outcome.others_cpu_percent, 1),
        "loop_stall_p99_ms": None if stall is None else stall["p99"],
        "uploaded_kb_per_s": round(percentile(uploaded, 50), 1),
    }
