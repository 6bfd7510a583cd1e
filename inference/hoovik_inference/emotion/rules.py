"""An emotion model without training: published rules over action units and prosody."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hoovik_inference.emotion.prototypes import quiet_mouth, strengths
from hoovik_inference.types import (
    EMOTIONS,
    SEQ_LEN,
    EmotionEstimate,
    FaceEstimate,
    Floats,
    VoiceEstimate,
    Window,
)

THRESHOLD = 0.45
"Best score below which the model abstains (the reference's)."

SHARPNESS = 14.0
"Logit of a full prototype."
NEUTRAL_LOGIT = 3.2
"Logit of neutral: not quite a quarter of a prototype is even with it; a resting face scores 0.8."
TALKING_SHARE = 0.6
"Part of the mouth's action units that is speech while somebody speaks."
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

USUAL_DB = -28.0
"Level of a voice in a call with automatic gain control."
LEVEL_RANGE_DB = 15.0
"Above or below the usual level by this much, a voice is as loud or quiet as they get."
USUAL_SEMITONES = 2.0
"Standard deviation of pitch over a second of level speech."
SEMITONE_RANGE = 3.0
"Beyond the usual by this much, speech is as lively as it gets."
VOICE_AROUSAL = 0.6
"Part of the voice's arousal that is added to the classes'."
VOICE_PULL: dict[str, float] = {"angry": 0.9, "happy": 0.9, "surprise": 0.5, "fear": 0.5, "sad": -0.9, "disgust": 0.0}
"Logit of each class at full vocal arousal: small, as a voice's arousal tells little about its emotion."


class RuleModel:
    """An `EmotionModel` of rules: EMFACS prototypes over action units, prosody for arousal.

    - Face: action units averaged over the valid steps, each by its confidence; while somebody speaks, the
      mouth's count less. The strength of each prototype is a logit beside neutral's; a softmax gives scores.
    - Voice: loudness and liveliness of pitch give arousal; classes are hardly moved by it (rules on a voice
      know arousal, little else), so a voice alone stays close to neutral.
    - Valence, arousal and dominance: mean of the classes' published coordinates by score, plus, for
      arousal, 0.6 of the voice's.
    - There is no detector of unusual windows: `anomaly` is always False and `anomaly_score` 0.0.
    """

    name = "facs-rules-1"

    def __init__(self, threshold: float = THRESHOLD) -> None:
        """Make the model.

        Args:
            threshold: 0…1, best score below which it abstains and reports neutral.

        Raises:
            ValueError: `threshold` lies outside 0…1.
        """
        if not 0.0 <= threshold <= 1.0:
            raise ValueError(f"threshold is {threshold}; expected 0…1")
        self._threshold = threshold

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
        speaking = _mean([voice.speaking_probability for voice in voices])
        voiced = vocal_arousal(voices)
        logits = np.array([NEUTRAL_LOGIT if name == "neutral" else 0.0 for name in EMOTIONS])
        logits += _face_logits(faces, speaking)
        logits += [voiced * VOICE_PULL.get(name, 0.0) for name in EMOTIONS]
        scores = np.exp(logits - logits.max())
        scores /= scores.sum()
        best = int(scores.argmax())
        confidence = float(scores[best])
        valence, arousal, dominance = (float(v) for v in scores @ _PAD)
        abstained = confidence < self._threshold
        return EmotionEstimate(
            time_ms=window.time_ms,
            emotion="neutral" if abstained else EMOTIONS[best],
            confidence=confidence,
            scores=scores.astype(np.float32),
            valence=valence,
            arousal=max(-1.0, min(1.0, arousal + VOICE_AROUSAL * voiced)),
            dominance=dominance,
            modality=window.modality,
            abstained=abstained,
            anomaly=False,
            anomaly_score=0.0,
            model=self.name,
        )


def vocal_arousal(voices: Sequence[VoiceEstimate]) -> float:
    """-1…1 from loudness against a usual call's and from how much pitch moves; 0 where nobody speaks.

    Both rise with arousal in every study that Juslin and Laukka review (Psychological Bulletin 129, 2003).
    Pitch is taken against the window's own median, so a high or a deep voice is no emotion.
    """
    spoken = [voice for voice in voices if voice.speaking_probability > 0.5]
    if not spoken:
        return 0.0
    loud = (_mean([voice.level_db for voice in spoken]) - USUAL_DB) / LEVEL_RANGE_DB
    pitches = np.array([voice.pitch_hz for voice in spoken if voice.pitch_hz > 0.0])
    lively = 0.0
    if len(pitches) >= 3:
        semitones = 12.0 * np.log2(pitches / np.median(pitches))
        # An octave error of the pitch tracker is no melody.
        semitones = semitones[np.abs(semitones) < 9.0]
        lively = (float(semitones.std()) - USUAL_SEMITONES) / SEMITONE_RANGE
    share = len(spoken) / len(voices)
    return share * math.tanh(0.6 * _unit(loud) + 0.4 * _unit(lively))


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


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _unit(value: float) -> float:
    return max(-1.0, min(1.0, value))
