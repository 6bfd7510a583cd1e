"""OpenTelemetry spans for one frame in so many: `[telemetry] trace_every = 100`, with the extra `otel`.

One trace is one frame: `frame`, and in it `decode`, `face` and `avatar`. Spans carry times and nothing else: no
names, no rooms, no results. This module is imported only where traces are asked for.

Where traces go is said by OpenTelemetry's own environment: `OTEL_TRACES_EXPORTER` (`otlp`, `console`, `none`),
`OTEL_EXPORTER_OTLP_PROTOCOL` and `…_ENDPOINT`, `OTEL_SERVICE_NAME`. A program that has set up a tracer provider
of its own keeps it. MediaPipe pins protobuf 4: of the OTLP exporters, those up to 1.27 live with it.
"""

from __future__ import annotations

import itertools
import os
from importlib.metadata import entry_points

from hoovik_rtc.errors import ConfigError

try:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
except ImportError as exc:
    raise ConfigError(
        "telemetry.trace_every is set, but OpenTelemetry is not installed. Install it "
        "(pip install 'hoovik-rtc[otel]'), or set telemetry.trace_every to 0."
    ) from exc

SERVICE = "hoovik-rtc"
_OTLP = {"grpc": "otlp_proto_grpc", "http/protobuf": "otlp_proto_http"}


class Trace:
    """The spans of one frame, made when its message is on its way: a frame that came to nothing leaves none.

    Written by one thread at a time.
    """

    def __init__(self, tracer: trace.Tracer, arrival_ms: float) -> None:
        self._tracer = tracer
        self._arrival_ms = arrival_ms
        self._stages: list[tuple[str, float, float]] = []

    def stage(self, name: str, started_ms: float, ended_ms: float) -> None:
        """The frame was in this stage between these Unix times."""
        self._stages.append((name, started_ms, ended_ms))

    def end(self, at_ms: float) -> None:
        """The frame's message is on its way."""
        frame = self._tracer.start_span("frame", Context(), start_time=_ns(self._arrival_ms))
        inside = trace.set_span_in_context(frame, Context())
        for name, started_ms, ended_ms in self._stages:
            self._tracer.start_span(name, inside, start_time=_ns(started_ms)).end(_ns(ended_ms))
        frame.end(_ns(at_ms))


class Tracing:
    """Traces one frame in `every`, over all participants. Safe to call from any thread.

    Args:
        every: 1 traces each frame.
        provider: where spans go; that of the environment where it is None.

    Raises:
        ConfigError: the environment asks for an exporter that is not installed.
    """

    def __init__(self, every: int, provider: TracerProvider | None = None) -> None:
        self._every = every
        self._frames = itertools.count()
        self._own: TracerProvider | None = None
        if provider is None:
            current = trace.get_tracer_provider()
            provider = current if isinstance(current, TracerProvider) else _from_environment()
            self._own = None if provider is current else provider
        self._tracer = provider.get_tracer(SERVICE)

    def sample(self, arrival_ms: float) -> Trace | None:
        """The trace of a frame whose last packet came at this Unix time; None for a frame that is not traced."""
        return Trace(self._tracer, arrival_ms) if next(self._frames) % self._every == 0 else None

    def close(self) -> None:
        """Send what waits; may take seconds where the collector is away, so call it off the loop."""
        if self._own is not None:
            self._own.shutdown()


def _from_environment() -> TracerProvider:
    provider = TracerProvider(
        resource=Resource.create({} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": SERVICE})
    )
    for wanted in os.environ.get("OTEL_TRACES_EXPORTER", "otlp").split(","):
        if wanted.strip() != "none":
            provider.add_span_processor(BatchSpanProcessor(_exporter(wanted.strip())))
    return provider


def _exporter(wanted: str) -> SpanExporter:
    """The exporter that the environment names.

    Raises:
        ConfigError: it is not installed, or cannot be made.
    """
    name = wanted
    if wanted == "otlp":
        protocol = os.environ.get(
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        )
        name = _OTLP.get(protocol, protocol)
    for entry in entry_points(group="opentelemetry_traces_exporter", name=name):
        try:
            exporter: SpanExporter = entry.load()()
        except ImportError as exc:
            raise ConfigError(f"The trace exporter {wanted} cannot be loaded: {exc}.") from exc
        return exporter
    raise ConfigError(
        f"OTEL_TRACES_EXPORTER asks for {wanted}, which is not installed. Install its package "
        "(for otlp: pip install 'opentelemetry-exporter-otlp-proto-http<1.28'), or choose console or none."
    )


def _ns(ms: float) -> int:
    return int(ms * 1_000_000)
