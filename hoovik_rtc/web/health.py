"""Is it up, is it ready, what does it do: `/health`, `/ready`, `/stats/json`."""

from __future__ import annotations

from aiohttp import web

from hoovik_rtc.errors import RequestError
from hoovik_rtc.telemetry import RECENT_S
from hoovik_rtc.web.keys import BOT


async def health(request: web.Request) -> web.Response:
    """200 while the process answers."""
    return web.json_response({"status": "ok"})


async def ready(request: web.Request) -> web.Response:
    """200 once the models are warm, 503 before and while closing."""
    if request.app[BOT].ready:
        return web.json_response({"status": "ready"})
    body = {"status": "loading", "message": "The models are still loading; ask again in a second."}
    return web.json_response(body, status=503, headers={"Retry-After": "1"})


async def stats(request: web.Request) -> web.Response:
    """Counters, durations of the last minute or of the last `?seconds=N`, and totals."""
    try:
        seconds = float(request.query.get("seconds", RECENT_S))
    except ValueError:
        raise RequestError("seconds is not a number; expected how far back durations count, such as 10.") from None
    return web.json_response(request.app[BOT].stats(seconds))
