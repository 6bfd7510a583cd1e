"""`/stats`, `/stats/json` and `/metrics` of a service in the middle of a call, and the spans of its frames."""

from __future__ import annotations

import base64
import hashlib
import re

import aiohttp
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from hoovik_rtc.counters import COUNTERS, MODALITIES, STAGES
from hoovik_rtc.testing import Clip, call
from hoovik_rtc.tracing import Tracing
from hoovik_rtc.web.history import History
from tests import fakes
from tests.conftest import Serve
from tests.waiting import until

NAME, ROOM = "Wilhelmina", "attic-room"


async def fetch(base: str, path: str) -> str:
    async with aiohttp.ClientSession() as http, http.get(base + path) as response:
        assert response.status == 200, await response.text()
        return await response.text()


async def test_figures_of_a_call_are_in_all_three(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=fakes.engine()) as service:
        async with call(service.base, moving_clip, room=ROOM, name=NAME) as one:
            await one.consent()
            await one.wait_for("avatar_frame", 20)
            await one.wait_for("emotion_update", 5)
            await until(lambda: service.bot.telemetry.counted("video_frames_decoded") >= 20)
            stats = service.bot.stats()
            text, page = await fetch(service.base, "/metrics"), await fetch(service.base, "/stats")
            async with aiohttp.ClientSession() as http, http.get(f"{service.base}/stats/json") as response:
                served = await response.json()
        assert served.keys() == stats.keys()
    for key in ("ready", "uptime_s", "cpu_s", "rooms", "participants", "consented", "queue_depth", "model"):
        assert key in served
    assert served["rooms"] == served["participants"] == served["consented"] == 1
    assert served["stages"]["last_packet_to_avatar"].keys() == {"n", "min", "mean", "max", "p50", "p90", "p95", "p99"}
    assert set(served["modalities"]) <= set(MODALITIES)
    assert sum("avatar_frame" in one for one in served["modalities"].values()) >= 1
    assert sum("emotion_update" in one for one in served["modalities"].values()) >= 1

    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["hoovik_participants"].samples[0].value == 1
    assert families["hoovik_video_frames_decoded"].samples[0].value >= 20
    assert families["hoovik_build_info"].samples[0].labels["model"] == "fake-1"
    assert "last_packet_to_avatar" in page and "fake-1" in page
    for said in (text, page, str(served)):
        assert NAME not in said and ROOM not in said and one.location.rsplit("/", 1)[1] not in said


async def test_metrics_are_what_prometheus_asks_for(serve: Serve, moving_clip: Clip) -> None:
    async with serve(engine=fakes.engine()) as service:
        async with call(service.base, moving_clip) as one:
            await one.consent()
            await until(lambda: service.bot.telemetry.totals().get("decode", (0, 0.0))[0] >= 5)
        async with aiohttp.ClientSession() as http, http.get(f"{service.base}/metrics") as response:
            assert response.content_type == "text/plain"
            text = await response.text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    for name, sentence in COUNTERS.items():  # all of them, from the start: a rate needs the 0 before the 1
        family = families[f"hoovik_{name}"]
        assert (family.type, family.documentation) == ("counter", sentence)
        (sample,) = family.samples
        assert sample.name == f"hoovik_{name}_total" and sample.labels == {}
    stage = families["hoovik_stage_duration_seconds"]
    assert stage.type == "summary"
    decode = [sample for sample in stage.samples if sample.labels["stage"] == "decode"]
    at = {float(one.labels["quantile"]): one.value for one in decode if "quantile" in one.labels}
    assert 0 <= at[0] <= at[0.5] <= at[0.9] <= at[0.95] <= at[0.99] <= at[1] < 10
    sums = {one.name.rpartition("_")[2]: one.value for one in decode if "quantile" not in one.labels}
    assert sums["count"] >= 1 and sums["count"] * at[0] <= sums["sum"] <= sums["count"] * at[1]
    for family in families.values():
        assert family.name.startswith("hoovik_") and family.documentation
        for sample in family.samples:
            labels = dict(sample.labels)
            labels.pop("quantile", None)
            if family.name == "hoovik_voice_engine":
                assert labels == {"chosen": "light", "serving": "light"}
            elif family.name != "hoovik_build_info":
                assert labels.keys() <= {"stage", "message", "modality"}
                assert labels.get("stage", "face") in STAGES
                assert labels.get("modality", "both") in MODALITIES


async def test_scraping_is_harmless_before_the_models_are_there_and_when_nobody_is(serve: Serve) -> None:
    async with serve(engine=fakes.engine()) as service:
        assert "hoovik_ready 1.0" in await fetch(service.base, "/metrics")
        page = await fetch(service.base, "/stats")
        assert "not ready" not in page and "None so far." in page


async def test_the_page_says_where_pictures_gave_way(serve: Serve) -> None:
    async with serve(engine=fakes.engine()) as service:
        assert "gave way" not in (await fetch(service.base, "/stats")).split("</dl>")[0]
        service.bot.telemetry.count("video_frames_passed_over", 7)
        assert "each participant, at most; 7 gave way in a minute" in await fetch(service.base, "/stats")


async def test_cpu_on_the_page_is_that_of_all_our_processes(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(engine=fakes.engine()) as service:
        history, used = History(service.bot), 5_000.0
        monkeypatch.setattr(service.bot, "_cpu_ms", lambda: used)
        monkeypatch.setattr("hoovik_rtc.web.history.clock.now_ms", lambda: 1_000_000.0)
        history.sample()
        used += 1_500.0
        monkeypatch.setattr("hoovik_rtc.web.history.clock.now_ms", lambda: 1_001_000.0)
        history.sample()
        assert history.samples[-1].cpu == pytest.approx(1.5)


async def test_the_page_may_run_its_own_script_and_style_and_nothing_else(serve: Serve) -> None:
    async with serve(engine=fakes.engine()) as service:
        async with aiohttp.ClientSession() as http, http.get(f"{service.base}/stats") as response:
            policy, page = response.headers["Content-Security-Policy"], await response.text()
    for kind in ("style", "script"):
        (inline,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page)
    assert " style=" not in page and " onclick=" not in page
    assert 'http-equiv="refresh"' in page  # without scripts


async def test_durations_can_be_asked_for_the_last_seconds_only(serve: Serve) -> None:
    async with serve(engine=fakes.engine()) as service:
        service.bot.telemetry.took("decode", 5.0)
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{service.base}/stats/json?seconds=0") as response:
                assert "decode" not in (await response.json())["stages"]
            async with http.get(f"{service.base}/stats/json?seconds=30") as response:
                assert (await response.json())["stages"]["decode"]["p50"] == 5
            async with http.get(f"{service.base}/stats/json?seconds=soon") as response:
                assert response.status == 400


@pytest.mark.parametrize("every", [1, 5])
async def test_spans_of_a_call_follow_its_frames(serve: Serve, moving_clip: Clip, every: int) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with serve(engine=fakes.engine()) as service:
        service.bot.telemetry.tracer = Tracing(every, provider)
        async with call(service.base, moving_clip, room=ROOM, name=NAME) as one:
            await one.consent()
            await until(lambda: len(exporter.get_finished_spans()) >= 4 * 5)
        looked = service.bot.telemetry.totals()["face"][0]
    spans = exporter.get_finished_spans()
    frames = [span for span in spans if span.name == "frame"]
    assert len(frames) <= looked / every + 1
    for frame in frames:
        inside = [span for span in spans if span.parent is not None and span.parent.span_id == frame.context.span_id]
        assert [span.name for span in inside] == ["decode", "face", "avatar"]
        assert frame.start_time is not None and frame.end_time is not None
        for span in inside:
            assert span.start_time is not None and span.end_time is not None
            assert frame.start_time <= span.start_time <= span.end_time <= frame.end_time
    said = " ".join(span.to_json() for span in spans)
    assert NAME not in said and ROOM not in said and all(not span.attributes for span in spans)
