"""Built-in rooms: who is in which, and who passes what to whom. No I/O: members bring a `send` of their own."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from hoovik_signaling.errors import SignalingError
from hoovik_signaling.messages import (
    MAX_NAME,
    Candidate,
    Description,
    FromRoom,
    Join,
    Joined,
    PeerInfo,
    PeerJoined,
    PeerLeft,
    Signal,
)

MAX_MEMBERS = 50
MAX_ROOMS = 1000


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a room."""

    info: PeerInfo
    "What others see."
    send: Callable[[FromRoom], None]
    "Delivers a message to them; must not block."


class Rooms:
    """All rooms of a service; a room lives while somebody is in it."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, Member]] = {}

    def join(
        self,
        room: str,
        join: Join,
        send: Callable[[FromRoom], None],
        ice_servers: list[dict[str, str]],
        residents: list[PeerInfo],
    ) -> Member:
        """Let somebody in and tell everyone.

        Args:
            room: its name.
            join: what they sent.
            send: delivers messages to them.
            ice_servers: for their connections.
            residents: those who are always there (the service's own bot).

        Raises:
            SignalingError: `full`, or `bad_request` for a name that is too long.
        """
        if len(join.name) > MAX_NAME:
            raise SignalingError("bad_request", f"The name is longer than {MAX_NAME} characters.")
        members = self._rooms.get(room, {})
        if len(members) >= MAX_MEMBERS or (not members and len(self._rooms) >= MAX_ROOMS):
            raise SignalingError("full", f"At most {MAX_MEMBERS} in a room and {MAX_ROOMS} rooms.")
        info = PeerInfo(secrets.token_hex(6), join.name, join.bot)
        member = Member(info, send)
        send(Joined(info, residents + [other.info for other in members.values()], ice_servers))
        for other in members.values():
            other.send(PeerJoined(info))
        self._rooms.setdefault(room, {})[info.id] = member
        return member

    def leave(self, room: str, member: Member) -> None:
        """Somebody went; everyone left is told."""
        members = self._rooms.get(room, {})
        if members.pop(member.info.id, None) is not None:
            for other in members.values():
                other.send(PeerLeft(member.info.id))
        if not members:
            self._rooms.pop(room, None)

    def replace(self, room: str, member_id: str) -> None:
        """Whoever has this id came back as another member: the seat that was left behind is given up."""
        left = self._rooms.get(room, {}).get(member_id)
        if left is not None:
            self.leave(room, left)

    def relay(self, room: str, member: Member, signal: Signal) -> None:
        """Pass a signal on to the member that it names.

        Raises:
            SignalingError: `unknown_peer` where nobody of that id is in the room.
        """
        other = self._rooms.get(room, {}).get(signal.to if isinstance(signal.to, str) else "")
        if other is None:
            raise SignalingError("unknown_peer", "Nobody of that id is in the room; they may have left.")
        other.send(Signal(sender=member.info.id, description=signal.description, candidate=signal.candidate))


def described(signal: Signal) -> Description | None:
    """The description in a signal, if there is one."""
    return signal.description if isinstance(signal.description, Description) else None


def trickled(signal: Signal) -> Candidate | None:
    """The candidate in a signal, if there is one (None also for end of candidates)."""
    return signal.candidate if isinstance(signal.candidate, Candidate) else None
