"""wav2vec2, loaded from tiny checkpoints in the real format: what comes out is what the reference computes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers", reason="needs transformers: pip install 'hoovik-rtc[models]'")

import torch  # noqa: E402
from huggingface_hub import constants  # noqa: E402
from safetensors.numpy import load_file, save_file  # noqa: E402
from transformers import Wav2Vec2Config, Wav2Vec2Model  # noqa: E402

from hoovik_inference.types import Floats  # noqa: E402
from hoovik_inference.voice.large import SpeechEncoder, Wav2Vec2Encoder, centred, file_length, network, precision  # noqa: E402
from hoovik_inference.voice.large.precision import Precision  # noqa: E402
from tests.unit.inference import tiny_models  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.wav2vec2(tmp_path_factory.mktemp("wav2vec2"))


@pytest.fixture(scope="module")
def exact(folder: Path) -> Wav2Vec2Encoder:
    return Wav2Vec2Encoder(folder, precision="float32", device="cpu")


def _sound(samples: int, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    tone = np.sin(np.arange(samples) * rng.uniform(0.05, 0.3)) * np.linspace(0.2, 1.0, samples)
    return np.asarray(0.2 * tone + 0.02 * rng.normal(size=samples) + 0.1, np.float32)


def _cosine(a: Floats | None, b: Floats | None) -> float:
    assert a is not None and b is not None
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_the_vector_is_the_mean_over_time_of_the_last_hidden_states(folder: Path, exact: Wav2Vec2Encoder) -> None:
    sound = _sound(9_600)
    [got] = exact.encode([sound])
    weights = {name: torch.from_numpy(value) for name, value in load_file(folder / "model.safetensors").items()}
    model = Wav2Vec2Model(Wav2Vec2Config.from_pretrained(folder)).train(False)
    model.load_state_dict({name[9:]: value for name, value in weights.items() if name.startswith("wav2vec2.")})
    normalised = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
    with torch.inference_mode():
        expected = model(torch.from_numpy(normalised)[None]).last_hidden_state[0].mean(0).numpy()
    assert got.embedding is not None and got.embedding.dtype == np.float32
    assert got.embedding == pytest.approx(expected, abs=1e-5)


def test_the_head_is_dense_tanh_and_projection(folder: Path, exact: Wav2Vec2Encoder) -> None:
    [got] = exact.encode([_sound(9_600)])
    w = load_file(folder / "model.safetensors")
    hidden = np.tanh(w["classifier.dense.weight"] @ got.embedding + w["classifier.dense.bias"])
    expected = w["classifier.out_proj.weight"] @ hidden + w["classifier.out_proj.bias"]
    assert [got.arousal, got.dominance, got.valence] == pytest.approx(expected.tolist(), abs=1e-5)


def test_what_the_head_gives_is_told_by_name(folder: Path, exact: Wav2Vec2Encoder, tmp_path: Path) -> None:
    turned = tiny_models.wav2vec2(
        tmp_path, config={"id2label": {0: "valence", 1: "arousal", 2: "dominance"}, "label2id": None}
    )
    [a], [b] = exact.encode([_sound(9_600)]), Wav2Vec2Encoder(turned, precision="float32").encode([_sound(9_600)])
    assert (a.arousal, a.dominance, a.valence) == (b.valence, b.arousal, b.dominance)


def test_a_head_without_names_has_the_order_of_the_model_card(tmp_path: Path, exact: Wav2Vec2Encoder) -> None:
    names = {number: f"LABEL_{number}" for number in range(3)}
    encoder = Wav2Vec2Encoder(
        tiny_models.wav2vec2(tmp_path, config={"id2label": names, "label2id": None}), precision="float32"
    )
    assert encoder.encode([_sound(9_600)])[0].valence == exact.encode([_sound(9_600)])[0].valence


def test_all_participants_in_one_batch_get_what_each_would_get_alone(exact: Wav2Vec2Encoder) -> None:
    sounds = [_sound(size, seed) for seed, size in enumerate((9_600, 1_200, 4_801, 9_599, 2_000))]
    together = exact.encode(sounds)
    for sound, one in zip(sounds, together, strict=True):
        [alone] = exact.encode([sound])
        assert one.embedding == pytest.approx(alone.embedding, abs=1e-5)
        assert one.valence == pytest.approx(alone.valence, abs=1e-5)


def test_one_sound_among_others_is_not_changed_by_how_loud_they_are(exact: Wav2Vec2Encoder) -> None:
    quiet, loud = _sound(5_000, 1), 5.0 * _sound(9_600, 2)
    [one, _] = exact.encode([quiet, loud])
    [other, _] = exact.encode([quiet, 0.01 * loud])
    assert one.embedding == pytest.approx(other.embedding, abs=1e-5)


def test_below_1200_samples_there_is_no_vector(exact: Wav2Vec2Encoder) -> None:
    short, enough = exact.encode([_sound(1_199), _sound(1_200)])
    assert short.embedding is None and short.arousal is None
    assert enough.embedding is not None and enough.embedding.shape == (exact.size,)


def test_nothing_gives_nothing(exact: Wav2Vec2Encoder) -> None:
    assert exact.encode([]) == []
    assert exact.encode([np.zeros(0, np.float32)])[0].embedding is None


def test_of_longer_sound_the_newest_600_ms_are_read(exact: Wav2Vec2Encoder) -> None:
    sound = _sound(32_000)
    [whole], [end] = exact.encode([sound]), exact.encode([sound[-9_600:]])
    assert whole.embedding == pytest.approx(end.embedding, abs=0)


def test_a_longer_window_reads_more(folder: Path, exact: Wav2Vec2Encoder) -> None:
    sound = _sound(32_000)
    [longer] = Wav2Vec2Encoder(folder, precision="float32", window_s=1.0).encode([sound])
    [usual] = exact.encode([sound])
    assert longer.embedding != pytest.approx(usual.embedding, abs=1e-3)


def test_silence_gives_a_finite_vector(exact: Wav2Vec2Encoder) -> None:
    [got] = exact.encode([np.zeros(9_600, np.float32)])
    assert got.embedding is not None and np.isfinite(got.embedding).all()


def test_windows_of_training_are_centred_and_shifted_to_lie_inside() -> None:
    sound = np.arange(100, dtype=np.float32)
    assert centred(sound, 50, 10).tolist() == list(range(45, 55))
    assert centred(sound, 2, 10).tolist() == list(range(10))
    assert centred(sound, 99, 10).tolist() == list(range(90, 100))
    assert len(centred(sound[:7], 3, 10)) == 7


def test_files_are_cut_or_padded_to_4_s() -> None:
    assert file_length(np.ones(70_000, np.float32)).tolist() == [1.0] * 64_000
    assert file_length(np.ones(3, np.float32)).tolist() == [1.0] * 3 + [0.0] * 63_997


@pytest.mark.parametrize("wanted", ["bfloat16", "float16", "int8", "auto"])
def test_other_precisions_stay_close_to_float32(folder: Path, exact: Wav2Vec2Encoder, wanted: Precision) -> None:
    encoder = Wav2Vec2Encoder(folder, precision=wanted, device="cpu")
    assert encoder.precision == wanted or wanted == "auto"
    assert 0.99 <= encoder.agreement < 1.0 or encoder.precision == "float32"
    sounds = [_sound(9_600, 4), _sound(3_000, 5)]
    for one, other in zip(encoder.encode(sounds), exact.encode(sounds), strict=True):
        assert _cosine(one.embedding, other.embedding) > 0.99
        assert one.arousal == pytest.approx(other.arousal, abs=0.05)


@pytest.mark.parametrize(
    ("able", "expected"),
    [
        ({"avx512_bf16": True, "avx2": True}, "bfloat16"),
        ({"amx_bf16": True, "avx2": True}, "bfloat16"),
        ({"avx2": True}, "int8"),
        ({}, "float32"),
    ],
)
def test_the_precision_follows_what_the_processor_multiplies_fast(
    able: dict[str, bool], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert precision.best("cpu") == expected
    assert precision.best("cuda") == "float16"


def test_a_loud_channel_that_can_be_evened_out_does_not_spoil_int8(tmp_path: Path) -> None:
    folder = tiny_models.wav2vec2(tmp_path, outliers="norms")
    assert Wav2Vec2Encoder(folder, precision="int8", device="cpu").agreement > 0.999


def test_evening_out_changes_nothing_in_float32(folder: Path) -> None:
    made, _, _ = network.load(str(folder), download=False)
    sound = torch.from_numpy(_sound(9_600))[None]
    with torch.inference_mode(), precision.Balance(made.wav2vec2) as balance:
        before, _ = made(sound, None)
    norm: Any = made.wav2vec2.encoder.layers[0].layer_norm
    gains = norm.weight.clone()
    balance.apply()
    with torch.inference_mode():
        after, _ = made(sound, None)
    assert after.numpy() == pytest.approx(before.numpy(), abs=1e-4)
    assert not torch.allclose(norm.weight, gains)


def test_weights_that_int8_spoils_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_models.wav2vec2(tmp_path, outliers="inside")
    with pytest.raises(ValueError, match=r"in int8 these weights give vectors with a cosine of .*take auto"):
        Wav2Vec2Encoder(folder, precision="int8", device="cpu")
    monkeypatch.setattr(precision, "best", lambda device: "int8")
    encoder = Wav2Vec2Encoder(folder, device="cpu")
    assert (encoder.precision, encoder.agreement) == ("float32", 1.0)
    whole = Wav2Vec2Encoder(folder, precision="float32", device="cpu")
    assert encoder.encode([_sound(9_600)])[0].embedding == pytest.approx(whole.encode([_sound(9_600)])[0].embedding)


@pytest.mark.parametrize("change", [{"old": True}, {"bin": True}, {"old": True, "bin": True}])
def test_older_files_and_names_of_weights_are_read(
    change: dict[str, Any], exact: Wav2Vec2Encoder, tmp_path: Path
) -> None:
    encoder = Wav2Vec2Encoder(tiny_models.wav2vec2(tmp_path, **change), precision="float32")
    assert encoder.encode([_sound(9_600)])[0].embedding == pytest.approx(
        exact.encode([_sound(9_600)])[0].embedding, abs=1e-6
    )


def test_the_vector_that_only_training_reads_may_be_missing(tmp_path: Path) -> None:
    assert Wav2Vec2Encoder(tiny_models.wav2vec2(tmp_path, drop=["wav2vec2.masked_spec_embed"])).size == 32


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere; expected one with config.json"):
        Wav2Vec2Encoder(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_missing_file_is_told(name: str, tmp_path: Path) -> None:
    tiny_models.wav2vec2(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"lacks {name}: fetch the model again"):
        Wav2Vec2Encoder(tmp_path)


@pytest.mark.parametrize("keep", [0, 4, 1_000, -100])
def test_truncated_weights_are_refused(keep: int, tmp_path: Path) -> None:
    file = tiny_models.wav2vec2(tmp_path) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ValueError, match="cannot be read .*fetch it again"):
        Wav2Vec2Encoder(tmp_path)


def test_truncated_weights_in_the_older_format_are_refused(tmp_path: Path) -> None:
    file = tiny_models.wav2vec2(tmp_path, bin=True) / "pytorch_model.bin"
    file.write_bytes(file.read_bytes()[:5_000])
    with pytest.raises(ValueError, match="cannot be read .*fetch it again"):
        Wav2Vec2Encoder(tmp_path)


def test_a_config_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tiny_models.wav2vec2(tmp_path) / "config.json").write_text('{"model_type": ')
    with pytest.raises(ValueError, match="cannot be read .*config.json.*fetch it again"):
        Wav2Vec2Encoder(tmp_path)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"model_type": "hubert"}, "network of type hubert; expected wav2vec2"),
        ({"feat_extract_norm": "group"}, "has feat_extract_norm group; expected layer"),
        ({"add_adapter": True}, "has add_adapter True; expected False"),
        ({"id2label": {"0": "happy", "1": "sad"}}, "has num_labels 2; expected 3"),
        ({"id2label": {"0": "happy", "1": "sad", "2": "angry"}}, "gives happy, sad, angry; expected arousal"),
    ],
)
def test_another_network_is_refused_by_what_differs(config: dict[str, object], told: str, tmp_path: Path) -> None:
    file = tiny_models.wav2vec2(tmp_path) / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | config))
    with pytest.raises(ValueError, match=told):
        Wav2Vec2Encoder(tmp_path)


def test_a_checkpoint_without_the_head_is_refused(tmp_path: Path) -> None:
    tiny_models.wav2vec2(tmp_path, drop=["classifier."])
    with pytest.raises(ValueError, match=r"lack classifier.dense.bias, .*expected a fine-tuned checkpoint"):
        Wav2Vec2Encoder(tmp_path)


def test_a_checkpoint_without_a_layer_is_refused(tmp_path: Path) -> None:
    tiny_models.wav2vec2(tmp_path, drop=["wav2vec2.encoder.layers.1."])
    with pytest.raises(ValueError, match=r"lack wav2vec2.encoder.layers.1.* and \d+ more"):
        Wav2Vec2Encoder(tmp_path)


def test_weights_of_another_size_are_refused(tmp_path: Path) -> None:
    tiny_models.wav2vec2(tmp_path / "wide", config={"intermediate_size": 96})
    tiny_models.wav2vec2(tmp_path / "usual")
    (tmp_path / "wide/model.safetensors").replace(tmp_path / "usual/model.safetensors")
    with pytest.raises(ValueError, match="cannot be read"):
        Wav2Vec2Encoder(tmp_path / "usual")


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    file = tiny_models.wav2vec2(tmp_path) / "model.safetensors"
    weights = load_file(file)
    weights["wav2vec2.feature_projection.projection.bias"][:] = np.nan
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ValueError, match="not finite"):
        Wav2Vec2Encoder(tmp_path)


def test_a_preprocessor_of_another_sample_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wants 8000 samples a second; expected 16000"):
        Wav2Vec2Encoder(tiny_models.wav2vec2(tmp_path, rate=8_000))


def test_sound_that_it_cannot_read_is_refused(exact: Wav2Vec2Encoder) -> None:
    with pytest.raises(ValueError, match="48000 samples a second; expected 16000: resample"):
        exact.encode([_sound(9_600)], rate=48_000)
    with pytest.raises(ValueError, match=r"sound 1 is \(2, 9600\); expected \(n,\): mix down"):
        exact.encode([_sound(9_600), np.zeros((2, 9_600), np.float32)])
    with pytest.raises(ValueError, match="sound 0 is not finite"):
        exact.encode([np.full(9_600, np.nan, np.float32)])


def test_a_window_below_the_shortest_vector_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="window_s is 0.05"):
        Wav2Vec2Encoder(folder, window_s=0.05)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
def test_cuda_that_is_not_there_is_not_replaced_silently(folder: Path) -> None:
    with pytest.raises(ValueError, match="device is cuda, but torch finds none"):
        Wav2Vec2Encoder(folder, device="cuda")
    assert Wav2Vec2Encoder(folder).device == "cpu"


def test_an_unknown_precision_or_device_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="int4 is asked for; expected one of auto, float32, bfloat16, float16, int8"):
        Wav2Vec2Encoder(folder, precision="int4")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="tpu is asked for; expected one of auto, cpu, cuda"):
        Wav2Vec2Encoder(folder, device="tpu")  # type: ignore[arg-type]


def test_int8_on_a_gpu_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(ValueError, match="precision is int8 on a GPU; expected auto, float32, float16 or bfloat16"):
        Wav2Vec2Encoder(folder, precision="int8")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_a_gpu_it_computes_in_float16_and_gives_the_same(folder: Path, exact: Wav2Vec2Encoder) -> None:
    encoder = Wav2Vec2Encoder(folder)
    assert (encoder.device, encoder.precision) == ("cuda", "float16") and encoder.agreement > 0.99
    sounds = [_sound(9_600), _sound(3_000)]
    for one, other in zip(encoder.encode(sounds), exact.encode(sounds), strict=True):
        assert _cosine(one.embedding, other.embedding) > 0.99


def test_a_hub_id_is_read_from_the_cache_and_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="own/tiny is neither a folder nor, whole, in the Hugging Face cache"):
        Wav2Vec2Encoder("own/tiny")
    commit = "0" * 40
    tiny_models.wav2vec2(tmp_path / "models--own--tiny" / "snapshots" / commit)
    (tmp_path / "models--own--tiny" / "refs").mkdir()
    (tmp_path / "models--own--tiny" / "refs" / "main").write_text(commit)
    assert Wav2Vec2Encoder("own/tiny").size == 32


def test_without_its_packages_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match=r"wav2vec2 needs torch.*pip install 'hoovik-rtc\[models\]'"):
        Wav2Vec2Encoder(folder)


def test_importing_the_package_loads_nothing_large() -> None:
    code = (
        "import sys, hoovik_inference.voice, hoovik_inference.voice.large\n"
        "print(*sorted({'torch', 'transformers', 'sherpa_onnx', 'onnx', 'huggingface_hub'} & set(sys.modules)))"
    )
    root = Path(network.__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_it_is_a_speech_encoder(exact: Wav2Vec2Encoder) -> None:
    encoder: SpeechEncoder = exact
    assert (encoder.name, encoder.window_s, encoder.hop_s, encoder.size) == ("wav2vec2", 0.6, 0.3, 32)


@pytest.mark.parametrize("samples", [9_600, 4_000])
@pytest.mark.parametrize("taps", [16, 17, 128])
def test_computed_otherwise_for_a_cpu_the_same_comes_out(tmp_path: Path, samples: int, taps: int) -> None:
    folder = tiny_models.wav2vec2(tmp_path, config={"num_conv_pos_embeddings": taps})
    plain, faster = (network.load(str(folder), download=False)[0] for _ in range(2))
    network.faster(faster.wav2vec2, 29)
    sounds = torch.from_numpy(np.stack([_sound(samples, 1), _sound(samples, 2)]))
    with torch.inference_mode():
        for one, other in zip(faster(sounds, None), plain(sounds, None), strict=True):
            assert one.numpy() == pytest.approx(other.numpy(), abs=3e-5)
    positions: Any = faster.wav2vec2.encoder.pos_conv_embed
    assert positions.weight.shape[2] == min(taps, 2 * 29 - 1)


def test_one_whole_window_alone_is_read_as_among_others(exact: Wav2Vec2Encoder) -> None:
    alone, among = exact.encode([_sound(9_600, 1)]), exact.encode([_sound(9_600, 1), _sound(9_600, 2)])
    assert alone[0].embedding == pytest.approx(among[0].embedding, abs=3e-5)
    assert alone[0].valence == pytest.approx(among[0].valence, abs=1e-4)


def test_where_int8_spoils_the_convolutions_alone_they_stay_as_they_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = iter((0.98, 0.995))
    monkeypatch.setattr(precision, "agreement", lambda exact, other: next(told))
    encoder = Wav2Vec2Encoder(folder, precision="int8", device="cpu")
    assert (encoder.precision, encoder.agreement) == ("int8", 0.995)
    network: Any = encoder._network
    front = network.wav2vec2.feature_extractor.conv_layers[1].linear
    layer = network.wav2vec2.encoder.layers[0].feed_forward.intermediate_dense
    assert type(front) is torch.nn.Linear and type(layer) is not torch.nn.Linear
