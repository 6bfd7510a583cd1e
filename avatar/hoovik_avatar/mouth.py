"""Who has the mouth, the camera or the voice, and what a viseme looks like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hoovik_avatar.types import MouthSource
from hoovik_inference.types import BLENDSHAPES, VISEMES, Floats

AUDIO_ABOVE = 0.7
"Speaking probability above which the voice drives the mouth."
VIDEO_BELOW = 0.5
"Speaking probability below which the camera does; between the two they are blended."
STICKINESS = 0.05
"A source is left only where the probability passed its threshold by this much, so that it does not flap."
CROSSFADE_MS = 100.0
"From all camera to all voice, ms: about the length of a short phone."

SHAPES_OF_VISEME: Mapping[str, Mapping[str, float]] = {
    "sil": {},
    "PP": {"mouthPress": 0.4, "mouthRollLower": 0.35, "mouthRollUpper": 0.3},
    "FF": {"jawOpen": 0.08, "mouthRollLower": 0.6, "mouthUpperUp": 0.3},
    "TH": {"jawOpen": 0.18, "tongueOut": 0.3, "mouthLowerDown": 0.2, "mouthUpperUp": 0.12},
    "DD": {"jawOpen": 0.16, "mouthLowerDown": 0.22, "mouthUpperUp": 0.15, "mouthStretch": 0.1},
    "kk": {"jawOpen": 0.22, "mouthLowerDown": 0.2, "mouthUpperUp": 0.15, "mouthStretch": 0.12},
    "CH": {"jawOpen": 0.12, "mouthFunnel": 0.5, "mouthPucker": 0.25, "mouthLowerDown": 0.15},
    "SS": {"jawOpen": 0.07, "mouthStretch": 0.35, "mouthLowerDown": 0.28, "mouthUpperUp": 0.18},
    "nn": {"jawOpen": 0.14, "mouthLowerDown": 0.2, "mouthUpperUp": 0.1},
    "RR": {"jawOpen": 0.15, "mouthFunnel": 0.35, "mouthPucker": 0.2},
    "aa": {"jawOpen": 0.62, "mouthLowerDown": 0.22, "mouthUpperUp": 0.18, "mouthStretch": 0.08},
    "E": {"jawOpen": 0.35, "mouthLowerDown": 0.28, "mouthUpperUp": 0.2, "mouthStretch": 0.3},
    "I": {"jawOpen": 0.2, "mouthLowerDown": 0.28, "mouthUpperUp": 0.2, "mouthStretch": 0.45},
    "O": {"jawOpen": 0.42, "mouthFunnel": 0.5, "mouthPucker": 0.25},
    "U": {"jawOpen": 0.2, "mouthFunnel": 0.3, "mouthPucker": 0.7},
}
"""Weights of ARKit shapes at viseme weight 1; a name without its side means both sides.

Written by us along the mouth postures of the Oculus viseme reference (which phones a viseme stands for).
"""

_CORNERS = ("mouthSmile", "mouthFrown", "mouthDimple", "mouthLeft", "mouthRight", "cheekPuff")
"Stay with the camera whoever speaks: the voice knows nothing of smiles."


def _columns(shape: str) -> list[int]:
    names = [shape] if shape in BLENDSHAPES else [f"{shape}Left", f"{shape}Right"]
    return [BLENDSHAPES.index(name) for name in names]


def _table() -> Floats:
    table = np.zeros((len(VISEMES), len(BLENDSHAPES)), np.float32)
    for viseme, shapes in SHAPES_OF_VISEME.items():
        for shape, weight in shapes.items():
            table[VISEMES.index(viseme), _columns(shape)] = weight
    return table


def _voiced() -> Floats:
    mask = np.array([name.startswith(("mouth", "jaw", "tongue")) for name in BLENDSHAPES], np.float32)
    for name in _CORNERS:
        mask[_columns(name)] = 0.0
    return mask


VISEME_SHAPES: Floats = _table()
"(15, 52): visemes @ VISEME_SHAPES gives blendshapes."
VOICED: Floats = _voiced()
"(52,): 1 for the shapes that the voice takes over, 0 for those that stay with the camera."

_SMILES = [*_columns("mouthSmile"), *_columns("mouthDimple")]
_ROUND = [*_columns("mouthPucker"), *_columns("mouthFunnel")]
_ROUND_VERSUS_SMILE = 0.4
"A fully rounded mouth leaves 60 % of a smile."


def choose(previous: MouthSource | None, speaking: float, face: bool, voice: bool) -> MouthSource:
    """Who drives the mouth now, given who did (None at first) and the speaking probability.

    `face` and `voice`: whether one was measured lately. Without a face the voice has it.
    """
    if not face:
        return "audio"
    if not voice:
        return "video"
    if speaking > AUDIO_ABOVE or (previous == "audio" and speaking > AUDIO_ABOVE - STICKINESS):
        return "audio"
    if speaking < VIDEO_BELOW or (previous == "video" and speaking < VIDEO_BELOW + STICKINESS):
        return "video"
    return "blend"


def share(source: MouthSource, speaking: float) -> float:
    """The voice's share of the mouth, 0…1, that `source` aims at."""
    if source == "blend":
        return min(max((speaking - VIDEO_BELOW) / (AUDIO_ABOVE - VIDEO_BELOW), 0.0), 1.0)
    return 1.0 if source == "audio" else 0.0


def fade(current: float, target: float, dt_ms: float) -> float:
    """The voice's share after `dt_ms` on its way to `target`; all the way takes CROSSFADE_MS."""
    step = max(dt_ms, 0.0) / CROSSFADE_MS
    return min(max(target, current - step), current + step)


def mix(camera: Floats, visemes: Floats, voice_share: float) -> Floats:
    """Blendshapes (52,) of the camera with the mouth handed to the visemes (15,) by `voice_share`."""
    if voice_share <= 0.0:
        return camera.copy()
    spoken = visemes @ VISEME_SHAPES
    mixed: Floats = camera + (spoken - camera) * (voice_share * VOICED)
    rounding = float(spoken[_ROUND].max()) * voice_share
    mixed[_SMILES] *= 1 - _ROUND_VERSUS_SMILE * min(rounding, 1.0)
    return mixed
