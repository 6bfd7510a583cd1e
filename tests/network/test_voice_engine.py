"""The voice engine that the config names, in a real call: what it reads, and what is said where it cannot."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import aiohttp
import msgspec
import numpy as np
import pytest

from hoovik_inference.types import Floats, VoiceEstimate
from hoovik_inference.voice.large import Encoded
from hoovik_inference.voice.stream import RATE
from hoovik_rtc.analyze import Playback
from hoovik_rtc.config import Config, VoiceConfig
from hoovik_rtc.media.recording import Recording
from hoovik_rtc.pipeline.encoder import Encoder
from hoovik_rtc.pipeline.several import InProcesses
from hoovik_rtc.testing import Clip, call, encode
from hoovik_rtc.wire.messages import EmotionUpdate
from tests import fakes, media
from tests.conftest import Serve
from tests.unit.inference import tiny_models
from tests.waiting import until


@pytest.fixture(scope="module")
def speaking() -> Clip:
    """A voice without a face."""
    return encode([], 30, media.vowels(6.0, 48_000))


def config(folder: Path, engine: str, **voice: str) -> Config:
    return Config(voice=VoiceConfig(engine=engine, model=str(folder), **voice))  # type: ignore[arg-type]


def constant(folder: Path) -> Path:
    """The same wav2vec2 with a head that says arousal 0.9, dominance 0.1 and valence 0.2 of everything."""
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["classifier.out_proj.weight"].zero_()
    weights["classifier.out_proj.bias"] = torch.tensor([0.9, 0.1, 0.2])
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


async def stats_of(base: str) -> dict[str, object]:
    async with aiohttp.ClientSession() as http, http.get(f"{base}/stats/json") as response:
        read: dict[str, object] = await response.json()
        return read


@pytest.mark.parametrize("analysis", ["process", "threads"])
async def test_wav2vec2_reads_the_voice_of_a_call(serve: Serve, speaking: Clip, tmp_path: Path, analysis: str) -> None:
    pytest.importorskip("transformers", reason="needs the extra `models`")
    chosen = config(constant(tiny_models.wav2vec2(tmp_path / "tiny")), "wav2vec2")
    chosen = msgspec.structs.replace(chosen, analysis=analysis)
    async with serve(chosen) as service, call(service.base, speaking) as one:
        await one.consent()
        (welcome,) = one.received.of("welcome")
        assert welcome["payload"]["voice_engine"] == "wav2vec2"
        by = await one.wait_for(
            "emotion_update", 5, where=lambda m: m["payload"].get("voice_engine") == "wav2vec2", timeout=30
        )
        assert {m["payload"]["modality"] for m in by} == {"audio_only"}
        told = {(m["payload"]["valence"], m["payload"]["arousal"], m["payload"]["dominance"]) for m in by}
        assert told == {(-0.6, 0.8, -0.8)}, "the head's own numbers"
        await until(lambda: service.bot.telemetry.counted("voice_windows_read") > 3)
        assert (await stats_of(service.base))["voice"] == {
            "chosen": "wav2vec2", "serving": "wav2vec2", "reason": "", "load": pytest.approx(0.1, abs=0.1),
        }  # fmt: skip
        assert service.bot.stats()["stages"]["speech"]["n"] > 3
        one.control("consent", avatar=True, emotion=False)
        await one.wait_for("consent_state", 2)
        await asyncio.sleep(0.5)
        read = service.bot.telemetry.counted("voice_windows_read")
        await asyncio.sleep(0.7)
        assert service.bot.telemetry.counted("voice_windows_read") == read, "no emotion, no encoder"


async def test_sensevoice_names_the_emotion(serve: Serve, speaking: Clip, tmp_path: Path) -> None:
    pytest.importorskip("sherpa_onnx", reason="needs the extra `models`")
    pytest.importorskip("onnx", reason="makes the tiny model: pip install 'hoovik-rtc[train]'")
    async with serve(config(tiny_models.sensevoice(tmp_path / "tiny"), "sensevoice")) as service:
        async with call(service.base, speaking) as one:
            await one.consent()
            by = await one.wait_for(
                "emotion_update", 5, where=lambda m: m["payload"].get("voice_engine") == "sensevoice", timeout=30
            )
        named = {max(m["payload"]["scores"], key=m["payload"]["scores"].get) for m in by}
        assert named & {"happy", "sad", "neutral"}
        text = json.dumps(one.received.messages)
        assert "hello" not in text, "nobody agreed to a transcript"


def run(environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "hoovik_rtc", *arguments],
        capture_output=True, text=True, timeout=90, env={**os.environ, **environ},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_an_engine_that_is_not_here_keeps_the_service_from_starting_and_says_how_to_get_it(tmp_path: Path) -> None:
    at_home = {"XDG_DATA_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    for engine in ("wav2vec2", "sensevoice"):
        code, said = run({**at_home, "HOOVIK_VOICE__ENGINE": engine}, "serve", "--port", "0")
        assert code == 1 and "Traceback" not in said and "Ready" not in said
        assert f"hoovik-rtc models pull {engine}" in said and "voice.fallback" in said
    (tmp_path / "empty").mkdir()
    wrong = {"HOOVIK_VOICE__ENGINE": "wav2vec2", "HOOVIK_VOICE__MODEL": str(tmp_path / "empty")}
    code, said = run({**at_home, **wrong}, "serve", "--port", "0")
    assert code == 1 and "Traceback" not in said and "config.json" in said and "Ready" not in said


async def test_with_a_fallback_it_starts_and_everybody_is_told(speaking: Clip, tmp_path: Path) -> None:
    environ = {
        **os.environ, "XDG_DATA_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "HOOVIK_PORT": "0",
        "HOOVIK_VOICE__ENGINE": "wav2vec2", "HOOVIK_VOICE__FALLBACK": "light",
    }  # fmt: skip
    process = subprocess.Popen(  # noqa: ASYNC220  # read line by line, and ended below
        [sys.executable, "-m", "hoovik_rtc", "serve"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = ""
        while "Ready" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        found = re.search(r"http://\S+", said)
        assert found is not None
        base = found.group(0)
        async with call(base, speaking) as one:
            await one.consent()
            await one.wait_for("notice", where=lambda m: m["payload"]["code"] == "voice_engine_missing")
            await one.wait_for("emotion_update", 3, where=lambda m: m["payload"].get("voice_engine") == "light")
            stats = await stats_of(base)
            assert stats["voice"] == {"chosen": "wav2vec2", "serving": "light", "reason": "missing", "load": 0.0}
            async with aiohttp.ClientSession() as http, http.get(f"{base}/stats") as response:
                assert "wav2vec2 cannot be loaded here" in await response.text()
    finally:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


class Slow:
    """Takes as long as it is told, or raises."""

    name = "wav2vec2"
    size = 0
    window_s = 0.6
    hop_s = 0.1
    at_once = 8

    def __init__(self) -> None:
        self.takes_s = 0.0
        self.fails = False
        self.batches: list[int] = []

    def encode(self, batch: Sequence[Floats], rate: int = RATE) -> list[Encoded]:
        if self.fails:
            raise RuntimeError("out of memory")
        self.batches.append(len(batch))
        time.sleep(self.takes_s)
        return [Encoded(arousal=0.9, dominance=0.9, valence=0.9) for _ in batch]


class Talking(fakes.FakeVoice):
    """Somebody who never stops, and is read by the light encoder."""

    def observe(self, samples: Floats, time_ms: float, lost: int = 0) -> list[VoiceEstimate]:
        said = np.full(7, 1 / 7, np.float32)
        return [
            replace(one, speaking_probability=0.9, expression=said, engine="light")
            for one in super().observe(samples, time_ms)
        ]


async def test_an_engine_that_falls_behind_gives_way_to_the_light_one_and_all_say_so(
    serve: Serve, speaking: Clip
) -> None:
    slow = Slow()
    engine = replace(fakes.engine(), voice=Talking, encoder=Encoder(slow))
    async with serve(engine=engine) as service, call(service.base, speaking) as one:
        await one.consent()
        await until(lambda: len(slow.batches) > 3)
        slow.takes_s = 1.2  # for windows of 0.6 s
        await one.wait_for("notice", where=lambda m: m["payload"]["code"] == "voice_engine_behind")
        told = len(one.received.of("emotion_update"))
        await one.wait_for("emotion_update", told + 4)
        assert one.received.of("emotion_update")[-1]["payload"]["voice_engine"] == "light"
        stats = service.bot.stats()
        assert (stats["voice"]["serving"], stats["voice"]["reason"]) == ("light", "behind")
        assert stats["voice"]["load"] >= 1.0
        assert stats["counters"]["voice_engine_behind"] == 1
        slow.takes_s = 0.0
        service.bot._analysis._speech._pace._rest_s = 1e9  # type: ignore[union-attr]  # half a minute later
        await one.wait_for("notice", where=lambda m: m["payload"]["code"] == "voice_engine_back")
        told = len(one.received.of("emotion_update"))
        await one.wait_for("emotion_update", told + 4)
        assert one.received.of("emotion_update")[-1]["payload"]["voice_engine"] == "wav2vec2"


async def test_where_vectors_are_asked_for_nobody_stands_in_for_an_engine_that_falls_behind(
    serve: Serve, speaking: Clip
) -> None:
    slow = Slow()
    engine = replace(fakes.engine(), voice=Talking, encoder=Encoder(slow, vectors=True), vectors=True)
    async with serve(engine=engine) as service, call(service.base, speaking) as one:
        await one.consent()
        await until(lambda: len(slow.batches) > 3)
        slow.takes_s = 2.0  # longer than a vector is of use
        await one.wait_for("notice", where=lambda m: "face alone" in m["payload"]["message"])
        voice = service.bot.stats()["voice"]
        assert (voice["serving"], voice["reason"]) == ("none", "behind")


async def test_voices_of_all_participants_are_one_batch(serve: Serve, speaking: Clip) -> None:
    slow = Slow()
    engine = replace(fakes.engine(), voice=Talking, encoder=Encoder(slow))
    async with serve(engine=engine) as service, call(service.base, speaking) as one:
        async with call(service.base, speaking) as two:
            for each in (one, two):
                await each.consent()
            await until(lambda: slow.batches[-3:] == [2, 2, 2])


async def test_an_engine_that_raises_is_left_aside_and_all_say_so(serve: Serve, speaking: Clip) -> None:
    slow = Slow()
    engine = replace(fakes.engine(), voice=Talking, encoder=Encoder(slow))
    async with serve(engine=engine) as service, call(service.base, speaking) as one:
        await one.consent()
        await until(lambda: len(slow.batches) > 3)
        slow.fails = True
        await one.wait_for("notice", where=lambda m: m["payload"]["code"] == "voice_engine_failed")
        assert service.bot.stats()["counters"]["voice_engine_failed"] == 1
        told = len(one.received.of("emotion_update"))
        await one.wait_for("emotion_update", told + 4)
        assert one.received.of("emotion_update")[-1]["payload"]["voice_engine"] == "light"


async def test_who_takes_all_consent_back_is_heard_no_more_at_once(serve: Serve, speaking: Clip) -> None:
    slow = Slow()
    engine = replace(fakes.engine(), voice=Talking, encoder=Encoder(slow))
    async with serve(engine=engine) as service, call(service.base, speaking) as one:
        await one.consent()
        await until(lambda: len(slow.batches) > 3)
        one.control("consent", avatar=False, emotion=False)
        await one.wait_for("consent_state", 2)
        assert service.bot._analysis._speech._lines == []  # type: ignore[union-attr]
        read = len(slow.batches)
        await asyncio.sleep(0.4)
        assert len(slow.batches) <= read + 1, "what was under way"


async def test_all_ears_are_in_the_process_that_has_the_engine(serve: Serve, speaking: Clip, tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="needs the extra `models`")
    chosen = config(constant(tiny_models.wav2vec2(tmp_path / "tiny")), "wav2vec2")
    async with serve(msgspec.structs.replace(chosen, analysts=2)) as service, call(service.base, speaking) as one:
        async with call(service.base, speaking) as two:
            for each in (one, two):
                await each.consent()
            for each in (one, two):
                await each.wait_for("emotion_update", where=lambda m: "wav2vec2" == m["payload"].get("voice_engine"))
            analysis = service.bot._analysis
            assert isinstance(analysis, InProcesses)
            first, second = analysis.each
            assert first.encodes and not second.encodes
            assert sorted(sense.kind for sense in first._senses.values()).count("ear") == 2
            pid = first.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)  # it comes back with its engine
            await until(lambda: service.bot.telemetry.counted("analysis_process_ended") == 1)
            told = len(one.received.of("emotion_update"))
            await until(
                lambda: any(
                    m["payload"].get("voice_engine") == "wav2vec2"
                    for m in one.received.of("emotion_update")[told + 5 :]
                ),
                30,
            )


def test_a_recording_is_read_whole_by_the_engine(tmp_path: Path) -> None:
    heard: list[Floats] = []

    class Listening(Slow):
        def encode(self, batch: Sequence[Floats], rate: int = RATE) -> list[Encoded]:
            heard.extend(batch)
            return super().encode(batch, rate)

    media.write_wav(tmp_path / "wave.wav", (0.5 * np.sin(np.arange(3 * 48_000) / 2000)).astype(np.float32))
    playback = Playback(replace(fakes.engine(), voice=Talking, encoder=Encoder(Listening())), emotion=True)
    with Recording(tmp_path / "wave.wav") as recording:
        updates = [m for m in playback.play(recording) if isinstance(m, EmotionUpdate)]
    assert len(heard) > 3 and len(heard[-1]) == 0.6 * RATE
    assert np.abs(np.diff(heard[-1])).max() < 0.01, "no piece is left out"
    assert updates[-1].payload.voice_engine == "wav2vec2"
