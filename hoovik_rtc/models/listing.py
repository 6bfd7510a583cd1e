"""What `hoovik-rtc models list` says: for people, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from hoovik_rtc.models.index import Model
from hoovik_rtc.models.shipped import Shipped, look
from hoovik_rtc.models.source import shown
from hoovik_rtc.models.store import Look, Recorded, State, Store, bytes_of, summary

SHIPS = "ships with hoovik-rtc"


def show(console: Console, ships: Iterable[Shipped], models: Iterable[Model], kept: Store) -> None:
    """A block for each model, its name first; addresses stay in one piece, to be copied."""
    for one in ships:
        looks = look(one)
        _head(console, one.name, sum(each.file.size or 0 for each in looks), _here(looks))
        _body(console, one.purpose, f"licence: {one.licence}; {SHIPS}", *_sums(looks, {}))
    for model in models:
        looks = kept.look(model, deep=False)
        _head(console, model.name, model.size, _here(looks))
        known = [f"sums: {model.known_from}"] if model.known_from else []
        sums = _sums(looks, kept.recorded(model.name))
        _body(console, model.purpose, f"licence: {model.licence}", f"source: {model.source}", *sums, *known)


def rows(ships: Iterable[Shipped], models: Iterable[Model], kept: Store) -> list[dict[str, Any]]:
    """The same with whole sums; `state` is complete, incomplete, broken or missing (contents are not read)."""
    found = []
    for one in ships:
        looks = look(one)
        files = [_file(each) for each in looks]
        found.append({
            "name": one.name, "purpose": one.purpose, "licence": one.licence, "source": SHIPS, "ships": True,
            "size": sum(each.file.size or 0 for each in looks), "state": _word(summary(looks)),
            "path": str(one.folder), "known_from": "", "files": files,
        })  # fmt: skip
    for model in models:
        looks, recorded = kept.look(model, deep=False), kept.recorded(model.name)
        files = [_file(each, recorded.get(each.file.name)) for each in looks]
        found.append({
            "name": model.name, "purpose": model.purpose, "licence": model.licence, "source": model.source,
            "ships": False, "size": model.size, "state": _word(summary(looks)), "path": str(kept.path(model)),
            "known_from": model.known_from, "files": files,
        })  # fmt: skip
    return found


def coloured(state: State, word: str | None = None) -> str:
    """A state, or another word for it, in its colour."""
    colours = {State.OK: "green", State.UNVERIFIED: "yellow", State.MISSING: "dim"}
    return f"[{colours.get(state, 'red')}]{word or state.value}[/]"


def _head(console: Console, name: str, size: int | None, here: str) -> None:
    console.print(f"[bold]{escape(name):18}[/] {'size ?' if size is None else bytes_of(size):>9}  {here}")


def _body(console: Console, *lines: str) -> None:
    for line in lines:
        console.print(escape(f"    {line}"), soft_wrap=True)
    console.print()


def _sums(looks: list[Look], recorded: Mapping[str, Recorded]) -> list[str]:
    lines = []
    for one in looks:
        name, known = one.file.name, one.sha256 or one.file.sha256
        if known is not None:
            lines.append(f"{name}  sha256 {known[:12]}…")
        elif name in recorded:
            lines.append(f"{name}  sha256 {recorded[name].sha256[:12]}… (unverified: as first pulled)")
        else:
            lines.append(f"{name}  (unverified: no published sha256 is known)")
    return lines


def _here(looks: list[Look]) -> str:
    state = summary(looks)
    if state is State.MISSING:
        came = [one.words for one in looks if one.words != "not here"]
        return coloured(state, f"not here ({came[0]})" if came else "not here")
    return coloured(state, _word(state))


def _word(state: State) -> str:
    return "complete" if state is State.OK else state.value


def _file(one: Look, recorded: Recorded | None = None) -> dict[str, Any]:
    first = recorded.sha256 if recorded is not None and one.file.sha256 is None else None
    return {
        "name": one.file.name,
        "size": one.file.size,
        "sha256": one.sha256 or one.file.sha256,
        "first_pulled_sha256": first,
        "url": None if one.file.url is None else shown(one.file.url),
    }
