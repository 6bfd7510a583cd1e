"""What a face expresses, from its pixels and its blendshapes: seven calibrated probabilities."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import onnxruntime

from hoovik_inference.types import EMOTIONS, PORTRAIT_SIDE, Floats, Portrait

BUNDLE = Path(str(files("hoovik_inference") / "bundles" / "expression"))
"The model that ships with the package; card.md beside it says what it was trained on and how well it reads."
MODEL = "model.onnx"


class ExpressionReader:
    """The expression network in ONNX Runtime, on the calling thread. Safe to call from any thread."""

    def __init__(self, folder: Path = BUNDLE) -> None:
        """Load the model in `folder` (some 20 ms).

        Raises:
            FileNotFoundError: There is none.
            ValueError: It is not one that this version reads.
        """
        file = folder / MODEL
        if not file.is_file():
            raise FileNotFoundError(f"{file} is not there; expected a model that `hoovik-rtc train face` wrote")
        options = onnxruntime.SessionOptions()
        # One small picture at a time: more threads would only wait for each other.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        about = self._session.get_modelmeta().custom_metadata_map
        if json.loads(about.get("emotions", "[]")) != list(EMOTIONS) or about.get("side") != str(PORTRAIT_SIDE):
            raise ValueError(f"{file} is for other classes or pictures of another size; train it with this version")
        self.name = about["name"]

    def read(self, portrait: Portrait) -> Floats:
        """(7,) probabilities in the order of EMOTIONS, sum 1."""
        inputs = {"pixels": portrait.pixels[None, None], "shapes": portrait.blendshapes[None]}
        probabilities: Floats = self._session.run(None, inputs)[0][0]
        return probabilities
