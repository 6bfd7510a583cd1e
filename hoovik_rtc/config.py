"""One typed configuration from a TOML file, the environment (`HOOVIK_…`) and flags; later ones win.

Nested keys in the environment are joined by two underscores: `HOOVIK_LIMITS__PARTICIPANTS=4`.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from hoovik_inference.task_file import check_parts
from hoovik_rtc.errors import ConfigError
from hoovik_rtc.models import file_of
from hoovik_rtc.models.errors import ModelError

Positive = Annotated[int, Meta(gt=0)]
Share = Annotated[float, Meta(gt=0)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Audience = Literal["self", "host", "room"]
Purpose = Literal["demo", "telepresence", "research", "accessibility", "workplace", "education"]


class BotConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the bot presents itself."""

    name: str = "Hoovik"
    "Shown to everyone in the room."
    in_rooms: bool = True
    "Whether the bot is in every built-in room."
    purpose: Purpose = "demo"
    "Why emotions are read. `workplace` and `education` get avatars only, unless `basis` is declared."
    basis: Literal["medical", "safety"] | None = None
    "The ground on which a workplace or school may infer emotions (EU AI Act, Art. 5(1)(f))."

    @property
    def permits_emotion(self) -> bool:
        """Whether emotions may be inferred at all; see consent.py."""
        return self.purpose not in ("workplace", "education") or self.basis is not None


class AudienceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who receives what about a participant."""

    avatar_frame: tuple[Audience, ...] = ("room",)
    emotion_update: tuple[Audience, ...] = ("self", "host")


class FaceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What measures faces."""

    task: Annotated[str, Meta(min_length=1)] | None = None
    """MediaPipe's `face_landmarker.task`, whose landmarks and blendshapes take the place of ours. Slower.

    Its path, or the name of a model that was pulled (`face_landmarker`), which `load` turns into one."""


class VoiceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What reads voices, where emotions are."""

    engine: Literal["light", "wav2vec2", "sensevoice"] = "light"
    """`light` ships with the package and always runs. `wav2vec2` adds its own valence, arousal and dominance;
    `sensevoice` names the emotion itself. Both take CPU, and the extra `models`."""
    model: Annotated[str, Meta(min_length=1)] | None = None
    """Where that one is: a folder, the name of a model that was pulled, or (wav2vec2) an id in the Hugging Face cache.
    By default the pulled model of the engine's name."""
    fallback: Literal["light"] | None = None
    "`light`: where the engine cannot be loaded, the service starts all the same and says so. Otherwise it ends."
    precision: Literal["auto", "float32", "float16", "bfloat16", "int8"] = "auto"
    "Of wav2vec2: `auto` takes the fastest whose vectors stay those of float32."
    device: Literal["auto", "cpu", "cuda"] = "auto"
    "Of wav2vec2."
    threads: Positive = 1
    "CPUs that the engine may take at once."


LIGHT_VECTORS = "light-1"
"What our own networks read of faces and voices, by the bundles' name for it."
OURS = ("hoovik-lite-1", "hoovik-face-1", "facs-rules-1")
"Emotion models that ship with the package."


class EmotionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The emotion model."""

    model: Annotated[str, Meta(min_length=1)] = OURS[0]
    """`hoovik-lite-1` is an ensemble on what networks read of faces and voices; `hoovik-face-1` pools what they read of
    a face, or of a voice where there is none; `facs-rules-1` reads action units alone, by published rules.

    Or the folder of a bundle: one that `hoovik-rtc train lite` wrote, or one that `models import-reference` or `train
    emotion` wrote, which needs `face.task`, and `voice.engine` wav2vec2."""
    threshold: float | None = None
    "Best score below which the bot abstains and says neutral (0…1); by default the model's own, 0.45."
    votes: bool = False
    "Tell with each update what every model of an ensemble says by itself, and the thresholds: for the debug view."

    @property
    def bundle(self) -> Path | None:
        """The folder of a bundle, where `model` is none of ours."""
        return None if self.model in OURS else Path(self.model)

    @property
    def light(self) -> bool:
        """Whether it takes what our own light networks read, and not vectors of MediaPipe's task and wav2vec2."""
        return self.bundle is None or _vectors_of(self.bundle) == LIGHT_VECTORS


class LimitsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on what others may send or ask for."""

    participants: Positive = 12
    "At most so many participants in all rooms together."
    load: Share = 0.7
    "Nobody new is let in from this share of the CPUs on, counted with them and at the lowest rates."
    sdp_bytes: Positive = 64 * 1024
    media_sections: Positive = 16
    candidates: Positive = 20
    connect_s: Seconds = 15.0
    "A peer that is not connected by then is dropped."
    resume_s: Seconds = 60.0
    "How long a session is kept for a participant who lost the connection."
    message_bytes: Positive = 16 * 1024
    messages_per_s: Positive = 50
    channels: Positive = 4
    joins_per_minute: Positive = 120
    "Offers and room joins from one address."


class TelemetryConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is told about the service's own work, beyond `/stats` and `/metrics`."""

    trace_every: Annotated[int, Meta(ge=0)] = 0
    "One frame in so many becomes OpenTelemetry spans (needs the extra `otel`); 0: none."


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    host: str = "127.0.0.1"
    port: int = 8080
    token: Annotated[str, Meta(min_length=1)] | None = None
    "If set, WHIP and rooms ask for it (`Authorization: Bearer`, or `token` in `join`)."
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    origins: tuple[str, ...] = ()
    "Other web origins (`https://meet.example`) whose pages may open our WebSockets; `*` for any."
    ice_servers: tuple[str, ...] = ()
    "STUN or TURN URLs for the bot and the page; none are needed on one machine or LAN."
    analysis: Literal["process", "threads"] = "process"
    "Faces and voices are measured in processes of their own, or on threads of the service's (for embedding)."
    analysts: Annotated[int, Meta(ge=0, le=16)] = 0
    "How many such processes, some 250 MiB each; 0: one for each CPU, two at most."
    bot: BotConfig = msgspec.field(default_factory=BotConfig)
    audience: AudienceConfig = msgspec.field(default_factory=AudienceConfig)
    face: FaceConfig = msgspec.field(default_factory=FaceConfig)
    voice: VoiceConfig = msgspec.field(default_factory=VoiceConfig)
    emotion: EmotionConfig = msgspec.field(default_factory=EmotionConfig)
    limits: LimitsConfig = msgspec.field(default_factory=LimitsConfig)
    telemetry: TelemetryConfig = msgspec.field(default_factory=TelemetryConfig)


def load(
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Config:
    """Merge file, environment and flags (None values are not set) into a Config.

    Raises:
        ConfigError: names the source, the key, and what was expected.
    """
    merged: dict[str, Any] = {}
    if file is not None:
        merged = _read(file)
        _convert(merged, f"the file {file}")
    for name, value in (environ or {}).items():
        if name.startswith("HOOVIK_") and name not in _NOT_CONFIG:
            merged = _merge(merged, _variable(name, value))
    set_flags = {key: value for key, value in (flags or {}).items() if value is not None}
    config = _convert(_merge(merged, set_flags), "the configuration")
    if not 0 <= config.port <= 65535:
        raise ConfigError(f"port is {config.port}; expected 0…65535 (0 lets the system choose).")
    if config.emotion.threshold is not None and not 0.0 <= config.emotion.threshold <= 1.0:
        raise ConfigError(f"emotion.threshold is {config.emotion.threshold}; expected 0…1.")
    check_bundle(config)
    config = _with_models(config, os.environ if environ is None else environ)
    if config.face.task is not None:
        try:
            check_parts(Path(config.face.task))
        except FileNotFoundError as exc:
            raise ConfigError(
                f"face.task: {exc}. `hoovik-rtc models pull face_landmarker` gets it; then face.task is "
                '"face_landmarker".'
            ) from exc
        except ValueError as exc:
            raise ConfigError(f"face.task: {exc}.") from exc
    return config


def check_bundle(config: Config) -> None:
    """Refuse a bundle that is not there, or whose models would not get what they were trained on.

    Where the purpose forbids emotions, it is not used and not looked at.

    Raises:
        ConfigError: says what is missing and what to do.
    """
    bundle = config.emotion.bundle
    if bundle is None or not config.bot.permits_emotion:
        return
    named = f"emotion.model is {bundle}"
    if not bundle.is_dir():
        raise ConfigError(
            f"{named}: there is no such folder; expected {', '.join(OURS)}, or a bundle as `hoovik-rtc models "
            "import-reference DIR --out BUNDLE --trust` writes it."
        )
    if config.emotion.light:
        return
    if config.voice.engine != "wav2vec2":
        raise ConfigError(
            f"{named}, trained on the voices of wav2vec2, but voice.engine is {config.voice.engine}: set it to "
            '"wav2vec2" (`hoovik-rtc models pull wav2vec2` gets it).'
        )
    if config.voice.fallback is not None:
        raise ConfigError(
            f"{named}, and voice.fallback is {config.voice.fallback}: expected none, as the bundle cannot read what "
            "the light encoder says. Leave voice.fallback out."
        )
    if config.face.task is None:
        raise ConfigError(
            f"{named}, trained on the landmarks of MediaPipe's face_landmarker.task, but face.task is not set: set "
            'it to its path, or to "face_landmarker" (`hoovik-rtc models pull face_landmarker` gets it).'
        )


def _vectors_of(bundle: Path) -> str:
    """What a bundle says that it takes; the reference's, where it says nothing or cannot be read (loading says why)."""
    try:
        return str(json.loads((bundle / "bundle.json").read_text("utf-8")).get("vectors", ""))
    except (OSError, ValueError, AttributeError):
        return ""


_NOT_CONFIG = {"HOOVIK_MODELS"}


def _with_models(config: Config, environ: Mapping[str, str]) -> Config:
    """The same with paths in place of models' names."""
    if config.face.task is not None:
        try:
            task = file_of(config.face.task, environ)
        except ModelError as exc:
            raise ConfigError(f"face.task: {exc}") from exc
        config = msgspec.structs.replace(config, face=msgspec.structs.replace(config.face, task=str(task)))
    if config.voice.engine == "sensevoice" and config.emotion.model == "facs-rules-1":
        raise ConfigError(
            "voice.engine is sensevoice, which names emotions, and emotion.model facs-rules-1 has no use for names: "
            "set emotion.model to hoovik-lite-1, or voice.engine to light."
        )
    return config


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except OSError as exc:
        raise ConfigError(f"The file {file} cannot be read: {exc.strerror}. Give --config a TOML file.") from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"The file {file} is not TOML: {exc}.") from exc


def _variable(name: str, value: str) -> dict[str, Any]:
    """One variable as configuration; lists are separated by commas."""
    path = name.removeprefix("HOOVIK_").lower().split("__")
    source = f"the environment variable {name}"
    try:
        _convert(one := _nested(path, value), source)
    except ConfigError as exc:
        if "Expected `array`" not in str(exc):
            raise
        _convert(one := _nested(path, [item.strip() for item in value.split(",") if item.strip()]), source)
    return one


def _nested(path: list[str], value: Any) -> dict[str, Any]:
    inner: Any = value
    for key in reversed(path):
        inner = {key: inner}
    assert isinstance(inner, dict)
    return inner


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        merged[key] = _merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


def _convert(values: Mapping[str, Any], source: str) -> Config:
    try:
        return msgspec.convert(values, Config, strict=False)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"In {source}: {exc}. {_hint(str(exc))}") from exc


def _hint(problem: str) -> str:
    """What a wrong key or value could have been."""
    if "purpose" in problem:
        return f"Purposes: {', '.join(get_args(Purpose))}."
    if "audience" in problem:
        return f"Audiences: {', '.join(get_args(Audience))}."
    if "unknown field" in problem:
        return f"Keys: {', '.join(Config.__struct_fields__)}; the README shows the sections."
    return "The README shows all sections, hoovik_rtc/config.py each key."
