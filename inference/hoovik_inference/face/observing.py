"""What observers of one participant's face have in common: whose face it is, and what is remembered of it."""

from __future__ import annotations

import math

from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.person import Person
from hoovik_inference.face.picture import check, whole
from hoovik_inference.face.tracks import Tracks
from hoovik_inference.types import Floats, Picture, Portrait

COUNT_EVERY_MS = 1000.0
"Capture time between two counts of the faces: people rarely come into a picture more often."
ALONE = 2
"Times as long between two counts where nobody else is known to be there: a count costs more than a look."

SEARCH_EVERY_MS = 500.0
"Capture time between two searches of the whole picture where the followed face is not found."


class Observing:
    """The part of a `FaceObserver` that does not find landmarks."""

    def __init__(
        self,
        models: FaceModels | None = None,
        *,
        pictures: bool = False,
        baseline: bool = True,
        count_every_ms: float = COUNT_EVERY_MS,
    ) -> None:
        """Begin with nobody.

        Args:
            models: Shared with other observers; its own, closed with it, where none are given.
            pictures: The images don't follow each other: each may show somebody else.
            baseline: Learn the participant's resting face (off for pictures of many people).
            count_every_ms: Capture time between two counts of the faces in the picture; ALONE times as long where there
                is but one.
        """
        self._models = models or FaceModels()
        self._own_models = models is None
        self._pictures = pictures
        self._learning = baseline
        self._count_every_ms = count_every_ms
        self._counted_ms = -math.inf
        self._tracks = Tracks()
        self._person = self._new_person(1)
        self._calibrate = self._closed = False

    def portrait(self, picture: Picture) -> Portrait | None:
        """The face measured last, for who reads expressions; None where it was not found.

        Args:
            picture: The one that it was measured in; it is not kept.
        """
        return self._person.portrait(picture)

    @property
    def vector(self) -> Floats | None:
        """(326,) of the face measured last, as the reference's models take it; None from who cannot give it."""
        return None

    def calibrate(self) -> None:
        """The next measured face is this participant's neutral one."""
        self._calibrate = True

    def close(self) -> None:
        """Release what is its own. Further calls are errors; closing twice is none."""
        if not self._closed:
            self._closed = True
            if self._own_models:
                self._models.close()

    def _begin(self, image: Picture, time_ms: float) -> None:
        """Refuse what cannot be observed."""
        if not math.isfinite(time_ms):
            raise ValueError(f"time_ms is {time_ms}; expected a capture time in milliseconds")
        if self._closed:
            raise RuntimeError(f"this {type(self).__name__} was closed; make a new one")
        check(image)

    def _who(self) -> Person:
        """The person whose face is followed now: a new one where another face is; told where this one rests."""
        followed = self._tracks.followed
        if followed is not None and followed != self._person.track:
            self._person = self._new_person(followed)
        if self._calibrate:
            self._calibrate = False
            self._person.calibrate()
        return self._person

    def _count_due(self, time_ms: float) -> bool:
        every_ms = self._count_every_ms * (1 if self._tracks.faces > 1 else ALONE)
        return not 0 <= time_ms - self._counted_ms < every_ms

    def _count(self, image: Picture, time_ms: float) -> None:
        """Look where faces are in the whole picture."""
        self._counted_ms = time_ms
        with self._models.detect.lent() as detector:
            self._tracks.count(detector.find(whole(image).cut(image)), time_ms)

    def _new_person(self, track: int) -> Person:
        return Person(track, pictures=self._pictures, baseline=self._learning)
