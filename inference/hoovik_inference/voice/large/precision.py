"""How the network is computed faster than in float32, and how far the result may be from it."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
import torch
from torch import nn

from hoovik_inference.types import Floats
from hoovik_inference.voice.large.balance import Balance
from hoovik_inference.voice.stream import RATE

Precision = Literal["auto", "float32", "bfloat16", "float16", "int8"]
__all__ = ["Balance", "LEAST_COSINE", "Precision", "agreement", "best", "lower", "probes"]

LEAST_COSINE = 0.99
"Between embeddings in float32 and in another precision, the worst of the probes."

_NARROW = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def best(device: str) -> Precision:
    """What is fastest on a device without risk: `python -m tests.bench.encoders` measures it.

    float16 on a GPU. On a CPU bfloat16 where it multiplies that in hardware: its error does not depend on
    outliers in the weights. Otherwise int8 where FBGEMM has kernels, else float32.
    """
    if device != "cpu":
        return "float16"
    able = torch.cpu.get_capabilities()
    if able.get("avx512_bf16") or able.get("amx_bf16"):
        return "bfloat16"
    return "int8" if able.get("avx2") and "x86" in torch.backends.quantized.supported_engines else "float32"


def lower(network: nn.Module, precision: Precision) -> nn.Module:
    """The same network, computed otherwise; it is changed in place.

    bfloat16 and float16: all weights and activations. int8: weights of the linear layers by output (on a CPU those of
    the front, too: see front.py), their inputs by batch, as they come, so that a vector depends a little on the others
    of its batch; all else stays float32.
    """
    if precision in _NARROW:
        return network.to(_NARROW[precision])
    if precision == "int8":
        from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

        # Deprecated in favour of torchao, which would be one more package; torch is pinned.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", UserWarning)
            network = quantize_dynamic(network, {nn.Linear: per_channel_dynamic_qconfig}, inplace=True)  # type: ignore[no-untyped-call]
    return network


def probes(samples: int) -> list[Floats]:
    """Sounds on which precisions are compared: a gliding voice-like tone, the same in noise, noise in bursts."""
    rng = np.random.default_rng(5)
    t = np.arange(samples) / RATE
    phase = 2.0 * np.pi * np.cumsum(120.0 + 60.0 * np.sin(2.0 * np.pi * 2.0 * t)) / RATE
    voice = sum(np.sin(k * phase) / k for k in range(1, 25)) * (0.6 + 0.4 * np.sin(2.0 * np.pi * 4.0 * t))
    noise = rng.normal(size=samples)
    bursts = noise * (np.sin(2.0 * np.pi * 6.0 * t) > 0.3)
    return [np.asarray(0.1 * sound, np.float32) for sound in (voice, voice + 0.5 * noise, bursts)]


def agreement(exact: Floats, other: Floats) -> float:
    """Smallest cosine between the rows of two (B, D); nan where one is not finite."""
    return float(torch.cosine_similarity(torch.from_numpy(exact), torch.from_numpy(other), dim=1).min())
