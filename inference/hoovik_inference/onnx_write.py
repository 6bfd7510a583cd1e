"""Writes networks as ONNX without the onnx package: as much of protobuf as that takes.

Field numbers are those of onnx.proto3, ModelProto down to TensorProto.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET, IR = 20, 10
"LayerNormalization and Gelu are operators of their own there; ONNX Runtime 1.20 and later read it."
_TYPES = {np.dtype(np.float32): 1, np.dtype(np.int64): 7}
"onnx.TensorProto.DataType."

Attribute = int | float | Sequence[int]


class Network:
    """A graph, node after node; values are known by their names."""

    def __init__(self) -> None:
        """Begin an empty one."""
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._inputs: list[bytes] = []
        self._count = 0

    def input(self, name: str, *shape: int | str) -> str:
        """A float32 input; sides that are not fixed have a name."""
        self._inputs.append(_value(name, shape))
        return name

    def constant(self, array: NDArray[Any]) -> str:
        """An array of float32 or int64."""
        name = self._name()
        dims = b"".join(_number(1, side) for side in array.shape)
        held = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
        self._constants.append(dims + _number(2, _TYPES[array.dtype]) + _bytes(8, name.encode()) + _bytes(9, held))
        return name

    def ints(self, *values: int) -> str:
        """An array of int64: a shape, or axes."""
        return self.constant(np.array(values, np.int64))

    def node(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """An operator of ONNX with one output."""
        return self.nodes(operator, 1, *inputs, **attributes)[0]

    def nodes(self, operator: str, outputs: int, *inputs: str, **attributes: Attribute) -> list[str]:
        """An operator of ONNX with several outputs."""
        names = [self._name() for _ in range(outputs)]
        parts = [_bytes(1, name.encode()) for name in inputs] + [_bytes(2, name.encode()) for name in names]
        parts.append(_bytes(4, operator.encode()))
        parts += [_bytes(5, _attribute(key, value)) for key, value in attributes.items()]
        self._nodes.append(b"".join(parts))
        return names

    def model(self, output: str, *shape: int | str) -> bytes:
        """The whole, with one output."""
        graph = [_bytes(1, node) for node in self._nodes]
        graph.append(_bytes(2, b"network"))
        graph += [_bytes(5, constant) for constant in self._constants]
        graph += [_bytes(11, value) for value in self._inputs]
        graph.append(_bytes(12, _value(output, shape)))
        opset = _bytes(1, b"") + _number(2, OPSET)
        return _number(1, IR) + _bytes(7, b"".join(graph)) + _bytes(8, opset)

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    sides = (_number(1, side) if isinstance(side, int) else _bytes(2, side.encode()) for side in shape)
    tensor = _number(1, 1) + _bytes(2, b"".join(_bytes(1, side) for side in sides))
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _attribute(name: str, value: Attribute) -> bytes:
    head = _bytes(1, name.encode())
    if isinstance(value, float):
        return head + b"\x15" + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, int):
        return head + _number(3, value) + _number(20, 2)
    return head + b"".join(_number(8, one) for one in value) + _number(20, 7)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value & (1 << 64) - 1)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
