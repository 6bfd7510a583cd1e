"""Estimates that cannot be animated are refused with the name of the field."""

from __future__ import annotations

import math

import numpy as np

from hoovik_inference.types import ACTION_UNITS, BLENDSHAPES, VISEMES, Floats


def number(value: float, field: str) -> float:
    """`value`, or ValueError where it is not finite."""
    if not math.isfinite(value):
        raise ValueError(f"{field} is {value}, expected a finite number; drop this estimate")
    return value


def weights(values: Floats, names: tuple[str, ...], field: str) -> Floats:
    """`values`, or ValueError where they are not finite numbers, one for each of `names`."""
    if values.shape != (len(names),):
        raise ValueError(f"{field} has shape {values.shape}, expected ({len(names)},)")
    if not math.isfinite(float(np.add.reduce(values))):  # one pass; only a bad array is looked at closely
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            index = int(bad[0])
            raise ValueError(f"{field}[{index}] ({names[index]}) is {values[index]}, expected a finite weight")
    return values


def blendshapes(values: Floats) -> Floats:
    """(52,) finite."""
    return weights(values, BLENDSHAPES, "blendshapes")


def action_units(values: Floats) -> Floats:
    """(19,) finite."""
    return weights(values, ACTION_UNITS, "action_units")


def visemes(values: Floats) -> Floats:
    """(15,) finite."""
    return weights(values, VISEMES, "visemes")
