"""Whether something covers a part of a face: a hand, a cup, a mask.

The mesh draws a whole face whatever lies before it, so its landmarks tell nothing. Two things do: the network is less
sure that it sees a face, and what is under its landmarks is not dark and bright where faces are. Each is misled alone,
by a turned head, by a beard or by blur, but not both by the same.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats, Image

PATTERN = Path(__file__).parents[1] / "bundles" / "pattern" / "pattern.npz"
"How bright faces are at each landmark, and where those lie; its card is beside it."

USUAL_PRESENCE = 23.0
"""The network's sureness of whole faces, in logits: what is thought of somebody's at first. It is 21 to 29 on the clips
that it was measured on."""
PRESENCE_BY_DEG, FREE_DEG = 0.18, 5.0
"What it falls by for each degree that a head is turned further than that."
UNSURE_FROM, UNSURE_TO = 1.5, 10.0
"Loss of sureness that says nothing, and that of a face of which half is covered."
USUAL_LIKENESS = (0.75, 0.68, 0.75, 0.75)
"Correlation of whole faces with the pattern in each zone."
UNLIKE_FROM, UNLIKE_TO = 0.15, 0.6
"Loss of likeness that says nothing, and that of a zone which is covered."
RISE, FALL, FALL_COVERED = 0.28, 0.02, 0.001
"Shares by which a look moves what is known of a person's own face: upwards, downwards, downwards while covered."
QUICK_LOOKS = 15
"Looks at first, three seconds, after which downwards is as slow as that; before, it is about the mean of all looks."
BARE = 0.6
"Visible share from which on a face does not count as covered."
LEAST_PRESENCE, LEAST_LIKENESS = 20.0, 0.35
"No person's own face is thought to be less sure and less like the pattern than that."

_POINTS = 468
_DARKEST = 3.0
"Spread of brightness in a zone below which there is nothing but noise."


class Cover:
    """Judges one face from look to look."""

    def __init__(self) -> None:
        self._presence = USUAL_PRESENCE
        self._likeness = np.array(USUAL_LIKENESS)
        self._looks = 0

    def visible(self, grey: Image, landmarks: Floats, presence: float, turned_deg: float) -> float:
        """1 where nothing covers the face, towards 0 the more does.

        Args:
            grey: (H, W) picture.
            landmarks: (478, 3) normalised, in it.
            presence: How sure the network is of the face, in logits.
            turned_deg: How far the head is turned or nodded away.
        """
        presence += PRESENCE_BY_DEG * max(0.0, turned_deg - FREE_DEG)
        like = likeness(at_landmarks(grey, landmarks))
        unsure = _ramp(self._presence - presence, UNSURE_FROM, UNSURE_TO)
        unlike = _ramp(float((self._likeness - like).max()), UNLIKE_FROM, UNLIKE_TO)
        visible = 1.0 - math.sqrt(unsure * unlike)
        self._looks += 1
        fall = FALL_COVERED if visible < BARE else FALL if self._looks > QUICK_LOOKS else 1.0 / (self._looks + 1)
        self._presence += (RISE if presence > self._presence else fall) * (presence - self._presence)
        self._presence = max(self._presence, LEAST_PRESENCE)
        self._likeness += np.where(like > self._likeness, RISE, fall) * (like - self._likeness)
        np.maximum(self._likeness, LEAST_LIKENESS, out=self._likeness)
        return visible


def at_landmarks(grey: Image, landmarks: Floats) -> Image:
    """(468,) brightness of a picture (H, W) at normalised landmarks."""
    height, width = grey.shape
    x = landmarks[None, :_POINTS, 0] * np.float32(width) - np.float32(0.5)
    y = landmarks[None, :_POINTS, 1] * np.float32(height) - np.float32(0.5)
    return np.asarray(cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0], np.uint8)


def likeness(brightness: Image) -> Floats:
    """(4,) correlation of a face's brightness (468,) with that of faces, in the zones of `_zones`.

    In each zone without what a light from the side does: a plane is taken off.
    """
    values = brightness.astype(np.float32)
    values -= values.mean()
    found = _WEIGHTS @ values
    spread = _MEMBERS @ (values * values) - (found[4:].reshape(4, 3) ** 2).sum(axis=1)
    spread = np.sqrt(np.maximum(spread, _LEAST_SPREAD))
    like: Floats = found[:4] / spread
    return like


def _zones(places: NDArray[np.float64]) -> list[NDArray[np.bool_]]:
    """Mouth, eyes, own left and own right half: which of (468, 2) places belong to each."""
    x, y = places.T
    return [(y < -1.5) & (abs(x) < 4.5), (y > 1.0) & (y < 6.0), x > 0.8, x < -0.8]


def _ramp(value: float, zero: float, one: float) -> float:
    return max(0.0, min(1.0, (value - zero) / (one - zero)))


def _tables() -> tuple[Floats, Floats]:
    """(16, 468): each zone's pattern less its plane, then orthonormal bases of planes; (4, 468): members of zones."""
    with np.load(PATTERN) as held:
        pattern, places = held["brightness"].astype(np.float64), held["places"].astype(np.float64)
    zones = _zones(places)
    weights = np.zeros((16, _POINTS))
    for n, zone in enumerate(zones):
        planes, _ = np.linalg.qr(np.column_stack([np.ones(zone.sum()), places[zone]]))
        rest = pattern[zone] - planes @ (planes.T @ pattern[zone])
        weights[n, zone] = rest / np.linalg.norm(rest)
        weights[4 + 3 * n : 7 + 3 * n, zone] = planes.T
    return weights.astype(np.float32), np.array(zones, np.float32)


_WEIGHTS, _MEMBERS = _tables()
_LEAST_SPREAD = _MEMBERS.sum(axis=1) * np.float32(_DARKEST**2)
