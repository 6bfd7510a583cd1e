"""A call whose emotions are read by an imported bundle: stand-ins of every model, the real file for faces."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'hoovik-rtc[models]'")
pytest.importorskip("xgboost", reason="needs XGBoost: pip install 'hoovik-rtc[models]'")
pytest.importorskip("transformers", reason="needs the extra `models`")

from hoovik_rtc.analyze import analyze  # noqa: E402
from hoovik_rtc.config import Config, EmotionConfig, FaceConfig, VoiceConfig  # noqa: E402
from hoovik_rtc.errors import ConfigError  # noqa: E402
from hoovik_rtc.pipeline.encoder import load_encoder  # noqa: E402
from hoovik_rtc.testing import Clip, call  # noqa: E402
from hoovik_rtc.wire.schemas import FOLDER  # noqa: E402
from tests import media  # noqa: E402
from tests.conftest import Serve  # noqa: E402
from tests.unit.inference import reference_folder, tiny_models  # noqa: E402
from tests.unit.inference.task_file import task_file  # noqa: E402

WIDE = {
    "hidden_size": 1024, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64,
    "num_conv_pos_embedding_groups": 64,
}  # fmt: skip
"A tiny wav2vec2 whose vectors are of the reference's size."


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of a bundle and of a wav2vec2."""
    folder = tmp_path_factory.mktemp("models")
    return reference_folder.bundle(folder)[1], tiny_models.wav2vec2(folder / "voices", config=WIDE)


@pytest.fixture(scope="module")
def talking() -> Clip:
    return media.talking_clip(640, 480)


def config(bundle: Path, voices: Path, task: Path) -> Config:
    return Config(
        emotion=EmotionConfig(model=str(bundle), threshold=0.2),  # random models are rarely sure
        voice=VoiceConfig(engine="wav2vec2", model=str(voices), precision="float32"),
        face=FaceConfig(task=str(task)),
    )


def payloads(updates: list[dict[str, Any]], modality: str) -> list[dict[str, Any]]:
    return [one["payload"] for one in updates if one["payload"]["modality"] == modality]


@pytest.mark.shared
async def test_a_bundle_reads_a_call_and_its_results_go_out_in_both_forms(
    serve: Serve, talking: Clip, folders: tuple[Path, Path]
) -> None:
    results: list[dict[str, Any]] = []
    async with serve(config(*folders, task_file())) as service, call(service.base, talking) as one:
        service.bot.on("emotion.result", results.append)
        await one.consent()
        (welcome,) = one.received.of("welcome")
        assert (welcome["payload"]["model"], welcome["payload"]["voice_engine"]) == ("stand-in-1", "wav2vec2")
        await one.wait_for("emotion_update", 12, where=lambda m: m["payload"]["modality"] == "both", timeout=30)
        schema = json.loads((FOLDER / "emotion_update.json").read_text(encoding="utf-8"))
        check = jsonschema.Draft202012Validator(schema)
        updates = one.received.of("emotion_update")
        for update in updates:
            check.validate(update)
        whole = payloads(updates, "both")
        assert {said["model"] for said in whole} == {"stand-in-1"}
        assert all("surprise" not in said["scores"] for said in whole)
        assert whole[-1]["scores"] and sum(whole[-1]["scores"].values()) == pytest.approx(1.0, abs=1e-3)
        assert len({said["anomaly_score"] for said in whole}) > 6, "one message for each result"
        assert "vector" not in json.dumps(one.received.messages) and "embedding" not in json.dumps(updates)
        apart = [later - sooner for (sooner, _), (later, _) in pairwise(one.received.timed("emotion_update"))]
        assert 240 < sorted(apart)[len(apart) // 2] < 700, "ms; a slow machine skips steps"
        counted = service.bot.telemetry.counted
        assert counted("voice_windows_read") > 5 and counted("emotion_model_failed") == 0

        event, told_of = results[-3], one.received.of("emotion_update")  # the newest may be on its way
        assert set(event) == {"participantId", "result", "latencyMs", "ts"}
        same = next(u for u in reversed(told_of) if u["timestamp_ms"] == event["ts"])
        assert event["participantId"] == same["participant_id"]
        assert event["result"]["probs"]["fearful"] == same["payload"]["scores"]["fear"]
        assert event["result"]["anomalyScore"] == same["payload"]["anomaly_score"]

        one.control("media_state", mic=False)
        told = len(one.received.of("emotion_update"))
        await one.wait_for("emotion_update", 3, where=lambda m: m["payload"]["modality"] == "video_only")
        after = one.received.of("emotion_update")[told:]
        assert after[1]["payload"]["modality"] == "video_only", "at most one was under way"
        one.control("media_state", mic=True, camera=False)
        await one.wait_for("emotion_update", 3, where=lambda m: m["payload"]["modality"] == "audio_only")

        one.control("consent", avatar=True, emotion=False)
        await one.wait_for("consent_state", 2)
        await asyncio.sleep(0.5)
        read = counted("voice_windows_read"), len(one.received.of("emotion_update"))
        await asyncio.sleep(0.7)
        assert (counted("voice_windows_read"), len(one.received.of("emotion_update"))) == read


@pytest.mark.shared
def test_a_recording_is_read_by_the_bundle_too(talking: Clip, folders: tuple[Path, Path], tmp_path: Path) -> None:
    media.write_webm(tmp_path / "clip.webm", talking)
    analyze(tmp_path / "clip.webm", tmp_path / "out.jsonl", config(*folders, task_file()))
    messages = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    updates = [one for one in messages if one["type"] == "emotion_update"]
    assert len(updates) == pytest.approx(talking.seconds / 0.3, abs=2)
    assert {one["payload"]["model"] for one in updates} == {"stand-in-1"}
    assert len({json.dumps(said["scores"]) for said in payloads(updates, "both")}) > 6


def test_another_wav2vec2_than_the_bundle_knows_is_refused(tmp_path: Path) -> None:
    small = VoiceConfig(engine="wav2vec2", model=str(tiny_models.wav2vec2(tmp_path / "small")), precision="float32")
    assert not load_encoder(small).vectors
    with pytest.raises(ConfigError, match="32 numbers, and emotion.model takes 1024"):
        load_encoder(small, vectors=True)


@pytest.mark.shared
def test_a_broken_bundle_keeps_the_service_from_starting_in_one_line(folders: tuple[Path, Path]) -> None:
    bundle, voices = folders
    broken = bundle.with_name("broken")
    broken.mkdir()
    (broken / "bundle.json").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", "hoovik_rtc", "serve", "--port", "0", "--config", str(_file(broken, voices))],
        capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "Traceback" not in said and "Ready" not in said
    line = next(line for line in said.splitlines() if "emotion.model" in line)
    assert "bundle.json" in line and "expected" in line


def _file(bundle: Path, voices: Path) -> Path:
    file = bundle.with_name("c.toml")
    lines = ("[emotion]", f'model = "{bundle}"', "[voice]", 'engine = "wav2vec2"', f'model = "{voices}"')
    file.write_text("\n".join((*lines, "[face]", f'task = "{task_file()}"', "")))
    return file
