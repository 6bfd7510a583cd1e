"""People who come, stay and go, in a process of their own: the load of `soak` and `churn`.

It is told what to do on stdin and says what it did on stdout, one JSON object a line each way:

    {"do": "stay", "participants": 8}     → {"did": "stay", "participants": 8}
    {"do": "leave"}                       → {"did": "leave", "close_s": [0.02, …]}
    {"do": "churn", "joins": 300, "at_once": 4, "media_s": 1.0}
                                          → {"did": "one", "n": 1, "close_s": 0.02} … {"did": "churn"}
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import pickle
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp

from hoovik_rtc.testing import Call, Clip, clip_of
from tests.bench.material import HEIGHT, SHARED_FACE, WIDTH

WELCOME_S = 30.0


class CrowdError(Exception):
    """The crowd could not do what it was asked; the message is what it said."""


class Visitor(Call):
    """Plays a clip and counts what comes back; keeps none of it, however long the visit."""

    def __init__(self, clip: Clip) -> None:
        super().__init__(clip)
        self.messages = 0
        self._welcomed = asyncio.Event()
        self._seen = asyncio.Event()

    async def join(self, base: str, http: aiohttp.ClientSession) -> None:
        """Connect, consent, and wait for the first message about oneself.

        Raises:
            CallRefusedError: with what the service said.
            TimeoutError: nothing came.
        """
        await self.dial(http, f"{base}/whip/crowd", name="")
        await asyncio.wait_for(self._welcomed.wait(), WELCOME_S)
        self.control("consent", avatar=True, emotion=True)
        await asyncio.wait_for(self._seen.wait(), WELCOME_S)

    async def leave(self, base: str, http: aiohttp.ClientSession) -> float:
        """DELETE, then hang up. Returns the seconds from the DELETE to its answer."""
        started = time.perf_counter()
        async with http.delete(f"{base}{self.location}") as response:
            await response.read()
        took = time.perf_counter() - started
        await self.close()
        self.sent_video.clear()
        self.sent_audio.clear()
        return took

    def _message(self, text: str) -> None:
        self.messages += 1
        if '"welcome"' in text[:40]:
            self._welcomed.set()
        elif '"avatar_frame"' in text[:200]:
            self._seen.set()


async def churn(
    base: str, clip: Clip, joins: int, at_once: int, media_s: float, done: Callable[[int, float], None]
) -> None:
    """`joins` visits of `media_s` seconds each, `at_once` at a time; `done` is told of each: how many, its close."""
    left = iter(range(joins))
    finished = 0

    async def visits(http: aiohttp.ClientSession) -> None:
        nonlocal finished
        for _ in left:
            visitor = Visitor(clip)
            try:
                await visitor.join(base, http)
                await asyncio.sleep(media_s)
                took = await visitor.leave(base, http)
            finally:
                await visitor.close()
            finished += 1
            done(finished, took)

    async with aiohttp.ClientSession() as http:
        await asyncio.gather(*(visits(http) for _ in range(at_once)))


# The process.


async def _obey(base: str, clip: Clip) -> None:
    inside: list[Visitor] = []
    async with aiohttp.ClientSession() as http:
        async for order in _orders():
            if order["do"] == "stay":
                for _ in range(order["participants"]):
                    visitor = Visitor(clip)
                    await visitor.join(base, http)
                    inside.append(visitor)
                _say(did="stay", participants=len(inside))
            elif order["do"] == "leave":
                closes = await asyncio.gather(*(visitor.leave(base, http) for visitor in inside))
                messages = sum(visitor.messages for visitor in inside)
                inside.clear()
                _say(did="leave", close_s=[round(one, 4) for one in closes], messages=messages)
            else:
                await churn(
                    base,
                    clip,
                    order["joins"],
                    order["at_once"],
                    order["media_s"],
                    lambda n, took: _say(did="one", n=n, close_s=round(took, 4)),
                )
                _say(did="churn")


async def _orders() -> AsyncIterator[dict[str, Any]]:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


def _say(**what: object) -> None:
    print(json.dumps(what), flush=True)


class Crowd:
    """The process, as seen from the one that started it."""

    def __init__(self, base: str, clip_file: Path, log: Path) -> None:
        command = [sys.executable, "-m", "tests.bench.crowd", "--base", base, "--clip", str(clip_file)]
        self._log = log
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream, text=True
            )

    def order(self, **what: object) -> None:
        """Tell it what to do; `heard` says what came of it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def heard(self) -> dict[str, Any]:
        """The next thing that it says; waits for it.

        Raises:
            CrowdError: it died.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            said = self._log.read_text(errors="replace").splitlines()[-12:]
            raise CrowdError("The participants' process ended:\n" + "\n".join(said))
        answer: dict[str, Any] = json.loads(line)
        return answer

    def do(self, **what: object) -> dict[str, Any]:
        """Tell it what to do and wait until it is done."""
        self.order(**what)
        return self.heard()


def clip_for(file: Path | None) -> Clip:
    """What everybody plays: `file`, else the face of ../shared, else the warped photograph of tests/media.py."""
    file = file or (SHARED_FACE if SHARED_FACE.is_file() else None)
    if file is not None:
        return clip_of(file, width=WIDTH, height=HEIGHT, seconds=8.0)
    from tests import media  # loads the face mesh: only where it is needed

    return media.talking_clip(WIDTH, HEIGHT)


@contextlib.contextmanager
def crowd(base: str, out: Path, clip: Clip) -> Iterator[Crowd]:
    """A crowd that is sent home at the end."""
    clip_file = out / "clip.pickle"
    clip_file.write_bytes(pickle.dumps(clip))
    one = Crowd(base, clip_file, out / "crowd.log")
    try:
        yield one
    finally:
        assert one.process.stdin is not None and one.process.stdout is not None
        one.process.stdin.close()
        try:
            one.process.wait(10)
        except subprocess.TimeoutExpired:
            one.process.kill()
            one.process.wait()
        one.process.stdout.close()
        clip_file.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True)
    parser.add_argument("--clip", type=Path, required=True, help="a pickled Clip, only ever of the commands themselves")
    options = parser.parse_args()
    asyncio.run(_obey(options.base, pickle.loads(options.clip.read_bytes())))


if __name__ == "__main__":
    main()
