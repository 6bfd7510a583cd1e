"""libopus itself, through ctypes: straight to 16 kHz mono, with its own concealment and recovery.

PyAV hands no FEC data out and conceals nothing, and its way through 48 kHz and a resampler costs twice
as much (`python -m tests.bench.loss --decoders`). The library comes inside PyAV's wheels; where PyAV was
built against the system's, that one is taken.
"""

from __future__ import annotations

import ctypes
import weakref
from functools import lru_cache
from pathlib import Path

import av
import numpy as np

from hoovik_inference.types import Floats

RATE = 16_000
"Samples a second that come out."
STEP = RATE // 400
"Concealment comes in units of 2.5 ms."
_LONGEST = RATE * 120 // 1000
_SONAMES = ("libopus.so.0", "libopus.0.dylib", "opus.dll")


class OpusError(Exception):
    """libopus said no; the decoder starts over with the next packet."""


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """libopus, or None where there is none to be loaded."""
    package = Path(av.__file__).parent
    carried = [*package.parent.glob("av.libs/*opus*"), *package.glob(".dylibs/*opus*")]
    for name in [*map(str, sorted(carried)), *_SONAMES]:
        try:
            loaded = ctypes.CDLL(name)
            return _declared(loaded)
        except (OSError, AttributeError):  # not there, or another library of that name
            continue
    return None


def _declared(opus: ctypes.CDLL) -> ctypes.CDLL:
    pointer, number = ctypes.c_void_p, ctypes.c_int
    opus.opus_decoder_create.argtypes = [ctypes.c_int32, number, ctypes.POINTER(number)]
    opus.opus_decoder_create.restype = pointer
    opus.opus_decoder_init.argtypes = [pointer, ctypes.c_int32, number]
    opus.opus_decoder_init.restype = number
    opus.opus_decoder_destroy.argtypes = [pointer]
    opus.opus_decoder_destroy.restype = None
    opus.opus_decode_float.argtypes = [pointer, ctypes.c_char_p, ctypes.c_int32, pointer, number, number]
    opus.opus_decode_float.restype = number
    return opus


class LibOpus:
    """One decoder, mono at 16 kHz. Calls must not overlap; they release the GIL. Freed with the object.

    Raises:
        OSError: there is no libopus; see `library`.
    """

    def __init__(self) -> None:
        opus = library()
        if opus is None:
            raise OSError("libopus cannot be loaded")
        self._opus = opus
        error = ctypes.c_int()
        self._state = opus.opus_decoder_create(RATE, 1, ctypes.byref(error))
        if not self._state:
            raise MemoryError(f"opus_decoder_create failed with {error.value}")
        weakref.finalize(self, opus.opus_decoder_destroy, self._state)
        self._out = np.zeros(_LONGEST, np.float32)
        self._address = self._out.ctypes.data

    def decode(self, data: bytes) -> Floats:
        """One packet.

        Raises:
            OpusError: it is broken.
        """
        if not data:
            raise OpusError("an empty packet")  # to libopus, nothing is a loss of unknown length
        return self._run(data, _LONGEST, 0)

    def recover(self, data: bytes, samples: int) -> Floats:
        """What came before packet `data`, from what that repeats of it.

        Raises:
            OpusError: it is broken.
        """
        return self._run(data, samples // STEP * STEP, 1)

    def conceal(self, samples: int) -> Floats:
        """What may have come now, from what came before, fading.

        Raises:
            OpusError: never with a decoder that has not just failed.
        """
        return self._run(None, samples // STEP * STEP, 0)

    def _run(self, data: bytes | None, room: int, recover: int) -> Floats:
        if not 0 < room <= _LONGEST:
            return np.zeros(0, np.float32)
        size = 0 if data is None else len(data)
        got = self._opus.opus_decode_float(self._state, data, size, self._address, room, recover)
        if got < 0:
            self._opus.opus_decoder_init(self._state, RATE, 1)
            raise OpusError(f"libopus error {got}")
        return self._out[:got].copy()
