"""Results as npz files: checked before any work, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hoovik_rtc.errors import InferenceError, UsageError


def check_output(out: Path) -> None:
    """Refuse a name that cannot be written to.

    Raises:
        UsageError: It cannot.
    """
    if out.suffix != ".npz":
        raise UsageError(f"--out {out}: expected a name that ends in .npz")
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder; name a file in it")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {out.parent}; make it first")
    if not os.access(out if out.exists() else out.absolute().parent, os.W_OK):
        raise UsageError(f"--out {out} may not be written; name another place")


def write(out: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays.

    Raises:
        InferenceError: That failed.
    """
    part = out.with_name(out.stem + ".part.npz")
    try:
        np.savez(part, **arrays)
        os.replace(part, out)
    except OSError as exc:
        part.unlink(missing_ok=True)
        raise InferenceError(f"{out} cannot be written: {exc.strerror or exc}") from exc
