"""The viseme network in ONNX Runtime: two small recurrent layers over one stream, two steps of 16 ms at a time."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnxruntime

from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice.viseme_features import ANSWERS, BANDS
from hoovik_inference.voice.viseme_level import INPUTS

BUNDLE = Path(str(files("hoovik_inference") / "bundles" / "visemes"))
"What ships with the package; card.md beside it says what it was trained on and how well it reads."
MODEL = "visemes.onnx"


class Weights:
    """What all streams share. Safe from any thread."""

    def __init__(self, file: Path = BUNDLE / MODEL) -> None:
        """Load it.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It holds something else.
        """
        if not file.is_file():
            raise FileNotFoundError(f"{file} is not there; expected a model that `hoovik-rtc train visemes` wrote")
        options = onnxruntime.SessionOptions()
        # Two steps of one voice: more threads would only wait for each other.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as exc:  # onnxruntime raises what its C++ side calls it, without a common base
            raise ValueError(f"{file} is no ONNX model; make it with `hoovik-rtc train visemes`: {exc}") from exc
        about = session.get_modelmeta().custom_metadata_map
        prior = json.loads(about.get("prior", "[]"))
        shapes = {one.name: one.shape for one in session.get_inputs()}
        fits = shapes.get("heard") == [ANSWERS, 1, 2 * INPUTS] and "name" in about
        if not fits or json.loads(about.get("visemes", "[]")) != list(VISEMES) or len(prior) != BANDS:
            raise ValueError(f"{file} is for other visemes or spectra; make it with `hoovik-rtc train visemes`")
        self.name: str = about["name"]
        "Of the model, with its version."
        self.prior: Floats = np.asarray(prior, np.float32)
        "(BANDS,) mean spectrum of voices, less its level."
        self.session = session
        self.units: int = shapes["first_state"][-1]
        "Of each of the two layers."


@lru_cache(maxsize=1)
def shipped() -> Weights:
    """The ones that ship, read once."""
    return Weights()


class VisemeNetwork:
    """The network over one stream. Calls must not overlap."""

    def __init__(self, weights: Weights) -> None:
        """Begin to listen."""
        self._run = weights.session.run
        self._heard = np.zeros((ANSWERS, 1, 2 * INPUTS), np.float32)  # of each step: the one before, and it
        nothing = np.zeros((1, 1, weights.units), np.float32)
        self._fed = {"heard": self._heard, "first_state": nothing, "second_state": nothing}

    def hop(self, spectra: Floats) -> Floats:
        """(2, 15) probabilities after the (2, INPUTS) of the two steps of a hop."""
        heard, fed = self._heard, self._fed
        heard[0, 0, :INPUTS] = heard[1, 0, INPUTS:]
        heard[0, 0, INPUTS:] = heard[1, 0, :INPUTS] = spectra[0]
        heard[1, 0, INPUTS:] = spectra[1]
        weights, fed["first_state"], fed["second_state"] = self._run(None, fed)
        out: Floats = weights
        return out
