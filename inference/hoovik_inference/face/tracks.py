"""Whose face is followed where several are in the picture, and how many there are.

The participant's is the largest and most central face. It stays theirs while it is seen: somebody who walks through
behind them takes nothing over, and a face that turns away for a moment is waited for. Who is alone before the camera
may leave it for a minute. Faces are told apart by place and time, never by how they look.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hoovik_inference.face.detect import Box, prominence
from hoovik_inference.types import Floats

SAME_OVERLAP = 0.2
"Overlap (intersection by union) from which on two boxes are one face: a second lies between two counts."
CLEARLY = 1.5
"Another face is the participant's where it is so many times more prominent…"
SWITCH_MS = 3000.0
"…for so long, in capture time."
GONE_MS = 1000.0
"A face not seen for so long is gone: another one may be followed."
KEEP_MS = 5000.0
"One that comes back where it was within this time is the same one; the number of who was away longer is forgotten."
LONE_MS = 60_000.0
"""A single face that comes back within this time is the followed one, wherever it comes back, where no other was seen
from KEEP_MS before the followed one left."""


@dataclass(frozen=True, slots=True)
class Track:
    """One face over time."""

    number: int
    "From 1."
    box: Box
    "Where it was last."
    seen_ms: float
    "When that was, capture time."


class Tracks:
    """The faces of one participant's pictures. No clock: times are those of the pictures."""

    def __init__(self) -> None:
        self._tracks: dict[int, Track] = {}
        self._made = 0
        self._followed: int | None = None
        self._ahead: tuple[int, float] | None = None  # who is clearly more prominent, and since when
        self._faces = 0
        self._now = 0.0
        self._other_ms = -math.inf  # when a face beside the followed one was seen last
        self._guessed = False  # whether the followed face was only taken for one that is nowhere near its place

    @property
    def followed(self) -> int | None:
        """The number of the face that is followed, or was last; None before the first."""
        return self._followed

    @property
    def faces(self) -> int:
        """How many were counted last."""
        return self._faces

    def gone(self, time_ms: float) -> bool:
        """Whether the followed face has been away for GONE_MS: who comes now is to be counted first."""
        own = self._of_followed()
        return own is None or time_ms - own.seen_ms >= GONE_MS

    def here(self, box: Box, time_ms: float) -> None:
        """The followed face was measured there."""
        self._tick(time_ms)
        if self._followed is not None:
            self._tracks[self._followed] = Track(self._followed, box, time_ms)
            self._guessed = False

    def count(self, boxes: Sequence[Box], time_ms: float) -> None:
        """The detector saw these faces in a picture; call `here` before, where the followed face is measured in it."""
        self._tick(time_ms)
        measured = self._of_followed()
        measured_now = measured is not None and measured.seen_ms == time_ms
        if measured is not None and len(boxes) > 1 and time_ms - measured.seen_ms > KEEP_MS:
            del self._tracks[measured.number]  # away for so long, and one of these is another
        numbers = self._assign(boxes, time_ms)
        for number, box in numbers.items():
            # Of the measured face the landmarks know better where it is.
            if not (measured_now and number == self._followed):
                self._tracks[number] = Track(number, box, time_ms)
        self._faces = len(boxes) + (measured_now and self._followed not in numbers)
        own = self._of_followed()
        if len(numbers) > (own is None or own.number in numbers):
            self._other_ms = time_ms
        self._compare(numbers, time_ms)

    def better(self, time_ms: float) -> Box | None:
        """Where the face is that has been clearly more prominent than the followed one for SWITCH_MS."""
        if self._ahead is None or time_ms - self._ahead[1] < SWITCH_MS:
            return None
        return self._tracks[self._ahead[0]].box

    def wanted(self, time_ms: float) -> Box | None:
        """Where to look for a face while none is measured: the followed one's place, another's once it is gone."""
        self._tick(time_ms)
        seen = [track for track in self._tracks.values() if time_ms - track.seen_ms < GONE_MS]
        own = self._of_followed()
        if own is not None and own in seen:
            return own.box
        return max(seen, key=lambda track: prominence(track.box)).box if seen else None

    def take(self, box: Box, time_ms: float, *, switch: bool = False) -> bool:
        """A face was found there: follow it, if it may be. `switch`: it may be though the followed one is there."""
        self._tick(time_ms)
        number = self._nearest(box)
        own = self._of_followed()
        if own is not None and number != own.number and not switch:
            if number is None and self._lone(own, time_ms):
                number = own.number
            elif time_ms - own.seen_ms < GONE_MS and not self._guessed:
                return False
        if number is None:
            number = self._new(box, time_ms)
        if own is not None and number != own.number:
            self._other_ms = time_ms  # the one that was followed
        if number != self._followed:
            self._ahead = None
        self._followed, self._guessed = number, False
        self._tracks[number] = Track(number, box, time_ms)
        self._faces = max(self._faces, 1)
        return True

    # Details.

    def _tick(self, time_ms: float) -> None:
        """Forget who was away too long; a stream whose time began anew knows nobody by time."""
        if time_ms < self._now:
            self._ahead = None
            self._tracks = {number: replace(track, seen_ms=time_ms) for number, track in self._tracks.items()}
            self._other_ms = time_ms if len(self._tracks) > 1 else -math.inf
        self._now = time_ms
        for number, track in list(self._tracks.items()):
            keep_ms = LONE_MS if number == self._followed and self._alone(track) else KEEP_MS
            if time_ms - track.seen_ms > keep_ms:
                del self._tracks[number]

    def _of_followed(self) -> Track | None:
        return None if self._followed is None else self._tracks.get(self._followed)

    def _new(self, box: Box, time_ms: float) -> int:
        self._made += 1
        self._tracks[self._made] = Track(self._made, box, time_ms)
        return self._made

    def _nearest(self, box: Box) -> int | None:
        overlaps = {number: overlap(track.box, box) for number, track in self._tracks.items()}
        best = max(overlaps, key=lambda number: overlaps[number], default=None)
        return best if best is not None and overlaps[best] >= SAME_OVERLAP else None

    def _alone(self, own: Track) -> bool:
        """Whether no other face was seen since the followed one left, nor shortly before."""
        return self._other_ms < own.seen_ms - KEEP_MS

    def _lone(self, own: Track, time_ms: float) -> bool:
        """Whether a face in a new place is the followed one: the only one there was, and not measured elsewhere now."""
        moved = len(self._tracks) == 1 and time_ms - own.seen_ms < GONE_MS
        return time_ms > own.seen_ms and (moved or self._alone(own))

    def _assign(self, boxes: Sequence[Box], time_ms: float) -> dict[int, Box]:
        """Boxes by the number of their face, those that overlap most first; new numbers for the rest."""
        pairs = [
            (overlap(track.box, box), number, place)
            for number, track in self._tracks.items()
            for place, box in enumerate(boxes)
        ]
        numbers: dict[int, Box] = {}
        taken: set[int] = set()
        for shared, number, place in sorted(pairs, reverse=True):
            if shared >= SAME_OVERLAP and number not in numbers and place not in taken:
                numbers[number] = boxes[place]
                taken.add(place)
        rest = sorted((box for place, box in enumerate(boxes) if place not in taken), key=prominence, reverse=True)
        own = self._of_followed()
        if rest and own is not None and own.number not in numbers and self._lone(own, time_ms):
            numbers[own.number] = rest.pop(0)
            self._guessed = True
        return numbers | {self._new(box, time_ms): box for box in rest}

    def _compare(self, numbers: dict[int, Box], time_ms: float) -> None:
        """Note who is clearly more prominent than the followed face, and since when."""
        own = self._of_followed()
        others = {number: prominence(box) for number, box in numbers.items() if number != self._followed}
        best = max(others, key=lambda number: others[number], default=None)
        if own is None or best is None or others[best] < CLEARLY * prominence(numbers.get(own.number, own.box)):
            self._ahead = None
        elif self._ahead is None or self._ahead[0] != best:
            self._ahead = (best, time_ms)


def box_of(landmarks: Floats) -> Box:
    """Around the landmarks (478, 3) of a face, as the detector draws it: brows to chin, not the forehead."""
    x, y = landmarks[_OUTLINE, :2].T.tolist()
    left, right, top, bottom = min(x), max(x), min(y), max(y)
    return Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)


def overlap(one: Box, other: Box) -> float:
    """Intersection by union, 0…1."""
    width = min(one.x + one.width / 2, other.x + other.width / 2) - max(
        one.x - one.width / 2, other.x - other.width / 2
    )
    height = min(one.y + one.height / 2, other.y + other.height / 2) - max(
        one.y - one.height / 2, other.y - other.height / 2
    )
    if width <= 0.0 or height <= 0.0:
        return 0.0
    shared = width * height
    return shared / (one.width * one.height + other.width * other.height - shared)


_OUTLINE = np.array([234, 454, 152, 105, 334])
"Cheeks, chin, brows."
