"""The aiohttp application: mount it in your own, or let `serve` run it."""

from __future__ import annotations

from aiohttp import WSCloseCode, web

from hoovik_rtc.bot import Bot
from hoovik_rtc.web import health, history, metrics, page, rooms, sessions, stats, whip
from hoovik_rtc.web.errors import refusals
from hoovik_rtc.web.keys import BOT, ROOMS, SOCKETS
from hoovik_signaling.room import Rooms


def create_app(bot: Bot) -> web.Application:
    """Everything that the service answers, for a bot that the caller starts and closes.

    Use it alone (`web.run_app`) or as a sub-application (`app.add_subapp("/hoovik", create_app(bot))`).
    """
    app = web.Application(middlewares=[refusals], client_max_size=2 * bot.config.limits.sdp_bytes)
    app[BOT] = bot
    app[ROOMS] = Rooms()
    app[SOCKETS] = set()
    app.on_shutdown.append(_close_sockets)
    app.cleanup_ctx.append(history.kept)
    app.add_routes(
        [
            web.get("/", page.index),
            web.get("/assets/{path:.+}", page.asset),
            web.get("/health", health.health),
            web.get("/ready", health.ready),
            web.get("/stats", stats.page),
            web.get("/stats/json", health.stats),
            web.get("/metrics", metrics.metrics),
            web.get("/ws/rooms/{room}", rooms.handle),
            web.post("/whip/{room}", whip.post),
            web.options("/whip/{room}", whip.options),
            web.patch("/whip/{room}/{id}", whip.patch),
            web.delete("/whip/{room}/{id}", whip.delete),
            web.get("/v1/sessions/{id}/events", sessions.events),
            web.post("/v1/sessions/{id}/control", sessions.control),
        ]
    )
    return app


async def _close_sockets(app: web.Application) -> None:
    sockets = app[SOCKETS]
    for socket in list(sockets):
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the service stops")
