"""What measures and what infers, chosen by the config and warm before anybody is let in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2

from hoovik_inference.emotion import FaceModel
from hoovik_inference.face import UNMEASURED, FaceModels, MeshFaceObserver, warm
from hoovik_inference.types import EmotionModel, FaceObserver, VoiceObserver
from hoovik_inference.voice import StreamVoiceObserver
from hoovik_inference.voice import warm as warm_voice
from hoovik_rtc.config import Config
from hoovik_rtc.consent import emotion_permitted
from hoovik_rtc.errors import ConfigError
from hoovik_rtc.pipeline.encoder import Encoder, load_encoder
from hoovik_rtc.pipeline.eye import Reader
from hoovik_rtc.pipeline.readout import build_emotion
from hoovik_rtc.pipeline.workers import FACE_THREADS


@dataclass(frozen=True, slots=True)
class Engine:
    """The models of one bot."""

    face: Callable[[], FaceObserver]
    "Makes the observer of one participant's face."
    expression: Reader | None
    "Reads expressions, of all participants; None where the emotion model asks for none."
    voice: Callable[[], VoiceObserver]
    "Makes the observer of one participant's voice."
    emotion: EmotionModel
    "Shared by all participants, on the inference thread."
    unmeasured: tuple[str, ...]
    "Blendshapes that the face observer cannot measure."
    encoder: Encoder = Encoder()
    "The large one that reads voices, of all participants, where one was chosen."


def build(config: Config, face_threads: int = FACE_THREADS, hears: bool = True) -> Engine:
    """Load and warm what the config names; takes under a second, seconds with a large speech encoder: off the loop.

    Limits BLAS and OpenCV to one thread in this process: our matrices and pictures are small, idle threads spin.

    Args:
        config: names the models.
        face_threads: that look at faces at once.
        hears: whether voices are heard here: a large encoder is loaded once, where all of them are.

    Raises:
        ConfigError: `face.task` names no face landmarker, or one that MediaPipe refuses; `voice.engine` cannot be
            loaded and there is no `voice.fallback`.
    """
    cv2.setNumThreads(1)
    emotion = build_emotion(config)
    models = FaceModels()
    warm(models, face_threads)
    permitted = emotion_permitted(config.bot)
    reads = config.emotion.model == FaceModel.name and permitted
    warm_voice(reads)
    return Engine(
        face=_face(config, models),
        expression=_reader() if reads else None,
        voice=partial(StreamVoiceObserver, reads),
        emotion=emotion,
        unmeasured=tuple(UNMEASURED),
        encoder=load_encoder(config.voice) if permitted and hears else Encoder(),
    )


def _face(config: Config, models: FaceModels) -> Callable[[], FaceObserver]:
    if config.face.task is None:
        return lambda: MeshFaceObserver(models)
    from hoovik_inference.face.task import TaskFaceObserver, shared_task  # loads MediaPipe's tasks

    try:
        task = shared_task(Path(config.face.task))
        task.load(1)
    except (FileNotFoundError, ValueError) as exc:
        raise ConfigError(f"face.task: {exc}.") from exc
    return lambda: TaskFaceObserver(task, models)


def _reader() -> Reader:
    from hoovik_inference.face.expression import ExpressionReader  # loads ONNX Runtime

    return ExpressionReader().read
