"""A way to the service for the page that can go dark: HTTP, the rooms' WebSocket, and the relay for datagrams."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp import WSMsgType, web

from tests.network.impairment import CLEAR, Impairment
from tests.network.relay import Relay, relaying


@contextmanager
def dark_front(service: str) -> Iterator[str]:
    """Passes everything on to `service`; `GET /blackout/on` and `/off` say whether anything comes through.

    Runs in a thread of its own. Yields its address, without a slash at the end.
    """
    ready: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def run() -> None:
        async with relaying() as relay:
            runner = web.AppRunner(_application(relay, service), shutdown_timeout=0.5)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            ready.put_nowait(f"http://127.0.0.1:{runner.addresses[0][1]}")
            await done.wait()
            relay.both(CLEAR)
            await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(ready.get(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


def _application(relay: Relay, service: str) -> web.Application:
    http: aiohttp.ClientSession

    async def client(_: web.Application) -> AsyncIterator[None]:
        nonlocal http
        async with aiohttp.ClientSession() as http:
            yield

    async def blackout(request: web.Request) -> web.Response:
        relay.both(Impairment(blackout=request.match_info["how"] == "on"))
        return web.Response()

    async def page(request: web.Request) -> web.Response:
        await relay.passing.wait()
        async with http.get(service + request.path_qs) as response:
            return web.Response(body=await response.read(), status=response.status, content_type=response.content_type)

    async def room(request: web.Request) -> web.WebSocketResponse:
        await relay.passing.wait()
        down = web.WebSocketResponse()
        await down.prepare(request)
        async with http.ws_connect(service + request.path_qs) as up:

            async def pump(source: _Socket, sink: _Socket, rewrite: Callable[[str], str | None]) -> None:
                async for message in source:
                    await relay.passing.wait()
                    text = rewrite(message.data) if message.type is WSMsgType.TEXT else None
                    if text is not None and not sink.closed:
                        await sink.send_str(text)

            def to_service(text: str) -> str | None:
                return _signal(text, relay.offer)

            def to_page(text: str) -> str | None:
                return _signal(text, relay.answer)

            pumps = [asyncio.ensure_future(one) for one in (pump(down, up, to_service), pump(up, down, to_page))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            await relay.passing.wait()  # the end of a connection does not come through either
            for one in pumps:
                one.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        await down.close()
        return down

    app = web.Application()
    app.cleanup_ctx.append(client)
    app.router.add_get("/blackout/{how}", blackout)
    app.router.add_get("/ws/rooms/{room}", room)
    app.router.add_get("/{path:.*}", page)
    return app


_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


def _signal(text: str, rewrite: Callable[[str], str]) -> str | None:
    """A message of a room with the relay's addresses in it; candidates that trickle go no further."""
    message = json.loads(text)
    if message.get("type") == "signal" and message.get("candidate"):
        return None
    if "description" in message:
        message["description"]["sdp"] = rewrite(message["description"]["sdp"])
    return json.dumps(message)
