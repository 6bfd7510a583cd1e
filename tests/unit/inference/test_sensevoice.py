"""SenseVoice through sherpa-onnx, on a tiny network in the real format whose answers are known."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sherpa_onnx", reason="needs sherpa-onnx: pip install 'hoovik-rtc[models]'")
onnx = pytest.importorskip("onnx", reason="needs onnx, to write a model: pip install 'hoovik-rtc[train]'")

from hoovik_inference.types import EMOTIONS, Floats  # noqa: E402
from hoovik_inference.voice import onnx as wire  # noqa: E402
from hoovik_inference.voice.large import Encoded, SenseVoiceEncoder, SpeechEncoder  # noqa: E402
from hoovik_inference.voice.large.sensevoice import _read  # noqa: E402
from tests.unit.inference import tiny_models  # noqa: E402

LOW, MIDDLE, HIGH = 300.0, 1_200.0, 5_000.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.sensevoice(tmp_path_factory.mktemp("sensevoice"))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> SenseVoiceEncoder:
    return SenseVoiceEncoder(folder)


def _tones(*tones: tuple[float, float, float], seconds: float = 2.0) -> Floats:
    """Hz, from and to in seconds."""
    t = np.arange(round(seconds * 16_000)) / 16_000
    return np.asarray(
        sum(np.where((t >= a) & (t < b), 0.5 * np.sin(2 * np.pi * hz * t), 0.0) for hz, a, b in tones), np.float32
    )


HELLO_YOU = _tones((LOW, 0.5, 0.8), (MIDDLE, 0.9, 1.2), (HIGH, 1.5, 1.8))


def test_it_reads_text_emotion_event_and_language(encoder: SenseVoiceEncoder) -> None:
    [got] = encoder.encode([HELLO_YOU])
    assert (got.text, got.emotion, got.events, got.language) == ("hello You", "happy", ("Laughter",), "en")
    assert got.embedding is None and got.expression is None and got.arousal is None


def test_pieces_have_the_times_at_which_they_are_said(encoder: SenseVoiceEncoder) -> None:
    [got] = encoder.encode([HELLO_YOU])
    assert [piece.text for piece in got.pieces] == [" hel", "lo", " You"]
    # a frame is 85 ms long, 60 ms after the one before
    assert [piece.start_s for piece in got.pieces] == pytest.approx([0.5, 0.9, 1.5], abs=0.085)


def test_all_participants_in_one_batch_get_what_each_would_get_alone(encoder: SenseVoiceEncoder) -> None:
    sounds = [HELLO_YOU, _tones((HIGH, 0.2, 0.5), seconds=0.7), np.zeros(16_000, np.float32), HELLO_YOU[:1_000]]
    together = encoder.encode(sounds)
    assert together == [encoder.encode([sound])[0] for sound in sounds]
    assert [one.text for one in together] == ["hello You", "You", "", ""]
    assert [one.emotion for one in together] == ["happy", "happy", "sad", None]


def test_too_short_a_sound_gives_nothing(encoder: SenseVoiceEncoder) -> None:
    short, enough = encoder.encode([np.zeros(1_359, np.float32), np.zeros(1_360, np.float32)])
    assert short == Encoded()
    assert enough.language == "en"
    assert encoder.encode([]) == []


def test_of_longer_sound_the_newest_3_s_are_read(encoder: SenseVoiceEncoder) -> None:
    sound = np.concatenate([HELLO_YOU, np.zeros(16_000, np.float32), _tones((LOW, 0.2, 0.5))])
    [got] = encoder.encode([sound])
    assert got.text == "hel" and got.pieces[0].start_s == pytest.approx(1.2, abs=0.085)


def test_the_expected_language_reaches_the_network(folder: Path) -> None:
    assert SenseVoiceEncoder(folder, language="zh").encode([HELLO_YOU])[0].language == "zh"


def test_text_may_be_left_as_it_is_said(folder: Path) -> None:
    assert SenseVoiceEncoder(folder, normal_text=False).encode([HELLO_YOU])[0].text == "hello you"


def test_an_unknown_language_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="language is fr; expected one of auto, zh, en, ja, ko, yue"):
        SenseVoiceEncoder(folder, language="fr")


def test_the_quantised_file_is_taken_first(tmp_path: Path) -> None:
    tiny_models.sensevoice(tmp_path, {"model_author": "large"})
    (tmp_path / "model.onnx").write_bytes(b"never opened")
    tiny_models.sensevoice(tmp_path, file="model.int8.onnx")
    assert SenseVoiceEncoder(tmp_path).encode([HELLO_YOU])[0].text == "hello You"


def _result(**change: object) -> SimpleNamespace:
    usual = {"lang": "<|en|>", "emotion": "<|NEUTRAL|>", "event": "<|Speech|>", "text": "", "tokens": []}
    return SimpleNamespace(**(usual | {"timestamps": []} | change))


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("HAPPY", "happy"), ("SAD", "sad"), ("ANGRY", "angry"), ("NEUTRAL", "neutral"), ("FEARFUL", "fear"),
        ("DISGUSTED", "disgust"), ("SURPRISED", "surprise"),
    ],
)  # fmt: skip
def test_its_emotions_have_our_names(tag: str, name: str) -> None:
    assert _read(_result(emotion=f"<|{tag}|>")).emotion == name
    assert name in EMOTIONS


def test_what_it_does_not_know_is_left_out() -> None:
    got = _read(_result(lang="<|nospeech|>", emotion="<|EMO_UNKNOWN|>", event="<|Event_UNK|>"))
    assert got == Encoded()


@pytest.mark.parametrize("event", ["BGM", "Speech", "Applause", "Laughter", "Cry", "Sneeze", "Breath", "Cough"])
def test_its_events_keep_their_names(event: str) -> None:
    assert _read(_result(event=f"<|{event}|>")).events == (event,)


def test_tags_within_the_text_are_events_and_no_text() -> None:
    got = _read(
        _result(text="well<|Laughter|> no", tokens=[" well", "<|Laughter|>", " no"], timestamps=[0.1, 0.5, 0.9])
    )
    assert got.text == "well no" and got.events == ("Speech", "Laughter")
    assert [(piece.text, piece.start_s) for piece in got.pieces] == [(" well", 0.1), (" no", 0.9)]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere; expected one that holds the export"):
        SenseVoiceEncoder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "told"), [("model.onnx", "lacks model.int8.onnx or model.onnx"), ("tokens.txt", "lacks tokens.txt")]
)
def test_a_missing_file_is_named(name: str, told: str, tmp_path: Path) -> None:
    tiny_models.sensevoice(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=told):
        SenseVoiceEncoder(tmp_path)


# sherpa-onnx ends the process on most of what follows, or goes on with zeros: it must not get to see it.


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"vocab_size": ""}, "has metadata vocab_size None; expected a whole number"),
        ({"lang_auto": ""}, "has metadata lang_auto None"),
        ({"with_itn": "yes"}, "has metadata with_itn yes"),
        ({"lfr_window_size": "0"}, "has 560 values of neg_mean; expected 0"),
        ({"neg_mean": ""}, "has 1 values of neg_mean; expected 560"),
        ({"inv_stddev": ",".join(["nan"] * 560)}, "has 560 values of inv_stddev; expected 560 numbers"),
        ({"lfr_window_shift": "0"}, "has metadata that is not positive"),
        ({"vocab_size": "25055"}, "numbers 18 pieces; expected 0…25054, each once"),
    ],
)
def test_another_export_is_refused_by_what_it_lacks(metadata: dict[str, str], told: str, tmp_path: Path) -> None:
    tiny_models.sensevoice(tmp_path, metadata)
    with pytest.raises(ValueError, match=told):
        SenseVoiceEncoder(tmp_path)


def test_a_network_with_other_inputs_is_refused(tmp_path: Path) -> None:
    tiny_models.sensevoice(tmp_path, inputs=("speech", "speech_lengths", "language", "textnorm"))
    with pytest.raises(ValueError, match="has inputs speech, speech_lengths, language, textnorm; expected x, x_length"):
        SenseVoiceEncoder(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.97])
def test_a_truncated_network_is_refused(share: float, tmp_path: Path) -> None:
    file = tiny_models.sensevoice(tmp_path) / "model.onnx"
    content = file.read_bytes()
    file.write_bytes(content[: round(share * len(content))])
    with pytest.raises(ValueError, match=r"model.onnx .*fetch it again"):
        SenseVoiceEncoder(tmp_path)


def test_a_network_that_cannot_be_run_is_refused(tmp_path: Path) -> None:
    file = tiny_models.sensevoice(tmp_path) / "model.onnx"
    model = onnx.load(str(file))
    model.graph.node[0].op_type = "Nonsense"
    onnx.save(model, str(file))
    with pytest.raises(ValueError, match=r"model.onnx cannot be run .*Nonsense"):
        SenseVoiceEncoder(tmp_path)


def test_a_network_that_names_no_language_is_refused(tmp_path: Path) -> None:
    tiny_models.sensevoice(tmp_path, {"lang_auto": "99"})  # beyond its table: it fails in each run
    with pytest.raises(ValueError, match="names no language"):
        SenseVoiceEncoder(tmp_path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a b c", "line 19 of .*tokens.txt is 'a b c'; expected a piece and its number"),
        ("x 3", "numbers 19 pieces; expected 0…17, each once"),
        ("x 18", "numbers 19 pieces; expected 0…17, each once"),
    ],
)
def test_tokens_that_do_not_fit_are_refused(line: str, told: str, tmp_path: Path) -> None:
    file = tiny_models.sensevoice(tmp_path) / "tokens.txt"
    file.write_text(file.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=told):
        SenseVoiceEncoder(tmp_path)


def test_tokens_with_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    file = tiny_models.sensevoice(tmp_path) / "tokens.txt"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert SenseVoiceEncoder(tmp_path).encode([HELLO_YOU])[0].text == "hello You"


def test_tokens_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tiny_models.sensevoice(tmp_path) / "tokens.txt"
    file.write_bytes(b"\xff\xfe 0\n")
    with pytest.raises(ValueError, match="is not UTF-8: fetch it again"):
        SenseVoiceEncoder(tmp_path)


def test_sound_that_it_cannot_read_is_refused(encoder: SenseVoiceEncoder) -> None:
    with pytest.raises(ValueError, match="48000 samples a second; expected 16000"):
        encoder.encode([HELLO_YOU], rate=48_000)
    with pytest.raises(ValueError, match="sound 0 is not finite"):
        encoder.encode([np.full(9_600, np.inf, np.float32)])


def test_arguments_out_of_range_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="window_s is 0.01, hop_s 1.0, threads 1"):
        SenseVoiceEncoder(folder, window_s=0.01)
    with pytest.raises(ValueError, match="threads 0"):
        SenseVoiceEncoder(folder, threads=0)


def test_without_its_package_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sherpa_onnx", None)
    with pytest.raises(ModuleNotFoundError, match=r"SenseVoice needs sherpa_onnx.*pip install 'hoovik-rtc\[models\]'"):
        SenseVoiceEncoder(folder)


def test_it_runs_beside_onnx_runtime_in_one_process(folder: Path, encoder: SenseVoiceEncoder) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    one = np.array([1], np.int32)
    inputs = {"x": np.zeros((1, 2, 560), np.float32), "x_length": 2 * one, "language": 0 * one, "text_norm": 14 * one}
    logits = session.run(None, inputs)[0]
    assert tiny_models.TOKENS[logits[0, 0].argmax()] == "<|en|>"
    assert encoder.encode([HELLO_YOU])[0].text == "hello You"


def test_it_is_a_speech_encoder(encoder: SenseVoiceEncoder) -> None:
    one: SpeechEncoder = encoder
    assert (one.name, one.window_s, one.hop_s, one.size) == ("sensevoice", 3.0, 1.0, 0)


def test_metadata_and_inputs_are_read_without_a_runtime(folder: Path) -> None:
    content = (folder / "model.onnx").read_bytes()
    assert wire.metadata(content)["comment"] == "tiny"
    assert wire.inputs(content) == ["x", "x_length", "language", "text_norm"]
    for read in (wire.metadata, wire.inputs):
        with pytest.raises(ValueError, match="this is no ONNX model"):
            read(b"\x0f\xff nonsense")
