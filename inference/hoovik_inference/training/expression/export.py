"""From a trained network to the file that is shipped: ONNX, weights in half precision."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper

from hoovik_inference.training.expression.join import Joined
from hoovik_inference.types import BLENDSHAPES, EMOTIONS
from hoovik_inference.types import PORTRAIT_SIDE as SIDE

OPSET = 18


def export(joined: Joined, file: Path, name: str) -> None:
    """Write `joined` to `file`, with what a reader must agree with."""
    file.parent.mkdir(parents=True, exist_ok=True)
    example = (torch.zeros(1, 1, SIDE, SIDE), torch.zeros(1, len(BLENDSHAPES)))
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, which nothing here needs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of torch about itself
        program = torch.onnx.export(
            joined.eval(), example, dynamo=True, opset_version=OPSET,
            input_names=["pixels", "shapes"], output_names=["probabilities"], verbose=False,
        )  # fmt: skip
    assert program is not None
    model = program.model_proto
    for key, value in (("name", name), ("emotions", json.dumps(list(EMOTIONS))), ("side", str(SIDE))):
        model.metadata_props.add(key=key, value=value)
    onnx.save(_halved(model), str(file))


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same with large weights stored in half precision, and cast back when the model is loaded."""
    graph = model.graph
    for tensor in list(graph.initializer):
        if tensor.data_type != onnx.TensorProto.FLOAT or len(numpy_helper.to_array(tensor).ravel()) < 1024:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype("float16"), tensor.name + "_half")
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
        graph.node.insert(0, onnx.helper.make_node("Cast", [half.name], [tensor.name], to=onnx.TensorProto.FLOAT))
    return model
