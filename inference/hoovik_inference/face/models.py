"""The networks that all participants share: what is known of a face is remembered by its observer, not in here.

One participant's frame after the other runs through the same weights and buffers, which stay in the CPU's cache, and
a newcomer costs no memory and no time to load.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from queue import Empty, LifoQueue
from typing import Generic, Protocol, TypeVar

import numpy as np

from hoovik_inference.face.detect import FaceDetector
from hoovik_inference.face.follow import Follower
from hoovik_inference.face.graph import Graph

_SEARCH = """
input_stream: "image"
output_stream: "faces"
node {
  calculator: "ConstantSidePacketCalculator"
  output_side_packet: "PACKET:0:attention"
  output_side_packet: "PACKET:1:faces_wanted"
  output_side_packet: "PACKET:2:use_previous"
  options {
    [mediapipe.ConstantSidePacketCalculatorOptions.ext] {
      packet { bool_value: true }
      packet { int_value: 1 }
      packet { bool_value: false }
    }
  }
}
node {
  calculator: "FaceLandmarkFrontCpu"
  input_stream: "IMAGE:image"
  input_side_packet: "NUM_FACES:faces_wanted"
  input_side_packet: "USE_PREV_LANDMARKS:use_previous"
  input_side_packet: "WITH_ATTENTION:attention"
  output_stream: "LANDMARKS:faces"
}
"""


class Closable(Protocol):
    """Something native that is released by hand."""

    def close(self) -> None:
        """Release it."""
        ...


Model = TypeVar("Model", bound=Closable)


class Shared(Generic[Model]):
    """As many copies of a model as there are threads that use it at the same moment; the one used last goes out first.

    Safe to call from any thread.
    """

    def __init__(self, make: Callable[[], Model]) -> None:
        self._make = make
        self._idle: LifoQueue[Model] = LifoQueue()

    @contextlib.contextmanager
    def lent(self) -> Iterator[Model]:
        """A copy that nobody else uses meanwhile; made where all are in use."""
        try:
            model = self._idle.get_nowait()
        except Empty:
            model = self._make()
        try:
            yield model
        finally:
            self._idle.put(model)

    def load(self, copies: int) -> None:
        """Have so many copies ready."""
        with contextlib.ExitStack() as stack:
            for _ in range(copies):
                stack.enter_context(self.lent())

    def close(self) -> None:
        """Release the copies; the next use makes a new one."""
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait().close()


class FaceModels:
    """The networks behind the observers of one engine; `close` once nobody observes any more."""

    def __init__(self) -> None:
        self.follow = Shared(Follower)
        "picture, place of a face in it → its landmarks."
        self.search = Shared(lambda: Graph(_SEARCH, "faces", Graph.image(np.zeros((64, 64, 3), np.uint8))))
        "image → the landmarks of the largest face."
        self.detect = Shared(FaceDetector)
        "image → boxes of all faces, near and far."

    def load(self, threads: int) -> None:
        """Have everything ready that so many threads use at once."""
        self.follow.load(threads)
        self.search.load(threads)
        self.detect.load(threads)

    def close(self) -> None:
        """Release everything."""
        self.follow.close()
        self.search.close()
        self.detect.close()
