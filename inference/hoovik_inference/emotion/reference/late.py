"""Late fusion: an expert for each modality, and attention that says how much each counts.

An expert reads one modality alone: steps weighted by attention, then a linear layer to classes. What both steps and
both modalities are like (how sure each was read, how good picture and sound are) decides by how much each expert's
scores are multiplied before they are added: the product of experts that are independent given the class (Hinton,
"Training products of experts", Neural Computation 14, 2002), with exponents of their own for each window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hoovik_inference.emotion.reference.shape import STREAMS
from hoovik_inference.emotion.reference.windows import Windows
from hoovik_inference.types import Floats

HIDDEN = 16
"Numbers in which both modalities meet before they are weighed."


@dataclass(frozen=True, slots=True)
class Late:
    """The trained experts and what weighs them, by the names of `weights_of`."""

    weights: Mapping[str, Floats]

    def __call__(self, normal: Windows) -> Floats:
        """(N, K) logits of normalised windows."""
        w = self.weights
        said, pooled, there = [], [], []
        for stream, values, mask in zip(
            STREAMS, (normal.face, normal.audio), (normal.face_mask, normal.audio_mask), strict=True
        ):
            rows = _pooled(values @ w[f"{stream}.attention"], values, mask)
            said.append(rows @ w[f"{stream}.expert.weight"].T + w[f"{stream}.expert.bias"])
            pooled.append(rows)
            there.append(mask.any(axis=1, keepdims=True).astype(np.float32))
        context = np.concatenate((*pooled, *there), axis=1)
        hidden = np.tanh(context @ w["context.weight"].T + w["context.bias"])
        trust = np.log1p(np.exp(hidden @ w["trust.weight"].T + w["trust.bias"]))  # softplus
        face, audio = (trust[:, [m]] * there[m] * said[m] for m in range(len(STREAMS)))
        logits: Floats = (face + audio + w["bias"]).astype(np.float32)
        return logits


def weights_of(face: int, audio: int, classes: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of what is trained, for so many numbers of a face and of a voice a step."""
    out: dict[str, tuple[int, ...]] = {}
    for stream, size in zip(STREAMS, (face, audio), strict=True):
        out[f"{stream}.attention"] = (size,)
        out[f"{stream}.expert.weight"], out[f"{stream}.expert.bias"] = (classes, size), (classes,)
    out["context.weight"], out["context.bias"] = (HIDDEN, face + audio + 2), (HIDDEN,)
    out["trust.weight"], out["trust.bias"] = (2, HIDDEN), (2,)
    out["bias"] = (classes,)
    return out


def _pooled(scores: Floats, values: Floats, mask: Floats) -> Floats:
    """(N, D) of (N, T, D) by a softmax of (N, T) scores over the steps that count; zeros where none does."""
    top = np.where(mask != 0, scores, np.float32(-1e9)).max(axis=1, keepdims=True)
    weights = np.exp(np.minimum(scores - top, np.float32(0.0))) * mask
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    pooled: Floats = np.einsum("nt,ntd->nd", weights, values)
    return pooled
