"""Typed keys of the aiohttp application, and what every handler asks of a request."""

from __future__ import annotations

import hmac
import re

from aiohttp import web

from hoovik_rtc.bot import Bot
from hoovik_rtc.errors import OriginError, RequestError, UnauthorizedError
from hoovik_signaling.room import Rooms

BOT = web.AppKey("bot", Bot)
ROOMS = web.AppKey("rooms", Rooms)
SOCKETS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("sockets", set)
"Open WebSockets, to be closed at shutdown."

_ROOM = re.compile(r"[A-Za-z0-9_-]{1,64}")


def room_of(request: web.Request) -> str:
    """The room in the path.

    Raises:
        RequestError: not a room name.
    """
    room = request.match_info["room"]
    if not _ROOM.fullmatch(room):
        raise RequestError("The room name is not usable; expected 1 to 64 of A–Z a–z 0–9 _ -.")
    return room


def address_of(request: web.Request) -> str:
    """The address that the request came from."""
    return request.remote or ""


def check_origin(request: web.Request) -> None:
    """Refuse WebSockets that pages of other origins open: any page in a browser can reach a service on loopback.

    Raises:
        OriginError: `Origin` is there, is not ours, and is not allowed by the config.
    """
    origin = request.headers.get("Origin")
    allowed = request.app[BOT].config.origins
    if origin is None or origin in allowed or "*" in allowed:
        return
    if origin.partition("://")[2] != request.host:
        raise OriginError("A page of another origin cannot use this service; name its origin in `origins`.")


def check_bearer(request: web.Request) -> None:
    """Ask for the service's token where one is set.

    Raises:
        UnauthorizedError: none, or a wrong one.
    """
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    check_token(request.app[BOT], given)


def check_token(bot: Bot, given: str | None) -> None:
    """Compare with the service's token where one is set.

    Raises:
        UnauthorizedError: none, or a wrong one.
    """
    token = bot.config.token
    if token is not None and not hmac.compare_digest((given or "").encode(), token.encode()):
        raise UnauthorizedError("This service asks for its token: `Authorization: Bearer TOKEN`, or `token` in join.")
