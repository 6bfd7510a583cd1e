"""Universal Binary JSON as XGBoost writes its models, read without XGBoost (https://ubjson.org, draft 12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from hoovik_inference.emotion.reference.errors import BundleError

_NUMBERS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
_SIZES = {marker: (struct.Struct(">" + letter), np.dtype(_NUMBERS[marker])) for marker, letter in (
    (b"i", "b"), (b"U", "B"), (b"I", "h"), (b"l", "i"), (b"L", "q"), (b"d", "f"), (b"D", "d")
)}  # fmt: skip
_CONSTANTS = {b"Z": None, b"T": True, b"F": False}
_DEEPEST = 32
"Objects in objects: XGBoost's models have eight."


def read_ubj(data: bytes) -> Any:
    """Objects are dicts, arrays of one type of number are numpy's, other arrays are lists.

    Raises:
        BundleError: It is something else, or breaks off.
    """
    reader = _Reader(data)
    with _told(reader):
        value = reader.value(reader.take(1), 0)
    if reader.at != len(data):
        raise BundleError(f"UBJSON ends at byte {reader.at} of {len(data)}; expected a model of XGBoost and no more")
    return value


def member(data: bytes, name: str) -> bytes | None:
    """The bytes of a member of the outermost object; None where it has none of that name.

    Raises:
        BundleError: It is something else, or breaks off.
    """
    reader = _Reader(data)
    with _told(reader):
        if reader.take(1) != b"{":
            return None
        for key, start, _ in reader.members(0):
            if key == name:
                return data[start : reader.at]
    return None


@contextmanager
def _told(reader: _Reader) -> Iterator[None]:
    try:
        yield
    except (struct.error, UnicodeDecodeError, ValueError) as exc:
        where = f"byte {reader.at} of {len(reader.data)}"
        raise BundleError(f"no UBJSON: {exc} ({where}); expected a model of XGBoost") from exc


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise ValueError("it breaks off")
        self.at += count
        return self.data[self.at - count : self.at]

    def members(self, depth: int) -> Iterator[tuple[str, int, Any]]:
        """Of an object: names, where their values begin, and the values."""
        while self.data[self.at : self.at + 1] != b"}":
            name, start = self._text(), self.at
            yield name, start, self.value(self.take(1), depth + 1)
        self.at += 1

    def value(self, marker: bytes, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("it is nested too deep")
        if marker == b"{":
            return self._object(depth)
        if marker == b"[":
            return self._array(depth)
        if marker == b"S":
            return self._text()
        if marker in _SIZES:
            return self._number(marker)
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        raise ValueError(f"unknown marker {marker!r}")

    def _number(self, marker: bytes) -> Any:
        kind = _SIZES[marker][0]
        return kind.unpack(self.take(kind.size))[0]

    def _length(self) -> int:
        marker = self.take(1)
        if marker not in _SIZES or marker in (b"d", b"D"):
            raise ValueError(f"a length is marked {marker!r}")
        return int(self._number(marker))

    def _text(self) -> str:
        return self.take(self._length()).decode("utf-8")

    def _object(self, depth: int) -> dict[str, Any]:
        return {name: value for name, _, value in self.members(depth)}

    def _array(self, depth: int) -> Any:
        marker = self.take(1)
        if marker == b"$":
            kind = self.take(1)
            if kind not in _SIZES or self.take(1) != b"#":
                raise ValueError(f"an array of {kind!r}")
            dtype = _SIZES[kind][1]
            return np.frombuffer(self.take(self._length() * dtype.itemsize), dtype).astype(dtype.newbyteorder("="))
        if marker == b"#":
            return [self.value(self.take(1), depth + 1) for _ in range(self._length())]
        out = []
        while marker != b"]":
            out.append(self.value(marker, depth + 1))
            marker = self.take(1)
        return out
