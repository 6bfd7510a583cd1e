"""An emotion model of what is seen, or heard where no face is read: networks on faces and voices, pooled over steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hoovik_inference.emotion.habit import Habit
from hoovik_inference.emotion.model import TRUSTED, WindowModel
from hoovik_inference.emotion.stages import bridged
from hoovik_inference.emotion.steady import Steady
from hoovik_inference.types import EMOTIONS, FaceEstimate, Floats, Holder, VoiceEstimate

RECENT_MS = 400.0
"A step this much older than the newest counts 1/e of it: a blink or a syllable is no mood."

TRAINED = np.array([4965, 7215, 4830, 3995, 3171, 436, 4097], np.float32) / 28_709
"Shares of the classes among the pictures that the network was trained on (FER2013's train set)."
CALL = np.array([0.50, 0.15, 0.07, 0.07, 0.07, 0.07, 0.07], np.float32)
"""Shares of the classes in a call, as this package takes them: people listen most of the time. The web pictures above
were searched for by feelings. What the network says is carried from one to the other by Bayes' rule (Saerens, Latinne
and Decaestecker, Neural Computation 14, 2002)."""

VOICE_SHARE = 0.5
"""How much of what the voice network says is believed: it knows acted voices, each class as often as any other; what it
finds in natural ones was not measured, as there is no such material here."""

_LOG_CALL = np.log(CALL)
_LEAST = 0.05
"How much less likely one look can make a class: it must not rule it out."


class FaceModel(WindowModel):
    """A model on the expression network and, where no face is read, on the light speech encoder.

    A mean of the logarithms of the steps' probabilities, each by its age and by how far the face could be trusted; what
    is left of it where none could is the classes' shares in a call. A voice counts by its newest reading, which is of
    the last seconds of speech.
    """

    name = "hoovik-face-1"

    def holder(self) -> Holder:
        """For one participant: a label less their habit, that neither a switch of modality nor flicker changes."""
        return bridged(Steady(), Habit(CALL))

    def _read(self, faces: Sequence[FaceEstimate]) -> bool:
        return any(face.expression is not None and face.confidence > 0.0 for face in faces)

    def _logits(self, faces: Sequence[FaceEstimate], voices: Sequence[VoiceEstimate]) -> Floats:
        logits: Floats = _LOG_CALL + (evidence(faces) if self._read(faces) else heard(voices))
        return logits


def evidence(faces: Sequence[FaceEstimate]) -> Floats:
    """(7,) logarithms of how much likelier each class makes these faces; 0 where no expression was read of any."""
    read = [face for face in faces if face.expression is not None]
    if not read:
        return np.zeros(len(EMOTIONS), np.float32)
    newest = read[-1].time_ms
    trust = np.array([min(1.0, face.confidence / TRUSTED) for face in read])
    ages = np.array([abs(newest - face.time_ms) for face in read])  # a capture time may have leapt
    weights = trust * np.exp(-ages / RECENT_MS)
    if weights.sum() <= 0.0:
        return np.zeros(len(EMOTIONS), np.float32)
    said = np.log(np.maximum(np.array([face.expression for face in read]) / TRAINED, _LEAST))
    mean: Floats = np.average(said, axis=0, weights=weights) * np.average(trust, weights=weights)
    return mean


def heard(voices: Sequence[VoiceEstimate]) -> Floats:
    """(7,) logarithms of how much likelier each class makes these voices; 0 where no expression was read of any."""
    read = [voice.expression for voice in voices if voice.expression is not None]
    if not read:
        return np.zeros(len(EMOTIONS), np.float32)
    said: Floats = np.log(np.maximum(read[-1] * np.float32(len(EMOTIONS)), np.float32(_LEAST)))
    said *= np.float32(VOICE_SHARE)
    return said
