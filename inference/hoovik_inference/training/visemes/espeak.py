"""Speech from espeak-ng with the time of each phone, through its C library.

The library and its data come in the wheel `espeakng-loader` (espeak-ng 1.52, GPL-3.0-or-later): used to make sound,
never shipped. Its state is one for the process, so all calls go through one lock.
"""

from __future__ import annotations

import ctypes
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_SYNCHRONOUS = 2
_PHONEME_EVENTS, _IPA, _DONT_EXIT = 0x1, 0x2, 0x8000
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_LIST_TERMINATED, _PHONEME = 0, 7
"Names of speak_lib.h, without their prefixes."


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", _Id),
    )  # fmt: skip


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Said:
    """What espeak-ng made of a text."""

    samples: NDArray[np.int16]
    "(n,) at the synthesiser's rate."
    rate: int
    "Samples a second."
    marks: tuple[tuple[int, str], ...]
    "Where each phone begins, in samples, and its name in IPA with its stress; empty for a pause."


class Espeak:
    """The synthesiser, with voices of our own beside its own. One for the process."""

    def __init__(self, folder: Path, variants: dict[str, str]) -> None:
        """Load it.

        Args:
            folder: Where its data is copied to, with `variants` among its voices.
            variants: Voice variants: name, then text of its file (docs/voices.md of espeak-ng).

        Raises:
            OSError: The library cannot be loaded, or the folder not be written.
        """
        import espeakng_loader  # of the extra `train` only

        data = folder / "espeak-ng-data"
        if not (data / "voices").is_dir():
            part = folder / "espeak-ng-data.part"
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(espeakng_loader.get_data_path(), part)
            part.replace(data)
        for name, text in variants.items():
            (data / "voices" / "!v" / name).write_text(text, "utf-8")
        self._lock = threading.Lock()
        self._pieces: list[NDArray[np.int16]] = []
        self._marks: list[tuple[int, str]] = []
        library = ctypes.CDLL(espeakng_loader.get_library_path())
        options = _PHONEME_EVENTS | _IPA | _DONT_EXIT
        self.rate = int(library.espeak_Initialize(_SYNCHRONOUS, 0, str(folder).encode(), options))
        if self.rate <= 0:
            raise OSError(f"espeak-ng does not start with the data in {data}; remove that folder and try again")
        library.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
            ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip
        self._callback = _Callback(self._take)
        library.espeak_SetSynthCallback(self._callback)
        self._library = library

    def say(self, text: str, voice: str, *, speed: int, pitch: int, spread: int, seed: int) -> Said:
        """Synthesise.

        Args:
            text: In the voice's language.
            voice: Language, + and a variant's name.
            speed: Words a minute, 80 … 450.
            pitch: 0 … 100, of the voice's range.
            spread: 0 … 100, how far the pitch moves.
            seed: Of its noise.

        Raises:
            ValueError: There is no such voice.
        """
        with self._lock:
            library = self._library
            if library.espeak_SetVoiceByName(voice.encode()):
                raise ValueError(f"espeak-ng has no voice {voice}")
            for parameter, value in ((_RATE, speed), (_PITCH, pitch), (_RANGE, spread)):
                library.espeak_SetParameter(parameter, value, 0)
            library.espeak_ng_SetRandSeed(seed)
            self._pieces.clear()
            self._marks.clear()
            encoded = text.encode() + b"\0"
            library.espeak_Synth(encoded, len(encoded), 0, 0, 0, _UTF8, None, None)
            samples = np.concatenate([np.zeros(0, np.int16), *self._pieces])
            return Said(samples, self.rate, tuple(self._marks))

    def _take(self, wave: ctypes._Pointer[ctypes.c_short], count: int, events: Sequence[_Event]) -> int:
        if wave and count > 0:
            self._pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        at = 0
        while events[at].type != _LIST_TERMINATED:
            event = events[at]
            if event.type == _PHONEME:
                # Eight bytes, ended by a zero only where there is room for it.
                name = ctypes.string_at(ctypes.addressof(event.id), 8).split(b"\0")[0]
                self._marks.append((event.sample, name.decode("utf-8", "ignore")))
            at += 1
        return 0
