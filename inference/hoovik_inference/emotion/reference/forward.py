"""The EmotionTransformer in numpy: the same numbers without torch, and sooner for few windows.

The streams of face and voice have the same shapes once they are projected, so both are computed at once: arrays are
(2, …), face first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from hoovik_inference.emotion.reference.shape import STREAMS, Shape
from hoovik_inference.types import SEQ_LEN, Floats

_OUT = np.float32(-1e9)
_EPS = np.float32(1e-5)
"nn.LayerNorm's."


class Transformer:
    """A trained network. Calls may overlap."""

    def __init__(self, weights: Mapping[str, Floats], shape: Shape) -> None:
        """Arrange `weights`, which have the names and shapes of `weights_of`."""
        self._shape = shape
        self._proj = [_Projection(weights, f"{stream}_proj") for stream in STREAMS]
        self._convs = [
            _Conv(weights, *names) for names in (("conv1", "norm1", 1), ("pw", "norm_pw", 0), ("conv2", "norm2", 2))
        ]
        scale = np.array((shape.face_scale, 1.0), np.float32)[:, None, None, None]
        self._scale = scale
        self._places = _both(weights, "pos.pe")[:, :, :SEQ_LEN]
        self._token = _both(weights, "token")
        self._layers = [_Layer(weights, f"encoder.layers.{n}", shape.heads) for n in range(shape.num_layers)]
        self._pool = _both(weights, "pool.score.weight").transpose(0, 2, 1), _both(weights, "pool.score.bias")
        self._to_cross = _Linear(weights, "to_cross")
        self._cross = _Attention(weights, "cross_attn", shape.heads)
        self._gate = weights["cross_gate.0.weight"].T.copy(), weights["cross_gate.0.bias"]
        self._cross_ln = weights["cross_ln.weight"], weights["cross_ln.bias"]
        self._fusion_pool = weights["fusion_pool.score.weight"].T.copy(), weights["fusion_pool.score.bias"]
        self._heads = _Norm(weights, "head.0"), _Linear(weights, "head.1")
        self._fusion_norm = weights["fusion_head.0.weight"], weights["fusion_head.0.bias"]
        self._fusion = [
            (weights[f"fusion_head.{n}.weight"].T.copy(), weights[f"fusion_head.{n}.bias"]) for n in (2, 5)
        ]  # fmt: skip

    def __call__(self, face: Floats, audio: Floats, face_mask: Floats, audio_mask: Floats) -> Floats:
        """(B, classes) logits of normalised windows, with zeros where the masks are 0."""
        count, h = len(face), self._shape.width
        x = np.stack([project(one) for project, one in zip(self._proj, (face, audio), strict=True)])
        seen = x
        for conv in self._convs:
            seen = conv(seen)
        x = (x + seen) * self._scale + self._places
        x = np.concatenate((np.broadcast_to(self._token, (2, count, 1, h)), x), axis=2)
        there = np.ones((2, count, SEQ_LEN + 1), bool)
        there[0, :, 1:], there[1, :, 1:] = face_mask != 0, audio_mask != 0
        shut = np.where(there, np.float32(0.0), np.float32(-np.inf))[:, :, None, None]
        for layer in self._layers:
            x = layer(x, shut)
        pools = _pooled(x, (x.reshape(2, -1, h) @ self._pool[0] + self._pool[1][:, None]).reshape(there.shape), there)
        asked = self._to_cross(x)
        crossed = self._cross(asked, asked[::-1], shut[::-1])
        both = pools.transpose(1, 0, 2).reshape(count, 2 * h)
        gate = np.float32(self._shape.cross_gate_weight) * _sigmoid(both @ self._gate[0] + self._gate[1])
        x = x + gate[None, :, :, None] * crossed
        fused = _normed(x.transpose(1, 2, 0, 3).reshape(count, SEQ_LEN + 1, 2 * h), *self._cross_ln)
        scores = (fused.reshape(-1, 2 * h) @ self._fusion_pool[0] + self._fusion_pool[1]).reshape(there.shape[1:])
        pooled = _pooled(fused, scores, there.any(axis=0))
        norm, head = self._heads
        sure = _softmax(-_entropy(head(norm(pools[:, :, None]))[:, :, 0]).T)
        blend = (sure[:, :, None] * pools.transpose(1, 0, 2)).reshape(count, 2 * h)
        pooled = pooled + np.float32(self._shape.conf_blend_weight) * blend
        pooled *= there[:, :, 1:].any(axis=(0, 2))[:, None]
        (first, first_bias), (last, last_bias) = self._fusion
        logits: Floats = _gelu(_normed(pooled, *self._fusion_norm) @ first + first_bias) @ last + last_bias
        return logits


class _Projection:
    def __init__(self, weights: Mapping[str, Floats], name: str) -> None:
        held = [weights[f"{name}.{part}.weight"] for part in ("net.0", "gate.0")]
        self._split = len(held[0])
        self._first = np.concatenate(held).T.copy()  # one product instead of two
        self._first_bias = np.concatenate([weights[f"{name}.{part}.bias"] for part in ("net.0", "gate.0")])
        self._second, self._second_bias = weights[f"{name}.net.3.weight"].T.copy(), weights[f"{name}.net.3.bias"]

    def __call__(self, x: Floats) -> Floats:
        rows = _affine(x.reshape(-1, x.shape[2]), self._first, self._first_bias)
        out = _affine(_gelu(rows[:, : self._split]), self._second, self._second_bias)
        out *= _sigmoid(rows[:, self._split :])
        return out.reshape(*x.shape[:2], -1)


class _Linear:
    """Of both streams, each with its own weights."""

    def __init__(self, weights: Mapping[str, Floats], name: str) -> None:
        self._weight = np.ascontiguousarray(_both(weights, f"{name}.weight").transpose(0, 2, 1))
        self._bias = _both(weights, f"{name}.bias")[:, None]

    def __call__(self, x: Floats) -> Floats:
        return _affine(x.reshape(2, -1, x.shape[-1]), self._weight, self._bias).reshape(*x.shape[:-1], -1)


class _Norm:
    def __init__(self, weights: Mapping[str, Floats], name: str) -> None:
        self._weight, self._bias = (_both(weights, f"{name}.{part}")[:, None, None] for part in ("weight", "bias"))

    def __call__(self, x: Floats) -> Floats:
        return _normed(x, self._weight, self._bias)


class _Conv:
    """A convolution over steps as a product with the steps around each, then norm and GELU."""

    def __init__(self, weights: Mapping[str, Floats], name: str, norm: str, away: int) -> None:
        kernels = [_dense(weights[f"{stream}_conv_stem.{name}.weight"]) for stream in STREAMS]
        self._kernel, self._away = np.stack(kernels), away
        self._bias = _both(weights, f"conv_stem.{name}.bias")[:, None]
        self._norm = _Norm(weights, f"conv_stem.{norm}")

    def __call__(self, x: Floats) -> Floats:
        around = x
        if self._away:
            _, count, steps, width = x.shape
            around = np.zeros((2, count, steps, 3 * width), np.float32)
            around[:, :, self._away :, :width] = x[:, :, : -self._away]
            around[:, :, :, width : 2 * width] = x
            around[:, :, : -self._away, 2 * width :] = x[:, :, self._away :]
        out = _affine(around.reshape(2, -1, around.shape[-1]), self._kernel, self._bias)
        return _gelu(self._norm(out.reshape(x.shape)))


class _Attention:
    def __init__(self, weights: Mapping[str, Floats], name: str, heads: int) -> None:
        inward = np.ascontiguousarray(_both(weights, f"{name}.in_proj_weight").transpose(0, 2, 1))
        self._in, self._in_bias = inward, _both(weights, f"{name}.in_proj_bias")[:, None]
        self._out, self._heads = _Linear(weights, f"{name}.out_proj"), heads

    def __call__(self, x: Floats, y: Floats, shut: Floats) -> Floats:
        """What x takes of y; `shut` (2, B, 1, 1, T) is minus infinity where a step of y does not count."""
        h = x.shape[-1]
        if y is x:
            rows = _affine(x.reshape(2, -1, h), self._in, self._in_bias)
            query, key, value = (self._split(rows[..., n * h : (n + 1) * h], x.shape) for n in range(3))
        else:
            rows = _affine(x.reshape(2, -1, h), self._in[..., :h], self._in_bias[..., :h])
            query = self._split(rows, x.shape)
            rows = _affine(y.reshape(2, -1, h), self._in[..., h:], self._in_bias[..., h:])
            key, value = (self._split(rows[..., n * h : (n + 1) * h], x.shape) for n in range(2))
        scores = query @ key.swapaxes(3, 4)
        scores *= np.float32(1.0 / math.sqrt(h // self._heads))
        scores += shut
        taken = _softmax(scores) @ value
        return self._out(taken.transpose(0, 1, 3, 2, 4).reshape(x.shape))

    def _split(self, rows: Floats, shape: tuple[int, ...]) -> Floats:
        """(2, B, heads, T, h/heads)."""
        return rows.reshape(*shape[:3], self._heads, -1).transpose(0, 1, 3, 2, 4)


class _Layer:
    def __init__(self, weights: Mapping[str, Floats], name: str, heads: int) -> None:
        self._norm1, self._norm2 = _Norm(weights, f"{name}.norm1"), _Norm(weights, f"{name}.norm2")
        self._attention = _Attention(weights, f"{name}.self_attn", heads)
        self._up, self._down = _Linear(weights, f"{name}.linear1"), _Linear(weights, f"{name}.linear2")

    def __call__(self, x: Floats, shut: Floats) -> Floats:
        normed = self._norm1(x)
        x = x + self._attention(normed, normed, shut)
        up = self._up(self._norm2(x))
        x += self._down(np.maximum(up, 0.0, out=up))
        return x


def _affine(x: Floats, weight: Floats, bias: Floats) -> Floats:
    """(…, M, K) by (…, K, N), plus (…, N). BLAS is a third faster for few rows where the weights are on the left."""
    out: Floats = np.add((weight.swapaxes(-1, -2) @ x.swapaxes(-1, -2)).swapaxes(-1, -2), bias, order="C")
    return out


def _both(weights: Mapping[str, Floats], name: str) -> Floats:
    return np.stack([weights[f"{stream}_{name}"] for stream in STREAMS])


def _dense(kernel: Floats) -> Floats:
    """(reach·h, h) matrix of a (h, h/groups, reach) convolution, its steps from the earliest to the latest."""
    width, fan, reach = kernel.shape
    out = np.zeros((reach, width, width), np.float32)
    for channel in range(width):
        first = channel // fan * fan if fan < width else 0
        out[:, first : first + fan, channel] = kernel[channel].T
    return out.reshape(reach * width, width)


def _normed(x: Floats, weight: Floats, bias: Floats) -> Floats:
    part = np.float32(1.0 / x.shape[-1])
    out = x - np.add.reduce(x, axis=-1, keepdims=True) * part
    spread = np.add.reduce(out * out, axis=-1, keepdims=True)
    spread *= part
    spread += _EPS
    out /= np.sqrt(spread, out=spread)
    out *= weight
    out += bias
    return out


def _gelu(x: Floats) -> Floats:
    out: Floats = erf(x * np.float32(math.sqrt(0.5)))
    out += 1.0
    out *= x
    out *= 0.5
    return out


def _sigmoid(x: Floats) -> Floats:
    out: Floats = 1.0 / (1.0 + np.exp(-np.clip(x, -80.0, 80.0)))
    return out


def _softmax(x: Floats) -> Floats:
    out: Floats = np.exp(x - x.max(axis=-1, keepdims=True))
    out /= np.add.reduce(out, axis=-1, keepdims=True)
    return out


def _entropy(logits: Floats) -> Floats:
    p = _softmax(logits)
    entropy: Floats = -(p * np.log(p + np.float32(1e-8))).sum(axis=-1)
    return entropy


def _pooled(x: Floats, scores: Floats, there: NDArray[np.bool_]) -> Floats:
    """Steps (…, T, D) weighed by their scores (…, T)."""
    weights = _softmax(np.where(there, scores, _OUT))
    pooled: Floats = (weights[..., None, :] @ x)[..., 0, :]
    return pooled
