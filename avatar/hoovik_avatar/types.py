"""What the animator hands out: a pose of the whole avatar at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hoovik_inference.types import Floats

MouthSource = Literal["audio", "video", "blend"]


@dataclass(frozen=True, slots=True)
class Bones:
    """Rotations in degrees, glTF axes (Y up, face along +Z), right-hand rule; body_slouch 0…1."""

    neck_pitch: float
    "Degrees; the neck's share of the nod, + down."
    head_yaw: float
    "Degrees, + to the participant's own left."
    head_pitch: float
    "Degrees, + nods down."
    head_roll: float
    "Degrees, + to the right shoulder."
    eye_yaw: float
    "Degrees, + to the participant's own left."
    eye_pitch: float
    "Degrees, + down."
    spine_pitch: float
    "Degrees, + leans forward."
    body_slouch: float
    "0…1."


@dataclass(frozen=True, slots=True)
class AvatarPose:
    """One pose."""

    time_ms: float
    "The moment that the pose is for, Unix ms."
    blendshapes: Floats
    "(52,) 0…1, in the order of hoovik_inference.types.BLENDSHAPES."
    smile: float
    "0…1."
    brow_up: float
    "0…1."
    frown: float
    "0…1."
    bones: Bones
    "Rotations of the skeleton."
    visemes: Floats
    "(15,) 0…1, in the order of hoovik_inference.types.VISEMES."
    mouth_source: MouthSource
    "Who drives the mouth."
    face_confidence: float
    "0…1; 0 where no face has been measured."
    measured: bool
    "True where a face was measured at exactly this moment; False where predicted or driven by sound alone."
    glow: float
    "0…1: intensity of the particle glow."
