"""`hoovik-rtc models list | pull NAME | verify | path NAME | import-reference DIR`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from hoovik_rtc.models import find, index, source
from hoovik_rtc.models.errors import ModelIndexError
from hoovik_rtc.models.index import Model
from hoovik_rtc.models.listing import coloured, rows, show
from hoovik_rtc.models.shipped import look, shipped
from hoovik_rtc.models.store import Look, State, bytes_of, store, summary

ABOUT = """Models that are too large, or under other terms, to ship with the package; and those that do.

They live in hoovik-rtc/models under $XDG_DATA_HOME (~/.local/share). HOOVIK_MODELS names where to take them from
instead of their makers: a mirror or folder with NAME/FILE in it, or an index (.json, as the package's own)."""
INDEX_BYTES = 1 << 20
"No index is larger."


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    plain = argparse.RawDescriptionHelpFormatter
    models = commands.add_parser("models", help="list, pull and check models", description=ABOUT, formatter_class=plain)
    kinds = models.add_subparsers(required=True, metavar="WHAT")

    listed = kinds.add_parser("list", help="what there is, under which terms, and whether it is here")
    listed.add_argument("--json", action="store_true", help="for a program, with whole sha256 sums")
    listed.set_defaults(run=_list)

    pulled = kinds.add_parser("pull", help="bring a model here; goes on where it stopped")
    pulled.add_argument("name", metavar="NAME")
    pulled.add_argument(
        "--from", dest="origin", metavar="URL|FOLDER", help="take it from here: NAME/FILE, or its files themselves"
    )
    pulled.set_defaults(run=_pull)

    verified = kinds.add_parser("verify", help="read what is here and compare sha256 sums; 1 where one is broken")
    verified.add_argument("name", metavar="NAME", nargs="?", help="only this one (default: all)")
    verified.set_defaults(run=_verify)

    path = kinds.add_parser("path", help="print where a model is: its folder, or its only file")
    path.add_argument("name", metavar="NAME")
    path.set_defaults(run=_path)

    taken = kinds.add_parser("import-reference", help="make a bundle of what the reference's training left")
    taken.add_argument("folder", type=Path, metavar="DIR", help="with best_modal.pt, xgb_model.joblib, pca.joblib, …")
    taken.add_argument("--out", type=Path, metavar="BUNDLE", help="the folder that is made; DIR-bundle, here")
    taken.add_argument("--trust", action="store_true", help="open its joblib files, which can run code")
    taken.set_defaults(run=_import_reference)


def _list(arguments: argparse.Namespace) -> int:
    kept, models = store(os.environ), _index(os.environ)
    ships = shipped().values()
    if arguments.json:
        found = rows(ships, models.values(), kept)
        sys.stdout.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        return 0
    console = Console(highlight=False)
    show(console, ships, models.values(), kept)
    console.print(escape(f"Pulled models lie in {kept.folder}"), soft_wrap=True)
    console.print("Get one:             hoovik-rtc models pull NAME")
    console.print("Read and check them: hoovik-rtc models verify")
    return 0


def _pull(arguments: argparse.Namespace) -> int:
    from hoovik_rtc.models.fetch import Patience  # loads aiohttp: only where something is fetched
    from hoovik_rtc.models.pull import pull

    console = Console(highlight=False, soft_wrap=True)
    ships = shipped()
    if arguments.name in ships:
        console.print(escape(f"{arguments.name} ships with the package: {ships[arguments.name].folder}"))
        return 0
    kept = store(os.environ)
    model = index.chosen(_index(os.environ), arguments.name, ships)
    origin = _origin(arguments.origin, os.environ)
    size = "of unknown size" if model.size is None else bytes_of(model.size)
    console.print(escape(f"{model.name}, {size}: {model.purpose}"))
    console.print(escape(f"  licence: {model.licence}"))
    console.print(escape(f"  source: {model.source}"))
    with _Bars() as bars:
        try:
            done = asyncio.run(pull(model, origin, kept, Patience(), bars))
        except KeyboardInterrupt:
            bars.say("stopped; what came is kept, and pulling again goes on with it")
            raise
    for one in done:
        how = "was here" if one.place is None else f"from {source.shown(one.place)}"
        console.print(escape(f"{one.file.name}: {how}"))
        if one.known:
            console.print(escape(f"  sha256 {one.sha256}, as expected"))
        else:
            console.print(escape(f"  sha256 {one.sha256}"))
            console.print("  [yellow]unverified[/]: no published sha256 is known to us. This one is kept on trust;")
            console.print("  compare it with what its makers say. From now on it must stay the same.")
    console.print(escape(f"{model.name} is here: {kept.path(model)}"))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    kept, ships, models = store(os.environ), shipped(), _index(os.environ)
    if arguments.name is not None and arguments.name not in ships:
        models = {arguments.name: index.chosen(models, arguments.name, ships)}
    console = Console(highlight=False, soft_wrap=True)
    states = []
    for one in ships.values():
        if arguments.name in (None, one.name):
            states.append(_tell(console, one.name, look(one)))
    for model in models.values():
        if arguments.name in (None, model.name):
            states.append(_tell(console, model.name, kept.look(model, deep=True)))
            if states[-1] in (State.BROKEN, State.INCOMPLETE):
                console.print(escape(f"            pull it again: hoovik-rtc models pull {model.name}"))
    bad = states.count(State.BROKEN) + states.count(State.INCOMPLETE)
    asked_in_vain = arguments.name is not None and states == [State.MISSING]
    if asked_in_vain:
        console.print(escape(f"            get it: hoovik-rtc models pull {arguments.name}"))
    return 1 if bad or asked_in_vain else 0


def _path(arguments: argparse.Namespace) -> int:
    sys.stdout.write(f"{find.located(arguments.name, os.environ)}\n")
    return 0


def _import_reference(arguments: argparse.Namespace) -> int:
    from hoovik_rtc.models.reference import import_folder

    out = arguments.out or Path(f"{arguments.folder.resolve().name}-bundle")
    import_folder(arguments.folder, out, trust=arguments.trust)
    return 0


def _index(environ: Mapping[str, str]) -> dict[str, Model]:
    """What can be pulled, and what was pulled by another index; an index on a server is asked for."""
    url = source.served(environ)
    if url is None:
        models = find.local(environ)
    else:
        models = index.with_ours(index.read(asyncio.run(_text(url)), url, source.shown(url)))
    return {**models, **{name: one for name, one in store(environ).pulled().items() if name not in models}}


async def _text(url: str) -> bytes:
    import aiohttp

    from hoovik_rtc.models.fetch import Patience, check_way, reason, session

    where, text = f"{source.VARIABLE}: {source.shown(url)}", b""
    try:
        async with session(Patience()) as http, http.get(url) as response:
            check_way(url, response)
            if response.status != 200:
                raise ModelIndexError(f"{where} says {response.status}, expected an index of models.")
            async for piece in response.content.iter_any():
                text += piece
                if len(text) > INDEX_BYTES:
                    raise ModelIndexError(f"{where} has more than {INDEX_BYTES} bytes: it is no index of models.")
    except (aiohttp.ClientError, OSError, UnicodeError) as exc:
        raise ModelIndexError(f"{where} cannot be read: {reason(exc)}.") from exc
    return text


def _origin(option: str | None, environ: Mapping[str, str]) -> str | None:
    """Where files are taken from: the option, the environment, or None, their makers."""
    if option is not None:
        return source.given(option, "--from")
    named = environ.get(source.VARIABLE)
    if not named or source.is_index(named):
        return None
    return source.given(named, source.VARIABLE)


def _tell(console: Console, name: str, looks: list[Look]) -> State:
    state = summary(looks)
    console.print(f"{coloured(state)}{' ' * (12 - len(state.value))}{escape(name)}")
    for one in looks if state is not State.MISSING else ():
        console.print(escape(f"            {one.file.name}: {one.words}"))
    return state


class _Bars:
    """A bar for each file, on standard error."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}"), BarColumn(bar_width=20), DownloadColumn(), TransferSpeedColumn(),
            TimeRemainingColumn(),
        )  # fmt: skip
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._progress = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._tasks: dict[str, TaskID] = {}
        self._now: TaskID | None = None

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, name: str, done: int, total: int | None) -> None:
        """A file is at `done` of `total` bytes."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(escape(name), total=total)
        self._now = self._tasks[name]
        self._progress.reset(self._now, total=total, completed=done)

    def advance(self, count: int) -> None:
        """So many more bytes are here."""
        if self._now is not None:
            self._progress.advance(self._now, count)

    def say(self, text: str) -> None:
        """Above the bars."""
        self._progress.console.print(escape(text))
