"""Configuration from a file, the environment and flags."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from hoovik_inference.task_file import PARTS
from hoovik_rtc.config import Config, EmotionConfig, FaceConfig, VoiceConfig, load
from hoovik_rtc.errors import ConfigError
from hoovik_rtc.pipeline.readout import build_emotion, reads_vectors


def test_later_sources_win(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('port = 1\nhost = "0.0.0.0"\n[limits]\nparticipants = 3\nchannels = 2\n')
    config = load(file, {"HOOVIK_PORT": "2", "HOOVIK_LIMITS__PARTICIPANTS": "5"}, {"port": 9, "host": None})
    assert (config.port, config.host) == (9, "0.0.0.0")
    assert (config.limits.participants, config.limits.channels) == (5, 2)


def test_votes_of_single_models_are_told_where_it_is_asked_for() -> None:
    assert not load().emotion.votes
    assert load(None, {"HOOVIK_EMOTION__VOTES": "true"}).emotion.votes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "prot"),
        ('port = "many"', "port"),
        ("port = 99999", "0…65535"),
        ("not toml at all", "not TOML"),
        ('[bot]\npurpose = "fun"', "purpose"),
        ("[emotion]\nthreshold = 2", "threshold"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load(file)


def archive(path: Path, names: Iterable[str]) -> Path:
    with zipfile.ZipFile(path, "w") as stream:
        for name in names:
            stream.writestr(name, b"nothing")
    return path


def test_a_face_task_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.task").write_text("see the models page")
    (tmp_path / "empty.task").touch()
    whole = archive(tmp_path / "whole.task", PARTS)
    (tmp_path / "cut.task").write_bytes(whole.read_bytes()[:-40])
    archive(tmp_path / "other.task", ["hand_detector.tflite"])
    for name, said in (
        ("absent.task", "there is no file"),
        ("text.task", "is no task file, or only a part of one"),
        ("empty.task", r"only a part of one \(0 bytes\)"),
        ("cut.task", "is no task file, or only a part of one"),
        ("other.task", "lacks face_blendshapes.tflite, face_detector.tflite"),
    ):
        with pytest.raises(ConfigError, match=rf"^face\.task: .*{said}.*expected MediaPipe's face_landmarker") as no:
            load(environ={"HOOVIK_FACE__TASK": str(tmp_path / name)})
        assert name in str(no.value)
    assert load(environ={"HOOVIK_FACE__TASK": str(whole)}).face.task == str(whole)


def test_a_voice_engine_is_one_that_there_is_and_that_the_emotion_model_has_a_use_for() -> None:
    with pytest.raises(ConfigError, match="whisper"):
        load(environ={"HOOVIK_VOICE__ENGINE": "whisper"})
    by_rules = {"HOOVIK_VOICE__ENGINE": "sensevoice", "HOOVIK_EMOTION__MODEL": "facs-rules-1"}
    with pytest.raises(ConfigError, match="no use for names"):
        load(environ=by_rules)
    assert load(environ={**by_rules, "HOOVIK_VOICE__ENGINE": "wav2vec2"}).voice.engine == "wav2vec2"


def test_a_missing_file_and_a_wrong_variable_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="HOOVIK_PORTS"):
        load(environ={"HOOVIK_PORTS": "1"})


def test_a_bundle_asks_for_what_it_was_trained_on(tmp_path: Path) -> None:
    bundle = tmp_path / "mine-1"
    bundle.mkdir()
    task = archive(tmp_path / "whole.task", PARTS)
    voices, here = {"engine": "wav2vec2", "model": str(tmp_path)}, {"model": str(bundle)}
    for flags, said in (
        ({"emotion": {"model": "hoovik-face-2"}}, "no such folder; expected hoovik-lite-1, hoovik-face-1, facs"),
        ({"emotion": here}, "voice.engine is light: set it to"),
        ({"emotion": here, "voice": {**voices, "fallback": "light"}}, "voice.fallback is light"),
        ({"emotion": here, "voice": voices}, "face.task is not set"),
    ):
        with pytest.raises(ConfigError, match=said):
            load(flags=flags, environ={})
    config = load(flags={"emotion": here, "voice": voices, "face": {"task": str(task)}}, environ={})
    assert config.emotion.bundle == bundle and config.emotion.threshold is None


def test_where_emotions_are_forbidden_a_bundle_is_not_looked_at() -> None:
    flags = {"emotion": {"model": "/nowhere"}, "bot": {"purpose": "workplace"}}
    config = load(flags=flags, environ={})
    assert build_emotion(config).name == "facs-rules-1", "which reads nothing there"
    assert not reads_vectors(config)
    with pytest.raises(ConfigError, match="no such folder"):
        load(flags=flags | {"bot": {"purpose": "workplace", "basis": "medical"}}, environ={})


def test_a_config_made_by_hand_is_held_to_the_same(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"voice\.engine is light"):
        build_emotion(Config(emotion=EmotionConfig(model=str(tmp_path))))
    whole = Config(
        emotion=EmotionConfig(model=str(tmp_path)), voice=VoiceConfig(engine="wav2vec2"), face=FaceConfig(task="x")
    )
    with pytest.raises(ConfigError, match=r"emotion\.model: .*bundle\.json"):
        build_emotion(whole)
