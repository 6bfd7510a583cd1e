"""The reference's voice vector and what its network's own head says: wav2vec2 on the newest 0.6 s."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from hoovik_inference.types import Floats
from hoovik_inference.voice.large.cut import checked, trailing
from hoovik_inference.voice.large.encoded import Encoded
from hoovik_inference.voice.stream import RATE

if TYPE_CHECKING:
    from hoovik_inference.voice.large.precision import Precision

MODEL = "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim"
"Id on the Hugging Face hub. Its weights are CC BY-NC-SA 4.0: not for commercial use."
WINDOW_S = 0.6
"Sound behind one vector of the reference: 9,600 samples."
HOP_S = 0.3
"Least time between two vectors of the reference."
LEAST = 1_200
"Samples below which there is no vector."
AT_ONCE = 32
"Sounds in a batch on a GPU, for which one is too little work."
_DEVICES = ("auto", "cpu", "cuda")


class Wav2Vec2Encoder:
    """A `SpeechEncoder`: last hidden states, mean over time, and arousal, dominance and valence of the head.

    All sounds of a call are one batch: shorter ones are padded and masked, which changes nothing in what is read
    (in int8 a little: see precision.py). On a CPU each sound costs as much in a batch as alone: `at_once` is 1 there.
    How many threads of the CPU it takes is torch's setting (`torch.set_num_threads`), the caller's to make.
    """

    name = "wav2vec2"

    def __init__(
        self,
        source: str | os.PathLike[str] = MODEL,
        *,
        device: Literal["auto", "cpu", "cuda"] = "auto",
        precision: Precision = "auto",
        window_s: float = WINDOW_S,
        hop_s: float = HOP_S,
        download: bool = False,
    ) -> None:
        """Load the network and run it; seconds.

        Args:
            source: Folder with config.json, preprocessor_config.json and weights, or id on the Hugging Face hub.
            device: "auto" takes CUDA where there is one.
            precision: "auto" takes what is fastest there, and float32 where that is too far from float32.
            window_s: Seconds of sound for one vector; the trained models of the reference know only 0.6.
            hop_s: Seconds from one vector to the next.
            download: Whether a hub id may be fetched; otherwise it must lie in the hub's cache on this machine.

        Raises:
            ModuleNotFoundError: torch or transformers is not installed.
            FileNotFoundError: There is no such folder or cached model, or files of it are missing.
            ValueError: The folder holds another network, lacks weights or is damaged, CUDA is asked for and not there,
                or the asked precision is too far from float32 with these weights.
        """
        if round(window_s * RATE) < LEAST or not hop_s > 0.0:
            raise ValueError(f"window_s is {window_s}, hop_s {hop_s}; expected {LEAST / RATE} or more, and more than 0")
        try:
            import torch

            from hoovik_inference.voice.large import network
            from hoovik_inference.voice.large import precision as precisions
        except ModuleNotFoundError as exc:
            raise ModuleNotFoundError(
                f"wav2vec2 needs {exc.name}, which is not installed: pip install 'hoovik-rtc[models]'", name=exc.name
            ) from exc
        for given, known in ((device, _DEVICES), (precision, get_args(precisions.Precision))):
            if given not in known:
                raise ValueError(f"{given} is asked for; expected one of {', '.join(known)}")
        there = torch.cuda.is_available()
        if device == "cuda" and not there:
            raise ValueError("device is cuda, but torch finds none; install torch with CUDA and a driver, or take cpu")
        self.device = device if device != "auto" else "cuda" if there else "cpu"
        "Where it is computed."
        if precision == "int8" and self.device != "cpu":
            raise ValueError("precision is int8 on a GPU; expected auto, float32, float16 or bfloat16 there")
        self.window_s, self.hop_s = window_s, hop_s
        self.at_once = 1 if self.device == "cpu" else AT_ONCE
        self._samples = round(window_s * RATE)
        self._torch = torch
        self._network, self._normalise, self._order = network.load(os.fspath(source), download)
        self._front, self._frozen = network.faster, None
        self._place()
        self.size = int(self._network.config.hidden_size)
        self.precision: Precision = "float32"
        "In which it is computed."
        self.agreement = 1.0
        "Smallest cosine of its embeddings with those of float32, on three sounds that were made for that."
        lowered = precisions.best(self.device) if precision == "auto" else precision
        for whole in (True, False) if lowered == "int8" else (True,):
            self._lower(precisions, lowered, whole)
            if self.agreement >= precisions.LEAST_COSINE:
                self._freeze(network)
                return
            self._network = network.load(os.fspath(source), download)[0]
            self._place()
        if precision != "auto":
            raise ValueError(
                f"in {precision} these weights give vectors with a cosine of {self.agreement:.4f} to those of float32; "
                f"expected {precisions.LEAST_COSINE} or more: take auto, which then computes in float32"
            )
        self.precision, self.agreement = "float32", 1.0
        self._freeze(network)

    def encode(self, batch: Sequence[Floats], rate: int = RATE) -> list[Encoded]:
        """One for each sound, in order; without a vector where it has fewer than 1,200 samples.

        Args:
            batch: (n,) samples each, mono, -1…1; of longer ones than `window_s` the end is taken.
            rate: Samples a second of all of them.

        Raises:
            ValueError: Another rate than 16 kHz, another shape, or samples that are not finite.
        """
        checked(batch, rate)
        out = [Encoded()] * len(batch)
        long = [number for number, samples in enumerate(batch) if len(samples) >= LEAST]
        if not long:
            return out
        embeddings, dimensions = self._run([trailing(batch[number], self._samples) for number in long])
        for number, embedding, row in zip(long, embeddings, dimensions[:, self._order].tolist(), strict=True):
            out[number] = Encoded(embedding=embedding, arousal=row[0], dominance=row[1], valence=row[2])
        return out

    def _place(self) -> None:
        if self.device == "cpu":
            self._front(self._network.wav2vec2, int(self._network.frames(self._torch.tensor(self._samples))))
        self._torch.nn.Module.to(self._network, self.device)

    def _freeze(self, network: ModuleType) -> None:
        """One whole window is what a CPU is mostly given."""
        if self.device == "cpu":
            self._frozen = network.frozen(self._network, self._samples)

    def _run(self, sounds: list[Floats]) -> tuple[Floats, Floats]:
        """(B, D) embeddings and (B, 3) outputs of the head."""
        torch = self._torch
        given = self._normalise(
            sounds, sampling_rate=RATE, padding=True, return_attention_mask=True, return_tensors="np"
        )
        mask = None
        if len({len(sound) for sound in sounds}) > 1:
            mask = torch.from_numpy(np.asarray(given["attention_mask"], np.int64)).to(self.device)
        with torch.inference_mode():
            values = torch.from_numpy(np.asarray(given["input_values"], np.float32)).to(self.device)
            if self._frozen is not None and tuple(values.shape) == (1, self._samples):
                embeddings, dimensions = self._frozen(values)
            else:
                embeddings, dimensions = self._network(values, mask)
            return embeddings.cpu().numpy(), dimensions.cpu().numpy()

    def _lower(self, precisions: ModuleType, wanted: Precision, whole: bool) -> None:
        """Compute in `wanted` from now on, and measure how far that is from float32; the first runs are over then.

        With `whole` the convolutions too, which is where int8 finds numbers that fit it worst.
        """
        sounds = precisions.probes(self._samples)
        with precisions.Balance(self._network.wav2vec2) as balance:
            exact = self._run(sounds)[0]
        if not np.isfinite(exact).all():
            raise ValueError("these weights give vectors that are not finite: fetch them again")
        if wanted == "float32":
            return
        if wanted == "int8":
            balance.apply()
        part = self._network.wav2vec2 if whole else self._network.wav2vec2.encoder
        precisions.lower(part, wanted)
        self.precision, self.agreement = wanted, precisions.agreement(exact, self._run(sounds)[0])
