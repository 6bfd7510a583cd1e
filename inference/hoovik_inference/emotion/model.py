"""What emotion models have in common: from logits of the classes to an estimate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from hoovik_inference.emotion.arousal import SPEAKING, vocal_arousal
from hoovik_inference.emotion.stages import bridged
from hoovik_inference.emotion.steady import Steady
from hoovik_inference.emotion.window import STEP_MS
from hoovik_inference.types import (
    EMOTIONS,
    SEQ_LEN,
    Affect,
    EmotionEstimate,
    FaceEstimate,
    Floats,
    Holder,
    VoiceEstimate,
    Window,
)

THRESHOLD = 0.45
"Best score below which a model abstains (the reference's)."
TRUSTED = 0.5
"Confidence of a face from which on it counts in full."

PAD: dict[str, tuple[float, float, float]] = {
    "neutral": (0.0, 0.0, 0.0),
    "happy": (0.81, 0.51, 0.46),
    "sad": (-0.63, -0.27, -0.33),
    "angry": (-0.51, 0.59, 0.25),
    "surprise": (0.40, 0.67, -0.13),
    "disgust": (-0.60, 0.35, 0.11),
    "fear": (-0.64, 0.60, -0.43),
}
"""Pleasure, arousal, dominance of each class: Russell and Mehrabian, "Evidence for a three-factor theory of
emotions", J. Research in Personality 11, 1977."""
_PAD = np.array([PAD[name] for name in EMOTIONS])

VOICE_AROUSAL = 0.6
"Part of the voice's arousal that is added to the classes'."
VOICE_PULL: dict[str, float] = {"angry": 0.9, "happy": 0.9, "surprise": 0.5, "fear": 0.5, "sad": -0.9, "disgust": 0.0}
"Logit of each class at full vocal arousal: small, as a voice's arousal tells little about its emotion."
_PULL = np.array([VOICE_PULL.get(name, 0.0) for name in EMOTIONS])


class WindowModel(ABC):
    """An `EmotionModel` that says how likely each class is; scores, coordinates and abstaining follow from that.

    - Voice: loudness and liveliness of pitch give arousal; it hardly moves classes (rules on a voice know arousal,
      little else), so a voice alone stays close to neutral.
    - Valence, arousal and dominance: mean of the classes' published coordinates (PAD) by score, plus, for arousal,
      VOICE_AROUSAL of the voice's. A speech encoder that says them itself takes the place of the rules on arousal, and
      where no face tells anything, of all three.
    - Without evidence, from faces that can be trusted at all or from somebody who speaks, it abstains: its scores are
      then what is usual, and nobody was read.
    - There is no detector of unusual windows: `anomaly` is always False and `anomaly_score` 0.0.
    """

    name: str
    step_ms = STEP_MS
    vectors = False

    def __init__(self, threshold: float = THRESHOLD) -> None:
        """Make the model.

        Args:
            threshold: 0…1, best score below which it abstains and reports neutral, as it does without any evidence.

        Raises:
            ValueError: `threshold` lies outside 0…1.
        """
        if not 0.0 <= threshold <= 1.0:
            raise ValueError(f"threshold is {threshold}; expected 0…1")
        self._threshold = threshold

    def holder(self) -> Holder:
        """For one participant: a label that neither a switch of modality nor flicker changes."""
        return bridged(Steady())

    def _read(self, faces: Sequence[FaceEstimate]) -> bool:
        """Whether the faces tell anything; where none does and nobody speaks, the model abstains."""
        return any(face.confidence > 0.0 for face in faces)

    @abstractmethod
    def _logits(self, faces: Sequence[FaceEstimate], voices: Sequence[VoiceEstimate]) -> Floats:
        """(7,) in the order of EMOTIONS, before what the voice's arousal adds; oldest first, one of them not empty."""

    def infer(self, windows: Sequence[Window]) -> list[EmotionEstimate]:
        """One estimate per window, in order.

        Raises:
            ValueError: A window has another length than SEQ_LEN, or no measurement at all.
        """
        return [self._one(window) for window in windows]

    def _one(self, window: Window) -> EmotionEstimate:
        if len(window.faces) != SEQ_LEN or len(window.voices) != SEQ_LEN:
            raise ValueError(
                f"a window has {len(window.faces)} faces and {len(window.voices)} voices; expected {SEQ_LEN} each"
            )
        faces = [face for face in window.faces if face is not None]
        voices = [voice for voice in window.voices if voice is not None]
        if not faces and not voices:
            raise ValueError("a window holds neither face nor voice; make none where no modality is live")
        felt = affect_of(voices)
        voiced = excitement(voices, felt)
        logits = self._logits(faces, voices) + voiced * _PULL
        scores = np.exp(logits - logits.max())
        scores /= scores.sum()
        best = int(scores.argmax())
        confidence = float(scores[best])
        heard = any(voice.speaking_probability > SPEAKING for voice in voices)
        seen = self._read(faces)
        place = coordinates(scores, voiced, felt if not seen else None)
        abstained = confidence < self._threshold or not (heard or seen)
        return EmotionEstimate(
            time_ms=window.time_ms,
            emotion="neutral" if abstained else EMOTIONS[best],
            confidence=confidence,
            scores=scores.astype(np.float32),
            valence=place.valence,
            arousal=place.arousal,
            dominance=place.dominance,
            modality=window.modality,
            abstained=abstained,
            anomaly=False,
            anomaly_score=0.0,
            model=self.name,
            threshold=self._threshold,
        )


def excitement(voices: Sequence[VoiceEstimate], felt: Affect | None) -> float:
    """-1…1 of these voices: what an encoder says, else by the rules."""
    return vocal_arousal(voices) if felt is None else felt.arousal


def coordinates(scores: Floats, voiced: float, alone: Affect | None = None) -> Affect:
    """Where these scores lie: the classes' published places, and what the voice's arousal adds.

    Args:
        scores: (7,) 0…1, sum 1.
        voiced: -1…1 arousal of the voice.
        alone: what the voice's encoder says, where no face tells anything: it takes the place of all three.
    """
    if alone is not None:
        return alone
    valence, arousal, dominance = (float(v) for v in scores @ _PAD)
    return Affect(valence, max(-1.0, min(1.0, arousal + VOICE_AROUSAL * voiced)), dominance)


def affect_of(voices: Sequence[VoiceEstimate]) -> Affect | None:
    """What the newest of these voices expressed, from an encoder that says so."""
    return next((voice.affect for voice in reversed(voices) if voice.affect is not None), None)
