"""Pulling a model: each file is brought beside its place, held to size and sha256, and only then given its name."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import aiohttp
import msgspec

from hoovik_rtc.models.errors import BrokenModelError, NoRoomError, RefusedModelError
from hoovik_rtc.models.fetch import Patience, Watch, copy, fetch, session
from hoovik_rtc.models.index import Model, ModelFile, is_url
from hoovik_rtc.models.part import WAY_OUT, Part
from hoovik_rtc.models.source import places, shown
from hoovik_rtc.models.store import Look, Record, Recorded, State, Store, bytes_of, sha256_of, told


@dataclass(frozen=True, slots=True)
class Pulled:
    """One file of a model that was pulled."""

    file: ModelFile
    "What was asked for."
    sha256: str
    "Of its bytes, as they are here."
    place: str | None
    "Where it was taken from; None where it was here already."
    known: bool
    "Whether its sha256 was known before, so that it could be checked."


async def pull(model: Model, source: str | None, store: Store, patience: Patience, watch: Watch) -> list[Pulled]:
    """Bring a model here, or what of it is missing or broken.

    Args:
        model: What to bring.
        source: Mirror, folder or file to take it from, as `source.given` returns it; None: where it is published.
        store: Where to.
        patience: How long to try.
        watch: Is told how far it is.

    Raises:
        ModelError: One of those in `errors`. Under the final names there is nothing that was not checked.
        UsageError: `source` is one file, and the model has several.
    """
    with store.locked(model.name):
        record = store.recorded(model.name)
        looks = store.look(model, deep=True)
        _room(model, [look.file for look in looks if not _good(look, record)], store)
        done = []
        async with session(patience) as http:
            errand = _Errand(http, model, source, store, patience, watch)
            for look in looks:
                if look.sha256 is not None and _good(look, record):
                    done.append(Pulled(look.file, look.sha256, None, look.file.sha256 is not None))
                    continue
                one = await errand.run(look.file, record.get(look.file.name))
                size = store.file(model, look.file).stat().st_size
                record[look.file.name] = Recorded(size, one.sha256, shown(one.place or ""))
                store.keep(Record(_public(model), record))
                done.append(one)
        return done


def _public(model: Model) -> Model:
    """The same without what may be secret in its addresses."""
    replace = msgspec.structs.replace
    files = [replace(file, url=None if file.url is None else shown(file.url)) for file in model.files]
    return replace(model, files=tuple(files))


def _good(look: Look, record: dict[str, Recorded]) -> bool:
    """Whether a file may stay: it is as the index has it, or as it was first pulled."""
    return look.state is State.OK or (look.state is State.UNVERIFIED and look.file.name in record)


def _room(model: Model, wanted: list[ModelFile], store: Store) -> None:
    with told(store.folder, "read"):
        here = sum(Part(store.part(model, file), file).size for file in wanted)
        free = shutil.disk_usage(store.folder).free
    need = sum(file.size or 0 for file in wanted) - here
    if need > free:
        raise NoRoomError(
            f"{store.folder} has room for {bytes_of(free)}, and {model.name} takes {bytes_of(need)}. "
            f"Make room, or name another place in XDG_DATA_HOME."
        )


@dataclass(frozen=True, slots=True)
class _Errand:
    """What is the same for all files of one pull."""

    http: aiohttp.ClientSession
    model: Model
    source: str | None
    store: Store
    patience: Patience
    watch: Watch

    async def run(self, file: ModelFile, recorded: Recorded | None) -> Pulled:
        """Bring one file, check it, give it its name."""
        part = Part(self.store.part(self.model, file), file)
        wanted = file.sha256 or (recorded.sha256 if recorded else None)
        begun = part.size > 0  # a beginning from another day may not fit what comes now
        while True:
            origin = await self._bring(file, part)
            with told(self.store.folder, "read"):
                sha256 = sha256_of(part.path)
            if wanted is None or sha256 == wanted:
                part.settle(self.store.file(self.model, file))
                return Pulled(file, sha256, origin, wanted is not None)
            part.discard()
            if not begun:
                raise BrokenModelError(self._broken(file, origin, sha256, wanted))
            begun = False
            self.watch.say(f"{file.name}: what came does not fit what was here; from the start")

    async def _bring(self, file: ModelFile, part: Part) -> str:
        """Bring a file from the first of its places that has it; returns which."""
        candidates = places(self.model, file, self.source)
        for place in candidates:
            try:
                if is_url(place):
                    await fetch(self.http, place, part, self.patience, self.watch)
                else:
                    copy(place, part, self.watch)
                return place
            except RefusedModelError as exc:
                if exc.status not in (404, 410):
                    raise
                missed = exc
        if len(candidates) == 1:
            raise missed
        tried = " nor ".join(shown(place) for place in candidates)
        name = f"{file.name} of {self.model.name}"
        raise RefusedModelError(f"{name} is neither at {tried}. Expected NAME/FILE there.", 404)

    def _broken(self, file: ModelFile, origin: str, found: str, wanted: str) -> str:
        said = f"{shown(origin)} is broken: its sha256 is {found}, expected {wanted}. What came was deleted. "
        if file.sha256 is None:
            folder = self.store.folder / self.model.name
            return f"{said}It is not what was pulled first; if that is right, delete {folder} and pull again."
        if self.model.known_from:
            said += f"(The expected sum: {self.model.known_from}.) "
        return said + f"Try again later; {WAY_OUT}"
