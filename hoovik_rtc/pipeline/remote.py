"""Eyes and ears that work in another process, seen from the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from hoovik_rtc.media.packets import EncodedFrame, EncodedSound
from hoovik_rtc.pipeline.ear import Heard
from hoovik_rtc.pipeline.eye import Expressed, Seen


class Process(Protocol):
    """The process, as its senses see it."""

    @property
    def ready(self) -> bool:
        """Whether it takes messages; not while it is being started anew."""
        ...

    @property
    def full(self) -> bool:
        """Whether media must be dropped."""
        ...

    def add(self, number: int, sense: Sense) -> None:
        """A sense opened."""
        ...

    def remove(self, number: int) -> None:
        """A sense was closed."""
        ...

    def send(self, *message: Any) -> None:
        """Pass a message on."""
        ...

    def dropped(self, name: str, by: int = 1) -> None:
        """Media was dropped."""
        ...


class Sense:
    """What both kinds have in common."""

    kind = ""
    "Its name over there."
    burden = 0
    "CPU that it takes, in those that an ear takes."

    def __init__(self, process: Process, number: int) -> None:
        self._process = process
        self._number = number
        self._closed: asyncio.Future[None] | None = None
        self._express = False
        self.depth = 0
        "What waits for a thread over there, at its last report."
        process.add(number, self)

    def express(self, on: bool) -> None:
        """Read what is expressed from now on, or read it no more."""
        self._express = on
        self._process.send("express", self._number, on)

    def stop(self) -> None:
        """Decode nothing further, beginning now."""
        self._process.send("stop", self._number)

    async def close(self) -> None:
        """Returns when nothing is decoded any more."""
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_future()
            if self._process.ready:
                self._process.send("close", self._number)
            else:
                self.take("closed")  # nothing of it is over there, and nothing will be
        await asyncio.shield(self._closed)

    def renew(self) -> None:
        """Over there is another process."""
        self._process.send(self.kind, self._number)
        self._process.send("express", self._number, self._express)

    def take(self, what: str, *result: Any) -> None:
        """A message from over there."""
        if what == "closed" and self._closed is not None:
            self._process.remove(self._number)
            if not self._closed.done():
                self._closed.set_result(None)


class RemoteEye(Sense):
    """An eye over there; see Eye."""

    kind = "eye"
    burden = 4

    def __init__(
        self,
        process: Process,
        number: int,
        seen: Callable[[Seen], None],
        expressed: Callable[[Expressed], None],
        lost: Callable[[], None],
    ) -> None:
        self._seen = seen
        self._expressed = expressed
        self._lost = lost
        super().__init__(process, number)

    def put(self, frame: EncodedFrame, look: bool, spare: bool) -> None:
        """Decode a frame, and look at its picture where it is time to; see Eye."""
        if self._process.full:
            self._process.dropped("video_frames_dropped_late")
            self._lost()
        else:
            self._process.send("put", self._number, frame, look, spare)

    def calibrate(self) -> None:
        """The next measured face is the neutral one."""
        self._process.send("calibrate", self._number)

    def renew(self) -> None:
        """Over there is another process."""
        super().renew()
        self._lost()

    def take(self, what: str, *result: Any) -> None:
        """A message from over there."""
        if what == "seen":
            self._seen(*result)
        elif what == "expressed":
            self._expressed(*result)
        elif what == "lost":
            self._lost()
        else:
            super().take(what, *result)


class RemoteEar(Sense):
    """An ear over there; see Ear."""

    kind = "ear"
    burden = 1

    def __init__(self, process: Process, number: int, heard: Callable[[list[Heard], int], None]) -> None:
        self._heard = heard
        super().__init__(process, number)

    def put(self, sounds: Sequence[EncodedSound]) -> None:
        """Listen to packets and holes."""
        if self._process.full:
            self._process.dropped("audio_packets_dropped_late", len(sounds))
        else:
            self._process.send("put", self._number, sounds)

    def take(self, what: str, *result: Any) -> None:
        """A message from over there."""
        if what == "heard":
            self._heard(*result)
        else:
            super().take(what, *result)
