"""A server of model files for tests, which can be told to misbehave; the models that lie on it."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext

import numpy as np
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hoovik_rtc.models.fetch import Patience
from hoovik_rtc.models.index import Model, ModelFile

Trouble = Callable[[web.Request], Awaitable[web.StreamResponse]]
"What a server does in place of giving a file."

AT_ONCE = Patience(tries=3, first_wait_s=0.0)


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that are no text."""
    return np.random.default_rng(seed).bytes(size)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Shelf:
    """What the server has, what it was asked, and what it is to do wrong next."""

    def __init__(self) -> None:
        self.base = ""
        self.files: dict[str, bytes] = {}
        self.asked: list[web.Request] = []
        self.troubles: list[Trouble] = []
        "Done one after the other, one a request; then all is well."
        self.always: Trouble | None = None
        self.ranges = True
        self.etags = True

    def model(self, *sizes: int, known: bool = True, name: str = "tiny") -> Model:
        """A model whose files lie on the server; not `known`: neither size nor sum are published."""
        files = []
        for number, size in enumerate(sizes or (300_000,)):
            file, data = f"part-{number}.bin", noise(size, number)
            self.files[f"/{name}/{file}"] = data
            size_known, sum_known = (len(data), sha256(data)) if known else (None, None)
            files.append(ModelFile(file, size_known, sum_known, f"{self.base}/{name}/{file}"))
        return Model(name, "for tests", "CC0", "https://example.org", tuple(files))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        trouble = self.troubles.pop(0) if self.troubles else self.always
        return await (trouble or self.give)(request)

    async def give(self, request: web.Request) -> web.StreamResponse:
        """A file as a good server gives it: Range and If-Range by RFC 9110."""
        data = self.files.get(request.path)
        if data is None:
            raise web.HTTPNotFound
        headers = {"ETag": f'"{sha256(data)[:8]}"'} if self.etags else {}
        fits = request.headers.get("If-Range") in (None, headers.get("ETag"))
        if "Range" in request.headers and self.ranges and fits:
            start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if start >= len(data):
                raise web.HTTPRequestRangeNotSatisfiable
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            return web.Response(status=206, body=data[start:], headers=headers)
        return web.Response(body=data, headers=headers)

    def ends_after(self, count: int) -> Trouble:
        """Give so many bytes of what is asked for, then die."""

        async def trouble(request: web.Request) -> web.StreamResponse:
            whole = await self.give(request)
            assert isinstance(whole, web.Response) and isinstance(whole.body, bytes)
            response = web.StreamResponse(status=whole.status, headers=whole.headers)
            await response.prepare(request)
            await response.write(whole.body[:count])
            assert request.transport is not None
            request.transport.close()
            return response

        return trouble


def says(status: int) -> Trouble:
    async def trouble(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    return trouble


def gives(data: bytes, **headers: str) -> Trouble:
    """Other bytes, whole."""

    async def trouble(request: web.Request) -> web.StreamResponse:
        return web.Response(body=data, headers={key.replace("_", "-"): value for key, value in headers.items()})

    return trouble


def streams(data: bytes) -> Trouble:
    """Other bytes, whose number is not said."""

    async def trouble(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(data)
        await response.write_eof()
        return response

    return trouble


def sends_to(url: str) -> Trouble:
    async def trouble(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(url)

    return trouble


def answers_to(place: str) -> Trouble:
    """Send to what need not be an address."""

    async def trouble(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": place})

    return trouble


async def says_nothing(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def shelf(ssl: SSLContext | None = None) -> AsyncIterator[Shelf]:
    """A server on a free port of this machine."""
    one = Shelf()
    app = web.Application()
    app.router.add_get("/{path:.*}", one.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl)
    await site.start()
    one.base = f"{'https' if ssl else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield one
    finally:
        await runner.cleanup()


class Heard:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.began: list[tuple[str, int, int | None]] = []
        self.bytes = 0
        self.said: list[str] = []

    def begin(self, name: str, done: int, total: int | None) -> None:
        self.began.append((name, done, total))

    def advance(self, count: int) -> None:
        self.bytes += count

    def say(self, text: str) -> None:
        self.said.append(text)


def own_certificate() -> bytes:
    """A key and a certificate for 127.0.0.1 that nobody signed, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    start = datetime.datetime(2020, 1, 1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(start).not_valid_after(start.replace(year=2100))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + signed.public_bytes(serialization.Encoding.PEM)
