"""The light speech encoder: what a voice expresses, hop by hop, from its sound alone.

Of each hop of speech there are log-mel spectra, a pitch, and what the convolutions and the memory of the voice activity
network made of it, which was trained on far more voices than any corpus of emotions has. Their means, deviations and
changes are kept, and forgotten within seconds of speech, since a call never ends; small networks read them. All in
numpy; participants share the weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from hoovik_inference.types import EMOTIONS, Floats
from hoovik_inference.voice.logmel import LogMel
from hoovik_inference.voice.moments import POOLED, Moments, inputs
from hoovik_inference.voice.silero import TRAITS
from hoovik_inference.voice.stream import HOP, RATE

BUNDLE = Path(str(files("hoovik_inference") / "bundles" / "voice"))
"The model that ships with the package; card.md beside it says what it was trained on and how well it reads."
MODEL = "voice.npz"
VERSION = 1
"Of the file."
SPEAKING = 0.25
"Smoothed probability of speech from which on a hop counts; the others are passed over."
LEAST_S = 0.2
"Seconds of speech, what is forgotten not counted, before anything is read."


@dataclass(frozen=True, slots=True)
class VoiceReading:
    """What a voice expressed in the last seconds in which it spoke."""

    embedding: Floats
    "(D,) what the probabilities are read from."
    probabilities: Floats
    "(7,) calibrated, in the order of EMOTIONS, sum 1."
    strength: float
    "0…1: probability that it is acted strongly and not normally (RAVDESS's intensity; its neutral is normal)."
    speech_s: float
    "Seconds of speech behind it, as far as they are not forgotten."


class EncoderNetwork:
    """M small networks whose logits are averaged; the weights of all participants.

    Read-only, safe from any thread.
    """

    def __init__(self, folder: Path = BUNDLE) -> None:
        """Load the model in `folder` (some ms).

        Raises:
            FileNotFoundError: There is none.
            ValueError: It is not one that this version reads.
        """
        file = folder / MODEL
        if not file.is_file():
            raise FileNotFoundError(f"{file} is not there; expected a model that `hoovik-rtc train voice` wrote")
        with np.load(file, allow_pickle=False) as found:
            arrays = {key: found[key] for key in found.files}
        about = {key: arrays[key].tolist() for key in ("version", "emotions", "pooled") if key in arrays}
        wanted = {"version": VERSION, "emotions": list(EMOTIONS), "pooled": POOLED}
        if about != wanted:
            raise ValueError(f"{file} holds {about}; expected {wanted}: train it with this version")
        self.name = str(arrays["name"])
        get = {key: np.ascontiguousarray(value, np.float32) for key, value in arrays.items() if value.dtype.kind == "f"}
        self._middle, self._scale = get["middle"], get["scale"]
        self._embed, self._embed_bias = get["embed.weight"], get["embed.bias"]
        self._read, self._read_bias = get["read.weight"], get["read.bias"]
        self.dimension = self._embed.shape[1]
        "Length of an embedding."
        self.parameters = sum(value.size for value in get.values())
        "Numbers in the model, those of the voice activity network not counted."

    def read(self, pooled: Floats) -> tuple[Floats, Floats]:
        """(D,) embedding and (7 + 1,) logits, the last one of strength, of (POOLED,) moments."""
        x = (pooled - self._middle) * self._scale
        embedding = np.maximum(x @ self._embed + self._embed_bias, 0.0)
        return embedding, embedding @ self._read + self._read_bias


@lru_cache(maxsize=1)
def shipped() -> EncoderNetwork:
    """The network of the bundle, loaded once."""
    return EncoderNetwork()


class VoiceEncoder:
    """The encoder over one voice. Calls must not overlap."""

    def __init__(self, network: EncoderNetwork | None = None) -> None:
        """Start with nothing heard.

        Args:
            network: The weights; those that ship where None.

        Raises:
            FileNotFoundError: None ship.
        """
        self._network = shipped() if network is None else network
        self._spectra = LogMel()
        self._moments = Moments()

    def reset(self) -> None:
        """What follows does not continue what was, and may be somebody else's."""
        self._spectra.reset()
        self._moments.reset()

    def process(
        self, hop: Floats, speaking: float, pitch_hz: float, traits: Floats, *, read: bool = True
    ) -> VoiceReading | None:
        """Take the (512,) next samples, 16 kHz mono -1…1.

        Args:
            hop: The samples.
            speaking: Smoothed probability 0…1 of speech, from `VoiceActivity`.
            pitch_hz: Fundamental frequency in Hz, 0 where unvoiced, from `prosody.pitch_hz`.
            traits: (256,) what the voice activity network made of the hop, from `VoiceActivity.traits`.
            read: Whether to read what is known by now; the hop counts for later readings anyway.

        Returns:
            What the voice expresses, after each hop of speech; None after others, and where there was too little yet.

        Raises:
            ValueError: Another shape.
        """
        if hop.shape != (HOP,) or traits.shape != (TRAITS,):
            raise ValueError(f"a hop is {hop.shape} and its traits {traits.shape}; expected ({HOP},) and ({TRAITS},)")
        spectra = self._spectra.process(hop)
        moments = self._moments
        if speaking < SPEAKING:
            moments.silence()
            return None
        moments.speech(inputs(spectra, pitch_hz, traits))
        speech_s = moments.hops * HOP / RATE
        if not read or speech_s < LEAST_S:
            return None
        embedding, logits = self._network.read(moments.pooled())
        scores = np.exp(logits[:-1] - logits[:-1].max())
        return VoiceReading(
            embedding=embedding,
            probabilities=scores / scores.sum(),
            strength=1.0 / (1.0 + math.exp(-float(logits[-1]))),
            speech_s=speech_s,
        )
