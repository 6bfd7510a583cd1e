"""The lite ensemble as the emotion model of a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.face_model import CALL, VOICE_SHARE
from hoovik_inference.emotion.habit import Habit
from hoovik_inference.emotion.lite.rows import FACE, VECTORS, VOICE, face_row, speaks, voice_row
from hoovik_inference.emotion.model import affect_of, coordinates, excitement
from hoovik_inference.emotion.reference.anomaly import threshold_of
from hoovik_inference.emotion.reference.bundle import load
from hoovik_inference.emotion.reference.engine import ReferenceEngine
from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.votes import votes
from hoovik_inference.emotion.reference.windows import MODALITIES, Windows, present
from hoovik_inference.emotion.stages import bridged
from hoovik_inference.emotion.steady import Steady
from hoovik_inference.emotion.window import STEP_MS
from hoovik_inference.types import (
    EMOTIONS,
    SEQ_LEN,
    EmotionEstimate,
    FaceEstimate,
    Floats,
    Holder,
    VoiceEstimate,
    Window,
)

BUNDLE = Path(str(files("hoovik_inference") / "bundles" / "lite"))
"The ensemble that ships with the package; card.md beside it says what it was trained on and how well it reads."
NAME = "hoovik-lite-1"
Estimate = TypeVar("Estimate", FaceEstimate, VoiceEstimate)


@lru_cache(maxsize=1)
def shipped() -> ReferenceEngine:
    """The engine of the bundle that ships, loaded once (some 100 ms)."""
    return ReferenceEngine(load(BUNDLE))


class LiteModel:
    """An `EmotionModel` on a bundle of light rows.

    - A step of a window counts for a modality where that one's network read something there. A voice counts while it
      speaks, or spoke within the window: a silent one says nothing of an emotion.
    - A voice's evidence is believed by half (`face_model.VOICE_SHARE`): voices in calls are not acted.
    - What the ensemble says holds for the shares of the classes that it was calibrated on; it is carried to those of a
      call by Bayes' rule, as `face_model.CALL` has them.
    - Where nothing was read it abstains: its scores are then what is usual.
    - Valence, arousal and dominance follow from the scores and the voice's arousal, as with the other models.
    """

    step_ms = STEP_MS
    vectors = False

    def __init__(self, threshold: float | None = None, engine: ReferenceEngine | None = None, name: str = NAME) -> None:
        """Make it.

        Args:
            threshold: 0…1, best score below which it abstains; by default the bundle's.
            engine: Of another bundle than the one that ships.
            name: As it is told.

        Raises:
            BundleError: The bundle is of other vectors or classes.
            ValueError: `threshold` lies outside 0…1.
        """
        self.name = name
        self._engine = shipped() if engine is None else engine
        bundle = self._engine.bundle
        if bundle.vectors != VECTORS or (bundle.shape.face, bundle.shape.audio) != (FACE, VOICE):
            raise BundleError(
                f"the bundle takes {bundle.vectors} of {bundle.shape.face} and {bundle.shape.audio} numbers; expected "
                f"{VECTORS} of {FACE} and {VOICE}: train it with this version"
            )
        if bundle.classes != EMOTIONS or set(bundle.shares) != set(MODALITIES):
            raise BundleError(f"the bundle lacks shares, or tells {', '.join(bundle.classes)}; expected our classes")
        self._rows = Rows()
        self._threshold = bundle.threshold if threshold is None else threshold
        if not 0.0 <= self._threshold <= 1.0:
            raise ValueError(f"threshold is {threshold}; expected 0…1")
        self._odds = np.array([CALL / np.array(bundle.shares[name], np.float32) for name in MODALITIES])

    def holder(self) -> Holder:
        """For one participant: a label less their habit, that neither a switch of modality nor flicker changes."""
        return bridged(Steady(), Habit(CALL))

    def infer(self, windows: Sequence[Window]) -> list[EmotionEstimate]:
        """One estimate per window, in order; all of them are one batch.

        Raises:
            ValueError: A window has another length than SEQ_LEN.
        """
        given, read = windows_from(windows, self._rows)
        scores = np.broadcast_to(CALL, (len(windows), len(EMOTIONS))).astype(np.float32)
        unusual, score = np.zeros(len(windows), bool), np.zeros(len(windows))
        said: list[Mapping[str, Floats] | None] = [None] * len(windows)
        limits: list[float | None] = [None] * len(windows)
        places = np.flatnonzero(read)
        if len(places):
            found = self._engine.infer(given.at(places))
            odds = self._odds[given.modality[places]]
            scores[places] = _moved(found.probs, odds)
            each = votes(self._engine.bundle.ensemble, found, given.modality[places])
            for place, by_name, row in zip(places.tolist(), each, odds, strict=True):
                said[place] = {name: _moved(one, row) for name, one in by_name.items()}
                limits[place] = threshold_of(self._engine.bundle.detectors, int(given.modality[place]))
            unusual[places], score[places] = found.anomaly, found.anomaly_score
        told = zip(windows, scores, read.tolist(), unusual.tolist(), score.tolist(), limits, said, strict=True)
        return [self._estimate(*one) for one in told]

    def _estimate(
        self,
        window: Window,
        scores: Floats,
        read: bool,
        unusual: bool,
        unusual_score: float,
        limit: float | None,
        said: Mapping[str, Floats] | None,
    ) -> EmotionEstimate:
        voices = [voice for voice in window.voices if voice is not None]
        felt = affect_of(voices)
        seen = any(face is not None and face.expression is not None for face in window.faces)
        place = coordinates(scores, excitement(voices, felt), None if seen else felt)
        best = int(scores.argmax())
        confidence = float(scores[best])
        abstained = not read or confidence < self._threshold
        return EmotionEstimate(
            time_ms=window.time_ms,
            emotion="neutral" if abstained else EMOTIONS[best],
            confidence=confidence,
            scores=scores,
            valence=place.valence,
            arousal=place.arousal,
            dominance=place.dominance,
            modality=window.modality,
            abstained=abstained,
            anomaly=unusual,
            anomaly_score=unusual_score,
            model=self.name,
            threshold=self._threshold,
            votes=said,
            anomaly_threshold=limit,
        )


def _moved(probabilities: Floats, odds: Floats) -> Floats:
    """(…, 7) carried to the shares of the classes in a call."""
    moved = probabilities * odds
    out: Floats = moved / moved.sum(axis=-1, keepdims=True)
    return out


class Rows:
    """Rows of estimates that were in the windows before: of ten steps nine were, and they are the same objects."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[int, tuple[object, Floats | None]] = {}
        self._used: dict[int, tuple[object, Floats | None]] = {}

    def face(self, one: FaceEstimate) -> Floats | None:
        """As `face_row`."""
        return self._row(one, face_row)

    def voice(self, one: VoiceEstimate) -> Floats | None:
        """As `voice_row`."""
        return self._row(one, voice_row)

    def turn(self) -> None:
        """Forget what was not asked for since the last turn: nothing is kept of who is gone."""
        self._kept, self._used = self._used, {}

    def _row(self, one: Estimate, make: Callable[[Estimate], Floats | None]) -> Floats | None:
        held = self._kept.get(id(one))
        if held is None or held[0] is not one:  # an id may be somebody else's by now
            held = (one, make(one))
        self._used[id(one)] = held
        return held[1]


def windows_from(windows: Sequence[Window], rows: Rows | None = None) -> tuple[Windows, NDArray[np.bool_]]:
    """The same as arrays, and (N,) in which anything was read.

    `rows` are kept from call to call. What a voice is evidence of is believed by VOICE_SHARE: the ensemble knows acted
    voices, too.

    Raises:
        ValueError: A window has another length than SEQ_LEN.
    """
    count = len(windows)
    faces, face_mask = np.zeros((count, SEQ_LEN, FACE), np.float32), np.zeros((count, SEQ_LEN), np.float32)
    voices, voice_mask = np.zeros((count, SEQ_LEN, VOICE), np.float32), np.zeros((count, SEQ_LEN), np.float32)
    rows = Rows() if rows is None else rows
    for number, window in enumerate(windows):
        if len(window.faces) != SEQ_LEN or len(window.voices) != SEQ_LEN:
            raise ValueError(
                f"a window has {len(window.faces)} faces and {len(window.voices)} voices; expected {SEQ_LEN} each"
            )
        for step, (face, voice) in enumerate(zip(window.faces, window.voices, strict=True)):
            if face is not None and (row := rows.face(face)) is not None:
                faces[number, step], face_mask[number, step] = row, 1.0
            if voice is not None and (row := rows.voice(voice)) is not None:
                voices[number, step], voice_mask[number, step] = row, 1.0
    rows.turn()
    voices[..., : len(EMOTIONS)] *= np.float32(VOICE_SHARE)
    voice_mask[~speaks(voices)] = 0.0
    flags, there = present(face_mask, voice_mask)
    return Windows(faces, voices, face_mask, voice_mask, flags), there
