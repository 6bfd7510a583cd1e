"""A file on its way: written beside its place under another name, and given its own only when it is whole."""

from __future__ import annotations

import errno
import os
from io import FileIO
from pathlib import Path
from typing import NoReturn

import msgspec

from hoovik_rtc.models.errors import NoRoomError, StoreError, WrongModelError
from hoovik_rtc.models.index import NOTE, PART, ModelFile

WAY_OUT = "HOOVIK_MODELS or --from can name a mirror, or a folder that has it."
"What to do where a file cannot be had from where it was looked for."


class Note(msgspec.Struct, frozen=True):
    """Kept beside what came so far: whose beginning it is."""

    place: str
    "The URL, without secrets."
    validator: str
    "Its ETag or date, for If-Range; empty where the server gave none."


class Part:
    """What came so far of one file. Errors of the disk are ours: NoRoomError, StoreError."""

    def __init__(self, path: Path, file: ModelFile) -> None:
        self.path = path
        self.file = file
        self._note = path.with_name(path.name.removesuffix(PART) + NOTE)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def note(self) -> Note:
        """What is known of it; nothing (empty strings) where somebody else put it there."""
        try:
            return msgspec.json.decode(self._note.read_bytes(), type=Note)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return Note("", "")

    def keep(self, note: Note) -> None:
        """Write down whose beginning it is."""
        try:
            self._note.write_bytes(msgspec.json.encode(note))
        except OSError as exc:
            self._failed(exc)

    def open(self, start: int) -> FileIO:
        """To go on after its first `start` bytes, which is all or none of them."""
        try:
            return FileIO(self.path, "ab" if start else "wb")  # unbuffered: closing cannot fail
        except OSError as exc:
            self._failed(exc)

    def write(self, out: FileIO, data: bytes, place: str, at: int) -> int:
        """Add to it; returns its length.

        Args:
            out: What `open` returned.
            data: The next bytes.
            place: Where they come from, for messages.
            at: Its length before.

        Raises:
            WrongModelError: This cannot be the file: a web page, a pointer, too long. It is deleted.
        """
        if at == 0:
            self._check_start(place, data)
        if self.file.size is not None and at + len(data) > self.file.size:
            self.refuse(f"{place} has more than {self.file.size} bytes: it is another file. {WAY_OUT}")
        rest = memoryview(data)
        try:
            while rest:  # a disk that is nearly full takes less than it is given
                rest = rest[out.write(rest) :]
        except OSError as exc:
            self._failed(exc)
        return at + len(data)

    def sync(self, out: FileIO) -> None:
        """See to it that it is on the disk."""
        try:
            os.fsync(out.fileno())
        except OSError as exc:
            self._failed(exc)

    def check_total(self, place: str, total: int) -> None:
        """Refuse a file whose length is another one.

        Raises:
            WrongModelError: It is; what came is deleted.
        """
        if self.file.size is not None and total != self.file.size:
            self.refuse(f"{place} has {total} bytes, expected {self.file.size}: it is another file. {WAY_OUT}")

    def refuse(self, words: str) -> NoReturn:
        """Delete it: it cannot be the file.

        Raises:
            WrongModelError: With these words.
        """
        self.discard()
        raise WrongModelError(words)

    def discard(self) -> None:
        """Delete it."""
        try:
            self.path.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)
        except OSError as exc:
            self._failed(exc)

    def settle(self, place: Path) -> None:
        """Give it its name, at once or not at all, also where the power fails."""
        try:
            os.replace(self.path, place)
            self._note.unlink(missing_ok=True)
            folder = os.open(place.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as exc:
            self._failed(exc)

    def _check_start(self, place: str, data: bytes) -> None:
        """What servers and checkouts have in place of a file, seen at its first bytes."""
        begin = data[:64].lstrip().lower()
        if begin.startswith((b"<!doctype", b"<html")):
            self.refuse(f"{place} is a web page, not a model: does somebody ask to log in? {WAY_OUT}")
        if begin.startswith(b"version https://git-lfs"):
            self.refuse(f"{place} is a Git LFS pointer, not the file itself (git lfs pull gets it).")

    def _failed(self, exc: OSError) -> NoReturn:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoomError(
                f"{self.path.parent}: {os.strerror(exc.errno)}. What came is kept; make room, and pull again to go on."
            ) from exc
        raise StoreError(f"{self.path} cannot be written: {exc.strerror or exc}.") from exc
