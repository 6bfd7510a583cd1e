"""Detectors and projections as the arrays of an npz."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.anomaly import Detector
from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.files import fitting, read_npz
from hoovik_inference.emotion.reference.forest import Forest
from hoovik_inference.emotion.reference.projection import Projection, Scaler, Selection

Arrays = Mapping[str, NDArray[Any]]
_FOREST: dict[str, tuple[int | None, ...]] = {
    "children": (None,), "columns": (None,), "bounds": (None,), "lengths": (None,), "roots": (None,),
    "levels": (), "usual": (), "offset": (),
}  # fmt: skip


def projected(one: Projection | Selection) -> dict[str, NDArray[Any]]:
    """A projection as arrays."""
    if isinstance(one, Selection):
        return {"selected": one.columns}
    out = {"pca_components": one.components, "pca_mean": one.mean}
    return out if one.scale is None else {**out, "pca_scale": one.scale}


def arrays(detector: Detector) -> dict[str, NDArray[Any]]:
    """A detector as arrays, but for its threshold."""
    out: dict[str, NDArray[Any]] = {name: np.asarray(getattr(detector.forest, name)) for name in _FOREST}
    for name, array in (("scaler_mean", detector.scaler.mean), ("scaler_scale", detector.scaler.scale)):
        if array is not None:
            out[name] = array
    return out if detector.projection is None else {**out, **projected(detector.projection)}


def projection(file: Path, held: Arrays, inputs: int) -> Projection | Selection:
    """What `projected` gave.

    Raises:
        BundleError: It is not there, or for another number of inputs.
    """
    selects = "selected" in held
    fitting(file, held, {"selected": (None,)} if selects else {"pca_components": (None, inputs), "pca_mean": (inputs,)})
    try:
        if selects:
            return Selection(held["selected"].astype(np.int64), inputs)
        return Projection(held["pca_components"], held["pca_mean"], held.get("pca_scale"))
    except BundleError as exc:
        raise BundleError(f"{file}: {exc}") from exc


def read(file: Path, threshold: float, inputs: int) -> Detector:
    """What `arrays` gave, with its threshold.

    Raises:
        BundleError: The file is missing, damaged, or for another number of inputs.
    """
    held = read_npz(file, "an anomaly detector")
    fitting(file, held, _FOREST)
    fitting(file, held, {name: (inputs,) for name in ("scaler_mean", "scaler_scale") if name in held})
    components = projection(file, held, inputs) if {"pca_components", "selected"} & set(held) else None
    seen = inputs if components is None else components.outputs
    scaler = Scaler(held.get("scaler_mean"), held.get("scaler_scale"))
    return Detector(scaler, components, _forest(file, held, seen), threshold)


def _forest(file: Path, held: Arrays, inputs: int) -> Forest:
    nodes = len(held["bounds"])
    lengths = len(held["children"]) == 2 * nodes and len(held["columns"]) == len(held["lengths"]) == nodes
    for name, end in (("children", nodes), ("columns", inputs), ("roots", nodes)):
        lengths &= held[name].dtype.kind in "iu" and bool(((held[name] >= 0) & (held[name] < end)).all())
    if not lengths or not len(held["roots"]):
        raise BundleError(f"the trees in {file} point beyond themselves: make it again")
    return Forest(
        children=held["children"].astype(np.int32),
        columns=held["columns"].astype(np.int32),
        bounds=held["bounds"].astype(np.float64),
        lengths=held["lengths"].astype(np.float64),
        roots=held["roots"].astype(np.int32),
        levels=int(held["levels"]),
        usual=float(held["usual"]),
        offset=float(held["offset"]),
    )
