"""How much faster wav2vec2 runs than plain float32, and how near it stays: `python -m tests.bench.encoders [MODEL]`.

All in one run, in turns, on the same sounds: plain is transformers' own model in float32, as the model card runs it,
with a whole batch at once. MODEL is a folder with the checkpoint; without it, two stand-ins of the true shape (12
layers, 1,024 wide) and random weights serve:

- `random`: weights as they are before any training. Each layer adds little to what passes it by.
- `rough`: what is known of trained transformers: layers that matter, heavy tails, six loud channels before the
  linear layers (Dettmers et al., "LLM.int8()", 2022).

Speed does not depend on weights. Cosine does, and that of random weights is no proof for trained ones: where a
network is loaded, it is measured again on its weights (`Wav2Vec2Encoder.agreement`), and below 0.99 float32 serves.

Cosine is between the embeddings of one sound, the worst of all. "between sounds" is the same after the mean over
all sounds is taken off both: how well what tells sounds apart is kept.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from transformers.utils import logging as transformers_logging

from hoovik_inference.types import Floats
from hoovik_inference.voice.large import Wav2Vec2Encoder, network
from hoovik_inference.voice.large.precision import Precision, best
from tests import media
from tests.conftest import SHARED
from tests.unit.inference import tiny_models

RATE = 16_000
WINDOWS_S = (0.6, 1.0, 3.0)
BATCHES = (1, 2, 4)
WAYS: tuple[Precision, ...] = ("float32", "bfloat16", "int8")
SHAPE = {
    "hidden_size": 1024,
    "num_hidden_layers": 12,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "conv_dim": [512] * 7,
    "num_conv_pos_embeddings": 128,
    "num_conv_pos_embedding_groups": 16,
    "initializer_range": 0.02,
}
"Of wav2vec2-large-robust, cut to 12 layers."


@dataclass(frozen=True, slots=True)
class Speed:
    """What one batch costs."""

    window_s: float
    "Length of each sound."
    batch: int
    "Sounds at once."
    plain_ms: float
    "Median over the rounds, transformers' float32."
    ratio: dict[str, float]
    "Median over the rounds of plain by ours, within a round."


@dataclass(frozen=True, slots=True)
class Nearness:
    """How far vectors of 0.6 s are from those of plain float32."""

    weights: str
    "Which."
    way: str
    "Precision."
    cosine: float
    "The worst."
    between: float
    "The same of what differs between sounds."
    refused: str
    "Why it is not used with these weights; empty where it is."


class Plain:
    """The model card's way: transformers' model as it is loaded, mean over time."""

    def __init__(self, folder: Path) -> None:
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        made: Any = network.DimensionalNetwork.from_pretrained(str(folder), local_files_only=True)
        self._model = made.train(False)

    def run(self, sounds: Sequence[Floats]) -> Floats:
        """(B, D) of sounds of one length."""
        stacked = np.stack(sounds)
        centred = stacked - stacked.mean(axis=1, keepdims=True)
        normalised = centred / np.sqrt(stacked.var(axis=1, keepdims=True) + 1e-7)
        with torch.no_grad():
            hidden = self._model.wav2vec2(torch.from_numpy(normalised)).last_hidden_state
            out: Floats = hidden.mean(dim=1).numpy()
        return out


def embeddings(encoder: Wav2Vec2Encoder, sounds: Sequence[Floats]) -> Floats:
    """(B, D)."""
    found = [one.embedding for one in encoder.encode(sounds)]
    assert all(one is not None for one in found)
    return np.stack([one for one in found if one is not None])


def stand_in(folder: Path, rough: bool) -> Path:
    """A checkpoint of the true shape with random weights."""
    if not rough:
        return tiny_models.wav2vec2(folder, config=SHAPE)
    tiny_models.wav2vec2(folder, config=SHAPE | {"initializer_range": 0.03})
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    rng = np.random.default_rng(1)
    loud = torch.from_numpy(rng.choice(1024, 6, replace=False))
    for name, value in weights.items():
        if ".layers." in name and value.ndim == 2:
            tails = torch.from_numpy(rng.standard_t(4, size=value.shape).astype(np.float32))
            weights[name] = tails * value.std() / tails.std()
        if ".layers." in name and name.endswith("layer_norm.weight"):
            gains = torch.from_numpy(rng.lognormal(0.0, 0.4, size=value.shape).astype(np.float32))
            gains[loud] *= 20.0
            weights[name] = gains
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def real_sounds(folder: Path, count: int) -> list[Floats]:
    """Whole recordings, spread over those of a folder, 16 kHz mono."""
    files = sorted(file for file in folder.rglob("*") if file.suffix in {".flac", ".wav"})
    out = []
    for file in files[:: max(len(files) // count, 1)][:count]:
        resampler = av.AudioResampler("flt", "mono", RATE)
        with av.open(str(file)) as container:
            frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        out.append(np.concatenate([np.asarray(part.to_ndarray()[0], np.float32) for part in frames]))
    return out


def windows(sounds: Sequence[Floats], seconds: float) -> list[Floats]:
    """The middle of each sound; those that are shorter are left out."""
    size = round(seconds * RATE)
    return [sound[(len(sound) - size) // 2 :][:size] for sound in sounds if len(sound) >= size]


def nearness(weights: str, folder: Path, sounds: Sequence[Floats], ways: Sequence[Precision]) -> list[Nearness]:
    """Compare with plain float32 on 0.6 s of each sound."""
    newest = windows(sounds, 0.6)
    plain = Plain(folder)
    exact = np.concatenate([plain.run([sound]) for sound in newest])
    out = []
    for way in ways:
        try:
            encoder = Wav2Vec2Encoder(folder, precision=way, device="cpu")
        except ValueError as exc:
            out.append(Nearness(weights, way, float("nan"), float("nan"), str(exc)))
            continue
        found = np.concatenate([embeddings(encoder, [sound]) for sound in newest])
        worst = _worst(exact, found), _worst(exact - exact.mean(axis=0), found - found.mean(axis=0))
        out.append(Nearness(weights, way, *worst, ""))
    return out


def _worst(a: Floats, b: Floats) -> float:
    return float(((a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


def speed(folder: Path, sounds: Sequence[Floats], ways: Sequence[Precision], rounds: int) -> list[Speed]:
    """Time plain and ours in turns."""
    plain = Plain(folder)
    encoders = {way: Wav2Vec2Encoder(folder, precision=way, window_s=max(WINDOWS_S), device="cpu") for way in ways}
    runs: dict[str, Callable[[Sequence[Floats]], object]] = {"plain": plain.run}
    runs |= {way: encoder.encode for way, encoder in encoders.items()}
    out = []
    cases = [(seconds, batch) for seconds in WINDOWS_S for batch in BATCHES]
    for seconds, batch in track(cases, "timing", console=Console(stderr=True)):
        long = windows(sounds, seconds)
        chosen = [long[number % len(long)] for number in range(batch)]
        took: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(rounds + 1):
            for name, run in runs.items():
                start = time.perf_counter()
                run(chosen)
                if turn > 0:  # the first is not counted
                    took[name].append(time.perf_counter() - start)
        ratio: dict[str, float] = {way: float(np.median(np.array(took["plain"]) / np.array(took[way]))) for way in ways}
        out.append(Speed(seconds, batch, 1000.0 * float(np.median(took["plain"])), ratio))
    return out


def show(rows: Sequence[Speed], near: Sequence[Nearness], ways: Sequence[Precision]) -> None:
    console = Console()
    table = Table("window", "batch", "plain float32 ms", *(f"{way} ×" for way in ways), title="times as fast as plain")
    for row in rows:
        table.add_row(
            f"{row.window_s} s", str(row.batch), f"{row.plain_ms:.0f}", *(f"{row.ratio[way]:.2f}" for way in ways)
        )
    console.print(table)
    table = Table("weights", "precision", "worst cosine", "between sounds", "refused")
    for one in near:
        table.add_row(one.weights, one.way, f"{one.cosine:.5f}", f"{one.between:.5f}", one.refused)
    console.print(table)
    console.print(f"auto takes {best('cpu')} on this processor.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.encoders", description=str(__doc__).split("\n")[0])
    parser.add_argument("model", nargs="?", type=Path, help="folder of the checkpoint; stand-ins without")
    parser.add_argument(
        "--sounds", type=Path, default=SHARED / "data" / "ravdess_speech_16k", help="folder of flac or wav"
    )
    parser.add_argument("--clips", type=int, default=24, help="how many of them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    sounds = real_sounds(options.sounds, options.clips) if options.sounds.is_dir() else []
    sounds = sounds or [media.vowels(4.0, RATE)[start:] for start in range(0, 12_000, 1_000)]
    ways = tuple(way for way in WAYS if way != "bfloat16" or best("cpu") == "bfloat16")
    with tempfile.TemporaryDirectory() as scratch:
        if options.model is not None:
            models = {"given": options.model}
        else:
            models = {name: stand_in(Path(scratch) / name, name == "rough") for name in ("random", "rough")}
        near = [one for name, folder in models.items() for one in nearness(name, folder, sounds, ways)]
        first = next(iter(models))
        usable = tuple(one.way for one in near if one.weights == first and not one.refused)
        rows = speed(models[first], sounds, tuple(way for way in ways if way in usable), options.rounds)
    show(rows, near, tuple(way for way in ways if way in usable))
    if options.json is not None:
        figures = {"speed": [asdict(row) for row in rows], "nearness": [asdict(one) for one in near]}
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
