"""The messages of the protocol as typed structs; the JSON Schemas are generated from them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

Unit = Annotated[float, Meta(ge=0, le=1)]
Signed = Annotated[float, Meta(ge=-1, le=1)]
Degrees = Annotated[float, Meta(ge=-180, le=180)]
UnixMs = Annotated[int, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
Rate = Annotated[float, Meta(ge=0)]
Modality = Literal["both", "audio_only", "video_only"]
Emotion = Literal["neutral", "happy", "sad", "angry", "surprise", "disgust", "fear"]


class Angles(Struct, frozen=True):
    """Rotation of the head in degrees (glTF axes): + left, + down, + to the right shoulder."""

    yaw: Degrees
    pitch: Degrees
    roll: Degrees


class Direction(Struct, frozen=True):
    """Gaze relative to the screen: +x to the participant's right, +y up."""

    x: Signed
    y: Signed


class Quality(Struct, frozen=True):
    """What may be wrong with the picture of a face: each 0…1, 1 is no concern."""

    size: Unit
    turn: Unit
    inside: Unit
    fit: Unit
    sharpness: Unit
    light: Unit
    visible: Unit


class EmotionPayload(Struct, frozen=True):
    """What a face and a voice express. Fields of the face are absent where no face is measured.

    `blink_rate`: blinks a minute, absent until the face was watched for 10 s. `face_track`: which face is followed;
    another number is another face. Where `emotion.votes` is set, `votes` has what each model of an ensemble says by
    itself, `threshold` the confidence below which it abstains, `anomaly_threshold` the score below which it is an
    anomaly.
    """

    emotion: Emotion
    confidence: Unit
    scores: dict[Emotion, Unit]
    valence: Signed
    arousal: Signed
    dominance: Signed
    speaking_probability: Unit
    modality: Modality
    abstained: bool
    anomaly: bool
    anomaly_score: float
    model: str
    latency_ms: float
    au: dict[str, Unit] | UnsetType = UNSET
    head_pose: Angles | UnsetType = UNSET
    gaze: Direction | UnsetType = UNSET
    blink: bool | UnsetType = UNSET
    blink_rate: Rate | UnsetType = UNSET
    face_track: Count | UnsetType = UNSET
    quality: Quality | UnsetType = UNSET
    audio_ms: UnixMs | UnsetType = UNSET
    voice_engine: str | UnsetType = UNSET
    votes: dict[str, dict[Emotion, Unit]] | UnsetType = UNSET
    threshold: Unit | UnsetType = UNSET
    anomaly_threshold: float | UnsetType = UNSET


class BoneTransforms(Struct, frozen=True):
    """Rotations in degrees; body_slouch 0…1."""

    neck_pitch: Degrees
    head_yaw: Degrees
    head_pitch: Degrees
    head_roll: Degrees
    eye_yaw: Degrees
    eye_pitch: Degrees
    spine_pitch: Degrees
    body_slouch: Unit


class Particles(Struct, frozen=True):
    """Hints for effects around the avatar."""

    glow_intensity: Unit


class AvatarPayload(Struct, frozen=True):
    """How the avatar should look at one moment."""

    blendshapes: dict[str, Unit]
    bone_transforms: BoneTransforms
    viseme: str
    viseme_conf: Unit
    visemes: dict[str, Unit]
    mouth_source: Literal["audio", "video", "blend"]
    face_confidence: Unit
    measured: bool
    particles: Particles
    latency_ms: float
    audio_ms: UnixMs | UnsetType = UNSET


class EmotionUpdate(Struct, frozen=True, tag_field="type", tag="emotion_update"):
    """Ten times a second, to oneself and the host."""

    session_id: str
    participant_id: str
    timestamp_ms: UnixMs
    sequence: Count
    payload: EmotionPayload


class AvatarFrame(Struct, frozen=True, tag_field="type", tag="avatar_frame"):
    """For each measured face, predicted ones in between, to the room."""

    session_id: str
    participant_id: str
    timestamp_ms: UnixMs
    sequence: Count
    payload: AvatarPayload


# Client to bot, on the control channel.


class HelloPayload(Struct, frozen=True):
    """What a client can take."""

    encodings: list[str] = []
    participants: list[str] = []


class ConsentPayload(Struct, frozen=True):
    """What a participant allows; what is not named is not allowed."""

    avatar: bool = False
    emotion: bool = False
    transcript: bool = False


class StopPayload(Struct, frozen=True):
    """Whose analysis ends."""

    scope: Literal["self", "all"] = "self"


class MediaStatePayload(Struct, frozen=True):
    """Which devices are on; what is not named is unchanged."""

    mic: bool | UnsetType = UNSET
    camera: bool | UnsetType = UNSET


class Empty(Struct, frozen=True):
    """Nothing."""


class PingPayload(Struct, frozen=True):
    """Echoed in `pong`, with the bot's time: the round trip and the clock offset follow."""

    client_ms: float = 0.0


class Hello(Struct, frozen=True, tag_field="type", tag="hello"):
    """First word of a client, optional."""

    payload: HelloPayload = HelloPayload()


class ConsentMessage(Struct, frozen=True, tag_field="type", tag="consent"):
    """Consent, given, changed or withdrawn."""

    payload: ConsentPayload


class Stop(Struct, frozen=True, tag_field="type", tag="stop"):
    """End of the analysis, at once."""

    payload: StopPayload = StopPayload()


class MediaState(Struct, frozen=True, tag_field="type", tag="media_state"):
    """The microphone or camera went on or off."""

    payload: MediaStatePayload


class Calibrate(Struct, frozen=True, tag_field="type", tag="calibrate"):
    """The face is neutral now."""

    payload: Empty = Empty()


class Ping(Struct, frozen=True, tag_field="type", tag="ping"):
    """Is anybody there?"""

    payload: PingPayload = PingPayload()


ClientMessage = Hello | ConsentMessage | Stop | MediaState | Calibrate | Ping


# Bot to client, on the control channel.


class Modes(Struct, frozen=True):
    """What this deployment offers."""

    avatar: bool
    emotion: bool


class WelcomePayload(Struct, frozen=True):
    """Who we are and what we would do, before any consent."""

    session_id: str
    resume: str
    participant_id: str
    bot: str
    purpose: str
    model: str
    analysed: list[str]
    retention: str
    audience: dict[str, list[str]]
    modes: Modes
    host: bool
    unmeasured: list[str]
    voice_engine: str = "light"
    protocol: str = "hoovik.v1"


class ConsentStatePayload(Struct, frozen=True):
    """What is in force now, with the reason where that is less than was asked for."""

    avatar: bool
    emotion: bool
    transcript: bool
    reason: str | UnsetType = UNSET


class BackpressurePayload(Struct, frozen=True):
    """What the sender should send: more than that is not looked at. `reason`: overloaded, recovering or recovered."""

    queue_depth: Count
    suggested_fps: float
    suggested_height: int
    reason: str


class NoticePayload(Struct, frozen=True):
    """Something that a person should know: `code` for programs, `message` for people."""

    code: str
    message: str


class PongPayload(Struct, frozen=True):
    """The echo of a ping and the bot's clock."""

    client_ms: float
    bot_ms: float


class Welcome(Struct, frozen=True, tag_field="type", tag="welcome"):
    """First word of the bot."""

    payload: WelcomePayload


class ConsentState(Struct, frozen=True, tag_field="type", tag="consent_state"):
    """Answer to `consent` and `stop`."""

    payload: ConsentStatePayload


class Backpressure(Struct, frozen=True, tag_field="type", tag="backpressure"):
    """Faces are looked at less often, or more often again; said at each change, and to who comes while it lasts."""

    payload: BackpressurePayload


class Notice(Struct, frozen=True, tag_field="type", tag="notice"):
    """A degradation or an event, said."""

    payload: NoticePayload


class ErrorMessage(Struct, frozen=True, tag_field="type", tag="error"):
    """Something that the client sent was refused."""

    payload: NoticePayload


class Pong(Struct, frozen=True, tag_field="type", tag="pong"):
    """Answer to `ping`."""

    payload: PongPayload


BotMessage = Welcome | ConsentState | Backpressure | Notice | ErrorMessage | Pong
Message = EmotionUpdate | AvatarFrame | BotMessage


class Schemas:
    """The JSON Schemas of all messages, by type name."""

    ALL: ClassVar[tuple[type[Struct], ...]] = (
        EmotionUpdate, AvatarFrame,
        Hello, ConsentMessage, Stop, MediaState, Calibrate, Ping,
        Welcome, ConsentState, Backpressure, Notice, ErrorMessage, Pong,
    )  # fmt: skip

    @classmethod
    def generate(cls) -> dict[str, dict[str, object]]:
        """One self-contained JSON Schema (2020-12) per message type."""
        schemas: dict[str, dict[str, object]] = {}
        for message in cls.ALL:
            tag = message.__struct_config__.tag
            schema = msgspec.json.schema(message)
            schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
            schema["title"] = str(tag)
            schemas[str(tag)] = schema
        return schemas
