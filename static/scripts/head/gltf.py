"""Writes glTF 2.0 binaries: packed buffers, sparse morph targets, one skin. Lengths come in dm and leave in metres."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from head.maths import Array, Faces

METRES = 0.1
FLOAT, USHORT, UBYTE = 5126, 5123, 5121
ARRAY, ELEMENTS = 34962, 34963


class Writer:
    """Collects accessors; `save` puts them together."""

    def __init__(self) -> None:
        self.doc: dict[str, Any] = {"accessors": [], "bufferViews": [], "meshes": [], "materials": [], "nodes": []}
        self._bytes = bytearray()

    def view(self, data: NDArray[Any], target: int | None = None) -> int:
        """Append bytes, aligned to 4."""
        self._bytes += b"\0" * (-len(self._bytes) % 4)
        entry = {"buffer": 0, "byteOffset": len(self._bytes), "byteLength": data.nbytes}
        if target is not None:
            entry["target"] = target
        self._bytes += data.tobytes()
        self.doc["bufferViews"].append(entry)
        return len(self.doc["bufferViews"]) - 1

    def accessor(self, **fields: Any) -> int:
        """Append an accessor."""
        self.doc["accessors"].append(fields)
        return len(self.doc["accessors"]) - 1

    def floats(self, values: Array, kind: str, bounds: bool = False, target: int | None = ARRAY) -> int:
        """(n, k) or (n,) as 32-bit floats."""
        data = np.ascontiguousarray(np.round(values, 6), "<f4")
        extra = {"min": data.min(0).tolist(), "max": data.max(0).tolist()} if bounds else {}
        return self.accessor(
            bufferView=self.view(data, target), componentType=FLOAT, count=len(data), type=kind, **extra
        )

    def sparse(self, values: Array, threshold: float) -> int:
        """(n, 3) mostly zeros: only rows longer than `threshold` are stored."""
        rows = np.flatnonzero(np.linalg.norm(values, axis=1) > threshold)
        data = np.ascontiguousarray(np.round(values[rows], 6), "<f4")
        low = np.minimum(data.min(0), 0).tolist() if len(rows) else [0.0] * 3
        high = np.maximum(data.max(0), 0).tolist() if len(rows) else [0.0] * 3
        fields: dict[str, Any] = {"componentType": FLOAT, "count": len(values), "type": "VEC3", "min": low, "max": high}
        if len(rows):
            fields["sparse"] = {
                "count": len(rows),
                "indices": {"bufferView": self.view(rows.astype("<u2")), "componentType": USHORT},
                "values": {"bufferView": self.view(data)},
            }
        return self.accessor(**fields)

    def primitive(self, points: Array, normals: Array, colours: Array, faces: Faces, material: int) -> dict[str, Any]:
        """Triangles with position, normal and colour; at most 65,535 vertices."""
        rgb = np.ones((len(colours), 4), "u1") * 255
        rgb[:, :3] = np.round(np.clip(colours, 0, 1) * 255)
        colour = self.accessor(
            bufferView=self.view(rgb, ARRAY), componentType=UBYTE, count=len(rgb), type="VEC4", normalized=True
        )
        index = faces.astype("<u2").ravel()
        return {
            "attributes": {
                "POSITION": self.floats(points * METRES, "VEC3", True),
                "NORMAL": self.floats(normals, "VEC3"),
                "COLOR_0": colour,
            },
            "indices": self.accessor(
                bufferView=self.view(index, ELEMENTS), componentType=USHORT, count=len(index), type="SCALAR"
            ),
            "material": material,
        }

    def weights(self, primitive: dict[str, Any], weights: Array) -> None:
        """Skin weights (n, 4) to the joints 0…3 of the skin."""
        n = len(weights)
        data = np.round(np.clip(weights, 0, 1) * 255).astype("u1")
        data[np.arange(n), weights.argmax(1)] += (255 - data.sum(1, dtype=np.int64)).astype("u1")
        joints = np.tile(np.arange(4, dtype="u1"), (n, 1)) * (data > 0)
        primitive["attributes"]["JOINTS_0"] = self.accessor(
            bufferView=self.view(joints.astype("u1"), ARRAY), componentType=UBYTE, count=n, type="VEC4"
        )
        primitive["attributes"]["WEIGHTS_0"] = self.accessor(
            bufferView=self.view(data, ARRAY), componentType=UBYTE, count=n, type="VEC4", normalized=True
        )

    def save(self) -> bytes:
        """The whole file."""
        self._bytes += b"\0" * (-len(self._bytes) % 4)
        self.doc["buffers"] = [{"byteLength": len(self._bytes)}]
        text = json.dumps(self.doc, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        size = 12 + 8 + len(text) + 8 + len(self._bytes)
        return b"".join(
            [
                struct.pack("<4sII", b"glTF", 2, size),
                struct.pack("<I4s", len(text), b"JSON"),
                text,
                struct.pack("<I4s", len(self._bytes), b"BIN\0"),
                bytes(self._bytes),
            ]
        )
