"""A bad network between real peers, in user space: a UDP relay that both sides take for the other.

    async with relaying(up=Impairment(loss=0.1, delay_ms=50), down=Impairment(delay_ms=50), seed=1) as relay:
        async with call(service.base, clip, through=relay) as one:
            ...
            relay.set(up=CLEAR)

Up is participant → service. Addresses are taken out of the offer and exchanged in the answer, so that there is no
way around the relay. For browsers, `relay.front(base)` is the same over HTTP: a proxy that does it to WHIP.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp
from aiohttp import web

from tests.network.impairment import CLEAR, Direction, Impairment

Address = tuple[str, int]
_BUFFER = 1 << 20
_HOP_BY_HOP = {"host", "content-length", "transfer-encoding", "connection", "content-encoding", "accept-encoding"}


class _Line:
    """One direction of one path: packets go in, and come out at their time."""

    def __init__(self, direction: Direction, deliver: Callable[[bytes], None]) -> None:
        self.direction = direction
        self._deliver = deliver
        self._waiting: list[tuple[float, int, bytes]] = []
        self._number = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        for at_ms in self.direction.fate(now * 1000, len(data)):
            heapq.heappush(self._waiting, (at_ms / 1000, next(self._number), data))
        self._run()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._waiting.clear()

    def _run(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._waiting[0][0] <= loop.time():
            self._deliver(heapq.heappop(self._waiting)[2])
        if self._waiting:
            self._timer = loop.call_at(self._waiting[0][0], self._run)


class _Socket(asyncio.DatagramProtocol):
    """A UDP socket that hands on what comes."""

    def __init__(self, host: str, received: Callable[[bytes, Address], None]) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self.socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        self.socket.bind((host, 0))
        self.address: Address = self.socket.getsockname()[:2]
        self._received = received
        asyncio.get_running_loop().add_reader(self.socket, self._read)

    def send(self, data: bytes, to: Address) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self.socket.sendto(data, to)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()

    def _read(self) -> None:
        while True:
            try:
                data, source = self.socket.recvfrom(65_536)
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # ICMP: somebody closed a port
            self._received(data, source[:2])


class _Client:
    """One address of a participant: a socket of its own towards the service, and both directions."""

    def __init__(self, door: _Door, address: Address, number: int) -> None:
        self._socket = _Socket(door.service[0], lambda data, _: self.down.put(data))
        up, down = door.relay.directions(number)
        self.up = _Line(up, lambda data: self._socket.send(data, door.service))
        self.down = _Line(down, lambda data: door.socket.send(data, address))

    def close(self) -> None:
        self.up.close()
        self.down.close()
        self._socket.close()


class _Door:
    """What a participant takes for the service: one per transport address of the service."""

    def __init__(self, relay: Relay, service: Address) -> None:
        self.relay = relay
        self.service = service
        self.socket = _Socket(service[0], self._received)
        self._clients: dict[Address, _Client] = {}

    def close(self) -> None:
        self.socket.close()
        for client in self._clients.values():
            client.close()

    def _received(self, data: bytes, source: Address) -> None:
        client = self._clients.get(source)
        if client is None:
            client = self._clients[source] = _Client(self, source, self.relay.next_number())
        client.up.put(data)


class Relay:
    """Stands between participants and a service; use `relaying`."""

    def __init__(self, seed: int = 1, up: Impairment = CLEAR, down: Impairment = CLEAR) -> None:
        self._seed = seed
        self._settings = (up, down)
        self._directions: list[tuple[Direction, Direction]] = []
        self._doors: dict[Address, _Door] = {}
        self._numbers = itertools.count()
        self.passing = asyncio.Event()
        "Set while there is no blackout: HTTP of `front` waits for it."
        self.set(up, down)

    def set(self, up: Impairment | None = None, down: Impairment | None = None) -> None:
        """From now on the network is like this; what is None stays as it is."""
        self._settings = (up or self._settings[0], down or self._settings[1])
        for pair in self._directions:
            for direction, impairment in zip(pair, self._settings, strict=True):
                direction.impairment = impairment
        if any(impairment.blackout for impairment in self._settings):
            self.passing.clear()
        else:
            self.passing.set()

    def both(self, impairment: Impairment) -> None:
        """The same in both directions."""
        self.set(impairment, impairment)

    def counts(self) -> dict[str, Counter[str]]:
        """What became of the packets of all participants: `up` and `down`."""
        out = {"up": Counter[str](), "down": Counter[str]()}
        for up, down in self._directions:
            out["up"].update(up.counts)
            out["down"].update(down.counts)
        return out

    def offer(self, sdp: str) -> str:
        """An offer that names no address: the service learns of one when the relay's packets come."""
        return _rewritten(sdp, lambda _: None)

    def answer(self, sdp: str) -> str:
        """An answer that names the relay in the service's place."""
        return _rewritten(sdp, self._door)

    @contextlib.asynccontextmanager
    async def front(self, service: str, pages: Mapping[str, str] | None = None) -> AsyncIterator[str]:
        """A web server that passes everything on to `service` (http://host:port), WHIP with addresses exchanged.

        Trickled candidates go no further; a request during a blackout waits until it is over. `pages` are HTML by
        path. Yields the address of the front.
        """
        runner = web.AppRunner(_front(self, service, pages or {}), shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    def directions(self, number: int) -> tuple[Direction, Direction]:
        """Both directions of one more address of a participant."""
        up, down = self._settings
        pair = (Direction(f"{self._seed} {number} up", up), Direction(f"{self._seed} {number} down", down))
        self._directions.append(pair)
        return pair

    def next_number(self) -> int:
        """A number for a participant's address, in the order in which they come."""
        return next(self._numbers)

    def close(self) -> None:
        """Nothing passes any more."""
        for door in self._doors.values():
            door.close()

    def _door(self, service: Address) -> Address:
        if service not in self._doors:
            self._doors[service] = _Door(self, service)
        return self._doors[service].socket.address


@contextlib.asynccontextmanager
async def relaying(seed: int = 1, *, up: Impairment = CLEAR, down: Impairment = CLEAR) -> AsyncIterator[Relay]:
    """A relay, closed at the end."""
    relay = Relay(seed, up, down)
    try:
        yield relay
    finally:
        relay.close()


def _front(relay: Relay, service: str, pages: Mapping[str, str]) -> web.Application:
    http: aiohttp.ClientSession

    async def client(_: web.Application) -> AsyncIterator[None]:
        nonlocal http
        async with aiohttp.ClientSession() as http:
            yield

    async def handle(request: web.Request) -> web.Response:
        if request.path in pages:
            return web.Response(text=pages[request.path], content_type="text/html")
        await relay.passing.wait()
        body = await request.read()
        whip = request.path.startswith("/whip/")
        if whip and request.method == "POST":
            body = relay.offer(body.decode()).encode()
        elif whip and request.method == "PATCH":
            lines = body.decode().splitlines()
            body = "".join(f"{line}\r\n" for line in lines if "candidate:" not in line).encode()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        async with http.request(request.method, service + request.path_qs, data=body, headers=headers) as response:
            text = await response.read()
            if whip and request.method == "POST" and response.status == 201:
                text = relay.answer(text.decode()).encode()
            headers = {name: value for name, value in response.headers.items() if name.lower() not in _HOP_BY_HOP}
            return web.Response(status=response.status, body=text, headers=headers)

    app = web.Application()
    app.cleanup_ctx.append(client)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _rewritten(sdp: str, door: Callable[[Address], Address | None]) -> str:
    """Each section's candidates become one: what `door` says in place of its first IPv4 host (or none at all)."""
    head, *sections = _sections(sdp)
    out = list(head)
    for section in sections:
        addresses = [found for line in section if (found := _host(line)) is not None]
        addresses.sort(key=lambda address: ":" in address[0])
        instead = door(addresses[0]) if addresses else None
        for line in section:
            if line.startswith("m="):
                fields = line.split(" ")
                if fields[1] != "0":
                    fields[1] = str(instead[1] if instead else 9)
                out.append(" ".join(fields))
            elif line.startswith("c="):
                host = instead[0] if instead else "0.0.0.0"
                out.append(f"c=IN IP{6 if ':' in host else 4} {host}")
            elif not line.startswith(("a=candidate:", "a=end-of-candidates", "a=rtcp:")):
                out.append(line)
        if instead is not None:
            out.append(f"a=candidate:1 1 udp 2130706431 {instead[0]} {instead[1]} typ host")
            out.append("a=end-of-candidates")
    return "\r\n".join(out) + "\r\n"


def _sections(sdp: str) -> list[list[str]]:
    out: list[list[str]] = [[]]
    for line in sdp.splitlines():
        if line.startswith("m="):
            out.append([])
        out[-1].append(line)
    return out


def _host(line: str) -> Address | None:
    """The address of a UDP host candidate."""
    fields = line.split()
    if not line.startswith("a=candidate:") or len(fields) < 8 or fields[2].lower() != "udp" or fields[7] != "host":
        return None
    return None if fields[4].endswith(".local") else (fields[4], int(fields[5]))
