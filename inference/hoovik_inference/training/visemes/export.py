"""From a trained network to the file that is shipped: ONNX, two steps of one stream, states in and out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hoovik_inference.training import onnx_file
from hoovik_inference.training.visemes.net import VisemeNet
from hoovik_inference.types import VISEMES, Floats
from hoovik_inference.voice.viseme_features import ANSWERS
from hoovik_inference.voice.viseme_level import INPUTS

OPSET = 17
IR_VERSION = 8
"What that opset came with: older runtimes read it."


def export(net: VisemeNet, prior: Floats, name: str, file: Path) -> None:
    """Write `net`, which hears voices against `prior` (BANDS,), to `file`.

    Raises:
        OSError: It cannot be written.
    """
    about = {"name": name, "visemes": json.dumps(VISEMES), "prior": json.dumps([float(one) for one in prior])}
    onnx_file.save(_model(net), file, about)


def _model(net: VisemeNet) -> onnx.ModelProto:
    # Written out and not traced: an exporter makes dozens of nodes of a GRU, and each has its price at run time.
    held = {key: value.detach().cpu().numpy().astype(np.float32) for key, value in net.state_dict().items()}
    units = held["first.weight_hh_l0"].shape[1]
    weights = {
        "ear": held["ear.weight"].T,
        "ear_bias": held["ear.bias"],
        "out": held["out.weight"].T,
        "out_bias": held["out.bias"],
        "flat": np.array([-1, 2 * units], np.int64),
        **_layer("first", held),
        **_layer("second", held),
    }
    nodes = [
        helper.make_node("MatMul", ["heard", "ear"], ["eared"]),
        helper.make_node("Add", ["eared", "ear_bias"], ["biased"]),
        helper.make_node("Relu", ["biased"], ["features"]),
        _gru("first", "features", units),
        helper.make_node("Squeeze", ["first_all", "one"], ["first_out"]),
        _gru("second", "first_out", units),
        helper.make_node("Squeeze", ["second_all", "one"], ["second_out"]),
        helper.make_node("Concat", ["first_out", "second_out"], ["both"], axis=2),
        helper.make_node("Reshape", ["both", "flat"], ["rows"]),
        helper.make_node("MatMul", ["rows", "out"], ["unbiased"]),
        helper.make_node("Add", ["unbiased", "out_bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["weights"], axis=1),
    ]
    weights["one"] = np.array([1], np.int64)
    state = [1, 1, units]
    graph = helper.make_graph(
        nodes,
        "visemes",
        [_float("heard", [ANSWERS, 1, 2 * INPUTS]), _float("first_state", state), _float("second_state", state)],
        [_float("weights", [ANSWERS, len(VISEMES)]), _float("first_next", state), _float("second_next", state)],
        [numpy_helper.from_array(np.ascontiguousarray(value), key) for key, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


def _gru(layer: str, source: str, units: int) -> onnx.NodeProto:
    names = [source, f"{layer}_in", f"{layer}_state_weights", f"{layer}_bias", "", f"{layer}_state"]
    outputs = [f"{layer}_all", f"{layer}_next"]
    return helper.make_node("GRU", names, outputs, hidden_size=units, linear_before_reset=1)


def _layer(layer: str, held: dict[str, Floats]) -> dict[str, Floats]:
    """Torch has the gates as reset, update, new; ONNX as update, reset, new."""

    def turned(values: Floats) -> Floats:
        reset, update, new = np.split(values, 3)
        return np.concatenate([update, reset, new])

    biases = [turned(held[f"{layer}.bias_ih_l0"]), turned(held[f"{layer}.bias_hh_l0"])]
    return {
        f"{layer}_in": turned(held[f"{layer}.weight_ih_l0"])[None],
        f"{layer}_state_weights": turned(held[f"{layer}.weight_hh_l0"])[None],
        f"{layer}_bias": np.concatenate(biases)[None],
    }


def _float(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
