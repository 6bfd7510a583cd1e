"""Refusals as HTTP: the status, and a JSON body that says what was wrong, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from hoovik_rtc.errors import CapacityError, RequestError, UnauthorizedError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a RequestError into its response."""
    try:
        return await handler(request)
    except RequestError as exc:
        return refusal(exc)
    except web.HTTPRequestEntityTooLarge:
        body = {"code": "too_large", "message": "The body is larger than this service takes."}
        return web.json_response(body, status=413)


def refusal(exc: RequestError) -> web.Response:
    """The response that a RequestError asks for."""
    headers = {}
    if isinstance(exc, CapacityError):
        headers["Retry-After"] = str(exc.retry_after_s)
    if isinstance(exc, UnauthorizedError):
        headers["WWW-Authenticate"] = "Bearer"
    return web.json_response({"code": exc.code, "message": str(exc)}, status=exc.status, headers=headers)
