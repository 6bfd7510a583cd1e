"""What the lite engine takes of one step: a row of numbers of a face, and one of a voice.

Both begin with what the network of that modality read, as evidence: logarithms of how likely it takes each class to be,
less their mean. What follows says how it was measured, and what picture and sound themselves are like.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face import signs as face_signs
from hoovik_inference.types import BLENDSHAPES, EMOTIONS, FaceEstimate, Floats, VoiceEstimate
from hoovik_inference.voice import signs as voice_signs

VECTORS = "light-1"
"Name of these rows; a bundle says which it was trained on."

FACE_NAMES: tuple[str, ...] = (
    *(f"face_{name}" for name in EMOTIONS),
    *BLENDSHAPES,
    "yaw", "pitch", "roll", "gaze_x", "gaze_y", "blink",
    "size", "turn", "inside", "fit", "sharpness", "light", "visible", "confidence",
    *(f"picture_{name}" for name in face_signs.NAMES),
)  # fmt: skip
VOICE_NAMES: tuple[str, ...] = (
    *(f"voice_{name}" for name in EMOTIONS),
    "read", "speaking", "level", "voiced", "pitch", "rate",
    *(f"sound_{name}" for name in voice_signs.NAMES),
)  # fmt: skip
FACE, VOICE = len(FACE_NAMES), len(VOICE_NAMES)
_READ = VOICE_NAMES.index("read")

LEAST = 1e-3
"Probability below which evidence does not fall: no single look rules a class out."
USUAL_HZ = 160.0
"Between the usual pitches of men and women: pitch is told in octaves from here."
DEGREES = 30.0
"Head rotations are told in these."


def face_row(face: FaceEstimate) -> Floats | None:
    """(FACE,) in the order of FACE_NAMES; None where its expression and signs were not read."""
    if face.expression is None or face.signs is None:
        return None
    pose, gaze, quality = face.head_pose, face.gaze, face.quality
    measured = (
        pose.yaw / DEGREES, pose.pitch / DEGREES, pose.roll / DEGREES, gaze.x, gaze.y, float(face.blink),
        quality.size, quality.turn, quality.inside, quality.fit, quality.sharpness, quality.light, quality.visible,
        face.confidence,
    )  # fmt: skip
    return np.concatenate((evidence(face.expression), face.blendshapes, measured, face.signs), dtype=np.float32)


def voice_row(voice: VoiceEstimate) -> Floats | None:
    """(VOICE,) in the order of VOICE_NAMES; None where nothing reads what it expresses.

    Where nobody speaks there is no evidence, and `read` is 0.
    """
    if voice.signs is None:
        return None
    said = voice.expression
    voiced = voice.pitch_hz > 0.0
    measured = (
        float(said is not None), voice.speaking_probability, voice.level_db / 60.0 + 0.5, float(voiced),
        math.log2(voice.pitch_hz / USUAL_HZ) if voiced else 0.0, (voice.speech_rate or 0.0) / 5.0,
    )  # fmt: skip
    told = np.zeros(len(EMOTIONS), np.float32) if said is None else evidence(said)
    return np.concatenate((told, measured, voice.signs), dtype=np.float32)


def speaks(voices: Floats) -> NDArray[np.bool_]:
    """(N,) of (N, T, VOICE) rows: whether what a voice expresses was read in any step; a silent one says nothing."""
    return np.asarray((voices[..., _READ] > 0.0).any(axis=1), np.bool_)


def evidence(probabilities: Floats) -> Floats:
    """(K,) logarithms less their mean."""
    logs: Floats = np.log(np.maximum(probabilities, np.float32(LEAST)))
    logs -= logs.mean()
    return logs
