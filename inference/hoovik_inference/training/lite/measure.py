"""How well the ensemble reads people and pictures that are new to it: clean, degraded and spoiled ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference import MODALITIES, ReferenceEngine, Windows
from hoovik_inference.emotion.reference.calibrated import MEMBERS, softmax
from hoovik_inference.evaluation.figures import Figures, figures
from hoovik_inference.training.lite.pairs import Labelled, both, faces_alone, voices_alone
from hoovik_inference.training.lite.scenes import Scenes
from hoovik_inference.types import Floats

AT_ONCE = 128
GONE = ("audio gone", "video gone")


@dataclass(frozen=True, slots=True)
class Read:
    """What the engine says of windows."""

    figures: Figures
    "Of the ensemble."
    members: Mapping[str, Figures]
    "Of each model alone, before calibration."
    strange: float
    "0…1, share that a detector calls unusual."


@dataclass(frozen=True, slots=True)
class Measured:
    """All that the card tells."""

    clean: Mapping[str, Read]
    "By modality: real faces, real voices, pairs."
    degraded: Mapping[str, Read]
    "By what was done to it."
    pairs: Mapping[str, Read]
    "The same pairs with both, and with what is left when the other one is gone."
    spoiled: Mapping[str, Mapping[str, float]]
    "By what was done, 0…1, share of windows found unusual: alone, and in pairs."


def measure(engine: ReferenceEngine, scenes: Scenes, seed: int) -> Measured:
    """Read the windows of the test."""
    faces, voices = scenes.faces.tested, scenes.voices.tested

    def paired(faces: Labelled, voices: Labelled) -> tuple[Windows, NDArray[np.int64]]:
        return both(faces, voices, 1, np.random.default_rng(seed))

    alone = {"video_only": faces_alone(faces), "audio_only": voices_alone(voices), "both": paired(faces, voices)}
    clean: dict[str, Read] = {name: read(engine, *alone[name]) for name in MODALITIES}
    windows, labels = alone["both"]
    pairs = {"both": clean["both"]}
    for name, kept in zip(GONE, ("video_only", "audio_only"), strict=True):
        pairs[name] = read(engine, _without(windows, kept), labels)
    degraded = {f"face, {name}": read(engine, *faces_alone(part)) for name, part in scenes.degraded.items()}
    degraded |= {f"pairs, face {name}": read(engine, *paired(part, voices)) for name, part in scenes.degraded.items()}
    degraded["voice, 5 % of packets lost"] = read(engine, *voices_alone(scenes.called))
    degraded["pairs, 5 % of packets lost"] = read(engine, *paired(faces, scenes.called))
    for name, part in scenes.noisy.items():
        degraded[f"voice, {name}"] = read(engine, *voices_alone(part))
        degraded[f"pairs, voice with {name}"] = read(engine, *paired(faces, part))
    spoiled = {}
    for name, part in scenes.spoiled_faces.items():
        spoiled[name] = _found(engine, video_only=faces_alone(part), both=paired(part, voices))
    for name, part in scenes.spoiled_voices.items():
        spoiled[name] = _found(engine, audio_only=voices_alone(part), both=paired(faces, part))
    return Measured(clean, degraded, pairs, spoiled)


def read(engine: ReferenceEngine, windows: Windows, labels: NDArray[np.int64]) -> Read:
    """Windows with (n,) labels."""
    parts = [engine.infer(windows.part(start, start + AT_ONCE)) for start in range(0, len(windows), AT_ONCE)]
    members = {
        MEMBERS[0]: softmax(np.concatenate([part.logits for part in parts])).astype(np.float32),
        MEMBERS[1]: np.concatenate([part.xgb_probs for part in parts]),
        MEMBERS[2]: softmax(np.concatenate([part.late_logits for part in parts])).astype(np.float32),
    }
    mixed: Floats = np.concatenate([part.probs for part in parts])
    return Read(
        figures(labels, mixed),
        {name: figures(labels, said) for name, said in members.items()},
        float(np.concatenate([part.anomaly for part in parts]).mean()),
    )


def _found(engine: ReferenceEngine, **windows: tuple[Windows, NDArray[np.int64]]) -> dict[str, float]:
    return {name: read(engine, *one).strange for name, one in windows.items()}


def _without(windows: Windows, kept: str) -> Windows:
    """Only one modality of windows with both."""
    flags = np.full(len(windows), MODALITIES.index(kept))
    if kept == "video_only":
        none = np.zeros_like(windows.audio_mask)
        return Windows(windows.face, np.zeros_like(windows.audio), windows.face_mask, none, flags)
    none = np.zeros_like(windows.face_mask)
    return Windows(np.zeros_like(windows.face), windows.audio, none, windows.audio_mask, flags)
