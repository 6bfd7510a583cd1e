"""What trained networks say of labelled faces, and how well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from hoovik_inference.evaluation import Figures, figures
from hoovik_inference.training.expression.data import Faces, cuts
from hoovik_inference.training.expression.fit import pixels, predict
from hoovik_inference.training.expression.join import Joined
from hoovik_inference.types import EMOTIONS, Floats


@dataclass(frozen=True, slots=True)
class Compared:
    """The same pictures, read in three ways; a picture without a found face counts as wrong in each."""

    joined: Figures
    "As it ships."
    pixels: Figures
    "By the pixels alone."
    shapes: Figures
    "By the blendshapes alone."
    mirrored: float
    "Accuracy of `joined` where the pixels are read twice, the second time mirrored: it would cost as much again."


@torch.no_grad()
def compare(joined: Joined, faces: Faces) -> Compared:
    """Read `faces` in each way."""
    found = faces.part(faces.found)
    x = pixels(cuts(found))
    of_pixels, of_mirrored = predict(joined.net, x), predict(joined.net, x.flip(3))
    of_shapes = joined.shapes_net.eval()(torch.from_numpy(found.shapes))
    twice = functional.log_softmax(of_pixels, 1) + functional.log_softmax(of_mirrored, 1)
    return Compared(
        joined=_figures(faces, joined.pool(of_pixels, of_shapes)),
        pixels=_figures(faces, of_pixels),
        shapes=_figures(faces, of_shapes),
        mirrored=_figures(faces, joined.pool(twice / 2, of_shapes)).accuracy,
    )


def _figures(faces: Faces, logits: Tensor) -> Figures:
    probabilities: Floats = np.full((len(faces), len(EMOTIONS)), np.nan, np.float32)
    probabilities[faces.found] = functional.softmax(logits, 1).numpy()
    return figures(faces.labels, probabilities)
