"""Where a model is that was pulled: for whoever loads it. Nothing is fetched, and contents are not read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hoovik_rtc.errors import UsageError
from hoovik_rtc.models import index, source
from hoovik_rtc.models.errors import MissingModelError, UnknownModelError
from hoovik_rtc.models.index import Model
from hoovik_rtc.models.shipped import shipped
from hoovik_rtc.models.store import State, store, summary


def located(name: str, environ: Mapping[str, str]) -> Path:
    """The folder of a model that is here, or its file where it has but one.

    Raises:
        UnknownModelError: There is no such model.
        MissingModelError: It is not here, or not whole; says what to do.
        ModelError: Another of those in `errors`.
    """
    if name in (ships := shipped()):
        return ships[name].folder
    kept = store(environ)
    pulled, ours = kept.pulled(), local(environ)
    # An index on a server wins over ours, and is not asked here: what was pulled stands in for it.
    known = {**pulled, **ours} if source.served(environ) is None else {**ours, **pulled}
    model = index.chosen(known, name, ships)
    looks = kept.look(model, deep=False)
    state = summary(looks)
    if state is not State.OK:
        wrong = next(look for look in looks if look.state is not State.OK)
        of = "" if state is State.MISSING else f" ({wrong.file.name} {wrong.words})"
        raise MissingModelError(f"{name} is {_not(state)}{of}. Get it: hoovik-rtc models pull {name}")
    return kept.path(model)


def file_of(text: str, environ: Mapping[str, str]) -> Path:
    """A setting that is a path or a model's name, as a path: what exists under that path is it, else a model is.

    Args:
        text: The setting.
        environ: Where `HOOVIK_MODELS` and `XDG_DATA_HOME` are looked up.

    Raises:
        MissingModelError: It is the name of a model that is not here.
        ModelError: Another of those in `errors`.
    """
    path = Path(text)
    if path.exists() or path.name != text:
        return path
    try:
        return located(text, environ)
    except UnknownModelError:
        return path  # no name of ours: whoever opens it says that it is not there


def local(environ: Mapping[str, str]) -> dict[str, Model]:
    """Ours and what an index of the user's on this machine adds; one on a server is not asked.

    Raises:
        ModelIndexError: The user's index cannot be read.
    """
    named = environ.get(source.VARIABLE)
    if not named or index.is_url(named) or not source.is_index(named):
        return index.built_in()
    place = source.given(named, source.VARIABLE)
    try:
        text = Path(place).read_bytes()
    except OSError as exc:
        raise UsageError(f"{source.VARIABLE}: {place} cannot be read: {exc.strerror}.") from exc
    return index.with_ours(index.read(text, place))


def _not(state: State) -> str:
    return {State.MISSING: "not here", State.INCOMPLETE: "not complete"}.get(state, "broken")
