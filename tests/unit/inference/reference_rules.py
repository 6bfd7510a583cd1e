"""The reference's rules a second time, window by window and step by step: what the arrays are held against."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import BLENDSHAPES

Array = NDArray[Any]
TOLD = """mouthSmileLeft mouthSmileRight mouthFrownLeft mouthFrownRight browDownLeft browDownRight browInnerUp jawOpen
noseSneerLeft noseSneerRight eyeWideLeft eyeWideRight cheekPuff mouthPucker mouthFunnel""".split()


def normalised(x: Array, mask: Array, mean: Array, std: Array) -> Array:
    out = np.zeros_like(x)
    for step in range(len(x)):
        if mask[step]:
            out[step] = (x[step] - mean.ravel()) / std.ravel()
    return out


def xgb_features(face: Array, audio: Array, face_mask: Array, audio_mask: Array, modality: int) -> Array:
    """8,149 of one normalised window."""
    f, a = face[face_mask > 0], audio[audio_mask > 0]
    out: list[float] = []
    for x, size in ((f, 326), (a, 1024)):
        for reduce in (np.mean, np.std, np.min, np.max):
            out += [math.nan] * size if len(x) == 0 else reduce(x, axis=0).tolist()
    for x, size in ((f, 326), (a, 1024)):
        out += [math.nan] * size if len(x) < 2 else (x[-1] - x[0]).tolist()
    for x, mask, size in ((f, face_mask, 326), (a, audio_mask, 1024)):
        if len(x) < 2:
            out += [math.nan] * size
            continue
        t = np.flatnonzero(mask).astype(float)
        t = (t - t.mean()) / (t.std() + 1e-6)
        out += [sum(t * x[:, d].astype(float)) / (sum(t**2) + 1e-6) for d in range(size)]
    shapes = {name: f[:, 272 + BLENDSHAPES.index(name)] for name in BLENDSHAPES if name != "tongueOut"}
    if len(f):
        out += [float(shapes[name].mean()) for name in TOLD] + [float(shapes[name].max()) for name in TOLD]
        for name in ("mouthSmile", "browDown"):
            out.append(float(np.mean(np.abs(shapes[f"{name}Left"] - shapes[f"{name}Right"]))))
        out += f[:, 323:326].mean(axis=0).tolist() + f[:, 323:326].std(axis=0).tolist()
    else:
        out += [math.nan] * 38
    out += rhythm(audio, audio_mask)
    if len(f) < 2:
        out.append(math.nan)
    else:
        moved = [(f[n + 1, :272].astype(float) - f[n, :272]) ** 2 for n in range(len(f) - 1)]
        out.append(float(np.mean(moved)))
    out += [float(len(f) > 0), float(len(a) > 0), float(face_mask.mean()), float(audio_mask.mean())]
    out += [float(modality == 0), float(modality == 1), float(modality == 2)]
    return np.array(out, np.float32)


def rhythm(audio: Array, mask: Array) -> list[float]:
    places = [step for step in range(len(mask)) if mask[step]]
    lengths = [math.sqrt(sum(v * v for v in audio[step].tolist())) for step in places]
    if not lengths or sum(lengths) / len(lengths) < 1e-6:
        return [math.nan] * 3
    n = np.array(lengths) / (sum(lengths) / len(lengths))
    slope = math.nan
    if len(n) > 1:
        since = np.array(places, float) - places[0]
        t = since / (np.std(places) + 1e-6)
        slope = float(sum(t * n) / (sum(t**2) + 1e-6))
    return [float(n.std()), slope, places[int(np.argmax(n))] / 10]


def anomaly_features(face: Array, audio: Array, face_mask: Array, audio_mask: Array) -> Array:
    """9,452 of one normalised window."""
    out: list[float] = []
    for x, mask, size in ((face, face_mask, 326), (audio, audio_mask, 1024)):
        v = x[mask > 0]
        if len(v) == 0:
            out += [0.0] * (6 * size + 1)
            continue
        for reduce in (np.mean, np.std, np.min, np.max):
            out += reduce(v, axis=0).tolist()
        enough = len(v) >= 3
        out += (np.percentile(v, 75, axis=0) - np.percentile(v, 25, axis=0)).tolist() if enough else [0.0] * size
        out.append(float(mask.mean()))
        out += np.diff(v, axis=0).std(axis=0).tolist() if enough else [0.0] * size
    for x, mask, size in ((face, face_mask, 326), (audio, audio_mask, 1024)):
        v = x[mask > 0]
        out += (v[-1] - v[0]).tolist() if len(v) else [0.0] * size
    return np.array(out, np.float32)


def logits(weights: dict[str, Array], face: Array, audio: Array, face_mask: Array, audio_mask: Array) -> Array:
    """Of one normalised window, in double precision; steps that do not count are left out, not masked."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    streams, pools, shown = [], [], []
    for name, x, mask, scale in (("face", face, face_mask, 1.2), ("audio", audio, audio_mask, 1.0)):
        y = _stem(w, f"{name}_conv_stem", _project(w, f"{name}_proj", x * mask[:, None])) * scale
        y = np.concatenate((w[f"{name}_token"][0], y + w[f"{name}_pos.pe"][0, :10]))
        kept = [0] + [step + 1 for step in range(10) if mask[step]]
        for layer in range(3):
            at = f"{name}_encoder.layers.{layer}"
            z = _norm(w, f"{at}.norm1", y)
            y = y + _attend(w, f"{at}.self_attn", z, z[kept])
            z = np.maximum(_linear(w, f"{at}.linear1", _norm(w, f"{at}.norm2", y)), 0.0)
            y = y + _linear(w, f"{at}.linear2", z)
        streams.append(y)
        shown.append(kept)
        pools.append(_pool(w, f"{name}_pool", y[kept]))
    asked = [_linear(w, f"{name}_to_cross", y) for name, y in zip(("face", "audio"), streams, strict=True)]
    crossed = [
        _attend(w, "face_cross_attn", asked[0], asked[1][shown[1]]),
        _attend(w, "audio_cross_attn", asked[1], asked[0][shown[0]]),
    ]
    gate = 0.7 / (1.0 + np.exp(-_linear(w, "cross_gate.0", np.concatenate(pools))))
    fused = _norm(w, "cross_ln", np.concatenate([y + gate * c for y, c in zip(streams, crossed, strict=True)], axis=1))
    pooled = _pool(w, "fusion_pool", fused[sorted({*shown[0], *shown[1]})])
    entropies = []
    for name, pool in zip(("face", "audio"), pools, strict=True):
        p = _softmax(_linear(w, f"{name}_head.1", _norm(w, f"{name}_head.0", pool)))
        entropies.append(-np.sum(p * np.log(p + 1e-8)))
    sure = _softmax(-np.array(entropies))
    pooled = pooled + 0.5 * np.concatenate((sure[0] * pools[0], sure[1] * pools[1]))
    if not face_mask.any() and not audio_mask.any():
        pooled = pooled * 0.0
    hidden = _gelu(_linear(w, "fusion_head.2", _norm(w, "fusion_head.0", pooled)))
    return np.asarray(_linear(w, "fusion_head.5", hidden))


def _linear(w: dict[str, Array], name: str, x: Array) -> Array:
    return np.asarray(x @ w[f"{name}.weight"].T + w[f"{name}.bias"])


def _norm(w: dict[str, Array], name: str, x: Array) -> Array:
    apart = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt((apart**2).mean(axis=-1, keepdims=True) + 1e-5)
    return np.asarray(apart / spread * w[f"{name}.weight"] + w[f"{name}.bias"])


def _gelu(x: Array) -> Array:
    return np.asarray(0.5 * x * (1.0 + np.vectorize(math.erf)(x / math.sqrt(2.0))))


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max())
    return np.asarray(e / e.sum())


def _project(w: dict[str, Array], name: str, x: Array) -> Array:
    gate = 1.0 / (1.0 + np.exp(-_linear(w, f"{name}.gate.0", x)))
    return np.asarray(_linear(w, f"{name}.net.3", _gelu(_linear(w, f"{name}.net.0", x))) * gate)


def _stem(w: dict[str, Array], name: str, x: Array) -> Array:
    y = x
    for conv, norm, apart in (("conv1", "norm1", 1), ("pw", "norm_pw", 0), ("conv2", "norm2", 2)):
        kernel, bias = w[f"{name}.{conv}.weight"], w[f"{name}.{conv}.bias"]
        out = np.tile(bias, (len(y), 1))
        each = kernel.shape[1]
        for step in range(len(y)):
            for tap in range(kernel.shape[2]):
                at = step + (tap - kernel.shape[2] // 2) * apart
                if 0 <= at < len(y):
                    for group in range(len(bias) // each):
                        rows = slice(group * each, (group + 1) * each)
                        out[step, rows] += kernel[rows, :, tap] @ y[at, rows]
        y = _gelu(_norm(w, f"{name}.{norm}", out))
    return np.asarray(x + y)


def _attend(w: dict[str, Array], name: str, x: Array, y: Array) -> Array:
    """Four heads of x over all of y."""
    h = x.shape[1]
    inward, bias = w[f"{name}.in_proj_weight"], w[f"{name}.in_proj_bias"]
    q, k, v = (z @ inward[n * h : (n + 1) * h].T + bias[n * h : (n + 1) * h] for n, z in enumerate((x, y, y)))
    out = np.zeros_like(x)
    each = h // 4
    for head in range(4):
        part = slice(head * each, (head + 1) * each)
        for step in range(len(x)):
            out[step, part] = _softmax(k[:, part] @ q[step, part] / math.sqrt(each)) @ v[:, part]
    return _linear(w, f"{name}.out_proj", out)


def _pool(w: dict[str, Array], name: str, x: Array) -> Array:
    return np.asarray(_softmax(_linear(w, f"{name}.score", x)[:, 0]) @ x)
