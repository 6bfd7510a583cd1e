"""A small network in numpy: what was trained in torch, run on one face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.types import Floats


@dataclass(frozen=True, slots=True)
class Head:
    """A multilayer perceptron with SiLU between its layers and a logistic at its end, on components of its inputs.

    It says the mean of what it reads from a face and from its mirror image, so that both halves are weighed alike.

    Faces differ in far fewer ways than their points have coordinates: without components nearly all weights would be in
    the first layer, more than fit into a core's own cache beside the face mesh, and be fetched anew for each face.
    Calls into numpy cost more here than what they compute: hence components that only change their sign in a mirror,
    and layers that are halved, for with y = x / 2 SiLU(x) is y (1 + tanh y) and the logistic (1 + tanh y) / 2.
    """

    centre: Floats
    "(inputs, 1): mean of the training material, taken off first; float32, as the rest would be lost in float16."
    basis: Floats
    "(components, inputs) what is looked at of the rest, each divided by its spread; like `weights`."
    mirror: Floats
    "(components, 1): what each is multiplied by for the mirrored face, 1 or -1."
    weights: tuple[Floats, ...]
    "Per layer (outputs, inputs), halved; float32 in memory and float16 in its file."
    biases: tuple[Floats, ...]
    "Per layer (outputs, 1), halved."
    names: tuple[str, ...]
    "What its outputs are."

    def __call__(self, inputs: Floats) -> Floats:
        """(outputs, n) scores 0…1 of (inputs, n) columns: one column each face."""
        seen = self.basis @ (inputs - self.centre)
        values = np.concatenate((seen, seen * self.mirror), axis=1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = weight @ values
            values += bias
            gate = np.tanh(values)
            gate += 1
            values *= gate
        values = self.weights[-1] @ values
        values += self.biases[-1]
        np.tanh(values, out=values)
        faces = inputs.shape[1]
        mean: Floats = values[:, :faces] + values[opposite(self.names), faces:]
        mean *= np.float32(0.25)
        mean += np.float32(0.5)
        return mean

    def save(self, path: Path) -> None:
        """Write it as npz."""
        layers = {f"weight{n}": weight.astype(np.float16) for n, weight in enumerate(self.weights)}
        layers |= {f"bias{n}": bias.ravel().astype(np.float16) for n, bias in enumerate(self.biases)}
        np.savez_compressed(
            path,
            centre=self.centre.ravel(),
            basis=self.basis.astype(np.float16),
            mirror=self.mirror.ravel().astype(np.int8),
            names=np.array(self.names),
            **layers,
        )

    @classmethod
    def load(cls, path: Path) -> Head:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It holds something else.
        """
        try:
            with np.load(path) as held:
                count = sum(key.startswith("weight") for key in held.files)
                return cls(
                    held["centre"].astype(np.float32)[:, None],
                    held["basis"].astype(np.float32),
                    held["mirror"].astype(np.float32)[:, None],
                    tuple(held[f"weight{n}"].astype(np.float32) for n in range(count)),
                    tuple(held[f"bias{n}"].astype(np.float32)[:, None] for n in range(count)),
                    tuple(held["names"].tolist()),
                )
        except KeyError as error:
            raise ValueError(
                f"{path} has no {error}; expected weights from `hoovik-rtc train blendshapes`: train or reinstall"
            ) from error


@cache
def opposite(names: tuple[str, ...]) -> NDArray[np.intp]:
    """For each name the place of the one of the other side: `Left` and `Right` change places."""
    return np.array(
        [names.index(name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")) for name in names]
    )
