"""The look of a face on the average: `python -m hoovik_inference.training.pattern train.npz` makes bundles/pattern."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.cover import PATTERN, at_landmarks
from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.stills import find
from hoovik_inference.types import Floats

PICTURES = 700
"Taken by chance (seed 1); with more of them the mean hardly changes."


def mean_pattern(pictures: NDArray[np.uint8], opposite: NDArray[np.int64]) -> tuple[Floats, int]:
    """(468,) mean brightness at each landmark, both halves alike, and how many faces it is the mean of.

    Args:
        pictures: (n, H, W) grey, some with a face.
        opposite: (468,): for each landmark that of the other half.

    Raises:
        ValueError: No face was found.
    """
    models = FaceModels()
    seen = []
    for index in np.random.default_rng(1).permutation(len(pictures))[:PICTURES]:
        landmarks = find(models, np.repeat(pictures[index][..., None], 3, axis=2))
        if landmarks is not None:
            values = at_landmarks(pictures[index], landmarks).astype(np.float64)
            seen.append((values - values.mean()) / max(float(values.std()), 1.0))
    models.close()
    if not seen:
        raise ValueError(f"no face was found in {len(pictures)} pictures; expected grey pictures of faces")
    mean = np.mean(seen, axis=0)
    return ((mean + mean[opposite]) / 2).astype(np.float32), len(seen)


def opposite_of(places: Floats) -> NDArray[np.int64]:
    """(n,): for each of (n, 2) places the nearest one to its mirror image."""
    apart = places[None] - (places * np.array((-1, 1), np.float32))[:, None]
    return np.asarray((apart**2).sum(axis=2).argmin(axis=1), np.int64)


def main(path: Path) -> int:
    """Make the pattern from the `images` of an npz; returns how many faces it is the mean of."""
    with np.load(PATTERN) as held, np.load(path) as source:
        places, pictures = held["places"], source["images"]
    brightness, faces = mean_pattern(pictures, opposite_of(places))
    np.savez_compressed(PATTERN, brightness=brightness, places=places)
    return faces


if __name__ == "__main__":
    sys.stdout.write(f"{main(Path(sys.argv[1]))} faces\n")
