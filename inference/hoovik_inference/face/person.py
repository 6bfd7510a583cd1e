"""All that is known of one face over time, and what is read from it. Another face begins with a new one."""

from __future__ import annotations

from dataclasses import replace

from hoovik_inference.face.action_units import action_units
from hoovik_inference.face.baseline import Baseline
from hoovik_inference.face.blendshapes import blendshapes
from hoovik_inference.face.blinks import Blinks
from hoovik_inference.face.crop import cut, place_of, standardised
from hoovik_inference.face.gaze import Lids, gaze
from hoovik_inference.face.measures import measure_aligned
from hoovik_inference.face.pose import Alignment, align, head_pose
from hoovik_inference.face.quality import FACE_CM, Quality
from hoovik_inference.face.signs import WIDER, FaceSigns, Part
from hoovik_inference.types import FaceEstimate, Floats, Picture, Portrait

LEARN_FROM = 0.5
"Confidence below which nothing is learnt of a resting face."


class Person:
    """What is remembered of one face, in memory only: its rest, its blinks, how it looks."""

    def __init__(self, track: int, *, pictures: bool = False, baseline: bool = True) -> None:
        """Begin with a face.

        Args:
            track: Its number.
            pictures: The images don't follow each other: nothing is carried from one to the next.
            baseline: Learn its rest.
        """
        self.track = track
        self._pictures = pictures
        self._learning = baseline
        self._baseline = Baseline()
        self._lids = Lids()
        self._blinks = Blinks()
        self._quality = Quality(pictures=pictures)
        self._signs: FaceSigns | None = None
        self._part: Part | None = None  # of the picture before, in which the face was
        self._seen: tuple[Alignment, Floats, float, float | None] | None = None

    def calibrate(self) -> None:
        """The next measured face is this person's neutral one."""
        self._baseline.calibrate()

    def read(
        self,
        landmarks: Floats,
        size: tuple[int, int],
        time_ms: float,
        faces: int,
        picture: Picture | None = None,
        scores: Floats | None = None,
        presence: float | None = None,
    ) -> FaceEstimate:
        """What one picture says.

        Args:
            landmarks: (478, 3) in a picture of that size.
            size: Width and height in pixels.
            time_ms: Capture time.
            faces: Counted last.
            picture: What the landmarks were found in; without it nothing is read from pixels.
            scores: (52,) of another head than ours.
            presence: How sure the network is of the face, in logits.
        """
        alignment = align(landmarks, *size)
        head = head_pose(alignment.rotation)
        measures = measure_aligned(alignment)
        quality = self._quality.read(picture, alignment, head, size, time_ms, presence)
        confidence = quality.confidence
        if self._pictures:
            self._lids, self._blinks = Lids(), Blinks()
        raw = blendshapes(alignment) if scores is None else scores
        shapes = raw
        if self._learning:
            shapes = self._baseline.apply(raw, head, time_ms, confidence >= LEARN_FROM)
        blink = all(self._lids.saw(measures))
        self._blinks.saw(blink, time_ms)
        self._seen = (alignment, raw, time_ms, presence)
        return FaceEstimate(
            time_ms=time_ms,
            landmarks=landmarks,
            blendshapes=shapes,
            action_units=action_units(shapes),
            head_pose=head,
            gaze=gaze(measures, head),
            blink=blink,
            confidence=confidence,
            faces=faces,
            quality=quality,
            track=self.track,
            blink_rate=self._blinks.rate,
        )

    def portrait(self, picture: Picture) -> Portrait | None:
        """The face as it was read last, in `picture`; None where the newest one did not show it."""
        if self._seen is None:
            return None
        alignment, shapes, time_ms, presence = self._seen
        if self._signs is None or self._pictures:
            self._signs, self._part = FaceSigns(), None
        place = place_of(picture, alignment)
        grey = cut(picture, place)
        wide = cut(picture, replace(place, side=WIDER * place.side), finest=1)
        before, self._part = self._part, Part.of(picture, place)
        signs = self._signs.read(
            grey, alignment.scale * FACE_CM, alignment.error, presence, time_ms,
            wide=wide, still=None if before is None else before.still(picture), blocks=self._part.grid,
        )  # fmt: skip
        return Portrait(time_ms, standardised(grey), shapes, signs)

    def forget_portrait(self) -> None:
        """The newest picture does not show the face."""
        self._seen = None
