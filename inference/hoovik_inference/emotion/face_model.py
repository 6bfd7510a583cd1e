"""An emotion model of what is seen: the expression network over the newest steps, moved a little by the voice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hoovik_inference.emotion.rules import PAD, THRESHOLD, TRUSTED, VOICE_AROUSAL, VOICE_PULL, vocal_arousal
from hoovik_inference.types import EMOTIONS, SEQ_LEN, EmotionEstimate, FaceEstimate, Floats, VoiceEstimate, Window

RECENT_MS = 400.0
"A step this much older than the newest counts 1/e of it: a blink or a syllable is no mood."

TRAINED = np.array([4965, 7215, 4830, 3995, 3171, 436, 4097], np.float32) / 28_709
"Shares of the classes among the pictures that the network was trained on (FER2013's train set)."
CALL = np.array([0.50, 0.15, 0.07, 0.07, 0.07, 0.07, 0.07], np.float32)
"""Shares of the classes in a call, as this package takes them: people listen most of the time. The web pictures above
were searched for by feelings. What the network says is carried from one to the other by Bayes' rule (Saerens, Latinne
and Decaestecker, Neural Computation 14, 2002)."""

_LOG_CALL = np.log(CALL)
_PAD = np.array([PAD[name] for name in EMOTIONS])
_PULL = np.array([VOICE_PULL.get(name, 0.0) for name in EMOTIONS])
_LEAST = 0.05
"How much less likely one look can make a class: it must not rule it out."


class FaceModel:
    """An `EmotionModel` on the expression network.

    - Face: a mean of the logarithms of the steps' probabilities, each by its age and by how far the face could be
      trusted; what is left of it where none could is the classes' shares in a call.
    - Voice: its arousal (`rules.vocal_arousal`) moves classes as little as in `RuleModel`; of a voice alone hardly
      more than arousal is known.
    - Valence, arousal and dominance: mean of the classes' published coordinates (`rules.PAD`) by score, plus, for
      arousal, 0.6 of the voice's.
    - There is no detector of unusual windows: `anomaly` is always False and `anomaly_score` 0.0.
    """

    name = "hoovik-face-1"

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
        voices: list[VoiceEstimate] = [voice for voice in window.voices if voice is not None]
        if not faces and not voices:
            raise ValueError("a window holds neither face nor voice; make none where no modality is live")
        voiced = vocal_arousal(voices)
        scores = _softmax(_LOG_CALL + evidence(faces) + voiced * _PULL)
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


def _softmax(logits: Floats) -> Floats:
    scores: Floats = np.exp(logits - logits.max())
    scores /= scores.sum()
    return scores
