"""What infers emotions: the part of an engine that works in the event loop's own process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from threadpoolctl import threadpool_limits

from hoovik_inference.emotion import FaceModel, RuleModel
from hoovik_inference.emotion.lite import NAME, LiteModel
from hoovik_inference.emotion.model import THRESHOLD
from hoovik_inference.types import EmotionModel
from hoovik_rtc.config import Config, check_bundle
from hoovik_rtc.consent import emotion_permitted
from hoovik_rtc.errors import ConfigError


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
    """The model that the config names; limits BLAS to one thread in this process, since our matrices are small.

    A bundle takes seconds: off the loop. Where the purpose forbids emotions the rules stand in, which need no
    loading; nothing is read then.

    Raises:
        ConfigError: The bundle cannot be used, or not with the rest of the config.
    """
    threadpool_limits(limits=1, user_api="blas")
    threshold, bundle = config.emotion.threshold, config.emotion.bundle
    if not emotion_permitted(config.bot):
        return RuleModel()
    if bundle is not None:
        check_bundle(config)
        return _of(bundle, config.emotion.light, threshold)
    return _MODELS[config.emotion.model](THRESHOLD if threshold is None else threshold)


def reads_vectors(config: Config) -> bool:
    """Whether the emotion model takes the vectors of faces and voices; see EmotionModel."""
    return not config.emotion.light and emotion_permitted(config.bot)


def reads_expressions(config: Config) -> bool:
    """Whether the emotion model takes what our networks read of faces and voices."""
    by_rules = config.emotion.model == RuleModel.name
    return config.emotion.light and not by_rules and emotion_permitted(config.bot)


def _of(folder: Path, light: bool, threshold: float | None) -> EmotionModel:
    from hoovik_inference.emotion import reference

    try:
        engine = reference.ReferenceEngine(reference.load(folder))
        name = folder.resolve().name
        if light:
            return LiteModel(threshold, engine, name)
        return reference.ReferenceModel(engine, name, threshold)
    except (ValueError, ModuleNotFoundError, OSError) as exc:
        raise ConfigError(f"emotion.model: {exc}") from exc


_MODELS: dict[str, Callable[[float], EmotionModel]] = {
    NAME: LiteModel, FaceModel.name: FaceModel, RuleModel.name: RuleModel
}  # fmt: skip
