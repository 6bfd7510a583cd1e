"""What infers emotions: the part of an engine that works in the event loop's own process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from threadpoolctl import threadpool_limits

from hoovik_inference.emotion import FaceModel, RuleModel
from hoovik_inference.types import EmotionModel
from hoovik_rtc.config import Config


class Readout(Protocol):
    """What the event loop's process needs of an engine."""

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
    """A readout whose eyes and ears work elsewhere."""

    emotion: EmotionModel
    "Shared by all participants, on the inference thread."
    unmeasured: tuple[str, ...]
    "Blendshapes that the face observer cannot measure."


def build_emotion(config: Config) -> EmotionModel:
    """The model that the config names; limits BLAS to one thread in this process, since our matrices are small."""
    threadpool_limits(limits=1, user_api="blas")
    return _MODELS[config.emotion.model](config.emotion.threshold)


_MODELS: dict[str, Callable[[float], EmotionModel]] = {FaceModel.name: FaceModel, RuleModel.name: RuleModel}
