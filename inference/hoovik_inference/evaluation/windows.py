"""What an emotion engine says of labelled scenes: rows of faces and voices in windows that run over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.lite.rows import FACE, VOICE, speaks
from hoovik_inference.emotion.reference import Predictions, ReferenceEngine, Windows
from hoovik_inference.emotion.reference.windows import joined, present
from hoovik_inference.types import EMOTIONS, SEQ_LEN, Floats

EVERY = 5
"Steps from one window to the next: half a second."
AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Scene:
    """Something that was seen or heard, step by step."""

    label: int
    "Place in EMOTIONS."
    face: Floats
    "(T, FACE), nan where no face was read; (0, FACE) where nothing was seen."
    voice: Floats
    "(T, VOICE); (0, VOICE) where nothing was heard."


@dataclass(frozen=True, slots=True)
class Said:
    """Of w windows over n scenes."""

    scenes: NDArray[np.int64]
    "(w,) place of each window's scene."
    probabilities: Floats
    "(w, 7), for the shares that the bundle was calibrated on."
    modality: NDArray[np.int64]
    "(w,) index into MODALITIES."
    anomaly: NDArray[np.bool_]
    "(w,)."

    def whole(self, count: int) -> Floats:
        """(n, 7) the mean of each scene's windows; nan where it has none."""
        out = np.full((count, len(EMOTIONS)), np.nan, np.float32)
        for scene in np.unique(self.scenes).tolist():
            out[scene] = self.probabilities[self.scenes == scene].mean(axis=0)
        return out


def said(engine: ReferenceEngine, scenes: Sequence[Scene], advance: Callable[[int], None] = lambda count: None) -> Said:
    """Read all windows of scenes, one every EVERY steps, with an engine of light rows.

    A window in which neither a face nor a voice was read is none.
    """
    parts = [(number, window) for number, scene in enumerate(scenes) for window in windows_of(scene)]
    found: list[Predictions] = []
    for start in range(0, len(parts), AT_ONCE):
        batch = parts[start : start + AT_ONCE]
        found.append(engine.infer(joined([window for _, window in batch])))
        advance(len(batch))
    if not found:
        none = np.zeros(0, np.int64)
        return Said(none, np.zeros((0, len(EMOTIONS)), np.float32), none, np.zeros(0, np.bool_))
    return Said(
        np.array([number for number, _ in parts], np.int64),
        np.concatenate([one.probs for one in found]),
        np.concatenate([window.modality for _, window in parts]),
        np.concatenate([one.anomaly for one in found]),
    )


def windows_of(scene: Scene) -> list[Windows]:
    """Of one scene, one window each; the last one ends where the scene does."""
    steps = max(len(scene.face), len(scene.voice))
    ends = sorted({*range(SEQ_LEN, steps + 1, EVERY), steps} - {0})
    made = (_window(scene, end) for end in ends)
    return [window for window in made if window is not None]


def _window(scene: Scene, end: int) -> Windows | None:
    face, face_mask = _steps(scene.face, end, FACE)
    voice, voice_mask = _steps(scene.voice, end, VOICE)
    voice_mask[~speaks(voice)] = 0.0
    flags, there = present(face_mask, voice_mask)
    return Windows(face, voice, face_mask, voice_mask, flags) if there[0] else None


def _steps(rows: Floats, end: int, size: int) -> tuple[Floats, Floats]:
    """(1, SEQ_LEN, size) and its (1, SEQ_LEN) mask."""
    out, mask = np.zeros((1, SEQ_LEN, size), np.float32), np.zeros((1, SEQ_LEN), np.float32)
    part = rows[max(0, end - SEQ_LEN) : end]
    there = ~np.isnan(part).any(axis=1)
    places = np.arange(SEQ_LEN - len(part), SEQ_LEN)[there]
    out[0, places], mask[0, places] = part[there], 1.0
    return out, mask
