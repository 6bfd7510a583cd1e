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

from hoovik_inference.types import Affect, FaceEstimate, FaceQuality, Gaze, HeadPose, VoiceEstimate
from hoovik_rtc.media.packets import EncodedFrame, EncodedSound
from hoovik_rtc.pipeline.ear import Heard
from hoovik_rtc.pipeline.eye import Expressed, Seen
from hoovik_rtc.pipeline.voice_engine import VoiceEngine

LENGTH = struct.Struct("!I")
BUFFER = 256 * 1024
"Bytes that are taken at once; a larger message makes it grow."

Message = tuple[Any, ...]


def pack(message: Message) -> bytes:
    """A message as it is sent."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


class Inbox(asyncio.BufferedProtocol):
    """Takes messages as they come in, in a buffer of its own: asyncio's would take 256 KiB anew for each.

    Args:
        take: called with each; may be replaced at any time.
    """

    def __init__(self, take: Callable[[Message], None]) -> None:
        self.take = take
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        "Done once the other side has closed."
        self._buffer = bytearray(BUFFER)
        self._filled = 0

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        if self._filled == len(self._buffer):  # one message that is larger
            self._buffer.extend(bytes(len(self._buffer)))
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Part of a message came, or many of them."""
        self._filled += nbytes
        at = 0
        while self._filled - at >= LENGTH.size:
            end = at + LENGTH.size + LENGTH.unpack_from(self._buffer, at)[0]
            if end > self._filled:
                break
            message = pickle.loads(memoryview(self._buffer)[at + LENGTH.size : end])
            at = end
            self.take(message)
        if at:
            rest = self._filled - at
            self._buffer[:rest] = self._buffer[at : self._filled]
            self._filled = rest

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side is gone."""
        if not self.gone.done():
            self.gone.set_result(None)


def _flat(kind: type[Any]) -> None:
    """Pickle a dataclass as its fields in order; by itself, frozen and slotted, it walks through its definition."""
    names = [field.name for field in dataclasses.fields(kind)]
    values = attrgetter(*names)
    copyreg.pickle(kind, lambda one: (kind, values(one)))


_PASSED = (
    EncodedFrame, EncodedSound, Seen, Expressed, Heard, FaceEstimate, FaceQuality, HeadPose, Gaze,
    VoiceEstimate, Affect, VoiceEngine,
)  # fmt: skip
for _kind in _PASSED:
    _flat(_kind)
