"""Built-in rooms over a WebSocket: `GET /ws/rooms/{room}`. The bot answers offers that are addressed to it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import WSMsgType, web
from msgspec import UNSET

from hoovik_rtc.bot import Admitted, Bot
from hoovik_rtc.budget import Budget
from hoovik_rtc.errors import CapacityError, RequestError
from hoovik_rtc.web.keys import BOT, ROOMS, SOCKETS, address_of, check_origin, check_token, room_of
from hoovik_signaling.errors import SignalingError
from hoovik_signaling.messages import (
    Description,
    Error,
    FromRoom,
    Join,
    Leave,
    PeerInfo,
    Signal,
    encode,
    from_client,
)
from hoovik_signaling.room import Member, described, trickled

BOT_ID = "hoovik"
"The bot's id in every room of its own service."
MAX_WAITING = 200
"Messages that may wait for a slow client before it is dropped."
JOIN_S = 10.0
"A client that has not joined by then is thrown out."
MESSAGES_PER_S = 200
"From one client; a browser that meets a full room sends about 100 candidates at once."


async def handle(request: web.Request) -> web.WebSocketResponse:
    """One client in one room, until either side closes."""
    check_origin(request)
    room = room_of(request)
    bot = request.app[BOT]
    socket = web.WebSocketResponse(heartbeat=20.0, max_msg_size=2 * bot.config.limits.sdp_bytes)
    await socket.prepare(request)
    request.app[SOCKETS].add(socket)
    try:
        await _Client(request, socket, bot, room).run()
    finally:
        request.app[SOCKETS].discard(socket)
    return socket


class _Client:
    """One WebSocket: reads what the client sends, writes what the room says."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, bot: Bot, room: str) -> None:
        self._rooms = request.app[ROOMS]
        self._address = address_of(request)
        self._socket = socket
        self._bot = bot
        self._room = room
        self._outbox: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)
        self._member: Member | None = None
        self._resume: str | None = None
        self._admitted: Admitted | None = None
        self._drop: asyncio.Future[bool] | None = None
        self._budget = Budget(MESSAGES_PER_S)
        self._for_good = False

    async def run(self) -> None:
        writer = asyncio.ensure_future(self._write())
        joining = asyncio.get_running_loop().call_later(JOIN_S, self._throw_out)
        try:
            async for frame in self._socket:
                if not self._budget.spend():
                    self._bot.telemetry.count("room_messages_refused")
                    if self._budget.tell():
                        self._say(Error("too_many_messages", f"At most {MESSAGES_PER_S} messages a second."))
                elif frame.type is not WSMsgType.TEXT:
                    self._say(Error("bad_request", "Messages are JSON text; this one was binary."))
                elif not await self._handle(frame.data):
                    break
                if self._member is not None:
                    joining.cancel()
                await asyncio.sleep(0)  # a full buffer of messages must not keep the loop from everybody else
        finally:
            joining.cancel()
            if self._member is not None:
                self._rooms.leave(self._room, self._member)
            await self._let_go()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._outbox.join(), 1.0)
            writer.cancel()
            await self._socket.close()

    async def _handle(self, text: str) -> bool:
        """Act on one message; False ends the connection."""
        try:
            message = from_client(text)
            if isinstance(message, Leave):
                self._for_good = True
                return False
            if isinstance(message, Join):
                return self._join(message)
            if self._member is None:
                raise SignalingError("bad_request", "The first message must be join.")
            if message.to == BOT_ID and self._bot.config.bot.in_rooms:
                await self._to_bot(message)
            else:
                self._rooms.relay(self._room, self._member, message)
        except (SignalingError, RequestError) as exc:
            retry = exc.retry_after_s if isinstance(exc, CapacityError) else UNSET
            self._say(Error(exc.code, str(exc), retry))
            return self._member is not None
        return True

    def _join(self, join: Join) -> bool:
        check_token(self._bot, join.token)
        if self._member is not None:
            raise SignalingError("bad_request", "This connection joined already.")
        self._bot.ask(self._address)
        config = self._bot.config
        residents = [PeerInfo(BOT_ID, config.bot.name, True)] if config.bot.in_rooms else []
        ice = [{"urls": url} for url in config.ice_servers]
        self._resume = join.resume
        known = self._bot.resumable(self._room, join.resume)
        if known is not None:  # a dead connection's seat would stay until its socket is missed
            self._rooms.replace(self._room, known.participant_id)
        self._member = self._rooms.join(self._room, join, self._say, ice, residents)
        return True

    async def _to_bot(self, signal: Signal) -> None:
        assert self._member is not None
        description = described(signal)
        if description is not None:
            if description.type != "offer":
                raise SignalingError("bad_request", "The bot answers offers; it makes none in a built-in room.")
            # The session of this connection goes before the one that the client came with.
            resume = self._admitted.participant.resume_token if self._admitted else self._resume
            self._admitted = await self._bot.accept(
                self._room,
                description.sdp,
                self._member.info.name,
                self._address,
                resume,
                participant_id=self._member.info.id,
            )
            self._say(Signal(sender=BOT_ID, description=Description("answer", self._admitted.answer)))
            return
        candidate = trickled(signal)
        if candidate is not None and candidate.candidate and self._admitted is not None:
            await self._admitted.link.add_candidate(candidate.candidate, candidate.sdpMid, candidate.sdpMLineIndex)

    async def _let_go(self) -> None:
        """The client went: on purpose, or its session waits for it for a while, without decoding."""
        if self._admitted is None:
            return
        participant = self._admitted.participant
        if participant.link is self._admitted.link:
            with suppress(RequestError):
                await (self._bot.leave if self._for_good else self._bot.suspend)(participant.session_id)

    def _say(self, message: FromRoom) -> None:
        try:
            self._outbox.put_nowait(encode(message))
        except asyncio.QueueFull:
            self._bot.telemetry.count("room_client_too_slow")
            self._throw_out()

    def _throw_out(self) -> None:
        """Close the socket; that ends the reader, which ends everything."""
        if self._drop is None:
            self._drop = asyncio.ensure_future(self._socket.close())

    async def _write(self) -> None:
        while True:
            text = await self._outbox.get()
            try:
                if not self._socket.closed:
                    await self._socket.send_str(text)
            except (ConnectionError, RuntimeError):
                self._bot.telemetry.count("room_client_gone_while_sending")
            finally:
                self._outbox.task_done()
