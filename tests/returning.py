"""A participant who comes back, as the browser's SDK does: silence, then a new connection in the same session."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import aiohttp
from aiortc.exceptions import InvalidStateError

from hoovik_rtc import clock
from hoovik_rtc.testing import Call, Clip, Detour

SILENT_MS = 5000.0
"Pings go out every second; when nothing at all was heard for this long, the connection is dead."
EVERY_S = 1.0
"Between two attempts to come back."
ATTEMPT_S = 3.0
"An attempt that has not brought a welcome by then is given up."


class Returning:
    """One participant over any number of connections; use `returning()`."""

    def __init__(self, clip: Clip, url: str, through: Detour | None, reachable: Callable[[], bool]) -> None:
        self.call = Call(clip)
        self.connections = 0
        self.sessions: set[str] = set()
        "Session ids of all welcomes; one, if all is well."
        self._clip = clip
        self._url = url
        self._through = through
        self._reachable = reachable
        self._resume: str | None = None
        self._heard_ms = 0.0

    async def connect(self, http: aiohttp.ClientSession, one: Call) -> None:
        """A connection, first or further; TimeoutError where no welcome came over it."""
        await one.dial(http, self._url, resume=self._resume, through=self._through)
        (welcome,) = await one.wait_for("welcome", timeout=ATTEMPT_S)
        self.connections += 1
        self.sessions.add(welcome["payload"]["session_id"])
        self._resume = welcome["payload"]["resume"]
        self._heard_ms = clock.now_ms()

    async def mind(self, http: aiohttp.ClientSession) -> None:
        """Ping, and come back whenever it is needed; until cancelled."""
        heard = 0
        while True:
            with contextlib.suppress(InvalidStateError):
                self.call.control("ping")
            await asyncio.sleep(EVERY_S)
            if len(self.call.received.times) != heard:
                heard = len(self.call.received.times)
                self._heard_ms = self.call.received.times[-1]
            if clock.now_ms() - self._heard_ms > SILENT_MS and self._reachable():
                fresh = Call(self._clip)
                try:
                    await self.connect(http, fresh)
                except (TimeoutError, aiohttp.ClientError):
                    await fresh.close()
                    continue
                old, self.call, heard = self.call, fresh, 0
                await old.close()


@contextlib.asynccontextmanager
async def returning(
    base: str, clip: Clip, *, through: Detour | None = None, reachable: Callable[[], bool] = lambda: True
) -> AsyncIterator[Returning]:
    """Call a service and stay, whatever the network does; `reachable` says whether HTTP gets through."""
    one = Returning(clip, f"{base}/whip/test", through, reachable)
    async with aiohttp.ClientSession() as http:
        minding: asyncio.Future[None] | None = None
        try:
            await one.connect(http, one.call)
            minding = asyncio.ensure_future(one.mind(http))
            yield one
        finally:
            if minding is not None:
                minding.cancel()
                await asyncio.wait({minding})
            await one.call.close()
            with contextlib.suppress(aiohttp.ClientError):
                await http.delete(base + one.call.location)
