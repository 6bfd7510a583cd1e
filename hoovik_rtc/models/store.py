"""Where models live on this machine, and in which state: NAME/FILE in one folder, `pulled.json` beside them.

That folder is `hoovik-rtc/models` in `$XDG_DATA_HOME`, which is `~/.local/share` unless it is set.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import msgspec

from hoovik_rtc.models.errors import BusyError, StoreError
from hoovik_rtc.models.index import PART, RECORD, Model, ModelFile


class State(Enum):
    """What is to be said about a file or a model."""

    OK = "ok"
    "As the index has it."
    UNVERIFIED = "unverified"
    "Here, but nobody published a sum to hold it to; it is as it was first pulled."
    MISSING = "missing"
    INCOMPLETE = "incomplete"
    "Of a model: some of its files are here."
    BROKEN = "broken"
    "Here, but not what it should be."


class Recorded(msgspec.Struct, frozen=True):
    """What was pulled: one file."""

    size: int
    "Bytes."
    sha256: str
    "Of its bytes."
    place: str
    "Where it was taken from."


class Record(msgspec.Struct, frozen=True):
    """What was pulled: a model, as far as it came."""

    model: Model
    "As the index had it then."
    files: dict[str, Recorded]
    "By name; those that are whole."


@dataclass(frozen=True, slots=True)
class Look:
    """What was found of one file."""

    file: ModelFile
    "What was looked for."
    state: State
    "What is to be said about it."
    words: str
    "The same for people."
    sha256: str | None = None
    "Of its bytes, where they were read."


class Store:
    """The folder in which models live."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, model: Model) -> Path:
        """The folder of a model, or its file where it has but one."""
        folder = self.folder / model.name
        return folder / model.files[0].name if len(model.files) == 1 else folder

    def file(self, model: Model, file: ModelFile) -> Path:
        """Where one file of a model lies, whole."""
        return self.folder / model.name / file.name

    def part(self, model: Model, file: ModelFile) -> Path:
        """Where it lies while it comes."""
        return self.folder / model.name / (file.name + PART)

    def look(self, model: Model, *, deep: bool) -> list[Look]:
        """What is here of a model. Not `deep`: by size alone, without reading it.

        Raises:
            StoreError: Something of it may not be read.
        """
        record = self.recorded(model.name)
        with told(self.folder, "read"):
            return [self._look(model, file, record.get(file.name), deep) for file in model.files]

    def recorded(self, name: str) -> dict[str, Recorded]:
        """What was pulled of a model, by file.

        Raises:
            StoreError: The record cannot be read.
        """
        record = self.record(name)
        return {} if record is None else dict(record.files)

    def record(self, name: str) -> Record | None:
        """What was pulled; None where nothing was.

        Raises:
            StoreError: It cannot be read.
        """
        file = self.folder / name / RECORD
        with told(self.folder, "read"):
            text = file.read_bytes() if file.exists() else None
        try:
            return None if text is None else msgspec.json.decode(text, type=Record)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise StoreError(f"{file} is damaged ({exc}). Delete it and pull {name} again.") from exc

    def pulled(self) -> dict[str, Model]:
        """All models that were pulled, by name, as their records have them.

        Raises:
            StoreError: A record cannot be read.
        """
        names = sorted(path.parent.name for path in self.folder.glob(f"*/{RECORD}"))
        return {name: record.model for name in names if (record := self.record(name)) is not None}

    def keep(self, record: Record) -> None:
        """Keep what was pulled.

        Raises:
            StoreError: It cannot be written.
        """
        file = self.folder / record.model.name / RECORD
        with told(self.folder, "written"):
            new = file.with_name(file.name + PART)
            new.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
            os.replace(new, file)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Alone with a model: nobody else pulls it, in this process or another. Its folder is there.

        Raises:
            BusyError: Somebody else does.
            StoreError: The folder cannot be written, or has no locks.
        """
        with told(self.folder, "written"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
            handle = (self.folder / f".{name}.lock").open("ab")
        # The system lets go of it when a process dies, so it is never left behind.
        with handle:
            with told(self.folder, "locked"):
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as exc:
                    raise BusyError(f"{name} is being pulled already. Wait for that to end.") from exc
            yield

    def _look(self, model: Model, file: ModelFile, record: Recorded | None, deep: bool) -> Look:
        path, part = self.file(model, file), self.part(model, file)
        if not path.is_file():
            came = part.stat().st_size if part.is_file() else 0
            return Look(file, State.MISSING, f"{bytes_of(came)} of it came" if came else "not here")
        size, wanted = path.stat().st_size, file.size or (record.size if record else None)
        if wanted is not None and size != wanted:
            return Look(file, State.BROKEN, f"has {size} bytes, expected {wanted}")
        if not deep:
            return Look(file, State.OK, "here")
        sha256 = sha256_of(path)
        known = file.sha256 or (record.sha256 if record else None)
        if known is None:
            return Look(file, State.UNVERIFIED, f"sha256 {sha256}: none is published, nor was it pulled", sha256)
        if sha256 != known:
            whose = "expected" if file.sha256 else "first pulled as"
            return Look(file, State.BROKEN, f"sha256 {sha256}, {whose} {known}", sha256)
        if file.sha256 is None:
            return Look(file, State.UNVERIFIED, "as it was first pulled; no sha256 is published", sha256)
        return Look(file, State.OK, f"sha256 {sha256[:12]}… as in the index", sha256)


def store(environ: Mapping[str, str]) -> Store:
    """The user's store.

    Raises:
        StoreError: It cannot be said where it is.
    """
    base = environ.get("XDG_DATA_HOME", "")
    # Relative ones are to be ignored (XDG Base Directory Specification).
    if not Path(base).is_absolute():
        try:
            base = str(Path.home() / ".local" / "share")
        except RuntimeError as exc:
            raise StoreError("no home folder is known. Set XDG_DATA_HOME to the folder where models may lie.") from exc
    return Store(Path(base) / "hoovik-rtc" / "models")


def summary(looks: list[Look]) -> State:
    """The state of a model from those of its files."""
    states = {look.state for look in looks}
    if State.BROKEN in states:
        return State.BROKEN
    if State.MISSING in states:
        return State.MISSING if len(states) == 1 else State.INCOMPLETE
    return State.UNVERIFIED if State.UNVERIFIED in states else State.OK


def sha256_of(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def bytes_of(count: int) -> str:
    """For people: 214 B, 3.8 MB."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"


@contextmanager
def told(folder: Path, what: str) -> Iterator[None]:
    """What the system says of the store's files as an error of ours."""
    try:
        yield
    except OSError as exc:
        where = exc.filename or folder
        raise StoreError(
            f"{where} cannot be {what}: {exc.strerror or exc}. Models live in {folder}; "
            f"XDG_DATA_HOME names another place."
        ) from exc
