"""Landmarks of a face whose place is known: the turned square around it, cut and shrunk to what the network takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.graph import Graph, parsed
from hoovik_inference.face.picture import size, to_rgb
from hoovik_inference.types import Floats, Image, Picture, Planes

INPUT = 192
"Side of the picture that the network takes, in pixels."
ROI_SCALE = 1.5
"Side of the square that the network looks at, in longer sides of the landmarks' bounding box (MediaPipe's own)."

_RIGHT_EYE, _LEFT_EYE = 33, 263
"Outer corners; the square is turned with the line between them."

_FOLLOW = """
input_stream: "image"
output_stream: "landmarks"
node {
  calculator: "ConstantSidePacketCalculator"
  output_side_packet: "PACKET:attention"
  options { [mediapipe.ConstantSidePacketCalculatorOptions.ext] { packet { bool_value: true } } }
}
node {
  calculator: "FaceLandmarksModelLoader"
  input_side_packet: "WITH_ATTENTION:attention"
  output_side_packet: "MODEL:model"
}
node { calculator: "TfLiteCustomOpResolverCalculator" output_side_packet: "OP_RESOLVER:resolver" }
node {
  calculator: "TensorConverterCalculator"
  input_stream: "MATRIX:image"
  output_stream: "TENSORS:pixels"
}
node {
  calculator: "InferenceCalculator"
  input_stream: "TENSORS:pixels"
  input_side_packet: "MODEL:model"
  input_side_packet: "OP_RESOLVER:resolver"
  output_stream: "TENSORS:outputs"
  options { [mediapipe.InferenceCalculatorOptions.ext] { delegate { xnnpack {} } } }
}
node {
  calculator: "SplitTensorVectorCalculator"
  input_stream: "outputs"
  output_stream: "parts"
  output_stream: "flag"
  options { [mediapipe.SplitVectorCalculatorOptions.ext] { ranges { begin: 0 end: 6 } ranges { begin: 6 end: 7 } } }
}
node {
  calculator: "TensorsToFloatsCalculator"
  input_stream: "TENSORS:flag"
  output_stream: "FLOAT:presence"
  options { [mediapipe.TensorsToFloatsCalculatorOptions.ext] { activation: NONE } }
}
node {
  calculator: "TensorsToFaceLandmarksWithAttention"
  input_stream: "TENSORS:parts"
  output_stream: "LANDMARKS:landmarks"
}
"""
"""MediaPipe's FaceLandmarkCpu between its first node, which cuts the square out of an RGB picture, and its last, which
puts the landmarks back into the picture. Pixels come as a matrix of what the network takes, which is copied as it is;
bytes of an image that node would divide one after the other, at several times the cost. Whether there is a face is told
by `Follower`, from the network's own number: that costs less than MediaPipe's nodes which hold landmarks of nothing
back, and it says more than yes or no."""

PRESENT = 0.0
"Logit of the network's own number above which there is a face: MediaPipe asks whether its logistic is above a half."

_UNIT = np.float32(1 / 255)
_LINEAR = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


@dataclass(frozen=True, slots=True)
class Square:
    """Where the network looks, in pixels."""

    x: float
    "Centre."
    y: float
    "Centre."
    side: float
    "Above 0."
    turn: float
    "Radians, clockwise in the picture."


def around(landmarks: Floats, width: int, height: int) -> Square:
    """Where to look for the face whose landmarks (478, 3) were these in a picture of that size.

    As MediaPipe's FaceLandmarkLandmarksToRoi: bounding box, its longer side times 1.5, turned with the eyes.
    """
    columns = landmarks.T.copy()  # two long rows are reduced much faster than many short ones
    (left, top, _), (right, bottom, _) = columns.min(axis=1).tolist(), columns.max(axis=1).tolist()
    (x, y, _), (to_x, to_y, _) = landmarks[_RIGHT_EYE].tolist(), landmarks[_LEFT_EYE].tolist()
    return Square(
        x=(left + right) / 2 * width,
        y=(top + bottom) / 2 * height,
        side=ROI_SCALE * max((right - left) * width, (bottom - top) * height),
        turn=math.atan2((to_y - y) * height, (to_x - x) * width),
    )


class Follower:
    """The network and the buffers that it looks through. Calls must not overlap."""

    def __init__(self) -> None:
        """Load the network (some 50 ms)."""
        self._packed = np.empty((INPUT * 3 // 2, INPUT), np.uint8)
        self._y = self._packed[:INPUT]
        self._u, self._v = self._packed[INPUT:].reshape(2, INPUT // 2, INPUT // 2)
        self._rgb = np.empty((INPUT, INPUT, 3), np.uint8)
        self._matrix = np.zeros((INPUT, INPUT * 3), np.float32)
        self._graph = Graph(_FOLLOW, "landmarks", Graph.matrix(self._matrix), "presence")

    @property
    def presence(self) -> float | None:
        """How sure the network was of the face that was looked for last, in logits."""
        return self._graph.beside

    def find(self, picture: Picture, square: Square) -> Floats | None:
        """Landmarks (478, 3) of the face in the square, normalised to the whole picture; None where there is none."""
        cosine, sine = math.cos(square.turn) * square.side, math.sin(square.turn) * square.side
        left, top = square.x - (cosine - sine) / 2, square.y - (sine + cosine) / 2
        rgb = self._cut(picture, cosine / INPUT, sine / INPUT, left, top)
        np.multiply(rgb.reshape(self._matrix.shape), _UNIT, out=self._matrix)
        found = self._graph.run(Graph.matrix(self._matrix))
        if found is None or self.presence is None or not self.presence > PRESENT:
            return None
        width, height = size(picture)
        axes = (
            (cosine / width, sine / height, 0.0),
            (-sine / width, cosine / height, 0.0),
            (0.0, 0.0, square.side / width),
        )
        back = parsed(Graph.message(found)) @ np.array(axes, np.float32)
        back += np.array((left / width, top / height, 0.0), np.float32)
        return back

    def close(self) -> None:
        """Release the network; call once."""
        self._graph.close()

    def _cut(self, picture: Picture, cosine: float, sine: float, left: float, top: float) -> Image:
        """The square as the network takes it: (192, 192, 3) RGB, what lies outside the picture as at its edge.

        Its pixel (i, j) shows (left, top) + i (cosine, sine) + j (-sine, cosine).
        """
        if not isinstance(picture, Planes):
            return _warp(picture, np.array(((cosine, -sine, left), (sine, cosine, top))), self._rgb)
        _warp(picture.y, np.array(((cosine, -sine, left), (sine, cosine, top))), self._y)
        # A sample of chroma lies between four pixels, in the middle of them (as `cvtColor` has it).
        left, top = (left + (cosine - sine - 1) / 2) / 2, (top + (sine + cosine - 1) / 2) / 2
        chroma = np.array(((cosine, -sine, left), (sine, cosine, top)))
        _warp(picture.u, chroma, self._u)
        _warp(picture.v, chroma, self._v)
        return to_rgb(self._packed, self._rgb)


def _warp(plane: Image, inverse: NDArray[np.float64], out: Image) -> Image:
    height, width = out.shape[:2]
    cv2.warpAffine(plane, inverse, (width, height), out, _LINEAR, cv2.BORDER_REPLICATE)
    return out
