"""Where there is no data channel: the same messages over HTTP.

`GET /v1/sessions/{id}/events` (WebSocket, or SSE by `Accept: text/event-stream`) and
`POST /v1/sessions/{id}/control` with one control message.
"""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web

from hoovik_rtc.errors import CapacityError, RequestError, TooLargeError
from hoovik_rtc.pipeline.meeting import Meeting
from hoovik_rtc.pipeline.participant import Participant
from hoovik_rtc.pipeline.stream import EventStream
from hoovik_rtc.web.keys import BOT, SOCKETS, check_origin
from hoovik_rtc.wire import json as wire

HEARTBEAT_S = 15.0


async def events(request: web.Request) -> web.StreamResponse:
    """Messages of one session, as they come."""
    check_origin(request)
    meeting, participant = request.app[BOT].meeting_of(request.match_info["id"])
    accept = request.headers.get("Accept", "")
    websocket = web.WebSocketResponse(heartbeat=20.0, max_msg_size=request.app[BOT].config.limits.message_bytes)
    if websocket.can_prepare(request).ok:
        return await _over_websocket(request, websocket, meeting, participant)
    if "text/event-stream" in accept:
        return await _over_sse(request, meeting, participant)
    raise RequestError("Ask for a WebSocket upgrade, or for SSE with `Accept: text/event-stream`.")


async def control(request: web.Request) -> web.Response:
    """One control message of a session without a data channel."""
    bot = request.app[BOT]
    meeting, participant = bot.meeting_of(request.match_info["id"])
    limit = bot.config.limits.message_bytes
    body = await request.read()
    if len(body) > limit:
        raise TooLargeError(f"The message is over {limit} bytes.")
    if not participant.budget.spend():
        raise CapacityError(f"At most {bot.config.limits.messages_per_s} control messages a second.", 1)
    try:
        message = wire.decode_control(body)
    except wire.UnknownType:
        bot.telemetry.count("control_unknown_type")
    else:
        meeting.act(participant, message)
    return web.Response(status=202)


async def _over_websocket(
    request: web.Request, socket: web.WebSocketResponse, meeting: Meeting, participant: Participant
) -> web.StreamResponse:
    stream = meeting.subscribe(participant)
    await socket.prepare(request)
    request.app[SOCKETS].add(socket)
    writer = asyncio.ensure_future(_write(socket, stream))
    try:
        async for frame in socket:
            if frame.type is WSMsgType.TEXT and participant.budget.spend():
                meeting.control(participant, frame.data)
            else:
                request.app[BOT].telemetry.count("event_message_refused")
    finally:
        request.app[SOCKETS].discard(socket)
        meeting.unsubscribe(participant, stream)
        writer.cancel()
    return socket


async def _write(socket: web.WebSocketResponse, stream: EventStream) -> None:
    while (text := await stream.next()) is not None:
        await socket.send_str(text)
    await socket.close()


async def _over_sse(request: web.Request, meeting: Meeting, participant: Participant) -> web.StreamResponse:
    stream = meeting.subscribe(participant)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    try:
        while True:
            try:
                text = await asyncio.wait_for(stream.next(), HEARTBEAT_S)
            except TimeoutError:
                await response.write(b": nothing to say\n\n")  # finds out whether anybody listens
                continue
            if text is None:
                break
            await response.write(f"data: {text}\n\n".encode())
    except ConnectionError:
        request.app[BOT].telemetry.count("event_listener_gone")
    finally:
        meeting.unsubscribe(participant, stream)
    return response
