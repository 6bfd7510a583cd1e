"""One participant's face and voice, from estimates to payloads; no I/O, no clock: `now_ms` is an argument.

The live service and the analysis of recordings both run through here, so they say the same about the same.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, cast

from msgspec import UNSET

from hoovik_avatar.animator import Animator
from hoovik_avatar.types import AvatarPose
from hoovik_inference.emotion import Aligner, Steady, bridged, modality, usable_voice
from hoovik_inference.types import (
    ACTION_UNITS,
    BLENDSHAPES,
    EMOTIONS,
    VISEMES,
    EmotionEstimate,
    EmotionModel,
    FaceEstimate,
    FaceQuality,
    Floats,
    Holder,
    Modality,
    VoiceEstimate,
    Window,
)
from hoovik_rtc.wire.messages import (
    Angles,
    AvatarPayload,
    BoneTransforms,
    Direction,
    EmotionPayload,
    Particles,
    Quality,
)

VISEME_FLOOR = 0.02
"Viseme weights below this are left out of the message."
FACE_STALE_MS = 400.0
"Capture time after which a face's vector says nothing any more of the newest face (the reference's figure)."
VOICE_STALE_MS = 1500.0
"""The same of a voice's vector and the newest sound: an encoder that just keeps up takes 0.6 s for a batch and begins
the next one after it."""
READ_STALE_MS = 2000.0
"Capture time after which an expression that was read says nothing any more of the newest face."


class Expression:
    """What one participant expresses, kept in memory while they consent.

    Args:
        model: what will read the windows; without one they are as those of our own models.
        votes: tell what each model of an ensemble says by itself, and the thresholds.
    """

    def __init__(self, model: EmotionModel | None = None, votes: bool = False) -> None:
        self._model = model
        self._votes = votes
        self._animator = Animator()
        self._aligner, self._holder = self._begin()
        self._live: Modality | None = None
        self._vectored_face: FaceEstimate | None = None
        self._vectored_voice: VoiceEstimate | None = None
        self._face: FaceEstimate | None = None
        self._face_at = float("-inf")
        self._track: int | None = None
        self._since_ms = float("-inf")
        self._read: tuple[Floats, float, Floats | None] | None = None
        self._sound_ms: float | None = None  # of the newest vector of the voice in the last window
        self._seen_ms: float | None = None
        self._voice: VoiceEstimate | None = None
        self._voice_at = float("-inf")
        self.mic = True
        self.camera = True

    def saw(self, face: FaceEstimate, now_ms: float) -> None:
        """A face was measured; where it is another one, what was windowed of the one before is forgotten."""
        if self._track is not None and face.track != self._track:
            self._aligner, self._holder = self._begin()
            self._read, self._since_ms = None, face.time_ms
            self._vectored_face = None
        self._track = face.track
        if face.vector is not None:
            self._vectored_face = face
        self._face, self._face_at, self._seen_ms = face, now_ms, face.time_ms
        self._animator.face(face)

    def read(self, scores: Floats, time_ms: float, signs: Floats | None = None) -> None:
        """The expression of the face was read in the picture captured at `time_ms`: (7,) in the order of EMOTIONS.

        `signs` are what its pixels tell about the picture; see Portrait.
        """
        if time_ms >= self._since_ms:  # else it was another face's
            self._read = (scores, time_ms, signs)

    def heard(self, voice: VoiceEstimate, now_ms: float) -> None:
        """A voice was measured (silence included)."""
        self._voice = voice
        if voice.embedding is not None:
            self._vectored_voice = voice
        if usable_voice(voice.level_db):
            self._voice_at = now_ms
        self._animator.voice(voice)

    def felt(self, estimate: EmotionEstimate) -> None:
        """The emotion model spoke: mood and posture follow."""
        self._animator.mood(estimate)

    def calibrate(self) -> None:
        """What is read of the face in the next second is neutral."""
        self._holder.calibrate()

    def forget_mood(self) -> None:
        """No emotion is read any more: posture and glow come to rest."""
        self._read = self._vectored_face = self._vectored_voice = None
        self._aligner, self._holder = self._begin()
        if self._face is not None:
            self._face = dataclasses.replace(self._face, vector=None)
        if self._voice is not None:
            self._voice = unread(self._voice)
        self._animator.calm()

    def modality(self, now_ms: float) -> Modality | None:
        """Which modalities are live (the 0.4 s rule); None where neither is."""
        return modality(now_ms, self._face_at, self._voice_at, self.mic, self.camera)

    def reads_face(self, now_ms: float) -> bool:
        """Whether a face is seen whose expression was read lately: a voice's does not count then."""
        return self.modality(now_ms) in ("both", "video_only") and self._face is not None and self._reads(self._face)

    def forget_face(self, now_ms: float) -> None:
        """The face is gone: the avatar eases to rest."""
        if self._face is not None:
            self._face = self._vectored_face = None
            self._animator.face_lost(now_ms)

    @property
    def timestamp_ms(self) -> float | None:
        """Capture time of the newest measured video frame, of the newest sound where there is none."""
        if self._face is None and self._voice is not None:
            return self._voice.time_ms
        return self._seen_ms

    def pose(self, now_ms: float, measured: bool) -> AvatarPose:
        """The avatar at this moment: at the newest face where `measured`, else predicted or driven by sound."""
        if self._face is not None:
            at = self._face.time_ms if measured else self._face.time_ms + (now_ms - self._face_at)
        else:
            at = self._voice.time_ms if self._voice is not None else now_ms
        return self._animator.pose(at, measured)

    def avatar(self, pose: AvatarPose, latency_ms: float) -> AvatarPayload:
        """The payload of an `avatar_frame`."""
        visemes = {
            name: weight for name, weight in zip(VISEMES, _rounded(pose.visemes), strict=True) if weight >= VISEME_FLOOR
        }
        viseme = max(visemes, key=lambda name: visemes[name], default="sil")
        weights = dict(zip(BLENDSHAPES, _rounded(pose.blendshapes), strict=True))
        weights["smile"] = round(pose.smile, 4)
        weights["brow_up"] = round(pose.brow_up, 4)
        weights["frown"] = round(pose.frown, 4)
        bones = pose.bones
        return AvatarPayload(
            blendshapes=weights,
            bone_transforms=BoneTransforms(
                neck_pitch=round(bones.neck_pitch, 2),
                head_yaw=round(bones.head_yaw, 2),
                head_pitch=round(bones.head_pitch, 2),
                head_roll=round(bones.head_roll, 2),
                eye_yaw=round(bones.eye_yaw, 2),
                eye_pitch=round(bones.eye_pitch, 2),
                spine_pitch=round(bones.spine_pitch, 2),
                body_slouch=round(bones.body_slouch, 4),
            ),
            viseme=viseme,
            viseme_conf=visemes.get(viseme, 0.0),
            visemes=visemes,
            mouth_source=pose.mouth_source,
            face_confidence=round(pose.face_confidence, 4),
            measured=pose.measured,
            particles=Particles(round(pose.glow, 4)),
            latency_ms=round(latency_ms, 2),
            audio_ms=self._mouth_ms(),
        )

    def window(self, now_ms: float, step: bool = True) -> Window | None:
        """What the emotion path reads now (call at 10 Hz); None where there is nothing new to read.

        Args:
            now_ms: now, Unix ms.
            step: whether it is time for a step of the windows. Where it is not, there is still a window at the moment
                a modality goes out: the same without that one.
        """
        live, before = self.modality(now_ms), self._live
        self._live = live
        if live is None or live == "audio_only":
            self.forget_face(now_ms)
        if live is None:
            return None
        if not step:
            return self._aligner.without(live) if before == "both" and live != "both" else None
        vectored = self._model is not None and self._model.vectors
        face, voice = self._with_vectors() if vectored else (self._expressive(self._face), self._voice)
        window = self._aligner.step(
            face if live != "audio_only" else None, voice if live != "video_only" else None, live
        )
        if vectored:
            self._sound_ms = None if window is None else newest_sound_ms(window)
        return window

    def _begin(self) -> tuple[Aligner, Holder]:
        """No step, and nothing said yet."""
        if self._model is None:
            return Aligner(), bridged(Steady())
        return Aligner(self._model.step_ms), self._model.holder()

    def _with_vectors(self) -> tuple[FaceEstimate | None, VoiceEstimate | None]:
        """The newest face and voice that have a vector which is still about what is seen and heard now."""
        face, voice = self._vectored_face, self._vectored_voice
        if face is not None and (self._face is None or abs(self._face.time_ms - face.time_ms) > FACE_STALE_MS):
            face = None
        if voice is not None and (self._voice is None or abs(self._voice.time_ms - voice.time_ms) > VOICE_STALE_MS):
            voice = None
        return face, voice

    def _expressive(self, face: FaceEstimate | None) -> FaceEstimate | None:
        """The newest face with the newest expression that was read of it."""
        if face is None or self._read is None or not self._reads(face):
            return face
        return dataclasses.replace(face, expression=self._read[0], signs=self._read[2])

    def _reads(self, face: FaceEstimate) -> bool:
        """Whether what was read last says anything of this face."""
        return self._read is not None and abs(face.time_ms - self._read[1]) <= READ_STALE_MS

    def emotion(self, estimate: EmotionEstimate, latency_ms: float) -> EmotionPayload:
        """The payload of an `emotion_update`."""
        estimate = self._holder.hold(estimate)
        seen = self._face if estimate.modality != "audio_only" else None
        votes = estimate.votes if self._votes else None
        unusual = estimate.anomaly_threshold if self._votes else None
        speaking = self._voice.speaking_probability if self._voice is not None else 0.0
        return EmotionPayload(
            emotion=cast(Any, estimate.emotion),
            confidence=round(estimate.confidence, 4),
            scores=_by_name(estimate.scores),
            valence=round(estimate.valence, 4),
            arousal=round(estimate.arousal, 4),
            dominance=round(estimate.dominance, 4),
            speaking_probability=round(speaking, 4) if estimate.modality != "video_only" else 0.0,
            modality=estimate.modality,
            abstained=estimate.abstained,
            anomaly=estimate.anomaly,
            anomaly_score=round(estimate.anomaly_score, 4),
            model=estimate.model,
            latency_ms=round(latency_ms, 2),
            au=UNSET if seen is None else dict(zip(ACTION_UNITS, _rounded(seen.action_units), strict=True)),
            head_pose=UNSET
            if seen is None
            else Angles(round(seen.head_pose.yaw, 2), round(seen.head_pose.pitch, 2), round(seen.head_pose.roll, 2)),
            gaze=UNSET if seen is None else Direction(round(seen.gaze.x, 4), round(seen.gaze.y, 4)),
            blink=UNSET if seen is None else seen.blink,
            blink_rate=UNSET if seen is None or seen.blink_rate is None else round(seen.blink_rate, 2),
            face_track=UNSET if seen is None else seen.track,
            quality=UNSET if seen is None else _quality(seen.quality),
            audio_ms=self._read_audio_ms() if estimate.modality != "video_only" else UNSET,
            voice_engine=self._voice_engine() if estimate.modality != "video_only" else UNSET,
            votes=UNSET if votes is None else {name: _by_name(one) for name, one in votes.items()},
            threshold=estimate.threshold if self._votes else UNSET,
            anomaly_threshold=UNSET if unusual is None else round(unusual, 4),
        )

    def _voice_engine(self) -> Any:
        return UNSET if self._voice is None or self._voice.engine is None else self._voice.engine

    def _audio_ms(self) -> Any:
        return UNSET if self._voice is None else max(0, round(self._voice.time_ms))

    def _read_audio_ms(self) -> Any:
        """Of the newest sound behind an estimate: an encoder's vector is of some time before the newest."""
        if self._model is None or not self._model.vectors:
            return self._audio_ms()
        return UNSET if self._sound_ms is None else max(0, round(self._sound_ms))

    def _mouth_ms(self) -> Any:
        """The moment of the sound that the visemes show, which they follow by their latency."""
        if self._voice is None or self._voice.viseme_ms is None:
            return self._audio_ms()
        return max(0, round(self._voice.viseme_ms))


def newest_sound_ms(window: Window) -> float | None:
    """Capture time of the newest sound behind the vectors of a window, Unix ms; None where no voice was read."""
    times = (voice.embedding_ms for voice in window.voices if voice is not None and voice.embedding is not None)
    return max((time for time in times if time is not None), default=None)


def unread(voice: VoiceEstimate) -> VoiceEstimate:
    """The same without what it expresses."""
    return dataclasses.replace(
        voice, expression=None, affect=None, engine=None, embedding=None, embedding_ms=None, signs=None
    )


def _by_name(scores: Floats) -> Any:
    """Scores by the names of their classes; one that a model lacks is absent."""
    named = zip(EMOTIONS, scores.tolist(), strict=True)
    return {name: round(score, 4) for name, score in named if not math.isnan(score)}


def _quality(quality: FaceQuality) -> Quality:
    return Quality(**{name: round(getattr(quality, name), 4) for name in Quality.__struct_fields__})


def _rounded(values: Any) -> list[float]:
    """Weights as they are written: four decimals, as Python floats."""
    rounded: list[float] = values.astype("float64").round(4).tolist()
    return rounded
