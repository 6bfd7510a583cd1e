"""One file from a server or a folder into a `Part`; whether it is the right one, `pull` says.

What came stays when a connection ends early, and is gone on with (RFC 9110, 14: Range and If-Range), unless the server
has another file by now. What cannot be the model is deleted at once.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

import aiohttp

from hoovik_rtc.models.errors import (
    RefusedModelError,
    TruncatedModelError,
    UnreachableModelError,
    WrongModelError,
)
from hoovik_rtc.models.part import WAY_OUT, Note, Part
from hoovik_rtc.models.source import shown
from hoovik_rtc.models.store import bytes_of

CHUNK = 1 << 18
"Bytes that are taken at once."
PROGRESS = 1 << 18
"An attempt that got so many bytes further than all before it was not in vain: it does not count."

_NO_ADDRESS = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, UnicodeError)
"UnicodeError: a host's name that cannot be one, as a..b."
_AGAIN = {408, 425, 429, 500, 502, 503, 504}


class Watch(Protocol):
    """Who is told how far it is."""

    def begin(self, name: str, done: int, total: int | None) -> None:
        """A file is at `done` of `total` bytes; the same file may begin more than once."""

    def advance(self, count: int) -> None:
        """So many more bytes are here."""

    def say(self, text: str) -> None:
        """Something that the user should know."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, and how often to try."""

    tries: int = 5
    "Attempts in a row that bring next to nothing."
    first_wait_s: float = 1.0
    "Before the second attempt; doubles with each."
    connect_s: float = 15.0
    "For a connection."
    read_s: float = 60.0
    "For the next bytes."


class _Again(Exception):
    """An attempt failed in a way that another may not; the cause is what to say if none does."""


def session(patience: Patience) -> aiohttp.ClientSession:
    """A client that asks for files as they are, tells nothing of this machine, and honours the proxies that are set."""
    timeout = aiohttp.ClientTimeout(total=None, connect=patience.connect_s, sock_read=patience.read_s)
    headers = {"User-Agent": "hoovik-rtc", "Accept-Encoding": "identity"}
    return aiohttp.ClientSession(timeout=timeout, headers=headers, auto_decompress=False, trust_env=True)


async def fetch(http: aiohttp.ClientSession, url: str, part: Part, patience: Patience, watch: Watch) -> None:
    """Bring what is at a URL into `part`, going on with what is there already.

    Raises:
        UnreachableModelError: No server, or none that answers.
        RefusedModelError: It does not have it, or does not give it.
        WrongModelError: It has something else there; what came is deleted.
        TruncatedModelError: The connection ended early, again and again; what came is kept.
        NoRoomError: The disk is full; what came is kept.
        StoreError: It cannot be written.
    """
    failures, best = 0, part.size
    while True:
        try:
            return await _attempt(http, url, part, watch)
        except _Again as exc:
            # Against the best so far: a server without ranges begins anew each time, and may never get further.
            failures, best = 1 if part.size - best >= PROGRESS else failures + 1, max(best, part.size)
            if failures >= patience.tries:
                assert exc.__cause__ is not None
                raise exc.__cause__ from None
            wait = patience.first_wait_s * 2 ** (failures - 1)
            watch.say(f"{exc}; again in {wait:.0f} s")
            await asyncio.sleep(wait)


def copy(path: str, part: Part, watch: Watch) -> None:
    """Bring a file of this machine into `part`, from its beginning.

    Raises:
        RefusedModelError: It is not there (404), or may not be read (403).
        WrongModelError: It is something else.
        NoRoomError: The disk is full.
        StoreError: It cannot be written.
    """
    try:
        source = Path(path).open("rb")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as exc:
        raise RefusedModelError(f"there is no file {path}.", 404) from exc
    except OSError as exc:
        raise RefusedModelError(f"{path} cannot be read: {exc.strerror}.", 403) from exc
    with source:
        total = os.fstat(source.fileno()).st_size
        part.check_total(path, total)
        watch.begin(part.file.name, 0, total)
        at = 0
        with part.open(0) as out:
            while data := source.read(CHUNK):
                at = part.write(out, data, path, at)
                watch.advance(len(data))
            part.sync(out)


async def _attempt(http: aiohttp.ClientSession, url: str, part: Part, watch: Watch) -> None:
    start, headers = _resume(url, part)
    if start and start == part.file.size:
        watch.begin(part.file.name, start, start)
        return  # all of it came, but was not looked at
    try:
        async with http.get(url, headers=headers) as response:
            check_way(url, response)
            start = _check_status(url, response, start, part)
            _check_kind(url, response, part)
            length = response.content_length
            total = part.file.size if length is None else start + length
            if total is not None:
                part.check_total(shown(url), total)
            part.keep(Note(shown(url), _validator(response)))
            watch.begin(part.file.name, start, total)
            at = start
            with part.open(start) as out:
                async for data in response.content.iter_chunked(CHUNK):
                    at = part.write(out, data, shown(url), at)
                    watch.advance(len(data))
                part.sync(out)
            if total is not None and at < total:
                raise aiohttp.ClientPayloadError
    except (*_NO_ADDRESS, aiohttp.TooManyRedirects) as exc:
        raise RefusedModelError(f"{shown(url)} leads nowhere: {reason(exc)}. {WAY_OUT}", 0) from exc
    except aiohttp.ClientSSLError as exc:
        raise UnreachableModelError(
            f"{shown(url)}: the server's certificate cannot be trusted ({reason(exc)}). {WAY_OUT}"
        ) from exc
    except (aiohttp.ClientError, ConnectionError, TimeoutError) as exc:
        _lost(url, part, start, exc)


def _resume(url: str, part: Part) -> tuple[int, dict[str, str]]:
    """From which byte on, and the headers that ask for it."""
    start, file = part.size, part.file
    if not start:
        return 0, {}
    note = part.note()
    ours = note.place == shown(url) and note.validator != ""
    # Without a validator only the sum can tell whether both halves fit, and it will.
    if (file.size is not None and start > file.size) or not (ours or file.sha256):
        part.discard()
        return 0, {}
    headers = {"Range": f"bytes={start}-"}
    if ours:
        headers["If-Range"] = note.validator
    return start, headers


def _validator(response: aiohttp.ClientResponse) -> str:
    tag = response.headers.get("ETag", "")
    # Weak ones do not say that bytes are the same.
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def check_way(url: str, response: aiohttp.ClientResponse) -> None:
    """Refuse an answer that came without encryption where encryption was asked for.

    Raises:
        RefusedModelError: It did, on some part of its way.
    """
    way = [one.url for one in (*response.history, response)]
    if url.startswith("https:") and any(one.scheme != "https" for one in way):
        raise RefusedModelError(f"{shown(url)} leads to a place without encryption; refused. {WAY_OUT}", 0)


def _check_status(url: str, response: aiohttp.ClientResponse, start: int, part: Part) -> int:
    """The byte at which what comes begins."""
    status, said = response.status, f"{response.status} {response.reason or ''}".strip()
    if status == 206 and start:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if found and int(found[1]) == start:
            return start
        part.discard()
        raise _Again("the server went on at another place, so from the start") from WrongModelError(
            f"{shown(url)} answers with other parts than asked for. {WAY_OUT}"
        )
    if status == 200:
        return 0  # no ranges there, or another file by now: all of it comes
    if status == 416 and start:
        part.discard()
        raise _Again("the server has no such rest, so from the start") from WrongModelError(
            f"{shown(url)} has less than it had ({said}). {WAY_OUT}"
        )
    if status in _AGAIN:
        raise _Again(f"the server says {said}") from UnreachableModelError(
            f"{shown(url)}: the server says {said}. Try again later; {WAY_OUT}"
        )
    if status in (404, 410):
        raise RefusedModelError(f"{shown(url)} is not there ({said}). {WAY_OUT}", status)
    if status in (401, 403):
        raise RefusedModelError(f"{shown(url)} is not given to us ({said}). {WAY_OUT}", status)
    raise RefusedModelError(f"{shown(url)}: the server says {said}, expected a file. {WAY_OUT}", status)


def _check_kind(url: str, response: aiohttp.ClientResponse, part: Part) -> None:
    if response.content_type in ("text/html", "application/xhtml+xml"):
        part.refuse(f"{shown(url)} is a web page, not a model: does somebody ask to log in? {WAY_OUT}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        part.refuse(f"{shown(url)} comes compressed, which was not asked for. {WAY_OUT}")


def _lost(url: str, part: Part, start: int, exc: Exception) -> NoReturn:
    """The connection did not come about, or ended: an attempt to be made again."""
    came = part.size
    if came > start or isinstance(exc, aiohttp.ClientPayloadError):
        of = f" of {bytes_of(part.file.size)}" if part.file.size else ""
        raise _Again(f"the connection ended after {bytes_of(came)}{of}") from TruncatedModelError(
            f"{shown(url)}: the connection ended after {bytes_of(came)}{of}. "
            f"What came is kept; pull again to go on with it."
        )
    unreachable = UnreachableModelError(f"{shown(url)} cannot be reached: {reason(exc)}. {WAY_OUT}")
    if isinstance(exc, aiohttp.ClientConnectorDNSError):
        raise unreachable from exc  # a name that nobody knows is not known a second later
    raise _Again(f"{shown(url)} cannot be reached ({reason(exc)})") from unreachable


def reason(exc: Exception) -> str:
    """Why a server could not be reached, in few words, and without its address: that may hold a password."""
    if isinstance(exc, aiohttp.RedirectClientError):
        return "it sends us to what is no address"
    if isinstance(exc, _NO_ADDRESS):
        return "it is no address"
    if isinstance(exc, aiohttp.TooManyRedirects):
        return "it sends us on again and again"
    if isinstance(exc, aiohttp.ClientResponseError):
        return exc.message.rstrip(".") or type(exc).__name__
    if isinstance(exc, aiohttp.ClientConnectorDNSError):
        return f"no address is known for {exc.host}"
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        inner = exc.certificate_error
        return inner.verify_message if isinstance(inner, ssl.SSLCertVerificationError) else str(inner)
    if isinstance(exc, TimeoutError):
        return "it does not answer"
    if isinstance(exc, OSError) and exc.errno:
        return os.strerror(exc.errno).lower()
    return str(exc).rstrip(".") or type(exc).__name__
