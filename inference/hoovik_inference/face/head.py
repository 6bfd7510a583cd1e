"""A small network in numpy: what was trained in torch, run on one face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hoovik_inference.types import Floats


@dataclass(frozen=True, slots=True)
class Head:
    """A multilayer perceptron with SiLU between its layers and a logistic at its end."""

    centre: Floats
    "(inputs,): mean of the training material, taken off first; float32, as the rest would be lost in float16."
    weights: tuple[Floats, ...]
    "Per layer (outputs, inputs), float32 in memory and float16 in its file; the first also divides by the spread."
    biases: tuple[Floats, ...]
    "Per layer (outputs, 1)."
    names: tuple[str, ...]
    "What its outputs are."

    def __call__(self, inputs: Floats) -> Floats:
        """(outputs, n) scores 0…1 of (inputs, n) columns: one column each face."""
        values = inputs - self.centre[:, None]
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = weight @ values
            values += bias
            values *= _logistic(values)
        values = self.weights[-1] @ values
        values += self.biases[-1]
        return _logistic(values)

    def save(self, path: Path) -> None:
        """Write it as npz."""
        layers = {f"weight{n}": weight.astype(np.float16) for n, weight in enumerate(self.weights)}
        layers |= {f"bias{n}": bias.ravel().astype(np.float16) for n, bias in enumerate(self.biases)}
        np.savez_compressed(path, centre=self.centre, names=np.array(self.names), **layers)

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
                    held["centre"].astype(np.float32),
                    tuple(held[f"weight{n}"].astype(np.float32) for n in range(count)),
                    tuple(held[f"bias{n}"].astype(np.float32)[:, None] for n in range(count)),
                    tuple(held["names"].tolist()),
                )
        except KeyError as error:
            raise ValueError(
                f"{path} has no {error}; expected weights from `hoovik-rtc train blendshapes`: train or reinstall"
            ) from error


def _logistic(values: Floats) -> Floats:
    """1 / (1 + exp(-x)) as (1 + tanh(x / 2)) / 2, which overflows nowhere."""
    out: Floats = np.tanh(values * np.float32(0.5))
    out += 1
    out *= np.float32(0.5)
    return out
