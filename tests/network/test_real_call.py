"""A call with a face and a voice, through the real models, each message held against its JSON Schema."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from hoovik_rtc.testing import Call, Clip, call, clip_of
from hoovik_rtc.wire.schemas import FOLDER
from tests import media
from tests.conftest import Serve

SECONDS = 8


@pytest.fixture(scope="session")
def schemas() -> dict[str, jsonschema.Draft202012Validator]:
    return {
        path.stem: jsonschema.Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))
        for path in FOLDER.glob("*.json")
    }


@pytest.fixture(scope="session")
def talking() -> Clip:
    return media.talking_clip(640, 480)


def check_all(one: Call, schemas: dict[str, jsonschema.Draft202012Validator]) -> None:
    for message in one.received.messages:
        schemas[message["type"]].validate(message)


async def listen(base: str, clip: Clip, seconds: float) -> Call:
    async with call(base, clip) as one:
        await one.consent()
        await one.wait_for("avatar_frame", int(seconds * 25))
        return one


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """Everything that is logged, by anybody, at any level."""
    kept: list[logging.LogRecord] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record)

    handler = Keeping()
    ours = logging.getLogger("hoovik_rtc")
    before = ours.level
    ours.setLevel(logging.DEBUG)
    ours.addHandler(handler)
    yield kept
    ours.removeHandler(handler)
    ours.setLevel(before)


async def test_every_message_is_what_the_schemas_say(
    serve: Serve,
    talking: Clip,
    schemas: dict[str, jsonschema.Draft202012Validator],
    records: list[logging.LogRecord],
) -> None:
    async with serve() as service:
        one = await listen(service.base, talking, SECONDS)
        counted = service.bot.telemetry.counted
        assert counted("video_frames_decoded") > 150
        assert counted("video_decode_failed") == 0
    check_all(one, schemas)
    counts = one.received.counts()
    assert counts["emotion_update"] > SECONDS * 7
    updates = one.received.of("emotion_update")
    both = [m["payload"]["modality"] == "both" for m in updates]
    assert sum(both[len(both) // 2 :]) > 0.9 * len(both) / 2
    assert all(m["payload"]["model"] == "hoovik-lite-1" for m in updates)
    text = " ".join(f"{record.getMessage()} {record.__dict__}" for record in records)
    for secret in ("tester", one.location.rsplit("/", 1)[1], updates[0]["participant_id"]):
        assert secret not in text


async def test_the_avatar_follows_what_the_face_does(serve: Serve, talking: Clip) -> None:
    """The face repeats every CYCLE_S from the first packet on: fold the answers onto one round."""
    async with serve() as service:
        one = await listen(service.base, talking, 2.4 * media.CYCLE_S)
    start = one.sent_video[0]
    rows: list[tuple[dict[str, float], dict[str, Any]]] = []
    for message in one.received.of("avatar_frame"):
        if message["payload"]["measured"]:
            truth = media.truth((message["timestamp_ms"] - start) / 1000)
            rows.append((truth, message["payload"]))
    assert len(rows) > 100

    def follows(name: str, read: Callable[[dict[str, Any]], float]) -> float:
        wanted = np.array([truth[name] for truth, _ in rows])
        got = np.array([read(payload) for _, payload in rows])
        return float(np.corrcoef(wanted, got)[0, 1])

    assert follows("smile", lambda payload: payload["blendshapes"]["mouthSmileLeft"]) > 0.8
    assert follows("smile", lambda payload: payload["blendshapes"]["smile"]) > 0.8
    assert follows("brows", lambda payload: payload["blendshapes"]["browInnerUp"]) > 0.7
    assert follows("turn", lambda payload: payload["bone_transforms"]["head_yaw"]) > 0.8


async def test_the_jaw_follows_the_face_where_there_is_no_voice(serve: Serve, talking: Clip) -> None:
    silent = Clip(talking.video, talking.fps, (), talking.keyframes)
    async with serve() as service:
        one = await listen(service.base, silent, 1.6 * media.CYCLE_S)
    start = one.sent_video[0]
    frames = [m for m in one.received.of("avatar_frame") if m["payload"]["measured"]]
    wanted = np.array([media.truth((m["timestamp_ms"] - start) / 1000)["jaw"] for m in frames])
    got = np.array([m["payload"]["blendshapes"]["jawOpen"] for m in frames])
    assert np.corrcoef(wanted, got)[0, 1] > 0.8
    assert {m["payload"]["mouth_source"] for m in frames} == {"video"}


async def test_a_voice_alone_moves_the_mouth(serve: Serve, talking: Clip) -> None:
    async with serve() as service:
        one = await listen(service.base, Clip((), 0, talking.audio), 4)
    frames = one.received.of("avatar_frame")
    jaws = [m["payload"]["blendshapes"]["jawOpen"] for m in frames]
    assert max(jaws) > 0.15 and max(jaws) - min(jaws) > 0.1
    assert "audio" in {m["payload"]["mouth_source"] for m in frames}
    assert len({m["payload"]["viseme"] for m in frames}) >= 3


@pytest.mark.parametrize("size", [(320, 240), (1280, 720)])
async def test_small_and_large_pictures_are_measured(serve: Serve, size: tuple[int, int]) -> None:
    clip = media.talking_clip(*size, fps=15)
    async with serve() as service, call(service.base, clip) as one:
        await one.consent()
        measured = await one.wait_for("avatar_frame", 20, where=lambda m: bool(m["payload"]["measured"]))
    assert min(m["payload"]["face_confidence"] for m in measured) > 0.3


@pytest.mark.shared
async def test_real_faces_and_voices_are_followed(
    serve: Serve, shared_media: Path, schemas: dict[str, jsonschema.Draft202012Validator]
) -> None:
    clip = clip_of(shared_media / "talking_head_8s.mp4", width=640, height=480, seconds=6)
    async with serve() as service:
        one = await listen(service.base, clip, 5)
    check_all(one, schemas)
    frames = [m["payload"] for m in one.received.of("avatar_frame") if m["payload"]["measured"]]
    assert len(frames) > 80
    assert np.std([frame["blendshapes"]["jawOpen"] for frame in frames]) > 0.02
    speaking = [m["payload"]["speaking_probability"] for m in one.received.of("emotion_update")]
    assert max(speaking) > 0.9
