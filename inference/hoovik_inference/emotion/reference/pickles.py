"""What joblib wrote, opened without the classes that it was made of.

scikit-learn's objects become plain ones that hold their state and do nothing, so that it does not matter which version
wrote them, and whether one is installed that reads it. The same goes for whatever else is named in there: only numpy's
arrays are real. That keeps foreign code from being called by its name. It is no promise: neither
pickle nor XGBoost's reader is made for files from somebody who means harm.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zlib
from pathlib import Path
from typing import Any

from hoovik_inference.emotion.reference.errors import BundleError
from hoovik_inference.emotion.reference.files import there

_REAL = {
    "builtins": {"bytearray", "set", "frozenset", "complex", "slice", "range", "object", "dict", "list", "tuple", "int",
                 "float", "str", "bytes", "bool"},
    "collections": {"OrderedDict", "defaultdict"},
    "copyreg": {"_reconstructor"},
    "_codecs": {"encode"},
    "numpy": {"ndarray", "dtype"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.numeric": {"_frombuffer"},
    "joblib.numpy_pickle": {"NumpyArrayWrapper"},
}  # fmt: skip
"What is taken by its name."
_PACKED = (
    (b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ", lzma.decompress),
    (b"]\x00\x00", lzma.decompress), (b"x", zlib.decompress),
)  # fmt: skip
"How a file begins that joblib compressed; a pickle begins with 0x80."


class Held:
    """Stands in for an object: its state as attributes, and nothing of what it could do."""

    kind = "object"
    "Name of the class, with its module."

    def __new__(cls, *_: Any, **__: Any) -> Held:
        """Whatever it is made with."""
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, dict):
                self.__dict__.update(part)

    def __setitem__(self, _: Any, __: Any) -> None:
        """Items of a mapping are of no use here."""

    def append(self, _: Any) -> None:
        """Nor those of a list."""

    def get(self, name: str, of: type | tuple[type, ...] = object) -> Any:
        """An attribute of a type.

        Raises:
            BundleError: It is not there, or another one.
        """
        value = vars(self).get(name)
        if name not in vars(self) or not isinstance(value, of):
            found = type(value).__name__ if name in vars(self) else "nothing"
            raise BundleError(f"{self.kind} has {found} as {name}; expected it fitted, by scikit-learn 1.5 or near it")
        return value


def open_joblib(file: Path, what: str) -> Any:
    """The object in a file that joblib wrote, compressed or not.

    Raises:
        BundleError: There is no such file, or it cannot be opened.
        ModuleNotFoundError: joblib is not installed.
    """
    data = there(file, what).read_bytes()
    try:
        for magic, unpack in _PACKED:
            if data.startswith(magic):
                data = unpack(data)
                break
        return _unpickler(io.BytesIO(data)).load()
    except (ModuleNotFoundError, BundleError):
        raise
    except Exception as exc:
        # What pickles of something else, or of other versions, raise has no base in common.
        raise BundleError(f"{file} cannot be opened: {type(exc).__name__}: {exc}; expected {what}") from exc


def _unpickler(stream: io.BytesIO) -> pickle._Unpickler:
    from joblib import numpy_pickle

    class Unpickler(numpy_pickle.NumpyUnpickler):  # type: ignore[misc]  # joblib has no types
        dispatch = numpy_pickle.NumpyUnpickler.dispatch

        def find_class(self, module: str, name: str) -> Any:
            module = module.replace("numpy._core", "numpy.core")  # written with numpy 2
            if name in _REAL.get(module, ()) or (module == "numpy" and _is_number(name)):
                return super().find_class(module, name)
            return type(name, (Held,), {"kind": f"{module}.{name}"})

    unpickler: pickle._Unpickler = Unpickler("", stream, ensure_native_byte_order=True)
    return unpickler


def _is_number(name: str) -> bool:
    import numpy as np

    found = getattr(np, name, None)
    return isinstance(found, type) and issubclass(found, np.generic)
