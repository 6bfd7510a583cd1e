"""The network in integers of eight bits: faster and smaller, and nearly as right (see the card).

Weights a channel, activations a tensor, by the range that all but a few of a hundred thousand reach on pictures that
nothing was trained on (Jacob et al., CVPR 2018). Weights take seven bits: without VNNI, x86 adds two products in 16.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from hoovik_inference.training.expression.data import Faces, cuts
from hoovik_inference.training.expression.fit import pixels
from hoovik_inference.types import Floats

SEEN = 400
"Pictures that ranges are taken from."


def in_eight_bits(model: onnx.ModelProto, held: Faces) -> onnx.ModelProto:
    """The same network, of float32 weights, in integers; `held` are pictures that it was not trained on."""
    logging.getLogger("onnxruntime.quantization").setLevel(logging.ERROR)
    found = held.part(held.found).part(np.arange(int(held.found.sum())) < SEEN)
    with TemporaryDirectory() as folder:
        whole, plain, small = (Path(folder) / f"{name}.onnx" for name in ("whole", "plain", "small"))
        onnx.save(model, str(whole))
        quant_pre_process(str(whole), str(plain), skip_symbolic_shape=True)
        with redirect_stdout(StringIO()):  # it tells how it goes
            quantize_static(
                str(plain), str(small), _Seen(pixels(cuts(found)).numpy(), found.shapes),
                quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                per_channel=True, reduce_range=True, calibrate_method=CalibrationMethod.Percentile,
                nodes_to_exclude=_pooling(onnx.load(str(plain))),
            )  # fmt: skip
        made = onnx.load(str(small))
    del made.metadata_props[:]
    return made


def _pooling(model: onnx.ModelProto) -> list[str]:
    """The nodes in which both networks' probabilities are joined: in 255 steps they would not sum to 1."""
    names, reached = [], set[str]()
    for node in model.graph.node:  # in the order in which they are computed
        if node.op_type in ("LogSoftmax", "Softmax") or reached.intersection(node.input):
            names.append(node.name)
            reached.update(node.output)
    return names


class _Seen(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    def __init__(self, faces: Floats, shapes: Floats) -> None:
        rows = zip(faces[:, None], shapes[:, None], strict=True)
        self._rows: Iterator[dict[str, Floats]] = ({"pixels": face, "shapes": shape} for face, shape in rows)

    def get_next(self) -> dict[str, Floats] | None:
        return next(self._rows, None)
