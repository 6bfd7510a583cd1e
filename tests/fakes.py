"""An engine that measures nothing and says what it is told: for tests of what happens around the models.

The models themselves are tested with real pictures and sound in tests/unit/inference and tests/network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hoovik_inference.emotion import Stages, Steady
from hoovik_inference.face import signs
from hoovik_inference.face.picture import size
from hoovik_inference.types import (
    EmotionEstimate,
    FaceEstimate,
    FaceQuality,
    Floats,
    Gaze,
    HeadPose,
    Holder,
    Picture,
    Portrait,
    VoiceEstimate,
    Window,
)
from hoovik_rtc.pipeline.engine import Engine


def face(time_ms: float, *, jaw: float = 0.0, faces: int = 1) -> FaceEstimate:
    """A face with nothing but an open jaw."""
    blendshapes = np.zeros(52, np.float32)
    blendshapes[24] = jaw
    return FaceEstimate(
        time_ms=time_ms,
        landmarks=np.zeros((478, 3), np.float32),
        blendshapes=blendshapes,
        action_units=np.zeros(19, np.float32),
        head_pose=HeadPose(1.0, 2.0, 3.0),
        gaze=Gaze(0.0, 0.0),
        blink=False,
        confidence=0.9,
        faces=faces,
        quality=FaceQuality(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9),
        track=1,
        blink_rate=None,
    )


def voice(time_ms: float, speaking: float = 0.0, level: float = -30.0) -> VoiceEstimate:
    """A voice of a given loudness."""
    visemes = np.zeros(15, np.float32)
    visemes[0] = 1.0
    return VoiceEstimate(time_ms, speaking, level, 0.0, visemes)


def emotion(window: Window) -> EmotionEstimate:
    """Always neutral."""
    scores = np.array([0.7, 0.1, 0.05, 0.05, 0.05, 0.03, 0.02], np.float32)
    return EmotionEstimate(
        window.time_ms, "neutral", 0.7, scores, 0.0, 0.0, 0.0, window.modality, False, False, 0.0, "fake-1"
    )


class FakeFace:
    """Finds a face in every picture; counts what it was shown."""

    shown: list[tuple[int, ...]] = []
    found = True
    faces = 1
    _time_ms = 0.0

    def observe(self, image: Picture, time_ms: float) -> FaceEstimate | None:
        type(self).shown.append((*size(image)[::-1], 3))
        self._time_ms = time_ms
        return face(time_ms, faces=self.faces) if type(self).found else None

    def portrait(self, picture: Picture) -> Portrait | None:
        return Portrait(
            self._time_ms, np.zeros((48, 48), np.float32), np.zeros(52, np.float32), np.zeros(signs.COUNT, np.float32)
        )

    @property
    def vector(self) -> Floats | None:
        return None

    def calibrate(self) -> None: ...

    def close(self) -> None: ...


class FakeExpression:
    """Happy, whoever it is; counts what it read."""

    read = 0

    def __call__(self, portrait: Portrait) -> Floats:
        type(self).read += 1
        return np.array([0.1, 0.8, 0.02, 0.02, 0.02, 0.02, 0.02], np.float32)


class FakeVoice:
    """One estimate for every 512 samples; counts what it heard, and hops of which it read what they express."""

    heard = 0
    read = 0

    def __init__(self) -> None:
        self._left = 0
        self._expressing = False

    def express(self, on: bool) -> None:
        self._expressing = on

    def observe(self, samples: Floats, time_ms: float, lost: int = 0) -> list[VoiceEstimate]:
        type(self).heard += len(samples)
        whole, self._left = divmod(self._left + len(samples), 512)
        type(self).read += whole * self._expressing
        return [voice(time_ms) for _ in range(whole)]

    @property
    def wanted(self) -> int:
        return 512 - self._left


class FakeEmotion:
    """Neutral, whoever it is."""

    name = "fake-1"
    step_ms = 100.0
    vectors = False

    def infer(self, windows: Sequence[Window]) -> list[EmotionEstimate]:
        return [emotion(window) for window in windows]

    def holder(self) -> Holder:
        return Stages(Steady())


def engine() -> Engine:
    """A fresh fake engine; its counts start at zero."""
    FakeFace.shown = []
    FakeFace.found = True
    FakeFace.faces = 1
    FakeVoice.heard = FakeVoice.read = 0
    FakeExpression.read = 0
    return Engine(FakeFace, FakeExpression(), FakeVoice, emotion=FakeEmotion())
