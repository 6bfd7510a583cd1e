"""Rows of faces: pictures as the service's own eyes see them in a call."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from hoovik_inference.emotion.lite.rows import FACE, face_row
from hoovik_inference.evaluation.film import FPS, KBITS, animated, called
from hoovik_inference.face import FaceModels, MeshFaceObserver
from hoovik_inference.face.expression import ExpressionReader
from hoovik_inference.types import SEQ_LEN, Floats, Image

WARM = 2
"Pictures before a window: a face is found in the first, and followed from then on."

Spoiler = Callable[[Sequence[Image], np.random.Generator], Sequence[Image]]
"What happens to the pictures before they are seen."
Landmarks = Callable[[Floats], Floats]
"What happens to (478, 3) landmarks after they were found."


class Eyes:
    """The service's face observer and expression reader; for one process. `close` it."""

    def __init__(self) -> None:
        """Load the models."""
        self._models = FaceModels()
        self._reader = ExpressionReader()

    def close(self) -> None:
        """Release the models."""
        self._models.close()

    def follow(self) -> Follower:
        """For the pictures of one face, in order."""
        return Follower(MeshFaceObserver(self._models), self._reader)

    def rows(self, frames: Sequence[Image], fps: float = FPS, landmarks: Landmarks | None = None) -> Floats:
        """(T, FACE), one for each picture; nan where no face was found."""
        out = np.full((len(frames), FACE), np.nan, np.float32)
        follower = self.follow()
        for index, frame in enumerate(frames):
            row = follower.look(frame, 1000.0 + index * 1000.0 / fps, landmarks)
            if row is not None:
                out[index] = row
        follower.close()
        return out

    def window(
        self,
        picture: Image,
        rng: np.random.Generator,
        spoiler: Spoiler | None = None,
        landmarks: Landmarks | None = None,
    ) -> Floats | None:
        """(SEQ_LEN, FACE) of a second of the face in a picture, as `film.animated` has it.

        None where no face was found at its end.
        """
        frames: Sequence[Image] = animated(picture, SEQ_LEN + WARM, rng)
        frames = called(frames, rng.uniform(*KBITS))
        if spoiler is not None:
            frames = spoiler(frames, rng)
        rows = self.rows(frames, landmarks=landmarks)[-SEQ_LEN:]
        return None if np.isnan(rows[-1, 0]) else rows


class Follower:
    """Looks at one face."""

    def __init__(self, observer: MeshFaceObserver, reader: ExpressionReader) -> None:
        """With an observer of its own."""
        self._observer, self._reader = observer, reader

    def look(self, frame: Image, time_ms: float, landmarks: Landmarks | None = None) -> Floats | None:
        """(FACE,) of an (H, W, 3) picture; None where no face was found."""
        face = self._observer.observe(frame, time_ms)
        if face is not None and landmarks is not None:
            height, width = frame.shape[:2]
            face = self._observer.read(landmarks(face.landmarks), width, height, time_ms, picture=frame)
        portrait = None if face is None else self._observer.portrait(frame)
        if face is None or portrait is None:
            return None
        return face_row(dataclasses.replace(face, expression=self._reader.read(portrait), signs=portrait.signs))

    def close(self) -> None:
        """Release the tracker."""
        self._observer.close()
