"""How faces look, and differ, in cuts: `python -m hoovik_inference.training.likeness train.npz` makes its bundle."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.crop import face_of
from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.pose import align
from hoovik_inference.face.signs import BUNDLE, MODEL, standardised
from hoovik_inference.face.stills import find
from hoovik_inference.training.expression.data import held_back
from hoovik_inference.types import Floats

PICTURES = 4000
"Taken by chance (seed 1) of those that are not held back."
PARTS = 32
"Directions that are kept: with these a face is recognised as one, and not yet as somebody's."


def likeness(pictures: NDArray[np.uint8]) -> tuple[Floats, Floats, Floats, int]:
    """Mean and first principal components of faces.

    Args:
        pictures: (n, H, W) grey, some with a face.

    Returns:
        (D,), (PARTS, D), (PARTS,) their standard deviations, and how many faces they are of.

    Raises:
        ValueError: Fewer faces than components were found.
    """
    models = FaceModels()
    cuts = []
    for picture in pictures:
        rgb = np.repeat(picture[..., None], 3, axis=2)
        landmarks = find(models, rgb)
        if landmarks is not None:
            height, width = picture.shape
            cuts.append(standardised(face_of(rgb, align(landmarks, width, height))).ravel())
    models.close()
    if len(cuts) <= PARTS:
        raise ValueError(f"{len(cuts)} faces were found in {len(pictures)} pictures; expected more than {PARTS}")
    faces = np.array([*cuts, *(_mirrored(cut) for cut in cuts)])
    mean = faces.mean(axis=0)
    parts = np.linalg.svd(faces - mean, full_matrices=False)[2][:PARTS]
    spread = ((faces - mean) @ parts.T).std(axis=0)
    return mean.astype(np.float32), parts.astype(np.float32), spread.astype(np.float32), len(cuts)


def _mirrored(cut: Floats) -> Floats:
    side = round(len(cut) ** 0.5)
    out: Floats = cut.reshape(side, side)[:, ::-1].ravel()
    return out


def main(path: Path) -> int:
    """Make it from the `images` of an npz that are not held back; returns how many faces it is of."""
    with np.load(path) as source:
        pictures = source["images"]
    pictures = pictures[~held_back(pictures)]
    chosen = np.random.default_rng(1).permutation(len(pictures))[:PICTURES]
    mean, parts, spread, faces = likeness(pictures[chosen])
    BUNDLE.mkdir(exist_ok=True)
    held = {"mean": mean, "parts": parts, "spread": spread}
    np.savez_compressed(BUNDLE / MODEL, **{name: array.astype(np.float16) for name, array in held.items()})
    return faces


if __name__ == "__main__":
    sys.stdout.write(f"{main(Path(sys.argv[1]))} faces\n")
