"""Tiny networks in the file formats of the large ones, whose answers are known because their weights are set so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hoovik_inference.types import Floats

TOKENS = (
    "<unk>", "<s>", "</s>", "▁hel", "lo", "▁you", "▁You", "<|zh|>", "<|en|>", "<|nospeech|>", "<|HAPPY|>", "<|SAD|>",
    "<|EMO_UNKNOWN|>", "<|Speech|>", "<|Laughter|>", "<|Event_UNK|>", "<|withitn|>", "<|woitn|>",
)  # fmt: skip
"""Pieces by number, as SenseVoice's SentencePiece model has them; number 0 is CTC's blank."""
_LANGUAGES = {"auto": 0, "zh": 3, "en": 4, "yue": 7, "ja": 11, "ko": 12, "nospeech": 13}
_WITH, _WITHOUT = 14, 15
_BINS, _STACK, _SHIFT = 80, 7, 6
_LOUD = 15.0
"Mean log energy of a third of the mel bands, samples scaled to ±32768: a tone of half of full scale exceeds it."


def _one_hot(name: str, height: float = 8.0) -> Floats:
    row = np.zeros(len(TOKENS), np.float32)
    row[TOKENS.index(name)] = height
    return row


def sensevoice(folder: Path, metadata: dict[str, str] | None = None, file: str = "model.onnx", **change: Any) -> Path:
    """A SenseVoice of eighteen pieces: its inputs, output and metadata, as k2-fsa's export writes them.

    Loud frames are "▁hel", "lo" or "▁you" by the band in which they are loudest (low, middle, high), quiet ones blank.
    The sound as a whole is happy laughter where it is loud, sad speech where it is not. Language and text norm come
    from the inputs: `auto` is English, and only normal text has a capital in "▁You".

    Args:
        folder: Where to write the model and tokens.txt; made where it is missing.
        metadata: Entries that differ; the value "" leaves one out.
        file: Name of the model.
        change: `inputs`: other names for the four inputs.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    folder.mkdir(parents=True, exist_ok=True)
    names = change.get("inputs", ("x", "x_length", "language", "text_norm"))
    size = len(TOKENS)
    # A frame is seven of 80 bands: three sums over a third of the bands each, over all seven.
    thirds = np.zeros((_BINS * _STACK, 3), np.float32)
    for band in range(_BINS):
        thirds[np.arange(_STACK) * _BINS + band, min(band * 3 // _BINS, 2)] = 1.0
    thirds /= thirds.sum(axis=0)
    pieces = np.stack([_one_hot("▁hel", 1.0), _one_hot("lo", 1.0), _one_hot("▁you", 1.0) + _one_hot("▁You", 1.0)])
    languages = np.tile(_one_hot("<|en|>"), (16, 1))
    languages[_LANGUAGES["zh"]] = _one_hot("<|zh|>")
    norms = np.tile(_one_hot("<|woitn|>"), (16, 1))
    norms[_WITH] = _one_hot("<|withitn|>")
    capitals = np.tile(-_one_hot("▁You", 1.0), (16, 1))
    capitals[_WITH] *= -1.0
    constants = {
        "capitals": capitals,
        "thirds": thirds,
        "pieces": pieces,
        "blank": _one_hot("<unk>", _LOUD),
        "languages": languages,
        "norms": norms,
        "happy": _one_hot("<|HAPPY|>", 1.0) - _one_hot("<|SAD|>", 1.0),
        "laughter": _one_hot("<|Laughter|>", 1.0) - _one_hot("<|Speech|>", 1.0),
        "loud": np.array([_LOUD], np.float32),
        "one": np.array([1], np.int64),
        "ends": np.array([-1], np.int64),
        "four": np.array([4], np.int32),
    }
    node = helper.make_node
    nodes = [
        node("MatMul", [names[0], "thirds"], ["bands"]),  # (N, T, 3)
        node("MatMul", ["bands", "pieces"], ["told"]),
        node("Gather", ["capitals", names[3]], ["style"], axis=0),
        node("Unsqueeze", ["style", "one"], ["styles"]),
        node("Add", ["told", "blank"], ["lower"]),
        node("Add", ["lower", "styles"], ["frames"]),
        # loudest frame of the sound, whatever the padding: it decides about mood and event
        node("ReduceMax", ["bands"], ["peak"], axes=[1, 2], keepdims=1),
        node("Sub", ["peak", "loud"], ["above"]),
        node("Mul", ["above", "happy"], ["mood"]),
        node("Mul", ["above", "laughter"], ["event"]),
        node("Gather", ["languages", names[2]], ["spoken"], axis=0),
        node("Unsqueeze", ["spoken", "one"], ["lead"]),
        node("Gather", ["norms", names[3]], ["norm"], axis=0),
        node("Unsqueeze", ["norm", "one"], ["last"]),
        # the real network takes the lengths for its attention mask; here they are read and change nothing
        node("Add", [names[1], "four"], ["lengths"]),
        node("Cast", ["lengths"], ["floats"], to=TensorProto.FLOAT),
        node("Sub", ["floats", "floats"], ["nothing"]),
        node("Unsqueeze", ["nothing", "ends"], ["column"]),
        node("Unsqueeze", ["column", "ends"], ["still"]),
        node("Concat", ["lead", "mood", "event", "last", "frames"], ["all"], axis=1),
        node("Add", ["all", "still"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(names[0], TensorProto.FLOAT, ["N", "T", _BINS * _STACK]),
            *(helper.make_tensor_value_info(name, TensorProto.INT32, ["N"]) for name in names[1:]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", "T4", size])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    width = _BINS * _STACK
    entries = {
        "lfr_window_size": str(_STACK),
        "lfr_window_shift": str(_SHIFT),
        "normalize_samples": "0",
        "neg_mean": ",".join(["0"] * width),
        "inv_stddev": ",".join(["1"] * width),
        "model_type": "sense_voice_ctc",
        "version": "2",
        "model_author": "tests",
        "vocab_size": str(size),
        "comment": "tiny",
        **{f"lang_{name}": str(number) for name, number in _LANGUAGES.items()},
        "with_itn": str(_WITH),
        "without_itn": str(_WITHOUT),
    } | (metadata or {})
    for key, value in entries.items():
        if value:
            model.metadata_props.add(key=key, value=value)
    onnx.save(model, str(folder / file))
    lines = [f"{piece} {number}\n" for number, piece in enumerate(TOKENS)]
    (folder / "tokens.txt").write_text("".join(lines), encoding="utf-8")
    return folder


def wav2vec2(folder: Path, seed: int = 0, config: dict[str, Any] | None = None, **change: Any) -> Path:
    """A wav2vec2 of 32 channels with audeering's head, in files with the names and keys of the real ones.

    Args:
        folder: Where to write; made where it is missing.
        seed: Of the weights.
        config: Entries of config.json that differ.
        change: `rate` of the preprocessor; `drop`, beginnings of names of weights that are left out; `old`, True for
            the names that weight normalisation had before torch 2.1; `bin`, True for pytorch_model.bin; `outliers`,
            "norms" or "inside", for a channel ten thousand times as loud behind each LayerNorm or in each feed-forward.
    """
    import torch
    from safetensors.torch import save_file
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    settings: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "conv_dim": [16] * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 4,
        "feat_extract_norm": "layer",
        "do_stable_layer_norm": True,
        "conv_bias": True,
        "initializer_range": 0.2,  # so that the layers matter beside what passes them by
        "vocab_size": None,
        "id2label": {0: "arousal", 1: "dominance", 2: "valence"},
        "label2id": {"arousal": 0, "dominance": 1, "valence": 2},
    } | (config or {})
    torch.manual_seed(seed)
    full = Wav2Vec2Config(**settings, architectures=["Wav2Vec2ForSpeechClassification"])
    base = Wav2Vec2Model(full)
    weights = {f"wav2vec2.{name}": value.detach().clone() for name, value in base.state_dict().items()}
    width = full.hidden_size
    weights["classifier.dense.weight"] = torch.randn(width, width) / width**0.5
    weights["classifier.dense.bias"] = 0.1 * torch.randn(width)
    weights["classifier.out_proj.weight"] = torch.randn(3, width) / width**0.5
    weights["classifier.out_proj.bias"] = torch.full((3,), 0.5)
    if change.get("old"):
        for number, letter in enumerate("gv"):
            new = f"wav2vec2.encoder.pos_conv_embed.conv.parametrizations.weight.original{number}"
            weights[f"wav2vec2.encoder.pos_conv_embed.conv.weight_{letter}"] = weights.pop(new)
    if change.get("outliers"):
        _loud_channel(weights, change["outliers"])
    for name in [name for name in weights if name.startswith(tuple(change.get("drop", ())))]:
        del weights[name]
    full.save_pretrained(folder)
    file = folder / "config.json"
    # What stands in the real one and means nothing to transformers.
    strange = {"finetuning_task": "wav2vec2_reg", "pooling_mode": "mean", "transformers_version": "4.17.0.dev0"}
    file.write_text(json.dumps(json.loads(file.read_text()) | strange))
    extractor: Any = Wav2Vec2FeatureExtractor  # untyped
    extractor(sampling_rate=change.get("rate", 16_000), do_normalize=True, return_attention_mask=True).save_pretrained(
        folder
    )
    if change.get("bin"):
        torch.save(weights, folder / "pytorch_model.bin")
    else:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _loud_channel(weights: dict[str, Any], where: str) -> None:
    """One channel much louder than all others, and heard as much more softly: what spoils int8."""
    for layer in (0, 1):
        at = f"wav2vec2.encoder.layers.{layer}."
        if where == "norms":
            for reader in ("attention.q_proj", "attention.k_proj", "attention.v_proj"):
                weights[f"{at}{reader}.weight"][:, 0] /= 1e4
            weights[f"{at}feed_forward.intermediate_dense.weight"][:, 0] /= 1e4
            weights[f"{at}layer_norm.weight"][0] *= 1e4
            weights[f"{at}final_layer_norm.weight"][0] *= 1e4
        else:
            weights[f"{at}feed_forward.intermediate_dense.weight"][0] *= 1e4
            weights[f"{at}feed_forward.output_dense.weight"][:, 0] /= 1e4
