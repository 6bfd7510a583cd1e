"""What the service and a process that analyses say to each other: pickles with their length before them.

Both ends are ours, on socket pairs that nobody else holds.
"""

from __future__ import annotations

import asyncio
import copyreg
import dataclasses
import pickle
import struct
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from hoovik_inference.types import FaceEstimate, Gaze, HeadPose, VoiceEstimate
from hoovik_rtc.media.packets import EncodedFrame, EncodedSound
from hoovik_rtc.pipeline.ear import Heard
from hoovik_rtc.pipeline.eye import Seen

LENGTH = struct.Struct("!I")

Message = tuple[Any, ...]


def pack(message: Message) -> bytes:
    """A message as it is sent."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


class Inbox(asyncio.Protocol):
    """Takes messages as they come in.

    Args:
        take: called with each; may be replaced at any time.
    """

    def __init__(self, take: Callable[[Message], None]) -> None:
        self.take = take
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        "Done once the other side has closed."
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Part of a message, or many of them."""
        data, at = self._rest + data, 0
        while len(data) - at >= LENGTH.size:
            end = at + LENGTH.size + LENGTH.unpack_from(data, at)[0]
            if end > len(data):
                break
            message = pickle.loads(memoryview(data)[at + LENGTH.size : end])
            at = end
            self.take(message)
        self._rest = data[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side is gone."""
        if not self.gone.done():
            self.gone.set_result(None)


def _flat(kind: type[Any]) -> None:
    """Pickle a dataclass as its fields in order; by itself, frozen and slotted, it walks through its definition."""
    names = [field.name for field in dataclasses.fields(kind)]
    values = attrgetter(*names)
    copyreg.pickle(kind, lambda one: (kind, values(one)))


for _kind in (EncodedFrame, EncodedSound, Seen, Heard, FaceEstimate, HeadPose, Gaze, VoiceEstimate):
    _flat(_kind)
