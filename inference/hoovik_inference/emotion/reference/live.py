"""A trained reference as the emotion model of a call: from windows to estimates, and a label that holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.model import affect_of, coordinates, excitement
from hoovik_inference.emotion.reference.anomaly import threshold_of
from hoovik_inference.emotion.reference.engine import ReferenceEngine
from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.smoothing import Smoother
from hoovik_inference.emotion.reference.votes import votes
from hoovik_inference.emotion.reference.windows import AUDIO, FACE, Windows, present
from hoovik_inference.emotion.stages import bridged
from hoovik_inference.types import EMOTIONS, SEQ_LEN, EmotionEstimate, Floats, Holder, Window

STEP_MS = 300.0
"Between two steps (the reference's)."
OURS: dict[str, str] = {name: name for name in EMOTIONS} | {
    "anger": "angry", "fearful": "fear", "happiness": "happy", "joy": "happy", "sadness": "sad",
    "surprised": "surprise", "disgusted": "disgust", "neutral/calm": "neutral", "calm": "neutral",
}  # fmt: skip
"Our name of each class that a bundle may have. Two of the bundle's may be one of ours: their probabilities add up."


class ReferenceModel:
    """An `EmotionModel` on a bundle.

    - A step of a window counts for a modality where it has that one's vector, else its mask is 0. Which modalities the
      models are told is what the vectors say; the estimate's is the window's, which is about media.
    - Scores are of this window alone; label and confidence are too, until `holder` has smoothed them.
    - Valence, arousal and dominance follow from the scores as with the other models.
    """

    step_ms = STEP_MS
    vectors = True

    def __init__(self, engine: ReferenceEngine, name: str, threshold: float | None = None) -> None:
        """Make it.

        Args:
            engine: the bundle's.
            name: as it is told.
            threshold: 0…1, confidence strictly below which it abstains; by default the bundle's.

        Raises:
            BundleError: A class of the bundle is none of ours.
            ValueError: `threshold` lies outside 0…1.
        """
        unknown = [one for one in engine.classes if one.strip().lower() not in OURS]
        if unknown:
            raise BundleError(
                f"the bundle tells {', '.join(unknown)} apart, which is none of our classes; expected some of "
                f"{', '.join(EMOTIONS)}, or the reference's names of them"
            )
        self.name = name
        self._engine = engine
        self._threshold = engine.bundle.threshold if threshold is None else threshold
        if not 0.0 <= self._threshold <= 1.0:
            raise ValueError(f"threshold is {threshold}; expected 0…1")
        self._place = [EMOTIONS.index(OURS[one.strip().lower()]) for one in engine.classes]

    def infer(self, windows: Sequence[Window]) -> list[EmotionEstimate]:
        """One estimate per window, in order; all of them are one batch.

        Raises:
            ValueError: A window has another length than SEQ_LEN, or no vector at all.
        """
        if not windows:
            return []
        given = windows_from(windows)
        found = self._engine.infer(given)
        seen = given.face_mask.any(axis=1).tolist()
        unusual = zip(found.anomaly.tolist(), found.anomaly_score.tolist(), strict=True)
        thresholds = [threshold_of(self._engine.bundle.detectors, flag) for flag in given.modality.tolist()]
        said = votes(self._engine.bundle.ensemble, found, given.modality)
        told = zip(windows, found.probs, seen, unusual, thresholds, said, strict=True)
        return [self._estimate(*one) for one in told]

    def holder(self) -> Holder:
        """For one participant: the reference's smoothing, which goes on over a switch of modality."""
        return bridged(self.smoothing(), unsmoothed=True)

    def smoothing(self) -> Smoothing:
        """For one participant: the reference's smoothing alone."""
        names = [name for place, name in enumerate(EMOTIONS) if place in self._place]
        return Smoothing(Smoother(names, alpha=self._engine.bundle.alpha, threshold=self._threshold))

    def _ours(self, probabilities: Floats) -> Floats:
        """(7,) in the order of EMOTIONS, nan for what the bundle lacks, of its (K,)."""
        scores = np.full(len(EMOTIONS), np.nan, np.float32)
        scores[self._place] = 0.0
        np.add.at(scores, self._place, probabilities)
        return scores

    def _estimate(
        self,
        window: Window,
        probabilities: Floats,
        seen: bool,
        unusual: tuple[bool, float],
        anomaly_threshold: float,
        said: Mapping[str, Floats],
    ) -> EmotionEstimate:
        scores = self._ours(probabilities)
        voices = [voice for voice in window.voices if voice is not None]
        felt = affect_of(voices)
        place = coordinates(np.nan_to_num(scores), excitement(voices, felt), None if seen else felt)
        best = int(np.nanargmax(scores))
        confidence = float(scores[best])
        return EmotionEstimate(
            time_ms=newest_ms(window),
            emotion=EMOTIONS[best] if confidence >= self._threshold else "neutral",
            confidence=confidence,
            scores=scores,
            valence=place.valence,
            arousal=place.arousal,
            dominance=place.dominance,
            modality=window.modality,
            abstained=confidence < self._threshold,
            anomaly=unusual[0],
            anomaly_score=unusual[1],
            model=self.name,
            threshold=self._threshold,
            votes={name: self._ours(one) for name, one in said.items()},
            anomaly_threshold=anomaly_threshold,
        )


class Smoothing:
    """A stage of a holder: an exponential mean over one participant's windows, forgotten after 2 s without one."""

    def __init__(self, smoother: Smoother) -> None:
        """Begin with a smoother over those of EMOTIONS, in this order, that the model knows."""
        self._smoother = smoother

    def hold(self, estimate: EmotionEstimate) -> EmotionEstimate:
        """The estimate with the smoothed label and its probability; its scores stay what they are."""
        known = estimate.scores[~np.isnan(estimate.scores)]
        said = self._smoother.update(known, estimate.time_ms / 1000.0)
        sure = said.confidence >= estimate.threshold
        label = said.label if sure else "neutral"
        return dataclasses.replace(estimate, emotion=label, confidence=said.confidence, abstained=not sure)


def windows_from(windows: Sequence[Window]) -> Windows:
    """The same as arrays: raw vectors, zeros with mask 0 where there are none.

    Where the reference repeats its oldest step in front it has mask 0, so that what lies there does not matter.

    Raises:
        ValueError: A window has another length than SEQ_LEN, or no vector at all.
    """
    seen = [[None if one is None else one.vector for one in window.faces] for window in windows]
    heard = [[None if one is None else one.embedding for one in window.voices] for window in windows]
    (faces, face_mask), (voices, audio_mask) = _stacked(seen, FACE), _stacked(heard, AUDIO)
    flags, there = present(face_mask, audio_mask)
    if not there.all():
        raise ValueError("a window holds no vector of a face or a voice; make none where there is none")
    return Windows(faces, voices, face_mask, audio_mask, flags)


def newest_ms(window: Window) -> float:
    """Capture time of the newest vector in a window, Unix ms."""
    times = [face.time_ms for face in window.faces if face is not None and face.vector is not None]
    times += [voice.embedding_ms or voice.time_ms for voice in window.voices if voice and voice.embedding is not None]
    return max(times, default=window.time_ms)


def _stacked(rows: Sequence[Sequence[Floats | None]], size: int) -> tuple[Floats, Floats]:
    """(N, 10, size) and (N, 10); a vector that is not finite counts as none."""
    out: NDArray[np.float32] = np.zeros((len(rows), SEQ_LEN, size), np.float32)
    mask: NDArray[np.float32] = np.zeros((len(rows), SEQ_LEN), np.float32)
    for number, row in enumerate(rows):
        if len(row) != SEQ_LEN:
            raise ValueError(f"a window has {len(row)} steps; expected {SEQ_LEN}")
        for step, vector in enumerate(row):
            if vector is not None and np.isfinite(vector).all():
                out[number, step], mask[number, step] = vector, 1.0
    return out, mask
