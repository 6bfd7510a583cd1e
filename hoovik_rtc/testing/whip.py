"""A call's way in over WHIP (RFC 9725): an offer is posted, the answer comes back with where to end the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp

from hoovik_rtc.errors import HoovikError


class CallRefusedError(HoovikError):
    """The service refused the call; `status` and `body` are what it said."""

    def __init__(self, status: int, body: str, headers: Any) -> None:
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body
        self.headers = headers


class Detour(Protocol):
    """Something between a call and the service that both sides take for the other; it exchanges addresses in SDP."""

    def offer(self, sdp: str) -> str:
        """The offer as the service gets it."""
        ...

    def answer(self, sdp: str) -> str:
        """The answer as the call gets it."""
        ...


async def post(http: aiohttp.ClientSession, url: str, offer: str, query: Mapping[str, str]) -> tuple[str, str]:
    """Offer at `url`; returns the SDP answer and the path under which a DELETE ends the call.

    Raises:
        CallRefusedError: with the status and what the service said.
    """
    headers = {"Content-Type": "application/sdp"}
    async with http.post(url, data=offer, params=query, headers=headers) as response:
        body = await response.text()
        if response.status != 201:
            raise CallRefusedError(response.status, body, response.headers)
        return body, response.headers["Location"]
