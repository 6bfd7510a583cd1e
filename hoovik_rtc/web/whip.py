"""WHIP (RFC 9725): a participant is one HTTP POST of an SDP offer away."""

from __future__ import annotations

import re

from aiohttp import web

from hoovik_rtc.errors import MediaTypeError, OfferError, RestartError, StaleError, TooLargeError
from hoovik_rtc.web.keys import BOT, address_of, check_bearer, room_of

MAX_NAME = 80


async def post(request: web.Request) -> web.Response:
    """`POST /whip/{room}?name=NAME[&resume=TOKEN]`: 201 with the answer, Location and ETag."""
    check_bearer(request)
    room = room_of(request)
    bot = request.app[BOT]
    sdp = await _body(request, "application/sdp", bot.config.limits.sdp_bytes)
    admitted = await bot.accept(
        room,
        sdp,
        name=request.query.get("name", "")[:MAX_NAME],
        address=address_of(request),
        resume=request.query.get("resume"),
    )
    return web.Response(
        status=201,
        body=admitted.answer.encode(),
        headers={
            "Content-Type": "application/sdp",
            "Location": f"{request.path.rstrip('/')}/{admitted.participant.session_id}",
            "ETag": _etag(admitted.answer),
        },
    )


async def patch(request: web.Request) -> web.Response:
    """`PATCH` with `application/trickle-ice-sdpfrag`: candidates that were found later."""
    bot = request.app[BOT]
    _, participant = bot.meeting_of(request.match_info["id"])
    text = await _body(request, "application/trickle-ice-sdpfrag", bot.config.limits.sdp_bytes)
    if participant.link is None:
        raise OfferError("The session has no connection now; POST a new offer with its resume token.")
    wanted = request.headers.get("If-Match", "*")
    if wanted not in ("*", _etag(participant.link.answered)):
        raise StaleError("If-Match names another ICE session than the one that is there.")
    named = re.search(r"^a=ice-ufrag:(\S+)", text, re.MULTILINE)
    if named and f"a=ice-ufrag:{named.group(1)}" not in participant.link.offered.splitlines():
        raise RestartError("ICE restarts are not answered; POST a new offer with ?resume=TOKEN instead.")
    mid = index = None
    for line in text.splitlines():
        if line.startswith("m="):
            index = 0 if index is None else index + 1
        elif line.startswith("a=mid:"):
            mid = line.removeprefix("a=mid:").strip()
        elif line.startswith("a=candidate:"):
            await participant.link.add_candidate(line, mid, 0 if index is None else index)
    return web.Response(status=204)


async def delete(request: web.Request) -> web.Response:
    """`DELETE` of the Location: the participant leaves."""
    await request.app[BOT].leave(request.match_info["id"])
    return web.Response(status=200)


async def options(request: web.Request) -> web.Response:
    """`OPTIONS`: what may be posted (RFC 9725, 4.2)."""
    return web.Response(status=200, headers={"Accept-Post": "application/sdp"})


async def _body(request: web.Request, content_type: str, limit: int) -> str:
    if request.content_type != content_type:
        raise MediaTypeError(f"The body is {request.content_type!r}; expected Content-Type: {content_type}.")
    if (request.content_length or 0) > limit:
        raise TooLargeError(f"The body is over {limit} bytes; send a smaller one.")
    body = await request.content.read(limit + 1)
    while len(body) <= limit and not request.content.at_eof():
        body += await request.content.read(limit + 1 - len(body))
    if len(body) > limit:
        raise TooLargeError(f"The body is over {limit} bytes; send a smaller one.")
    try:
        return body.decode()
    except UnicodeDecodeError as exc:
        raise OfferError("The body is not UTF-8; expected SDP text.") from exc


def _etag(answer: str) -> str:
    found = re.search(r"^a=ice-ufrag:(\S+)", answer, re.MULTILINE)
    return f'"{found.group(1) if found else "none"}"'
