"""Call a running service over WHIP with a file as camera and microphone, and print what it answers.

.venv/bin/hoovik-rtc serve &
.venv/bin/python examples/call_over_whip.py VIDEO [--base http://127.0.0.1:8080] [--seconds 5]
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from pathlib import Path

import aiohttp

from hoovik_rtc.errors import HoovikError
from hoovik_rtc.testing import call, clip_of


async def main(base: str, video: Path, seconds: float) -> Counter[str]:
    """Call for `seconds`; returns how many messages of each type came."""
    clip = clip_of(video, width=640, height=480, seconds=seconds)
    async with call(base, clip, room="lobby", name="guest") as one:
        await one.consent()
        await asyncio.sleep(seconds)
        last = one.received.of("avatar_frame")[-1]["payload"]
        strongest = sorted(last["blendshapes"].items(), key=lambda item: -item[1])[:5]
        print("last avatar frame:", ", ".join(f"{name} {weight:.2f}" for name, weight in strongest))
        print(dict(one.received.counts()))
        return one.received.counts()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--base", default="http://127.0.0.1:8080")
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    try:
        asyncio.run(main(arguments.base, arguments.video, arguments.seconds))
    except (HoovikError, aiohttp.ClientError) as problem:
        raise SystemExit(f"{problem}. Is the service running (hoovik-rtc serve)?") from None
