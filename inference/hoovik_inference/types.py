"""What passes between observing, inferring and animating: frozen values with units.

Times are capture times in Unix milliseconds on the bot's clock (for a recording: milliseconds from its
start). Everything here is a value; nothing here computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Planes:
    """A picture as video decoders leave it: YUV 4:2:0, 8 bit, limited range."""

    y: Image
    "(H, W) luma."
    u: Image
    "(H/2, W/2), rounded up."
    v: Image
    "(H/2, W/2), rounded up."


Picture = Image | Planes
"(H, W, 3) RGB, or YUV of which only the part that is looked at need be converted."

Modality = Literal["both", "audio_only", "video_only"]

BLENDSHAPES: tuple[str, ...] = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft",
    "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft",
    "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The 52 ARKit names in alphabetical order: the first 51 are the order of the reference's face vector."""

ACTION_UNITS: tuple[str, ...] = (
    "au01_inner_brow_raise", "au02_outer_brow_raise", "au04_brow_lower", "au05_upper_lid_raise",
    "au06_cheek_raise", "au07_lid_tighten", "au09_nose_wrinkle", "au10_upper_lip_raise", "au12_smile",
    "au14_dimple", "au15_lip_corner_depress", "au17_chin_raise", "au18_lip_pucker", "au20_lip_stretch",
    "au23_lip_tighten", "au24_lip_press", "au25_lips_part", "au26_jaw_drop", "au45_blink",
)  # fmt: skip
"""The 19 action units (FACS), in the order of the wire protocol."""

VISEMES: tuple[str, ...] = (
    "sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U",
)  # fmt: skip
"""The 15 Oculus visemes, in their usual order."""
VISEME_STEP_MS = 16.0
"From one set of their weights to the next."

EMOTIONS: tuple[str, ...] = ("neutral", "happy", "sad", "angry", "surprise", "disgust", "fear")
"""The seven classes, in the order of the wire protocol."""

PORTRAIT_SIDE = 48
"""Side of a portrait in pixels: that of FER2013's pictures, on which expression is trained."""

LIGHT = "light"
"""Name of the speech encoder that ships with the package and always listens."""

SEQ_LEN = 10
"""Steps in a window, as the reference has it."""


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Rotation of the head, glTF axes (Y up, face along +Z), right-hand rule."""

    yaw: float
    "Degrees; + turns to the participant's own left."
    pitch: float
    "Degrees; + nods down."
    roll: float
    "Degrees; + tilts to the participant's own right shoulder."


@dataclass(frozen=True, slots=True)
class Gaze:
    """Where the eyes point, relative to the screen."""

    x: float
    "-1…1; + to the participant's right."
    y: float
    "-1…1; + up."


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """What may be wrong with the picture of a face: each 0…1, 1 is no concern."""

    size: float
    "Pixels across the face."
    turn: float
    "How far the head is turned or nodded away from the camera."
    inside: float
    "Share of the face that lies in the picture."
    fit: float
    "How well the landmarks sit together as a face's do."
    sharpness: float
    "Out of focus, moved, or blurred by the encoder."
    light: float
    "Too dark or overexposed."
    visible: float
    "Covered by a hand, a cup, a mask."

    @property
    def confidence(self) -> float:
        """The product of all: how far what is measured on the face can be trusted, 0…1."""
        return self.size * self.turn * self.inside * self.fit * self.sharpness * self.light * self.visible


@dataclass(frozen=True, slots=True)
class FaceEstimate:
    """One measured face in one video frame."""

    time_ms: float
    "Capture time of the frame, Unix ms."
    landmarks: Floats
    "(478, 3): x by width, y by height (0…1 inside the picture), z in units of x."
    blendshapes: Floats
    "(52,) 0…1, in the order of BLENDSHAPES."
    action_units: Floats
    "(19,) 0…1, in the order of ACTION_UNITS."
    head_pose: HeadPose
    "Degrees."
    gaze: Gaze
    "-1…1."
    blink: bool
    "Both eyes closed in this frame."
    confidence: float
    "0…1; how far this measurement can be trusted: the product of what `quality` holds."
    faces: int
    "Faces last counted in the picture (counted about once a second); the measured one is among them."
    quality: FaceQuality
    "Why it can be trusted no further."
    track: int
    "Which face is followed, from 1: with another number, another face begins, and nothing known of this one is left."
    blink_rate: float | None
    "Blinks a minute over the last minute that this face was watched; None until that were 10 s."
    expression: Floats | None = None
    "(7,) probabilities, calibrated, in the order of EMOTIONS; None where nothing reads them."
    signs: Floats | None = None
    "(n,) what the pixels tell about the picture, as `face.signs` names them; None where nothing reads them."
    vector: Floats | None = None
    "(326,) as the reference's models take a face, now and then where they run; None otherwise. Biometric: stays here."


@dataclass(frozen=True, slots=True)
class Portrait:
    """What expression is read from: one face, cut out of its picture. Never leaves the process that decodes."""

    time_ms: float
    "Capture time of the frame, Unix ms."
    pixels: Floats
    "(PORTRAIT_SIDE, PORTRAIT_SIDE) grey, upright, mean 0, standard deviation 1."
    blendshapes: Floats
    "(52,) 0…1 as the head gives them, before any calibration to the person, in the order of BLENDSHAPES."
    signs: Floats
    "(n,) what the pixels tell about the picture itself, as `face.signs` names them."


@dataclass(frozen=True, slots=True)
class Affect:
    """Where a voice lies in the space of feelings, as an encoder's own head says."""

    valence: float
    "-1…1, from unpleasant to pleasant."
    arousal: float
    "-1…1, from calm to excited."
    dominance: float
    "-1…1, from weak to strong."


@dataclass(frozen=True, slots=True)
class VoiceEstimate:
    """What the newest 32 ms of one participant's voice say."""

    time_ms: float
    "Capture time of the newest sample, Unix ms."
    speaking_probability: float
    "0…1, from the voice activity detector, smoothed over about 100 ms; 0 where they laugh."
    level_db: float
    "Root mean square of the newest 32 ms in dBFS, floor -100."
    pitch_hz: float
    "Fundamental frequency in Hz; 0 where unvoiced."
    visemes: Floats
    "(15,) weights 0…1 that sum to 1, in the order of VISEMES."
    speech_rate: float | None = None
    "Syllables a second in the last seconds of speech; None before there was enough of it."
    embedding: Floats | None = None
    "(D,) vector of a speech encoder where it is asked for, on one estimate after each reading. Biometric: stays here."
    expression: Floats | None = None
    "(7,) probabilities in the order of EMOTIONS of what the last seconds of speech expressed; None: unread."
    viseme_ms: float | None = None
    "Capture time of the moment that `visemes` are about, before `time_ms`; Unix ms. None: it is `time_ms`."
    viseme_track: Floats | None = None
    "(k, 15) the newest visemes, oldest first, VISEME_STEP_MS apart, the last of them `visemes`; None: those alone."
    affect: Affect | None = None
    "What the last moments of speech expressed, from an encoder that says so; None: unread."
    engine: str | None = None
    "Name of the encoder that read `expression` or `affect`; None where nothing is read."
    signs: Floats | None = None
    "(n,) what the sound tells about itself, as `voice.signs` names them, where what it expresses is read."
    embedding_ms: float | None = None
    "Capture time of the newest sample behind `embedding`, Unix ms; None where there is none."


@dataclass(frozen=True, slots=True)
class Window:
    """The newest SEQ_LEN steps of one participant, oldest first, aligned in time.

    A step without a measurement of a modality holds None there (mask 0 of the trained models).
    """

    time_ms: float
    "Capture time of the newest measurement in the window, Unix ms."
    faces: tuple[FaceEstimate | None, ...]
    "Length SEQ_LEN."
    voices: tuple[VoiceEstimate | None, ...]
    "Length SEQ_LEN."
    modality: Modality
    "Which modalities are live now."


@dataclass(frozen=True, slots=True)
class EmotionEstimate:
    """What a model reads from one window."""

    time_ms: float
    "Capture time of the newest measurement behind it, Unix ms."
    emotion: str
    "One of EMOTIONS; neutral where abstained."
    confidence: float
    "0…1: score of the best class."
    scores: Floats
    "(7,) 0…1, sum 1, in the order of EMOTIONS; nan for a class that the model lacks."
    valence: float
    "-1…1."
    arousal: float
    "-1…1."
    dominance: float
    "-1…1."
    modality: Modality
    "Of the window."
    abstained: bool
    "The best class stayed below the threshold, or there was nothing to read."
    anomaly: bool
    "The window is unlike what the model knows: don't trust it."
    anomaly_score: float
    "Larger is more usual; below the model's threshold is an anomaly."
    model: str
    "Name and version, such as facs-rules-1."
    threshold: float = 0.0
    "Score below which the model stands by no label."
    votes: Mapping[str, Floats] | None = None
    """Of an ensemble: by the name of each model that counted, its (7,) probabilities as `scores` are; None where one
    model alone read it."""
    anomaly_threshold: float | None = None
    "The one that `anomaly_score` was held to; None where nothing looks for anomalies."


class FaceObserver(Protocol):
    """Measures one participant's face. One instance per participant; calls must not overlap."""

    def observe(self, image: Picture, time_ms: float) -> FaceEstimate | None:
        """Measure `image` captured at `time_ms`; None where no face is found."""
        ...

    def portrait(self, picture: Picture) -> Portrait | None:
        """The face measured last, for who reads expressions; None where it was not found.

        Args:
            picture: The one that it was measured in; it is not kept.
        """
        ...

    @property
    def vector(self) -> Floats | None:
        """(326,) of the face measured last, as the reference's models take it; None from who cannot give it."""
        ...

    def calibrate(self) -> None:
        """The next measured face is this participant's neutral one."""
        ...

    def close(self) -> None:
        """Release the tracker. Further calls are errors."""
        ...


class VoiceObserver(Protocol):
    """Measures one participant's voice. One instance per participant; calls must not overlap."""

    def observe(self, samples: Floats, time_ms: float, lost: int = 0) -> list[VoiceEstimate]:
        """Take (n,) new samples, 16 kHz mono -1…1, the last captured at `time_ms`; `lost` never came as they were sent.

        Returns one estimate for each whole hop that they complete, oldest first; often none.
        """
        ...

    @property
    def wanted(self) -> int:
        """Samples, at least 1, that complete the next hop."""
        ...

    def express(self, on: bool) -> None:
        """Read what the voice expresses from now on, or read it no more and forget it."""
        ...


class Holder(Protocol):
    """What is said of one participant over time, so that a label does not flicker. One instance per participant."""

    def hold(self, estimate: EmotionEstimate) -> EmotionEstimate:
        """The newest estimate with the label and the confidence to show, and the scores to show beside them."""
        ...

    def calibrate(self) -> None:
        """What is read of the face from here on, for a second, is this participant's neutral one."""
        ...


class EmotionModel(Protocol):
    """Reads emotion from windows; one instance serves all participants, from one thread."""

    name: str
    step_ms: float
    "Time between two steps of its windows, and between two readings of a participant."
    vectors: bool
    """Whether it reads `vector` of faces and `embedding` of voices: the steps of its windows are the newest estimates
    that have them. Otherwise they are the newest ones, with the expressions that were read."""

    def infer(self, windows: Sequence[Window]) -> list[EmotionEstimate]:
        """One estimate per window, in order."""
        ...

    def holder(self) -> Holder:
        """For one participant: from estimates one after the other to what is said."""
        ...
