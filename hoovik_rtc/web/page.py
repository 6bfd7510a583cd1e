"""The demo page, as built into the wheel."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).parent / "page"
_NOT_BUILT = (
    "The page is not here: it is built by `make page` in a checkout (needs node and npm), before the wheel is. "
    "The service works without it."
)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self' ws: wss: blob: data:; worker-src 'self' blob:; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


async def index(request: web.Request) -> web.StreamResponse:
    """`GET /`: the page, or how to get it."""
    page = FOLDER / "index.html"
    if not page.is_file():
        return web.Response(status=404, text=_NOT_BUILT)
    return web.FileResponse(page, headers={**_HEADERS, "Cache-Control": "no-cache"})


async def asset(request: web.Request) -> web.StreamResponse:
    """`GET /assets/…`: scripts, styles and the avatar; their names carry a hash."""
    root = (FOLDER / "assets").resolve()
    wanted = (root / request.match_info["path"]).resolve()
    if not wanted.is_relative_to(root) or not wanted.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(wanted, headers={**_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"})
