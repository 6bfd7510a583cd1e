"""The EmotionTransformer in ONNX Runtime: the same numbers without torch, several times sooner.

The network is written as ONNX from the weights when it is loaded: a bundle holds it once, by the reference's names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.shape import STREAMS, Shape
from hoovik_inference.onnx_write import Network
from hoovik_inference.types import SEQ_LEN, Floats

_OUT = np.float32(-1e9)
"Added to the scores of steps that do not count: nothing is left of them."


class Transformer:
    """A trained network, on the calling thread. Calls may overlap."""

    def __init__(self, weights: Mapping[str, Floats], shape: Shape) -> None:
        """Build it of `weights`, which have the names and shapes of `weights_of` (some 50 ms)."""
        options = onnxruntime.SessionOptions()
        # A few windows at a time: more threads would only wait for each other.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = _Builder(weights, shape).build()
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(self, face: Floats, audio: Floats, face_mask: Floats, audio_mask: Floats) -> Floats:
        """(B, classes) logits of normalised windows, with zeros where the masks are 0."""
        there = np.ones((2, len(face), SEQ_LEN + 1), bool)  # the token always counts
        there[0, :, 1:], there[1, :, 1:] = face_mask != 0, audio_mask != 0
        logits: Floats = self._session.run(
            None,
            {
                "face": face,
                "audio": audio,
                "face_shut": _shut(there[0])[:, None, None],
                "audio_shut": _shut(there[1])[:, None, None],
                "both_shut": _shut(there.any(axis=0))[:, None],
                "any": there[:, :, 1:].any(axis=(0, 2)).astype(np.float32)[:, None, None],
            },
        )[0]
        return logits


def _shut(there: NDArray[np.bool_]) -> Floats:
    return np.where(there, np.float32(0.0), _OUT)


class _Builder:
    """From weights to ONNX; sequences are (B, T, width) throughout."""

    def __init__(self, weights: Mapping[str, Floats], shape: Shape) -> None:
        self._weights, self._shape, self._net = weights, shape, Network()

    def build(self) -> bytes:
        """The whole network."""
        net, shape, steps = self._net, self._shape, SEQ_LEN + 1
        given = [
            net.input(name, "B", SEQ_LEN, size)
            for name, size in zip(STREAMS, (shape.face, shape.audio), strict=True)
        ]  # fmt: skip
        shut = [net.input(f"{name}_shut", "B", 1, 1, steps) for name in STREAMS]
        both_shut, any_step = net.input("both_shut", "B", 1, steps), net.input("any", "B", 1, 1)
        scales = (shape.face_scale, 1.0)
        f, a = (self._stream(*one) for one in zip(STREAMS, given, shut, scales, strict=True))
        one_row = [net.node("Squeeze", each, net.ints(1)) for each in shut]  # (B, 1, T)
        face_pool, audio_pool = self._pool("face_pool", f, one_row[0]), self._pool("audio_pool", a, one_row[1])
        f_q, a_q = self._linear("face_to_cross", f), self._linear("audio_to_cross", a)
        to_face = self._attend("face_cross_attn", f_q, a_q, shut[1])
        to_audio = self._attend("audio_cross_attn", a_q, f_q, shut[0])
        gate = net.node("Sigmoid", self._linear("cross_gate.0", self._beside(face_pool, audio_pool)))
        gate = self._times(gate, shape.cross_gate_weight)
        crossed = (net.node("Add", x, net.node("Mul", gate, taken)) for x, taken in ((f, to_face), (a, to_audio)))
        pooled = self._pool("fusion_pool", self._norm("cross_ln", self._beside(*crossed)), both_shut)
        sureness = self._beside(self._sureness("face_head", face_pool), self._sureness("audio_head", audio_pool))
        sure = net.nodes("Split", 2, net.node("Softmax", sureness, axis=-1), axis=-1, num_outputs=2)
        blend = self._beside(net.node("Mul", sure[0], face_pool), net.node("Mul", sure[1], audio_pool))
        pooled = net.node("Add", pooled, self._times(blend, shape.conf_blend_weight))
        pooled = net.node("Mul", pooled, any_step)
        hidden = net.node("Gelu", self._linear("fusion_head.2", self._norm("fusion_head.0", pooled)))
        logits = net.node("Squeeze", self._linear("fusion_head.5", hidden), net.ints(1))
        return net.model(logits, "B", shape.classes)

    def _stream(self, name: str, x: str, shut: str, scale: float) -> str:
        """Projection, convolutions, positions, token, layers."""
        net = self._net
        gate = net.node("Sigmoid", self._linear(f"{name}_proj.gate.0", x))
        x = self._linear(f"{name}_proj.net.3", net.node("Gelu", self._linear(f"{name}_proj.net.0", x)))
        x = net.node("Mul", x, gate)
        seen = x
        for conv, norm, apart in (("conv1", "norm1", 1), ("pw", "norm_pw", 0), ("conv2", "norm2", 2)):
            seen = self._conv(f"{name}_conv_stem.{conv}", seen, apart)
            seen = net.node("Gelu", self._norm(f"{name}_conv_stem.{norm}", seen))
        x = self._times(net.node("Add", x, seen), scale)
        x = net.node("Add", x, net.constant(self._weights[f"{name}_pos.pe"][:, :SEQ_LEN]))
        batch = net.node("Shape", x, start=0, end=1)
        size = net.node("Concat", batch, net.ints(1, self._shape.width), axis=0)
        token = net.node("Expand", net.constant(self._weights[f"{name}_token"]), size)
        x = net.node("Concat", token, x, axis=1)
        for layer in range(self._shape.num_layers):
            at = f"{name}_encoder.layers.{layer}"
            normed = self._norm(f"{at}.norm1", x)
            x = net.node("Add", x, self._attend(f"{at}.self_attn", normed, normed, shut))
            up = net.node("Relu", self._linear(f"{at}.linear1", self._norm(f"{at}.norm2", x)))
            x = net.node("Add", x, self._linear(f"{at}.linear2", up))
        return x

    def _linear(self, name: str, x: str) -> str:
        return self._affine(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _affine(self, x: str, weight: Floats, bias: Floats) -> str:
        net = self._net
        return net.node("Add", net.node("MatMul", x, net.constant(weight.T)), net.constant(bias))

    def _norm(self, name: str, x: str) -> str:
        weight, bias = (self._net.constant(self._weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self._net.node("LayerNormalization", x, weight, bias, axis=-1, epsilon=1e-5)

    def _conv(self, name: str, x: str, apart: int) -> str:
        """Over steps; `apart` is from a tap to the next, and how far the ends are padded."""
        net, kernel = self._net, self._weights[f"{name}.weight"]
        held = net.constant(kernel), net.constant(self._weights[f"{name}.bias"])
        groups = len(kernel) // kernel.shape[1]
        by_step = net.node("Transpose", x, perm=(0, 2, 1))
        out = net.node("Conv", by_step, *held, group=groups, pads=(apart, apart), dilations=(max(apart, 1),))
        return net.node("Transpose", out, perm=(0, 2, 1))

    def _attend(self, name: str, x: str, y: str, shut: str) -> str:
        """What each step of x takes of the steps of y that count."""
        net, h, heads = self._net, self._shape.width, self._shape.heads
        weight, bias = self._weights[f"{name}.in_proj_weight"], self._weights[f"{name}.in_proj_bias"]
        part = np.float32(1.0 / math.sqrt(h // heads))
        query = self._heads(self._affine(x, weight[:h] * part, bias[:h] * part), (0, 2, 1, 3))
        key = self._heads(self._affine(y, weight[h : 2 * h], bias[h : 2 * h]), (0, 2, 3, 1))
        value = self._heads(self._affine(y, weight[2 * h :], bias[2 * h :]), (0, 2, 1, 3))
        scores = net.node("Add", net.node("MatMul", query, key), shut)
        taken = net.node("MatMul", net.node("Softmax", scores, axis=-1), value)
        joined = net.node("Reshape", net.node("Transpose", taken, perm=(0, 2, 1, 3)), net.ints(0, 0, h))
        return self._linear(f"{name}.out_proj", joined)

    def _heads(self, x: str, order: tuple[int, ...]) -> str:
        split = self._net.node("Reshape", x, self._net.ints(0, 0, self._shape.heads, -1))
        return self._net.node("Transpose", split, perm=order)

    def _pool(self, name: str, x: str, shut: str) -> str:
        """(B, 1, width); `shut` is (B, 1, T)."""
        net = self._net
        scores = net.node("Transpose", self._linear(f"{name}.score", x), perm=(0, 2, 1))
        return net.node("MatMul", net.node("Softmax", net.node("Add", scores, shut), axis=-1), x)

    def _sureness(self, name: str, pool: str) -> str:
        """(B, 1, 1) less entropy of a stream's own probabilities."""
        net = self._net
        shares = net.node("Softmax", self._linear(f"{name}.1", self._norm(f"{name}.0", pool)), axis=-1)
        logs = net.node("Log", net.node("Add", shares, net.constant(np.array(1e-8, np.float32))))
        return net.node("ReduceSum", net.node("Mul", shares, logs), net.ints(-1))

    def _beside(self, *parts: str) -> str:
        return self._net.node("Concat", *parts, axis=-1)

    def _times(self, x: str, factor: float) -> str:
        return x if factor == 1.0 else self._net.node("Mul", x, self._net.constant(np.array(factor, np.float32)))
