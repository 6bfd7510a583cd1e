"""The expression of single pictures, read as the service reads it."""

from __future__ import annotations

import math

from hoovik_inference.face.expression import ExpressionReader
from hoovik_inference.face.observer import MeshFaceObserver
from hoovik_inference.types import Floats, Image

_APART_MS = 1000.0
"Capture time between two pictures; they have nothing to do with each other."


class ExpressionPictures:
    """A `PictureReader` of the face observer and the expression network, without a memory for resting faces."""

    def __init__(self) -> None:
        """Load the models."""
        self._reader = ExpressionReader()
        self.name = self._reader.name
        self._observer = MeshFaceObserver(pictures=True, baseline=False, count_every_ms=math.inf)
        self._now_ms = 0.0

    def read(self, image: Image) -> Floats | None:
        """(7,) probabilities in the order of EMOTIONS; None where no face is found."""
        self._now_ms += _APART_MS
        if self._observer.observe(image, self._now_ms) is None:
            return None
        portrait = self._observer.portrait(image)
        if portrait is None:
            raise RuntimeError("a face was found and cannot be portrayed; expected a portrait of each face")
        return self._reader.read(portrait)

    def close(self) -> None:
        """Release the models."""
        self._observer.close()
