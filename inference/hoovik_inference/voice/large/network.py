"""The network of audeering's wav2vec2 checkpoints: transformers' Wav2Vec2Model, a mean over time, and a head of ours.

Structure and names of weights follow the model card of `audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim`
(Wagner et al., "Dawn of the transformer era in speech emotion recognition", IEEE TPAMI 45, 2023); transformers has no
class with this head. This module imports torch and transformers; `wav2vec2.py` imports it when an encoder is made.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model
from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2PreTrainedModel
from transformers.utils import logging as transformers_logging

from hoovik_inference.voice.large.front import Features, Positions
from hoovik_inference.voice.stream import RATE

DIMENSIONS = ("arousal", "dominance", "valence")
"What the head gives, in the order of the model card."
_IDLE = {"wav2vec2.masked_spec_embed"}
"Weights that only training reads."
_FILES = ("config.json", "preprocessor_config.json")
_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"Where transformers finds weights; one is enough."


class RegressionHead(nn.Module):
    """(B, D) means over time to (B, 3): Linear, tanh, Linear."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, outputs)

    def forward(self, pooled: Tensor) -> Tensor:
        """(B, D) to (B, outputs)."""
        out: Tensor = self.out_proj(torch.tanh(self.dense(pooled)))
        return out


class DimensionalNetwork(Wav2Vec2PreTrainedModel):  # type: ignore[no-untyped-call]
    """Sound to embedding and dimensions."""

    def __init__(self, config: Wav2Vec2Config) -> None:
        super().__init__(config)
        self.wav2vec2 = Wav2Vec2Model(config)
        self.classifier = RegressionHead(config.hidden_size, len(DIMENSIONS))
        self.post_init()  # type: ignore[no-untyped-call]

    def frames(self, samples: Tensor) -> Tensor:
        """Steps of the transformer for so many samples."""
        out = samples
        for kernel, stride in zip(self.config.conv_kernel, self.config.conv_stride, strict=True):
            out = torch.div(out - kernel, stride, rounding_mode="floor") + 1
        return out

    def forward(self, sound: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Read a batch.

        Args:
            sound: (B, n), normalised, zeros behind the shorter ones.
            mask: (B, n), 1 where there is sound; None where all are n long.

        Returns:
            (B, D) last hidden states, mean over the time that is sound; (B, outputs) of the head. Both float32.
        """
        norm: Any = self.wav2vec2.feature_projection.layer_norm  # is in no precision's way
        hidden = self.wav2vec2(sound.to(norm.weight.dtype), attention_mask=mask).last_hidden_state.float()
        if mask is None:
            pooled = hidden.mean(dim=1)
        else:
            lengths = self.frames(mask.sum(dim=1))[:, None]
            inside = torch.arange(hidden.shape[1], device=hidden.device)[None] < lengths
            pooled = (hidden * inside[..., None]).sum(dim=1) / lengths
        return pooled, self.classifier(pooled)


def load(source: str, download: bool) -> tuple[DimensionalNetwork, Wav2Vec2FeatureExtractor, tuple[int, ...]]:
    """Read a checkpoint, float32, ready to infer.

    Args:
        source: Folder, or id of the Hugging Face hub.
        download: Whether what is not in the hub's local cache may be fetched.

    Returns:
        The network, its normalisation, and which outputs of the head are arousal, dominance and valence.

    Raises:
        FileNotFoundError: There is no such folder, or not in the cache.
        ValueError: It is another kind of network, is incomplete or damaged, or wants another sample rate.
    """
    _look(source)
    at: dict[str, Any] = {"local_files_only": not download}
    bars = transformers_logging.is_progress_bar_enabled()
    level = transformers_logging.get_verbosity()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # what it would warn of is an error below
    try:
        config = _config(source, at)
        extractor = Wav2Vec2FeatureExtractor.from_pretrained(source, **at)
        if extractor.sampling_rate != RATE:
            raise ValueError(
                f"{source} wants {extractor.sampling_rate} samples a second; expected {RATE}: "
                "this is not the preprocessor of wav2vec2-large-robust-12-ft-emotion-msp-dim"
            )
        made: Any = DimensionalNetwork.from_pretrained(
            source, config=config, output_loading_info=True, dtype=torch.float32, **at
        )
    except (SafetensorError, RuntimeError, OSError) as exc:
        if isinstance(exc, OSError) and not Path(source).is_dir():
            raise FileNotFoundError(_absent(source, download)) from exc
        raise ValueError(f"{source} cannot be read ({exc}): fetch it again") from exc
    finally:
        transformers_logging.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
    network: DimensionalNetwork = made[0]
    absent = sorted(set(made[1]["missing_keys"]) - _IDLE)
    if absent:
        shown = ", ".join(absent[:4]) + (f" and {len(absent) - 4} more" if len(absent) > 4 else "")
        raise ValueError(
            f"the weights of {source} lack {shown}; expected a fine-tuned checkpoint with its regression head "
            "(classifier.dense, classifier.out_proj), such as audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim"
        )
    network.train(False).requires_grad_(False)
    # The positional convolution computes its weight from a norm and a direction in each run: once is enough.
    parametrize.remove_parametrizations(network.wav2vec2.encoder.pos_conv_embed.conv, "weight")
    return network, extractor, _order(source, config)


def faster(model: Any, steps: int) -> None:
    """Compute a Wav2Vec2Model otherwise, faster on a CPU, for at most so many steps; the same comes out."""
    model.feature_extractor = Features(model.feature_extractor)
    model.encoder.pos_conv_embed = Positions(model.encoder.pos_conv_embed, steps)


def frozen(network: DimensionalNetwork, samples: int) -> Any:
    """The network for (1, samples) alone, as one call that does not hold Python's interpreter lock: (1, D), (1, 3)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, and transformers' asserts become constants: the shape is one
        traced = torch.jit.trace(_Alone(network), (torch.zeros(1, samples),), check_trace=False)  # type: ignore[no-untyped-call]
        made: Any = torch.jit.freeze(traced)
        with torch.inference_mode():
            for _ in range(3):  # it is made for its input in the first runs
                made(torch.zeros(1, samples))
    return made


class _Alone(nn.Module):
    """Of one whole window."""

    def __init__(self, network: DimensionalNetwork) -> None:
        super().__init__()
        self.network = network
        self.train(False)

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """(1, n) to what the network gives."""
        out: tuple[Tensor, Tensor] = self.network(sound, None)
        return out


def _look(source: str) -> None:
    """Name what is missing of a folder, before transformers looks for it on the hub."""
    folder = Path(source)
    if not folder.is_dir():
        if source.count("/") == 1 and source[0] not in "./~":
            return  # a hub id
        raise FileNotFoundError(
            f"there is no folder {source}; expected one with {', '.join(_FILES)} and {_WEIGHTS[0]}, "
            "or the id of a model on the Hugging Face hub, such as owner/name"
        )
    lacking = [name for name in _FILES if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in _WEIGHTS):
        lacking.append(_WEIGHTS[0])
    if lacking:
        raise FileNotFoundError(f"{source} lacks {', '.join(lacking)}: fetch the model again")


def _absent(source: str, download: bool) -> str:
    if download:
        return f"{source} could not be fetched from the Hugging Face hub: is the id right and the network there?"
    return (
        f"{source} is neither a folder nor, whole, in the Hugging Face cache of this machine; "
        "fetch it first, or allow the download"
    )


def _config(source: str, at: dict[str, Any]) -> Wav2Vec2Config:
    """Of a network that is built as the one on the model card, whatever its size."""
    values, _ = Wav2Vec2Config.get_config_dict(source, **at)
    kind = values.get("model_type")
    if kind != "wav2vec2":
        raise ValueError(f"{source} holds a network of type {kind}; expected wav2vec2")
    config = Wav2Vec2Config.from_dict(values)
    # With "group" the first layer normalises over time: padding would change what is heard.
    for name, expected in (("feat_extract_norm", "layer"), ("add_adapter", False), ("num_labels", len(DIMENSIONS))):
        found = getattr(config, name)
        if found != expected:
            raise ValueError(
                f"{source} has {name} {found}; expected {expected}, as in "
                "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim"
            )
    return config


def _order(source: str, config: Wav2Vec2Config) -> tuple[int, ...]:
    """Places of DIMENSIONS in the head's output; the model card's own where the outputs have no names."""
    labels: dict[Any, str] = config.id2label or {}
    names = [labels[number].lower() for number in range(len(DIMENSIONS))]
    if all(name.startswith("label_") for name in names):
        return tuple(range(len(DIMENSIONS)))
    if sorted(names) != sorted(DIMENSIONS):
        raise ValueError(f"the head of {source} gives {', '.join(names)}; expected {', '.join(DIMENSIONS)}")
    return tuple(names.index(name) for name in DIMENSIONS)
