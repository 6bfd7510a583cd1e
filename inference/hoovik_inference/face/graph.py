"""A MediaPipe graph that runs on the thread that calls it."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hoovik_inference.face._native import quiet_start
from hoovik_inference.types import Floats, Image

with quiet_start():
    import mediapipe
    from google.protobuf import text_format
    from mediapipe.calculators.core import (  # noqa: F401  # names in the graphs, as those below
        constant_side_packet_calculator_pb2,
        split_vector_calculator_pb2,
    )
    from mediapipe.calculators.tensor import (  # noqa: F401
        inference_calculator_pb2,
        tensors_to_floats_calculator_pb2,
    )
    from mediapipe.framework import calculator_pb2
    from mediapipe.framework.formats import landmark_pb2
    from mediapipe.python import packet_creator, packet_getter
    from mediapipe.python._framework_bindings import _packet_getter, calculator_graph, image_frame, resource_util

LANDMARKS = 478
"468 of the mesh and 5 of each iris (468…472 the participant's right, 473…477 the left)."
_HERE = 'executor { type: "ApplicationThreadExecutor" }\n'
"""Nodes run on the caller's thread. On a pool of its own each graph has a thread for every core, and each of its nodes
may wake another one."""

_BYTES = 17
_HEADER = {0: b"\x0a", 1: b"\x0f", 2: b"\x0d", 7: b"\x15", 12: b"\x1d"}
"A landmark on the wire: field 1 of 15 bytes, then three fixed32 fields, each after its tag (protobuf encoding)."

resource_util.set_resource_dir(str(mediapipe.__path__[0]).removesuffix("mediapipe"))


class Graph:
    """One running graph with one input stream, `image`, and one output stream, or two. Calls must not overlap."""

    _greeted = False
    "Whether a graph of this process has seen a face."

    def __init__(self, text: str, output: str, blank: Any, beside: str | None = None) -> None:
        """Build and start it (some 50 ms: models are loaded), with a packet that shows nothing.

        Args:
            text: Its nodes.
            output: The stream that `run` returns packets of.
            blank: The packet.
            beside: A stream of numbers, of which `beside` holds the newest.
        """
        config = text_format.Parse(_HERE + text, calculator_pb2.CalculatorGraphConfig())
        self._time = 0
        self._out: Any = None
        self.beside: float | None = None
        "The number that came in the last run."
        with quiet_start():
            self._graph = calculator_graph.CalculatorGraph(graph_config=config)
            self._graph.observe_output_stream(output, self._take)
            if beside is not None:
                self._graph.observe_output_stream(beside, self._note)
            self._graph.start_run({})
            # Networks are loaded in the first run, and their library greets.
            self._run(blank)

    def run(self, packet: Any) -> Any:
        """The output packet for an input packet, or None where the graph gives none."""
        if Graph._greeted:
            return self._run(packet)
        # The first face of a process makes a library write one more line.
        with quiet_start():
            out = self._run(packet)
        Graph._greeted = out is not None
        return out

    def _run(self, packet: Any) -> Any:
        self._time += 1
        self._out = self.beside = None
        self._graph.add_packet_to_input_stream("image", packet.at(self._time))
        self._graph.wait_until_idle()
        return self._out

    def close(self) -> None:
        """Stop it; call once."""
        self._graph.close()

    def _take(self, _: str, packet: Any) -> None:
        self._out = packet

    def _note(self, _: str, packet: Any) -> None:
        self.beside = packet_getter.get_float(packet)

    @staticmethod
    def image(pixels: Image) -> Any:
        """A packet of (H, W, 3) RGB; `pixels` may change afterwards."""
        return packet_creator.create_image_frame(data=pixels, image_format=image_frame.ImageFormat.SRGB)

    @staticmethod
    def matrix(values: Floats) -> Any:
        """A packet of (rows, columns) that becomes a tensor row by row; `values` may change afterwards."""
        return packet_creator.create_matrix(values.T)  # the library's matrices lie in memory column by column

    @staticmethod
    def message(packet: Any) -> bytes:
        """The bytes of a packet's message. The public getter parses them into a Python object first."""
        return cast(bytes, _packet_getter._get_serialized_proto(packet))

    @staticmethod
    def first_message(packet: Any) -> bytes | None:
        """The bytes of the first message of a packet that holds a list; None where it is empty."""
        found = packet_getter.get_proto_list(packet)
        return cast(bytes, found[0].SerializeToString()) if found else None


def parsed(message: bytes) -> Floats:
    """A serialized NormalizedLandmarkList as (478, 3); read at once, many times faster than field by field."""
    if len(message) == LANDMARKS * _BYTES and all(
        message[at::_BYTES] == tag * LANDMARKS for at, tag in _HEADER.items()
    ):
        return np.ndarray((LANDMARKS, 3), "<f4", message, 3, (_BYTES, 5)).astype(np.float32)
    found = landmark_pb2.NormalizedLandmarkList.FromString(message)
    return np.array([(p.x, p.y, p.z) for p in found.landmark], np.float32)
