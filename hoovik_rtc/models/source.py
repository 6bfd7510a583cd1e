"""Where files are taken from: their makers, or the mirror or folder that `HOOVIK_MODELS` or `--from` names.

A mirror or folder has NAME/FILE for each file. A folder or URL with a model's own files in it does as well, and for a
model of one file that file itself. What ends in `.json` is an index (see `index`).
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

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
        if not urlsplit(text).hostname:
            raise UsageError(f"{origin} is {text}, which names no server; expected https://host/folder.")
        return text
    scheme, colon, _ = text.partition("://")
    if scheme == "file" and colon:
        text = unquote(urlsplit(text).path)
    elif colon:
        raise UsageError(f"{origin} is {shown(text)}; expected a URL of http or https, or a folder.")
    path = Path(text).expanduser().absolute()
    if not path.exists():
        raise UsageError(f"{origin} is {text}, where nothing is; expected a URL of http or https, or a folder.")
    return str(path)


def is_index(place: str) -> bool:
    """Whether what was given is an index of models, and not where files lie."""
    return (urlsplit(place).path if is_url(place) else place).endswith(".json")


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
    if "://" not in place:
        return place
    parts = urlsplit(place)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _below(base: str, *names: str) -> str:
    parts = urlsplit(base)
    return urlunsplit(parts._replace(path="/".join((parts.path.rstrip("/"), *names)), fragment=""))
