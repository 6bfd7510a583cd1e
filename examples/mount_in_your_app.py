"""The service as a part of your own aiohttp application, under a path of yours.

    .venv/bin/python examples/mount_in_your_app.py [--port 8081]

The page is at /calls/, WHIP at /calls/whip/ROOM.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator

from aiohttp import web

from hoovik_rtc import Bot, Config, create_app


def build() -> web.Application:
    """Your application, with the bot in it."""
    bot = Bot(Config())

    async def live(_: web.Application) -> AsyncIterator[None]:
        await bot.start()
        yield
        await bot.close()

    async def home(_: web.Request) -> web.Response:
        return web.Response(text='My own page. <a href="/calls/">Calls</a>', content_type="text/html")

    async def slash(_: web.Request) -> web.Response:
        raise web.HTTPFound("/calls/")  # the page's own paths are relative

    app = web.Application()
    app.cleanup_ctx.append(live)
    app.router.add_get("/", home)
    app.add_subapp("/calls", create_app(bot))
    app.router.add_get("/calls", slash)
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8081)
    web.run_app(build(), host="127.0.0.1", port=parser.parse_args().port)
