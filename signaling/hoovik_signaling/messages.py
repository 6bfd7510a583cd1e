"""The messages of built-in rooms: flat JSON objects with a `type`."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from hoovik_signaling.errors import SignalingError

MAX_NAME = 80
"Characters of a display name."


class PeerInfo(Struct, frozen=True):
    """Somebody in the room."""

    id: str
    name: str
    bot: bool = False


class Description(Struct, frozen=True):
    """An SDP offer or answer."""

    type: str
    sdp: str


class Candidate(Struct, frozen=True):
    """An ICE candidate as browsers write it."""

    candidate: str
    sdpMid: str | None = None  # noqa: N815  # as in RTCIceCandidateInit
    sdpMLineIndex: int | None = None  # noqa: N815  # as in RTCIceCandidateInit


class Join(Struct, frozen=True, tag_field="type", tag="join"):
    """First message of a client."""

    name: str = ""
    token: str | None = None
    resume: str | None = None
    bot: bool = False


class Joined(Struct, frozen=True, tag_field="type", tag="joined", rename={"me": "self"}):
    """Answer to `join`: who one is, and who is there already."""

    me: PeerInfo
    peers: list[PeerInfo]
    ice_servers: list[dict[str, str]]


class PeerJoined(Struct, frozen=True, tag_field="type", tag="peer-joined"):
    """Somebody came."""

    peer: PeerInfo


class PeerLeft(Struct, frozen=True, tag_field="type", tag="peer-left"):
    """Somebody went."""

    id: str


class Signal(Struct, frozen=True, tag_field="type", tag="signal", rename={"sender": "from"}, omit_defaults=True):
    """A description or a candidate between two members: `to` on the way in, `from` on the way out."""

    to: str | UnsetType = UNSET
    sender: str | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    candidate: Candidate | None | UnsetType = UNSET


class Leave(Struct, frozen=True, tag_field="type", tag="leave"):
    """Last message of a client that goes on purpose: nothing is kept for it."""


class Error(Struct, frozen=True, tag_field="type", tag="error"):
    """Something was refused."""

    code: str
    message: str
    retry_after_s: int | UnsetType = UNSET
    "Where asking again later may help: after how many seconds."


FromClient = Join | Signal | Leave
FromRoom = Joined | PeerJoined | PeerLeft | Signal | Error

_from_client = msgspec.json.Decoder(FromClient)
_from_room = msgspec.json.Decoder(FromRoom)
_encoder = msgspec.json.Encoder()


def encode(message: FromClient | FromRoom) -> str:
    """One message as JSON text."""
    return _encoder.encode(message).decode()


def from_client(text: str) -> FromClient:
    """Read what a client sent.

    Raises:
        SignalingError: `bad_request`, and what is wrong with it.
    """
    message: Any = _decode(_from_client, text)
    return message  # type: ignore[no-any-return]


def from_room(text: str) -> FromRoom:
    """Read what a room sent.

    Raises:
        SignalingError: `bad_request`, and what is wrong with it.
    """
    message: Any = _decode(_from_room, text)
    return message  # type: ignore[no-any-return]


def _decode(decoder: msgspec.json.Decoder[Any], text: str) -> Any:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise SignalingError(
            "bad_request", f"The message cannot be read: {exc}. Expected join, signal or leave."
        ) from exc
