"""What measures and what infers, chosen by the config and warm before anybody is let in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import cv2
from threadpoolctl import threadpool_limits

from hoovik_inference.face import UNMEASURED, FaceModels, MeshFaceObserver, warm
from hoovik_inference.types import EmotionModel, FaceObserver, VoiceObserver
from hoovik_inference.voice import StreamVoiceObserver
from hoovik_inference.voice import warm as warm_voice
from hoovik_rtc.config import Config
from hoovik_rtc.consent import emotion_permitted
from hoovik_rtc.errors import ConfigError
from hoovik_rtc.pipeline.encoder import Encoder, load_encoder
from hoovik_rtc.pipeline.eye import Reader
from hoovik_rtc.pipeline.readout import build_emotion, reads_expressions, reads_vectors
from hoovik_rtc.pipeline.workers import FACE_THREADS


@dataclass(frozen=True, slots=True)
class Senses:
    """The models that measure."""

    face: Callable[[], FaceObserver]
    "Makes the observer of one participant's face."
    expression: Reader | None
    "Reads expressions, of all participants; None where the emotion model asks for none."
    voice: Callable[[], VoiceObserver]
    "Makes the observer of one participant's voice."
    unmeasured: tuple[str, ...] = ()
    "Blendshapes that the face observer cannot measure."
    encoder: Encoder = Encoder()
    "The large one that reads voices, of all participants, where one was chosen."
    vectors: bool = False
    "Whether the emotion model reads the vectors of faces."


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine(Senses):
    """The models of one bot."""

    emotion: EmotionModel
    "Shared by all participants, on the inference thread."


def build(config: Config) -> Engine:
    """All of them, in one process; see `build_senses` and `build_emotion`.

    Raises:
        ConfigError: As these do.
    """
    emotion = build_emotion(config)
    senses = build_senses(config)
    return Engine(emotion=emotion, **{field.name: getattr(senses, field.name) for field in fields(Senses)})


def build_senses(config: Config, face_threads: int = FACE_THREADS, hears: bool = True) -> Senses:
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
    threadpool_limits(limits=1, user_api="blas")
    models = FaceModels()
    warm(models, face_threads)
    permitted = emotion_permitted(config.bot)
    reads = reads_expressions(config)
    vectors = reads_vectors(config)
    warm_voice(reads)
    return Senses(
        face=_face(config, models),
        expression=_reader() if reads else None,
        voice=partial(StreamVoiceObserver, reads),
        unmeasured=tuple(UNMEASURED),
        encoder=load_encoder(config.voice, vectors) if permitted and hears else Encoder(),
        vectors=vectors,
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
