"""What a trained reference's meta.json may tell: its keys are not fixed, so they are looked for by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hoovik_inference.emotion.reference.ensemble import CLASSES
from hoovik_inference.emotion.reference.errors import BundleError

SETTINGS = ("nhead", "face_scale", "cross_gate_weight", "conf_blend_weight", "dropout", "modality_drop_prob")
"Of the transformer: what its weights do not tell."
NAMES = ("classes", "class_names", "labels", "label_names", "emotions", "label_map", "class_to_idx", "idx_to_class")
"Under which classes may be named, the first first."


def settings(meta: Mapping[str, Any]) -> dict[str, int | float]:
    """Those of SETTINGS that are there, at whatever depth; of several the outermost.

    Raises:
        BundleError: One is no number.
    """
    out: dict[str, int | float] = {}
    for held in _objects(meta):
        for name in SETTINGS:
            if name in held and name not in out:
                value = held[name]
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise BundleError(f"{name} in meta.json is {value!r}; expected a number")
                out[name] = value
    return out


def classes(meta: Mapping[str, Any], count: int) -> tuple[tuple[str, ...], bool]:
    """The names of `count` classes in order, and whether meta.json gave them; else the reference's.

    Raises:
        BundleError: It gives none, and the reference has another number of them.
    """
    for held in _objects(meta):
        for key in NAMES:
            names = _names(held.get(key))
            if names is not None and len(names) == len(set(names)) == count:
                return names, True
    if count != len(CLASSES):
        raise BundleError(
            f'the models tell {count} classes apart, and meta.json does not name so many; expected "classes": a list '
            "of their names in order"
        )
    return CLASSES, False


def _names(value: Any) -> tuple[str, ...] | None:
    """Of a list, or of a mapping from places to names or from names to places."""
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(value)
    if not isinstance(value, dict) or not value:
        return None
    places = {str(place): name for place, name in value.items()}
    if not all(isinstance(name, str) for name in places.values()):
        places = {str(place): name for name, place in value.items()}
    wanted = [str(place) for place in range(len(value))]
    named = tuple(places.get(place) for place in wanted)
    return tuple(map(str, named)) if all(isinstance(name, str) for name in named) else None


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """All objects in a JSON, the outer before the inner."""
    level = [value]
    while level:
        held = [one for one in level if isinstance(one, dict)]
        yield from held
        level = [inner for one in held for inner in one.values() if isinstance(inner, dict | list)]
        level += [inner for one in level if isinstance(one, list) for inner in one if isinstance(inner, dict)]
