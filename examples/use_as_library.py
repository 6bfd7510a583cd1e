"""The bot inside your own program, without HTTP: what a media server's plugin does.

    .venv/bin/python examples/use_as_library.py VIDEO [--seconds 5]

Your side hands over each participant's SDP offer and gets the answer; everything else are events. Here the
participant is a file, played by a WebRTC peer in the same process.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from pathlib import Path

from hoovik_rtc import Bot, Config
from hoovik_rtc.errors import MediaFileError
from hoovik_rtc.testing import Call, clip_of
from hoovik_rtc.wire.messages import AvatarFrame, EmotionUpdate


async def main(video: Path, seconds: float) -> Counter[str]:
    """Play `video` to a bot for `seconds`; returns how many of each event came."""
    came: Counter[str] = Counter()
    bot = Bot(Config())

    @bot.on("participant")
    def participant(who: object, what: str) -> None:
        came[what] += 1

    @bot.on("emotion_update")
    def emotion(message: EmotionUpdate) -> None:
        came["emotion_update"] += 1
        if came["emotion_update"] % 5 == 0:
            print(f"{message.payload.emotion:8} {message.payload.confidence:.2f}  {message.payload.modality}")

    @bot.on("avatar_frame")
    def avatar(message: AvatarFrame) -> None:
        came["avatar_frame"] += 1

    await bot.start()
    peer = Call(clip_of(video, width=640, height=480, seconds=seconds))
    admitted = await bot.accept("my-room", await peer.offer(), name="guest")
    await peer.answered(admitted.answer)
    await peer.consent()
    await asyncio.sleep(seconds)
    await peer.close()
    await bot.leave(admitted.participant.session_id)
    await bot.close()
    print(dict(came))
    return came


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    try:
        asyncio.run(main(arguments.video, arguments.seconds))
    except MediaFileError as problem:
        raise SystemExit(str(problem)) from None
