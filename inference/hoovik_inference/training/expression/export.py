"""From a trained network to the file that is shipped: ONNX, in integers of eight bits."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path

import torch

from hoovik_inference.training import onnx_file
from hoovik_inference.training.expression.data import Faces
from hoovik_inference.training.expression.eight_bits import in_eight_bits
from hoovik_inference.training.expression.join import Joined
from hoovik_inference.types import BLENDSHAPES, EMOTIONS
from hoovik_inference.types import PORTRAIT_SIDE as SIDE

OPSET = 18


def export(joined: Joined, held: Faces, file: Path, name: str) -> None:
    """Write `joined` to `file`, with what a reader must agree with; `held` are pictures that it was not trained on."""
    example = (torch.zeros(1, 1, SIDE, SIDE), torch.zeros(1, len(BLENDSHAPES)))
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, which nothing here needs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of torch about itself
        program = torch.onnx.export(
            joined.eval(), example, dynamo=True, opset_version=OPSET,
            input_names=["pixels", "shapes"], output_names=["probabilities"], verbose=False,
        )  # fmt: skip
    assert program is not None
    about = {"name": name, "emotions": json.dumps(list(EMOTIONS)), "side": str(SIDE)}
    onnx_file.save(in_eight_bits(program.model_proto, held), file, about)
