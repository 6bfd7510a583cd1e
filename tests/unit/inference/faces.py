"""What the tests of faces share: a photo that is free to use, its landmarks, and estimates made by hand."""

from __future__ import annotations

from functools import cache

import numpy as np
import skimage.data

from hoovik_inference.face import FaceMesh
from hoovik_inference.types import (
    ACTION_UNITS,
    BLENDSHAPES,
    VISEMES,
    FaceEstimate,
    FaceQuality,
    Floats,
    Gaze,
    HeadPose,
    Image,
    VoiceEstimate,
)


@cache
def photo() -> Image:
    """scikit-image's portrait of an astronaut, public domain, cut to the head (300 x 300)."""
    whole: Image = skimage.data.astronaut()  # type: ignore[no-untyped-call]  # skimage has no types
    return np.ascontiguousarray(whole[0:300, 80:380])


@cache
def photo_landmarks() -> Floats:
    mesh = FaceMesh(pictures=True)
    found = mesh.find(photo())
    mesh.close()
    assert found is not None
    return found


def shape(face: FaceEstimate, name: str) -> float:
    return float(face.blendshapes[BLENDSHAPES.index(name)])


def units(**intensities: float) -> Floats:
    """(19,) action units; `units(au12=0.8)`."""
    out = np.zeros(len(ACTION_UNITS), np.float32)
    for name, value in intensities.items():
        out[next(i for i, full in enumerate(ACTION_UNITS) if full.startswith(name + "_"))] = value
    return out


def face(time_ms: float = 0.0, action_units: Floats | None = None, confidence: float = 1.0) -> FaceEstimate:
    return FaceEstimate(
        time_ms=time_ms,
        landmarks=np.zeros((478, 3), np.float32),
        blendshapes=np.zeros(len(BLENDSHAPES), np.float32),
        action_units=units() if action_units is None else action_units,
        head_pose=HeadPose(0.0, 0.0, 0.0),
        gaze=Gaze(0.0, 0.0),
        blink=False,
        confidence=confidence,
        faces=1,
        quality=FaceQuality(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, confidence),
        track=1,
        blink_rate=None,
    )


def voice(time_ms: float = 0.0, speaking: float = 0.0, level_db: float = -60.0, pitch_hz: float = 0.0) -> VoiceEstimate:
    visemes = np.zeros(len(VISEMES), np.float32)
    visemes[0] = 1.0
    return VoiceEstimate(time_ms, speaking, level_db, pitch_hz, visemes)
