"""The large speech encoder that the config names, or why the light one serves alone."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from hoovik_inference.emotion.reference import AUDIO
from hoovik_inference.types import LIGHT
from hoovik_inference.voice.large import SenseVoiceEncoder, SpeechEncoder, Wav2Vec2Encoder
from hoovik_rtc.config import VoiceConfig
from hoovik_rtc.errors import ConfigError
from hoovik_rtc.models import file_of
from hoovik_rtc.models.errors import ModelError
from hoovik_rtc.pipeline.speech import Speech
from hoovik_rtc.pipeline.voice_engine import VoiceEngine
from hoovik_rtc.telemetry import Counts

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Encoder:
    """What was loaded."""

    loaded: SpeechEncoder | None = None
    "None where the light one serves alone."
    missing: str = ""
    "Name of the one that was chosen and is not here, where the config allows that."
    vectors: bool = False
    "Whether its vectors are asked for."

    def start(self, telemetry: Counts) -> Speech | None:
        """Put it to work; None where there is none."""
        if self.missing:
            telemetry.count("voice_engine_missing")
        return None if self.loaded is None else Speech(self.loaded, telemetry, vectors=self.vectors)

    def engine(self, speech: Speech | None) -> VoiceEngine:
        """Which engine reads voices now; `speech` is what `start` gave."""
        if speech is not None:
            return speech.engine
        return VoiceEngine(self.missing, LIGHT, "missing") if self.missing else VoiceEngine()


def load_encoder(config: VoiceConfig, vectors: bool = False) -> Encoder:
    """Load what the config names (seconds).

    Args:
        config: names it.
        vectors: whether its vectors are asked for, by models of the reference.

    Raises:
        ConfigError: It cannot be loaded, and there is no fallback; or its vectors are of another size.
    """
    if config.engine == LIGHT:
        return Encoder()
    try:
        loaded = _load(config)
    except (ModelError, ImportError, OSError, ValueError) as exc:
        if config.fallback is None:
            raise ConfigError(
                f"voice.engine is {config.engine}: {exc} Or set voice.fallback to light, and the light encoder serves."
            ) from exc
        logger.warning("the speech encoder that was chosen cannot be loaded, the light one serves: %s", exc)
        return Encoder(missing=config.engine)
    if vectors and loaded.size != AUDIO:
        raise ConfigError(
            f"voice.model is {config.model}, whose vectors have {loaded.size} numbers, and emotion.model takes "
            f"{AUDIO}: expected the wav2vec2 that it was trained on (`hoovik-rtc models pull wav2vec2` gets it)."
        )
    return Encoder(loaded, vectors=vectors)


def _load(config: VoiceConfig) -> SpeechEncoder:
    source = str(file_of(config.model or config.engine, os.environ))
    if config.engine == "sensevoice":
        return SenseVoiceEncoder(Path(source), threads=config.threads)
    with contextlib.suppress(ModuleNotFoundError):  # the encoder says what to install
        import torch

        torch.set_num_threads(config.threads)
    return Wav2Vec2Encoder(source, device=config.device, precision=config.precision)
