"""What measures and what infers, chosen by the config and warm before anybody is let in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from hoovik_inference.emotion import RuleModel
from hoovik_inference.face import UNMEASURED, FaceModels, MeshFaceObserver, warm
from hoovik_inference.types import EmotionModel, FaceObserver, VoiceObserver
from hoovik_inference.voice import StreamVoiceObserver
from hoovik_rtc.config import Config
from hoovik_rtc.pipeline.workers import FACE_THREADS


class Readout(Protocol):
    """The part of an engine that the event loop's process needs."""

    @property
    def emotion(self) -> EmotionModel:
        """Shared by all participants, on the inference thread."""
        ...

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Blendshapes that the face observer cannot measure."""
        ...


@dataclass(frozen=True, slots=True)
class Emotion:
    """An engine whose eyes and ears work elsewhere."""

    emotion: EmotionModel
    "Shared by all participants, on the inference thread."
    unmeasured: tuple[str, ...]
    "Blendshapes that the face observer cannot measure."


@dataclass(frozen=True, slots=True)
class Engine:
    """The models of one bot."""

    face: Callable[[], FaceObserver]
    "Makes the observer of one participant's face."
    voice: Callable[[], VoiceObserver]
    "Makes the observer of one participant's voice."
    emotion: EmotionModel
    "Shared by all participants, on the inference thread."
    unmeasured: tuple[str, ...]
    "Blendshapes that the face observer cannot measure."


def build(config: Config) -> Engine:
    """Load and warm what the config names; takes under a second, call it off the loop.

    Limits BLAS and OpenCV to one thread in this process: our matrices and pictures are small, idle threads spin.
    """
    cv2.setNumThreads(1)
    alone = build_emotion(config)
    models = FaceModels()
    warm(models, FACE_THREADS)
    StreamVoiceObserver().observe(np.zeros(1024, np.float32), 0.0)
    return Engine(
        face=lambda: MeshFaceObserver(models),
        voice=StreamVoiceObserver,
        emotion=alone.emotion,
        unmeasured=alone.unmeasured,
    )


def build_emotion(config: Config) -> Emotion:
    """The same without eyes and ears."""
    threadpool_limits(limits=1, user_api="blas")
    return Emotion(RuleModel(config.emotion.threshold), tuple(UNMEASURED))
