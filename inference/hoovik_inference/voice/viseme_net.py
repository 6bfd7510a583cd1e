"""The viseme network in numpy: two small recurrent layers over one stream, a step each 16 ms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice.viseme_features import BANDS
from hoovik_inference.voice.viseme_level import INPUTS

BUNDLE = Path(str(files("hoovik_inference") / "bundles" / "visemes"))
"What ships with the package; card.md beside it says what it was trained on and how well it reads."
MODEL = "visemes.npz"

_LAYERS = ("first", "second")
_KEYS = ("ear", "ear_bias", "out", "out_bias") + tuple(
    f"{layer}_{part}" for layer in _LAYERS for part in ("in", "state", "in_bias", "state_bias")
)


@dataclass(frozen=True, slots=True)
class Weights:
    """What all streams share. Names are those of the file; matrices lie as they are read, inputs by outputs."""

    prior: Floats
    "(BANDS,) mean spectrum of voices, less its level."
    name: str
    "Of the model, with its version."
    matrices: dict[str, Floats]
    "By _KEYS: float32 in memory, float16 in the file."

    def save(self, file: Path) -> None:
        """Write it as npz."""
        halves = {key: self.matrices[key].astype(np.float16) for key in _KEYS}
        np.savez_compressed(
            file, prior=self.prior, name=np.array(self.name), visemes=np.array(VISEMES), **halves
        )  # fmt: skip


def load(file: Path = BUNDLE / MODEL) -> Weights:
    """What `save` wrote.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds something else.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file} is not there; expected a model that `hoovik-rtc train visemes` wrote")
    with np.load(file) as held:
        strange = {"prior", "name", "visemes", *_KEYS} - set(held.files)
        if strange or tuple(held["visemes"].tolist()) != VISEMES or held["prior"].shape != (BANDS,):
            raise ValueError(f"{file} is for other visemes or spectra; make it with `hoovik-rtc train visemes`")
        matrices = {key: np.ascontiguousarray(held[key].astype(np.float32)) for key in _KEYS}
        return Weights(held["prior"].astype(np.float32), str(held["name"]), matrices)


@lru_cache(maxsize=1)
def shipped() -> Weights:
    """The ones that ship, read once."""
    return load()


class VisemeNetwork:
    """The network over one stream. Calls must not overlap."""

    def __init__(self, weights: Weights) -> None:
        """Begin to listen."""
        held = weights.matrices
        self._ear, self._ear_bias = held["ear"], held["ear_bias"]
        self._out, self._out_bias = held["out"], held["out_bias"]
        self._layers = [_Layer(*(held[f"{layer}_{part}"] for part in ("in", "state", "in_bias", "state_bias")))
                        for layer in _LAYERS]  # fmt: skip
        self._heard = np.zeros(2 * INPUTS, np.float32)  # the step before, and this one

    def step(self, spectra: Floats) -> Floats:
        """(15,) probabilities after the (INPUTS,) spectra of one step."""
        heard = self._heard
        heard[:INPUTS] = heard[INPUTS:]
        heard[INPUTS:] = spectra
        features = self._ear @ heard
        features += self._ear_bias
        np.maximum(features, 0.0, out=features)
        first = self._layers[0].step(features)
        second = self._layers[1].step(first)
        logits = self._out @ np.concatenate([first, second])
        logits += self._out_bias
        logits -= logits.max()
        np.exp(logits, out=logits)
        logits /= logits.sum()
        out: Floats = logits
        return out


class _Layer:
    """A gated recurrent unit as torch has it: gates reset, update, new."""

    def __init__(self, of_input: Floats, of_state: Floats, input_bias: Floats, state_bias: Floats) -> None:
        self._units = len(of_input) // 3
        self._of_input, self._of_state = of_input, of_state
        self._input_bias, self._state_bias = input_bias, state_bias
        self._state = np.zeros(self._units, np.float32)

    def step(self, inputs: Floats) -> Floats:
        units, state = self._units, self._state
        given = self._of_input @ inputs
        given += self._input_bias
        kept = self._of_state @ state
        kept += self._state_bias
        # 1 / (1 + exp(-x)) as (1 + tanh(x / 2)) / 2, which overflows nowhere.
        gates = given[: 2 * units] + kept[: 2 * units]
        gates *= 0.5
        np.tanh(gates, out=gates)
        gates += 1.0
        gates *= 0.5
        new = kept[2 * units :]
        new *= gates[:units]
        new += given[2 * units :]
        np.tanh(new, out=new)
        state -= new
        state *= gates[units:]
        state += new
        return state
