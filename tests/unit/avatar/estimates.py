"""Estimates to feed the animator with: everything at rest but what a test names."""

from __future__ import annotations

import numpy as np

from hoovik_inference.types import (
    ACTION_UNITS,
    BLENDSHAPES,
    VISEMES,
    EmotionEstimate,
    FaceEstimate,
    FaceQuality,
    Floats,
    Gaze,
    HeadPose,
    VoiceEstimate,
)

FRAME_MS = 1000 / 30
T0 = 1_700_000_000_000.0


def named(names: tuple[str, ...], weights: dict[str, float]) -> Floats:
    values = np.zeros(len(names), np.float32)
    for name, weight in weights.items():
        values[names.index(name)] = weight
    return values


def shapes(weights: dict[str, float]) -> Floats:
    return named(BLENDSHAPES, weights)


def face(
    time_ms: float,
    *,
    yaw: float = 0.0,
    pitch: float = 0.0,
    roll: float = 0.0,
    gaze: tuple[float, float] = (0.0, 0.0),
    confidence: float = 0.9,
    au: dict[str, float] | None = None,
    blendshapes: Floats | None = None,
    **weights: float,
) -> FaceEstimate:
    return FaceEstimate(
        time_ms=time_ms,
        landmarks=np.zeros((478, 3), np.float32),
        blendshapes=named(BLENDSHAPES, weights) if blendshapes is None else blendshapes,
        action_units=named(ACTION_UNITS, au or {}),
        head_pose=HeadPose(yaw, pitch, roll),
        gaze=Gaze(*gaze),
        blink=False,
        confidence=confidence,
        faces=1,
        quality=FaceQuality(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, confidence),
        track=1,
        blink_rate=None,
    )


def voice(time_ms: float, speaking: float, **visemes: float) -> VoiceEstimate:
    return VoiceEstimate(
        time_ms=time_ms,
        speaking_probability=speaking,
        level_db=-20.0,
        pitch_hz=120.0,
        visemes=named(VISEMES, visemes or {"sil": 1.0}),
    )


def mood(time_ms: float, valence: float, arousal: float, anomaly: bool = False) -> EmotionEstimate:
    return EmotionEstimate(
        time_ms=time_ms,
        emotion="neutral",
        confidence=0.8,
        scores=np.full(7, 1 / 7, np.float32),
        valence=valence,
        arousal=arousal,
        dominance=0.0,
        modality="both",
        abstained=False,
        anomaly=anomaly,
        anomaly_score=0.1,
        model="test-1",
    )


def weight(shapes: Floats, name: str) -> float:
    return float(shapes[BLENDSHAPES.index(name)])
