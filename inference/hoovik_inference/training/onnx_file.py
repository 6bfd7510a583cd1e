"""Files in the Open Neural Network Exchange format, as they are shipped: weights in half precision."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx
from onnx import numpy_helper

LEAST = 1024
"Numbers from which on a tensor is stored in half precision."


def save(model: onnx.ModelProto, file: Path, about: Mapping[str, str]) -> None:
    """Write `model` to `file`, its large tensors in half precision, with what a reader must agree with.

    Raises:
        OSError: It cannot be written.
    """
    for key, value in about.items():
        model.metadata_props.add(key=key, value=value)
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(_halved(model), str(file))


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same with large weights stored in half precision, and cast back when the model is loaded."""
    graph = model.graph
    for tensor in list(graph.initializer):
        if tensor.data_type != onnx.TensorProto.FLOAT or numpy_helper.to_array(tensor).size < LEAST:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype("float16"), tensor.name + "_half")
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
        graph.node.insert(0, onnx.helper.make_node("Cast", [half.name], [tensor.name], to=onnx.TensorProto.FLOAT))
    return model
