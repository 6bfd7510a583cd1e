"""What can go wrong with models, each by its name.

ModelError
├── UnknownModelError      the index has no such name
├── MissingModelError      it is in the index, but not here
├── ModelIndexError        the index itself cannot be read
├── BrokenModelError       its sha256 is another one: it is deleted
├── TruncatedModelError    the connection ended early: what came is kept, the next pull goes on with it
├── WrongModelError        something else than the model: a web page, a pointer, another size
├── RefusedModelError      the server has no such file, or does not give it (carries the HTTP status)
├── UnreachableModelError  no server there, or none that answers
├── NoRoomError            the disk is full, or will be
├── ReferenceModelError    a folder of a trained reference cannot be taken over
├── StoreError             the folder of the models cannot be written
└── BusyError              somebody else is pulling it
"""

from __future__ import annotations

from hoovik_rtc.errors import HoovikError


class ModelError(HoovikError):
    """A model cannot be listed, pulled or found."""


class UnknownModelError(ModelError):
    """The index has no such name."""


class MissingModelError(ModelError):
    """It is in the index, but was not pulled."""


class ModelIndexError(ModelError):
    """The index of models cannot be read."""


class BrokenModelError(ModelError):
    """What came has another sha256 than it should; it was deleted."""


class TruncatedModelError(ModelError):
    """The connection ended early. What came is kept beside, and the next pull goes on with it."""


class WrongModelError(ModelError):
    """Something else than the model came: a web page, a pointer, another size."""


class RefusedModelError(ModelError):
    """The server has no such file, or does not give it."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class UnreachableModelError(ModelError):
    """There is no server, or none that answers."""


class NoRoomError(ModelError):
    """The disk is full, or would be."""


class ReferenceModelError(ModelError):
    """A folder of a trained reference cannot be taken over, or its bundle not be written."""


class StoreError(ModelError):
    """The folder where models live cannot be read or written."""


class BusyError(ModelError):
    """Somebody else is pulling the same model."""
