"""Which models can be pulled: `index.json`, and an index of the user's where `HOOVIK_MODELS` names one.

An index is JSON as `index.json` beside this file. A file's `url` may be relative to the index, and is NAME/FILE where
it is left out; without a `sha256` the first pull is trusted, and what it brought is what later ones are held to.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated
from urllib.parse import urljoin

import msgspec
from msgspec import Meta

from hoovik_rtc.models.errors import ModelIndexError, UnknownModelError

# Names become folders and files: nothing hidden, nothing that leads elsewhere.
Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9_.-]*\Z", max_length=100)]
Text = Annotated[str, Meta(min_length=1)]

RECORD = "pulled.json"
"In a model's folder: what was pulled."
PART = ".part"
"Ends the names of files that are not whole yet."
NOTE = ".note"
"Ends the names of what is known about those."
OURS = (RECORD, PART, NOTE)
"No file of a model is called so."


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model."""

    name: Name
    "What it is called in the model's folder."
    size: Annotated[int, Meta(gt=0)] | None = None
    "Bytes; None where it is not known."
    sha256: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")] | None = None
    "Of its bytes; None where it is not known: then the first pull is trusted."
    url: Text | None = None
    "Where it is published (http, https) or lies (an absolute path)."


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model."""

    name: Name
    "What it is called here, and its folder."
    purpose: Text
    "What it is for."
    licence: Text
    "Its terms."
    source: Text
    "The page of its makers."
    files: Annotated[tuple[ModelFile, ...], Meta(min_length=1)]
    "What it consists of, in the order in which it is pulled: small ones first."
    known_from: str = ""
    "Where sizes and sums are known from."

    @property
    def size(self) -> int | None:
        """Bytes of all files; None where one is not known."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)


class _Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: tuple[Model, ...]


def built_in() -> dict[str, Model]:
    """The index that ships with the package, by name."""
    text = (files("hoovik_rtc") / "models" / "index.json").read_bytes()
    return _by_name(msgspec.json.decode(text, type=_Index).models)


def read(text: bytes, origin: str, said: str | None = None) -> dict[str, Model]:
    """An index of the user's; where it and ours have the same name, `with_ours` takes the user's.

    Args:
        text: JSON.
        origin: The URL or path that it came from; files without a URL of their own lie beside it.
        said: The same for messages, where `origin` has secrets in it.

    Raises:
        ModelIndexError: It is no index; says what is wrong with it.
    """
    said = said or origin
    try:
        found = msgspec.json.decode(text, type=_Index)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ModelIndexError(
            f"{said} is no index of models: {exc}. It is JSON as hoovik_rtc/models/index.json of the package."
        ) from exc
    _check_names(said, [model.name for model in found.models])
    for model in found.models:
        names = [file.name for file in model.files]
        _check_names(f"{model.name} in {said}", names)
        if taken := [name for name in names if name.endswith(OURS)]:
            raise ModelIndexError(f"{said}: no file of {model.name} may be called {taken[0]}; we use that name.")
    try:
        return _by_name(_with_urls(model, origin) for model in found.models)
    except ValueError as exc:
        raise ModelIndexError(f"{said}: a url in it is no address. Expected https://host/file.") from exc


def with_ours(theirs: Mapping[str, Model]) -> dict[str, Model]:
    """Ours, and theirs, which win."""
    return {**built_in(), **theirs}


def chosen(index: Mapping[str, Model], name: str, others: Iterable[str] = ()) -> Model:
    """The model of that name.

    Raises:
        UnknownModelError: There is none; says which there are (those of the index and `others`).
    """
    if name in index:
        return index[name]
    names = sorted({*index, *others})
    near = [one for one in names if name and name.lower() in one] or difflib.get_close_matches(name.lower(), names)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UnknownModelError(f"there is no model {name}.{hint} There are: {', '.join(names)}.")


def is_url(text: str) -> bool:
    """Whether it names something on a server."""
    return text.startswith(("http://", "https://"))


def _check_names(where: str, names: list[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ModelIndexError(f"{where} has {', '.join(twice)} twice; names are given once.")


def _by_name(models: Iterable[Model]) -> dict[str, Model]:
    return {model.name: model for model in models}


def _with_urls(model: Model, origin: str) -> Model:
    placed = []
    for file in model.files:
        url = file.url or f"{model.name}/{file.name}"
        if not is_url(url):
            url = urljoin(origin, url) if is_url(origin) else str(Path(origin).absolute().parent / url)
        placed.append(msgspec.structs.replace(file, url=url))
    return msgspec.structs.replace(model, files=tuple(placed))
