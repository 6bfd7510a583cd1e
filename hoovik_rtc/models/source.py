"""Where files are taken from: their makers, or the mirror or folder that `HOOVIK_MODELS` or `--from` names.

A mirror or folder has NAME/FILE for each file. A folder or URL with a model's own files in it does as well, and for a
model of one file that file itself. What ends in `.json` is an index (see `index`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from hoovik_rtc.errors import UsageError
from hoovik_rtc.models.index import Model, ModelFile, is_url

VARIABLE = "HOOVIK_MODELS"
"The environment variable that names a mirror, a folder or an index."


def given(text: str, origin: str) -> str:
    """What the user named, as a URL or an absolute path.

    Args:
        text: What was given.
        origin: Who gave it, for messages: `HOOVIK_MODELS` or `--from`.

    Raises:
        UsageError: It is neither a URL of http or https nor a file or folder that exists.
    """
    if is_url(text):
        if not _split(text, origin).hostname:
            raise UsageError(f"{origin} is {shown(text)}, which names no server; expected https://host/folder.")
        return text
    scheme, colon, _ = text.partition("://")
    if scheme == "file" and colon:
        text = unquote(_split(text, origin).path)
    elif colon:
        raise UsageError(f"{origin} is {shown(text)}; expected a URL of http or https, or a folder.")
    try:
        path = Path(text).expanduser().absolute()
        there = path.exists()
    except (OSError, RuntimeError) as exc:  # no such user; a name that is too long; a folder that is closed to us
        raise UsageError(f"{origin} is {shown(text)}, which cannot be looked at: {exc}.") from exc
    if not there:
        raise UsageError(f"{origin} is {shown(text)}, where nothing is; expected a URL of http or https, or a folder.")
    return str(path)


def is_index(place: str) -> bool:
    """Whether what `HOOVIK_MODELS` names is an index of models, and not where files lie.

    Raises:
        UsageError: It is a URL that cannot be read as one.
    """
    return (_split(place, VARIABLE).path if is_url(place) else place).endswith(".json")


def served(environ: Mapping[str, str]) -> str | None:
    """The URL of the user's index where that is on a server, else None.

    Raises:
        UsageError: `HOOVIK_MODELS` is a URL that cannot be read as one.
    """
    named = environ.get(VARIABLE)
    return named if named and is_url(named) and is_index(named) else None


def places(model: Model, file: ModelFile, source: str | None) -> tuple[str, ...]:
    """Where to look for a file, in this order: URLs and absolute paths.

    Args:
        model: Whose file it is.
        file: What is looked for.
        source: A mirror, folder or file as `given` returns it; None: where it is published.

    Raises:
        UsageError: It is one file, and the model has several.
    """
    if source is None:
        assert file.url is not None  # both kinds of index give one
        return (file.url,)
    alone = len(model.files) == 1
    if is_url(source):
        if alone and urlsplit(source).path.endswith("/" + file.name):
            return (source,)
        return (_below(source, model.name, file.name), _below(source, file.name))
    if not Path(source).is_dir():
        if not alone:
            raise UsageError(
                f"{source} is a file, and {model.name} has {len(model.files)}; expected a folder with them."
            )
        return (source,)
    return (str(Path(source) / model.name / file.name), str(Path(source) / file.name))


def shown(place: str) -> str:
    """A URL without what may be secret in it (user, password, query), or a path: for messages and records."""
    scheme, colon, _ = place.partition("://")
    if not colon:
        return place
    try:
        parts = urlsplit(place)
        if "@" in place and "@" not in parts.netloc:
            _ = parts.port  # no number: a password with one of /?# in it, which ends the host too early
    except ValueError:
        return f"{scheme}://…"  # what of it is secret cannot be told
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _split(url: str, origin: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as exc:
        raise UsageError(f"{origin} is {shown(url)}, which is no address; expected https://host/folder.") from exc


def _below(base: str, *names: str) -> str:
    parts = urlsplit(base)
    return urlunsplit(parts._replace(path="/".join((parts.path.rstrip("/"), *names)), fragment=""))
