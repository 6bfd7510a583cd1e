"""Running the application as a service of its own."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from hoovik_rtc.bot import Bot
from hoovik_rtc.config import Config
from hoovik_rtc.errors import ConfigError, HoovikError
from hoovik_rtc.web.app import create_app
from hoovik_rtc.web.page import FOLDER

logger = logging.getLogger(__name__)

SHUTDOWN_S = 2.0
"Requests still open this long after SIGTERM are cut."


def serve(config: Config, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. `say` gets what a person should read.

    Raises:
        ConfigError: the address cannot be bound.
        HoovikError: the models cannot be loaded, for a reason that has a name.
    """
    listener = _bind(config)
    host, port = listener.getsockname()[:2]
    say(f"hoovik_rtc on http://{f'[{host}]' if ':' in host else host}:{port}  (Ctrl+C ends it)")
    if not FOLDER.is_dir():
        say("The page is not built (make page); everything else works.")
    bot = Bot(config)
    app = create_app(bot)
    refused: list[HoovikError] = []

    async def live(_: web.Application) -> AsyncIterator[None]:
        starting = asyncio.ensure_future(_start(bot, say, refused.append))
        yield
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await bot.close()

    app.cleanup_ctx.append(live)
    web.run_app(app, sock=listener, print=None, access_log=None, shutdown_timeout=SHUTDOWN_S)
    if refused:
        raise refused[0]
    say("Stopped.")


async def _start(bot: Bot, say: Callable[[str], None], refuse: Callable[[HoovikError], None]) -> None:
    try:
        await bot.start()
    except HoovikError as exc:
        # Nothing of it is a bug that a trace would help with, and without models there is no service.
        refuse(exc)
        asyncio.get_running_loop().call_soon(_leave)
        return
    except Exception:
        logger.exception("the models cannot be loaded; run `hoovik-rtc doctor`")
        raise
    # What is there now stays for good. A full collection would walk through all of it, with the event loop held.
    gc.collect()
    gc.freeze()
    say("Ready.")


def _leave() -> None:
    """As on SIGTERM."""
    raise web.GracefulExit


def _bind(config: Config) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
        listener.listen()  # before the address is said: whoever reads it may connect at once
    except OSError as exc:
        listener.close()
        raise ConfigError(
            f"Cannot listen on {config.host} port {config.port}: {exc.strerror}. Choose another --host or --port."
        ) from exc
    return listener
