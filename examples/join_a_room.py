"""A bot of your own joins a room of another hoovik_rtc service, as any participant does, and leaves again.

.venv/bin/hoovik-rtc serve &     # with [bot] in_rooms = false, or there are two bots
.venv/bin/python examples/join_a_room.py ws://127.0.0.1:8080/ws/rooms/lobby [--seconds 60]
"""

from __future__ import annotations

import argparse
import asyncio

from hoovik_rtc import Bot, Config
from hoovik_rtc.config import BotConfig


async def main(url: str, seconds: float) -> dict[str, float]:
    """Stay in the room for `seconds`; returns the counters."""
    bot = Bot(Config(bot=BotConfig(name="Visitor")))
    bot.on("participant", lambda who, what: print("participant", what))
    await bot.start()
    membership = await bot.join(url)
    print("joined as", membership.me.name if membership.me else "?")
    await asyncio.sleep(seconds)
    await membership.leave()
    counters: dict[str, float] = bot.stats()["counters"]
    await bot.close()
    return counters


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.url, arguments.seconds))
