"""OpenTelemetry spans: only where asked for, of one frame in so many, with nothing of anybody in them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hoovik_rtc.bot import Bot
from hoovik_rtc.config import Config, TelemetryConfig
from hoovik_rtc.errors import ConfigError
from hoovik_rtc.tracing import Tracing


def traced(every: int) -> tuple[Tracing, InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Tracing(every, provider), exporter


def test_a_frame_is_a_trace_with_a_span_for_each_stage() -> None:
    tracing, exporter = traced(1)
    frame = tracing.sample(1000.0)
    assert frame is not None
    frame.stage("decode", 1001.0, 1002.0)
    frame.stage("face", 1002.5, 1006.0)
    assert exporter.get_finished_spans() == ()
    frame.end(1007.0)
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert spans.keys() == {"frame", "decode", "face"}
    root = spans["frame"]
    assert root.parent is None and root.start_time == 1000 * 10**6 and root.end_time == 1007 * 10**6
    for name, start, end in (("decode", 1001.0, 1002.0), ("face", 1002.5, 1006.0)):
        span = spans[name]
        assert span.parent is not None and span.parent.span_id == root.context.span_id
        assert (span.start_time, span.end_time) == (int(start * 10**6), int(end * 10**6))
    assert all(not span.attributes and not span.events for span in spans.values())


def test_frames_do_not_hang_together() -> None:
    tracing, exporter = traced(1)
    for _ in range(2):
        frame = tracing.sample(0.0)
        assert frame is not None
        frame.end(1.0)
    first, second = exporter.get_finished_spans()
    assert first.context.trace_id != second.context.trace_id


def test_one_frame_in_so_many_is_traced() -> None:
    tracing, _ = traced(10)
    assert [tracing.sample(0.0) is not None for _ in range(30)].count(True) == 3


def test_a_frame_that_is_skipped_leaves_no_span() -> None:
    tracing, exporter = traced(1)
    frame = tracing.sample(0.0)
    assert frame is not None
    frame.stage("decode", 0.0, 1.0)
    del frame
    assert exporter.get_finished_spans() == ()


def test_nothing_is_imported_where_nobody_asks_for_traces() -> None:
    code = (
        "import sys, hoovik_rtc; hoovik_rtc.Bot(); print(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False", done.stderr
    assert Bot(Config()).telemetry.tracer is None


def test_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "hoovik_rtc.tracing")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigError, match=r"hoovik-rtc\[otel\]"):
        Bot(Config(telemetry=TelemetryConfig(trace_every=100)))


def test_an_exporter_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
    with pytest.raises(ConfigError, match="carrier-pigeon"):
        Tracing(1)


def test_the_environment_chooses_the_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    code = "from hoovik_rtc.tracing import Tracing; t = Tracing(1); t.sample(0.0).end(1.0); t.close()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert '"name": "frame"' in done.stdout and '"service.name": "hoovik-rtc"' in done.stdout, done.stderr


def test_none_is_an_exporter_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    Tracing(1).close()
