"""A MediaPipe graph that runs on the thread that calls it."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hoovik_inference.face._native import quiet_start
from hoovik_inference.types import Floats, Image

with quiet_start():
    import mediapipe
    from google.protobuf import text_format
    from mediapipe.calculators.core import constant_side_packet_calculator_pb2  # noqa: F401  # names in the graphs
    from mediapipe.framework import calculator_pb2
    from mediapipe.framework.formats import landmark_pb2, rect_pb2
    from mediapipe.python import packet_creator, packet_getter
    from mediapipe.python._framework_bindings import _packet_getter, calculator_graph, image_frame, resource_util

_HERE = 'executor { type: "ApplicationThreadExecutor" }\n'
"""Nodes run on the caller's thread. On a pool of its own each graph has a thread for every core, and each of its nodes
may wake another one."""

resource_util.set_resource_dir(str(mediapipe.__path__[0]).removesuffix("mediapipe"))


class Graph:
    """One running graph with one output stream. Calls must not overlap."""

    _greeted = False
    "Whether a graph of this process has seen a face."

    def __init__(self, text: str, inputs: tuple[str, ...], output: str) -> None:
        """Build and start it (some 50 ms: models are loaded)."""
        config = text_format.Parse(_HERE + text, calculator_pb2.CalculatorGraphConfig())
        self._inputs = inputs
        self._time = 0
        self._out: Any = None
        with quiet_start():
            self._graph = calculator_graph.CalculatorGraph(graph_config=config)
            self._graph.observe_output_stream(output, self._take)
            self._graph.start_run({})
            # Networks are loaded in the first run, and their library greets.
            blank = (Graph.image(np.zeros((64, 64, 3), np.uint8)), Graph.rect(0.5, 0.5, 1.0, 1.0, 0.0))
            self._run(*blank[: len(inputs)])

    def run(self, *packets: Any) -> Any:
        """The output packet for one packet on each input, or None where the graph gives none."""
        if Graph._greeted:
            return self._run(*packets)
        # The first face of a process makes a library write one more line.
        with quiet_start():
            out = self._run(*packets)
        Graph._greeted = out is not None
        return out

    def _run(self, *packets: Any) -> Any:
        self._time += 1
        self._out = None
        for name, packet in zip(self._inputs, packets, strict=True):
            self._graph.add_packet_to_input_stream(name, packet.at(self._time))
        self._graph.wait_until_idle()
        return self._out

    def close(self) -> None:
        """Stop it; call once."""
        self._graph.close()

    def _take(self, _: str, packet: Any) -> None:
        self._out = packet

    @staticmethod
    def image(pixels: Image) -> Any:
        """A packet of (H, W, 3) RGB."""
        return packet_creator.create_image_frame(data=pixels, image_format=image_frame.ImageFormat.SRGB)

    @staticmethod
    def rect(x: float, y: float, width: float, height: float, turn: float) -> Any:
        """A packet of a turned rectangle, in shares of the picture and radians."""
        return packet_creator.create_proto(
            rect_pb2.NormalizedRect(x_center=x, y_center=y, width=width, height=height, rotation=turn)
        )

    @staticmethod
    def message(packet: Any) -> bytes:
        """The bytes of a packet's message. The public getter parses them into a Python object first."""
        return cast(bytes, _packet_getter._get_serialized_proto(packet))

    @staticmethod
    def first_message(packet: Any) -> bytes | None:
        """The bytes of the first message of a packet that holds a list; None where it is empty."""
        found = packet_getter.get_proto_list(packet)
        return cast(bytes, found[0].SerializeToString()) if found else None

    @staticmethod
    def points(message: bytes) -> Floats:
        """(n, 3) of a serialized NormalizedLandmarkList."""
        parsed = landmark_pb2.NormalizedLandmarkList.FromString(message)
        return np.array([(p.x, p.y, p.z) for p in parsed.landmark], np.float32)
