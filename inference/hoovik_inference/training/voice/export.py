"""From trained networks to the file that is shipped: side by side, normalisation folded in, in half precision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hoovik_inference.training.voice.fit import Fitted
from hoovik_inference.training.voice.net import VoiceNet
from hoovik_inference.types import EMOTIONS, Floats
from hoovik_inference.voice.encoder import VERSION
from hoovik_inference.voice.moments import POOLED


def export(fitted: Sequence[Fitted], temperature: float, file: Path, name: str) -> None:
    """Write the networks to `file` as one, whose logits are the means of theirs.

    Args:
        fitted: Networks of one shape, standardised alike.
        temperature: Logits of the classes are divided by it.
        file: Where they go.
        name: Of the model.
    """
    folded = [_folded(one.net) for one in fitted]
    share = 1.0 / len(fitted)
    factors = np.full(len(EMOTIONS) + 1, share / temperature, np.float32)
    factors[-1] = share
    halves = {
        "embed.weight": np.concatenate([one[0] for one in folded], axis=1),
        "embed.bias": np.concatenate([one[1] for one in folded]),
        "read.weight": np.concatenate([one[2] for one in folded]) * factors,
        "read.bias": np.sum([one[3] for one in folded], axis=0) * factors,
    }
    arrays: dict[str, NDArray[np.generic]] = {
        "version": np.array(VERSION),
        "name": np.array(name),
        "emotions": np.array(EMOTIONS),
        "pooled": np.array(POOLED),
        "middle": fitted[0].middle,
        "scale": fitted[0].scale,
        **{key: value.astype(np.float16) for key, value in halves.items()},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.npz")
    np.savez_compressed(part, **arrays)
    part.replace(file)


@torch.no_grad()
def _folded(net: VoiceNet) -> tuple[Floats, Floats, Floats, Floats]:
    """Weights (POOLED, D) and bias (D,) of the hidden layer, weights (D, 8) and bias (8,) of the last."""
    norm = net.norm
    assert norm.running_var is not None and norm.running_mean is not None, "batch normalisation keeps both"
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = (net.embed.weight * scale[:, None]).T
    bias = (net.embed.bias - norm.running_mean) * scale + norm.bias
    return weight.numpy(), bias.numpy(), net.read.weight.T.numpy(), net.read.bias.numpy()
