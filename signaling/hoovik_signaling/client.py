"""Joining a built-in room of another service, as any participant does: over its WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from hoovik_signaling.errors import SignalingError
from hoovik_signaling.messages import (
    Description,
    Error,
    Join,
    Joined,
    Leave,
    PeerInfo,
    PeerLeft,
    Signal,
    encode,
    from_room,
)
from hoovik_signaling.room import described

JOIN_S = 10.0
"A room that has not answered by then is not joined."

Answer = Callable[[str, str, str], Awaitable[str]]
Gone = Callable[[str], Awaitable[None]]
Ended = Callable[[], Awaitable[None]]


class RoomClient:
    """A membership in one room.

    Args:
        url: `ws://host/ws/rooms/NAME`, or wss.
        name: shown to others.
        token: for rooms that ask for one.
        answer: called with a peer's id, name and SDP offer; returns the SDP answer. An exception of it that has
            `code` is passed on to nobody but ends that peer's attempt.
        gone: called with the id of a peer who left.
        ended: called once when the room ended or threw us out.
    """

    def __init__(self, url: str, name: str, token: str | None, answer: Answer, gone: Gone, ended: Ended) -> None:
        self._url = url
        self._join = Join(name=name, token=token, bot=True)
        self._answer = answer
        self._gone = gone
        self._ended = ended
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._names: dict[str, str] = {}
        self.me: PeerInfo | None = None

    async def join(self) -> None:
        """Join and begin to answer.

        Raises:
            SignalingError: `unreachable`, or the code that the room gave.
        """
        self._session = aiohttp.ClientSession()
        try:
            self._socket = await asyncio.wait_for(self._session.ws_connect(self._url), JOIN_S)
            await self._socket.send_str(encode(self._join))
            first = from_room(await asyncio.wait_for(self._socket.receive_str(), JOIN_S))
        except (TimeoutError, aiohttp.ClientError, TypeError, ValueError) as exc:
            await self._session.close()
            raise SignalingError(
                "unreachable", f"The room does not answer ({type(exc).__name__}). Check the URL."
            ) from exc
        except SignalingError:
            await self._session.close()
            raise
        if not isinstance(first, Joined):
            await self._session.close()
            code, message = (first.code, first.message) if isinstance(first, Error) else ("bad_room", "Not a room.")
            raise SignalingError(code, message)
        self.me = first.me
        self._names = {peer.id: peer.name for peer in first.peers}
        self._reader = asyncio.ensure_future(self._read())

    async def leave(self) -> None:
        """Leave the room; peers' sessions end."""
        if self._socket is not None:
            if not self._socket.closed:
                await self._socket.send_str(encode(Leave()))
            await self._socket.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        assert self._socket is not None and self._session is not None
        try:
            async for frame in self._socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    await self._handle(frame.data)
        finally:
            await self._session.close()
            await self._ended()

    async def _handle(self, text: str) -> None:
        try:
            message = from_room(text)
        except SignalingError:
            return  # a newer room may say what we do not know
        if isinstance(message, PeerLeft):
            await self._gone(message.id)
        elif isinstance(message, Signal) and isinstance(message.sender, str):
            description = described(message)
            if description is not None and description.type == "offer":
                await self._reply(message.sender, description.sdp)

    async def _reply(self, peer: str, sdp: str) -> None:
        assert self._socket is not None
        try:
            answer = await self._answer(peer, self._names.get(peer, ""), sdp)
        except Exception as exc:
            if not hasattr(exc, "code"):
                raise
            return  # refused; the reason was counted where it was raised
        await self._socket.send_str(encode(Signal(to=peer, description=Description("answer", answer))))
