"""An emotion model without training: published rules over action units and prosody."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hoovik_inference.emotion.model import TRUSTED, WindowModel
from hoovik_inference.emotion.prototypes import quiet_mouth, strengths
from hoovik_inference.types import EMOTIONS, FaceEstimate, Floats, VoiceEstimate

SHARPNESS = 14.0
"Logit of a full prototype."
NEUTRAL_LOGIT = 3.2
"Logit of neutral: not quite a quarter of a prototype is even with it; a resting face scores 0.8."
TALKING_SHARE = 0.6
"Part of the mouth's action units that is speech while somebody speaks."


class RuleModel(WindowModel):
    """A model of rules: EMFACS prototypes over action units.

    Action units are averaged over the valid steps, each by its confidence; while somebody speaks, the mouth's count
    less. The strength of each prototype is a logit beside neutral's.
    """

    name = "facs-rules-1"

    def _logits(self, faces: Sequence[FaceEstimate], voices: Sequence[VoiceEstimate]) -> Floats:
        logits = np.array([NEUTRAL_LOGIT if name == "neutral" else 0.0 for name in EMOTIONS], np.float32)
        speaking = sum(voice.speaking_probability for voice in voices) / max(1, len(voices))
        logits += _face_logits(faces, speaking)
        return logits


def _face_logits(faces: Sequence[FaceEstimate], speaking: float) -> Floats:
    out = np.zeros(len(EMOTIONS), np.float32)
    trust = np.array([min(1.0, face.confidence / TRUSTED) for face in faces])
    if trust.sum() <= 0.0:
        return out
    units = np.average([face.action_units for face in faces], axis=0, weights=trust).astype(np.float32)
    shown = strengths(quiet_mouth(units, speaking, TALKING_SHARE))
    for emotion, strength in shown.items():
        out[EMOTIONS.index(emotion)] = SHARPNESS * strength * float(trust.mean())
    return out
