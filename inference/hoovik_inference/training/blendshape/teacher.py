"""The network in the task file that makes scores of landmarks, alone."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np
from mediapipe.python import packet_getter

from hoovik_inference.face.graph import Graph
from hoovik_inference.face.task import check_task
from hoovik_inference.types import BLENDSHAPES, Floats

READ = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80, 81,
    82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154,
    155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263,
    267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321,
    323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387,
    388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
])  # fmt: skip
"""The 146 landmarks that the network reads, in its order (kLandmarksSubsetIdxs of MediaPipe's
`face_blendshapes_graph.cc`, Apache-2.0)."""

_GRAPH = """
input_stream: "image"
output_stream: "scores"
node {{ calculator: "TensorConverterCalculator" input_stream: "MATRIX:image" output_stream: "TENSORS:points" }}
node {{
  calculator: "InferenceCalculator"
  input_stream: "TENSORS:points"
  output_stream: "TENSORS:outputs"
  options {{
    [mediapipe.InferenceCalculatorOptions.ext] {{ model_path: "{path}" delegate {{ xnnpack {{}} }} }}
  }}
}}
node {{ calculator: "TensorsToFloatsCalculator" input_stream: "TENSORS:outputs" output_stream: "FLOATS:scores" }}
"""
_NETWORK = "face_blendshapes.tflite"


class OwnNetwork:
    """Landmarks → the teacher's scores. Calls must not overlap."""

    def __init__(self, task: Path) -> None:
        """Take it out of the task file.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is no face landmarker with blendshapes.
        """
        check_task(task)
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(task) as archive:
                path = archive.extract(_NETWORK, folder)
            blank = np.zeros((len(READ), 2), np.float32)
            self._graph = Graph(_GRAPH.format(path=path), "scores", Graph.matrix(blank))

    def scores(self, places: Floats) -> Floats:
        """(52,) in the order of BLENDSHAPES of the READ landmarks (146, 2) in pixels."""
        out = packet_getter.get_float_list(self._graph.run(Graph.matrix(np.ascontiguousarray(places, np.float32))))
        # The network's first is `_neutral`; then all of ours in our order but tongueOut, which it lacks.
        return np.array([*out[1 : len(BLENDSHAPES)], 0.0], np.float32)

    def close(self) -> None:
        """Release it; call once."""
        self._graph.close()
