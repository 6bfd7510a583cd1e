"""`GET /metrics`: everything that `/stats/json` says, as Prometheus reads it.

Nothing is kept for it: the collector reads one snapshot at the scrape. Labels are stages, types of message and
modalities, which are written in the sources; nobody's id, name or room is among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from hoovik_rtc.bot import Bot
from hoovik_rtc.counters import COUNTERS
from hoovik_rtc.telemetry import RECENT_S
from hoovik_rtc.web.keys import BOT

_QUANTILES = {"min": "0", "p50": "0.5", "p90": "0.9", "p95": "0.95", "p99": "0.99", "max": "1"}
_GAUGES = {
    "rooms": ("hoovik_rooms", "Rooms with somebody in them."),
    "participants": ("hoovik_participants", "Participants, connected or expected back."),
    "consented": ("hoovik_participants_consented", "Participants who agreed to be analysed."),
    "queue_depth": ("hoovik_queue_depth", "Faces that wait to be measured, mean of 1 s."),
    "load": ("hoovik_load_ratio", "Load at the lowest rates; newcomers are refused from 0.7."),
    "face_rate_hz": ("hoovik_face_rate_hertz", "How often each face is measured, at most."),
    "cores": ("hoovik_cores", "CPUs that the service may use."),
    "uptime_s": ("hoovik_uptime_seconds", "Since the start."),
}
_COUNTERS = {"cpu_s": ("hoovik_cpu_seconds", "CPU time of the service, all threads.")}
_RECENT = f"of the last {RECENT_S:.0f} s (quantile 0 is the shortest, 1 the longest)"


class _Snapshot(Collector):
    """Reads the bot when it is collected."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        stats = self._bot.stats()
        yield InfoMetricFamily(
            "hoovik_build",
            "Version of the service and the emotion model it runs.",
            {"version": version("hoovik-rtc"), "model": stats["model"] or ""},
        )
        yield GaugeMetricFamily("hoovik_ready", "1 once the models are warm.", float(stats["ready"]))
        for key, (name, sentence) in _GAUGES.items():
            if stats.get(key) is not None:
                yield GaugeMetricFamily(name, sentence, stats[key])
        if stats["voice"] is not None:
            voice = stats["voice"]
            serving = GaugeMetricFamily(
                "hoovik_voice_engine", "Which engine reads voices, and which was chosen.", labels=["chosen", "serving"]
            )
            serving.add_metric([voice["chosen"], voice["serving"]], 1.0)
            yield serving
            yield GaugeMetricFamily(
                "hoovik_voice_engine_load_ratio",
                "Time that a large voice engine takes by the time it has; above 1 the light one serves.",
                voice["load"],
            )
        for key, (name, sentence) in _COUNTERS.items():
            yield CounterMetricFamily(name, sentence, stats[key])
        for key, sentence in COUNTERS.items():
            yield CounterMetricFamily(f"hoovik_{key}", sentence, stats["counters"].get(key, 0.0))
        yield from self._durations(stats)

    def _durations(self, stats: dict[str, Any]) -> Iterator[Metric]:
        stages = SummaryMetricFamily("hoovik_stage_duration_seconds", f"Time in a stage, {_RECENT}.")
        messages = SummaryMetricFamily(
            "hoovik_message_latency_seconds", f"Capture → message, by type and modality, {_RECENT}."
        )
        means = GaugeMetricFamily(
            "hoovik_stage_duration_recent_mean_seconds",
            f"Mean time in a stage in the last {RECENT_S:.0f} s.",
            labels=["stage"],
        )
        message_means = GaugeMetricFamily(
            "hoovik_message_latency_recent_mean_seconds",
            f"Mean of capture → message in the last {RECENT_S:.0f} s.",
            labels=["message", "modality"],
        )
        for stage, (n, total_ms) in self._bot.telemetry.totals().items():
            message, _, modality = stage.partition("/")
            if modality:
                figures = stats["modalities"].get(modality, {}).get(message)
                _add(messages, message_means, {"message": message, "modality": modality}, n, total_ms, figures)
            else:
                _add(stages, means, {"stage": stage}, n, total_ms, stats["stages"].get(stage))
        yield from (stages, means, messages, message_means)


def _add(
    family: Metric,
    means: GaugeMetricFamily,
    labels: dict[str, str],
    n: int,
    total_ms: float,
    figures: dict[str, float] | None,
) -> None:
    for key, quantile in _QUANTILES.items() if figures is not None else ():
        family.add_sample(family.name, {**labels, "quantile": quantile}, figures[key] / 1000 if figures else 0.0)
    family.add_sample(f"{family.name}_count", labels, n)
    family.add_sample(f"{family.name}_sum", labels, total_ms / 1000)
    if figures is not None:
        means.add_metric(list(labels.values()), figures["mean"] / 1000)


def exposition(bot: Bot) -> bytes:
    """The text format, from one snapshot."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(bot))
    return generate_latest(registry)


async def metrics(request: web.Request) -> web.Response:
    """`GET /metrics`."""
    return web.Response(body=exposition(request.app[BOT]), headers={"Content-Type": CONTENT_TYPE_LATEST})
