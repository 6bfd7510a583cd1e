"""Reads ONNX files without a runtime: tensors of a branch, metadata, inputs; as much of protobuf as that takes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hoovik_inference.types import Floats

_FLOAT = 1
"onnx.TensorProto.DataType.FLOAT"


def branch_tensors(model: bytes, branch: str) -> dict[str, Floats]:
    """Float tensors by name, of one branch ("then_branch" or "else_branch") of the model's If nodes.

    Field numbers are those of onnx.proto3, ModelProto down to TensorProto.

    Raises:
        ValueError: The bytes are no protobuf, or have no such branch.
    """
    try:
        graph = _first(memoryview(model), 7)
        for node in _messages(graph, 1):
            for attribute in _messages(node, 5):
                if bytes(_first(attribute, 1)).decode() == branch:
                    return _constants(_first(attribute, 6))
    except (LookupError, OverflowError) as exc:
        raise ValueError("this is no ONNX model") from exc
    raise ValueError(f"the model has no {branch}")


def metadata(model: bytes | memoryview) -> dict[str, str]:
    """What the exporter wrote beside the network, by key.

    Raises:
        ValueError: The bytes are no protobuf.
    """
    try:
        entries = [
            (bytes(_first(entry, 1)).decode(), b"".join(_messages(entry, 2)).decode())
            for entry in _messages(memoryview(model), 14)
        ]
    except (LookupError, OverflowError, UnicodeDecodeError) as exc:
        raise ValueError("this is no ONNX model") from exc
    return dict(entries)


def inputs(model: bytes | memoryview) -> list[str]:
    """Names of the network's inputs, in order.

    Raises:
        ValueError: The bytes are no protobuf, or hold no graph.
    """
    try:
        graph = _first(memoryview(model), 7)
        return [bytes(_first(value, 1)).decode() for value in _messages(graph, 11)]
    except (LookupError, OverflowError, UnicodeDecodeError) as exc:
        raise ValueError("this is no ONNX model") from exc


def _constants(graph: memoryview) -> dict[str, Floats]:
    """What the graph's own Constant nodes hold."""
    out: dict[str, Floats] = {}
    for node in _messages(graph, 1):
        for attribute in _messages(node, 5):
            for tensor in _messages(attribute, 5):
                name, values = _tensor(tensor)
                if name and values is not None:
                    out[name] = values
    return out


def _tensor(message: memoryview) -> tuple[str, Floats | None]:
    shape: list[int] = []
    name, kind = "", 0
    raw: memoryview | None = None
    for field, value in _fields(message):
        if isinstance(value, int):
            if field == 1:
                shape.append(value)
            elif field == 2:
                kind = value
        elif field == 1:  # packed
            shape += _varints(value)
        elif field == 8:
            name = bytes(value).decode()
        elif field == 9:
            raw = value
    if kind != _FLOAT or raw is None:
        return name, None
    return name, np.frombuffer(raw, "<f4").reshape(shape).astype(np.float32)


def _messages(message: memoryview, number: int) -> Iterator[memoryview]:
    return (value for field, value in _fields(message) if field == number and not isinstance(value, int))


def _first(message: memoryview, number: int) -> memoryview:
    for found in _messages(message, number):
        return found
    raise LookupError(f"field {number} is missing")


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers and values: numbers of variable length as int, all else as bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 0:
            number, at = _varint(message, at)
            yield key >> 3, number
            continue
        if wire == 2:
            size, at = _varint(message, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise LookupError(f"wire type {wire} is not in use")
        if at + size > len(message):
            raise LookupError("a field ends beyond its message")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _varints(packed: memoryview) -> list[int]:
    out, at = [], 0
    while at < len(packed):
        value, at = _varint(packed, at)
        out.append(value)
    return out
