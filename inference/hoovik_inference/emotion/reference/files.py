"""The files of a bundle, read so that whatever is wrong with them is said."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.errors import BundleError

Sizes = Mapping[str, tuple[int | None, ...]]
"Shapes by name; None for a side of any length."


def there(file: Path, what: str) -> Path:
    """`file`, which is there.

    Raises:
        BundleError: It is not.
    """
    if not file.is_file():
        raise BundleError(f"{file} is not there; expected {what}")
    return file


def read_json(file: Path, what: str) -> dict[str, Any]:
    """The object in a file.

    Raises:
        BundleError: There is none.
    """
    try:
        found = json.loads(there(file, what).read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise BundleError(f"{file} cannot be read: {exc}; expected {what}") from exc
    if not isinstance(found, dict):
        raise BundleError(f"{file} holds {type(found).__name__}; expected an object: {what}")
    return found


def read_npz(file: Path, what: str) -> dict[str, NDArray[Any]]:
    """All arrays of an npz, none of them of Python objects.

    Raises:
        BundleError: There is none, or it is damaged.
    """
    there(file, what)
    try:
        if not zipfile.is_zipfile(file):
            raise BundleError(f"{file} is no npz file; expected {what}")
        with np.load(file, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except BundleError:
        raise
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as exc:
        raise BundleError(f"{file} cannot be read: {exc}; expected {what}") from exc


def fitting(file: Path, arrays: Mapping[str, NDArray[Any]], sizes: Sizes, *, whole: bool = False) -> None:
    """Hold arrays to their names and shapes, and to be finite numbers.

    Args:
        file: Where they are from, for messages.
        arrays: By name.
        sizes: What they should be.
        whole: Whether there may be no others.

    Raises:
        BundleError: They are not.
    """
    missing = sorted(set(sizes) - set(arrays))
    strange = sorted(set(arrays) - set(sizes)) if whole else []
    if missing or strange:
        words = [f"lacks {_few(missing)}"] if missing else []
        words += [f"has {_few(strange)}, which do not belong there"] if strange else []
        raise BundleError(f"{file} {' and '.join(words)}; expected {_few(sorted(sizes))}")
    for name, wanted in sizes.items():
        found = arrays[name]
        if found.dtype.kind not in "fiu":
            raise BundleError(f"{name} in {file} holds {found.dtype}; expected numbers")
        if len(found.shape) != len(wanted) or any(
            want not in (None, have) for want, have in zip(wanted, found.shape, strict=True)
        ):
            shown = ", ".join("any" if side is None else str(side) for side in wanted)
            raise BundleError(f"{name} in {file} is {found.shape}; expected ({shown})")


def finite(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse numbers that are none.

    Raises:
        BundleError: There are some.
    """
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise BundleError(f"{name} in {file} has numbers that are not finite: make it again")


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 5 else f"{', '.join(names[:5])} and {len(names) - 5} more"
