"""Record the fixtures anew: `python -m tests.golden.record`. Needs Chromium, node and the built page.

The sender is the test face and the vowels of tests/media.py, so the files are free to ship.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from pathlib import Path

from aiohttp import web
from aiortc.codecs.vpx import VpxPayloadDescriptor

from hoovik_rtc.bot import Bot
from hoovik_rtc.media.packets import MediaPacket
from hoovik_rtc.pipeline.link import Track
from hoovik_rtc.testing import call
from hoovik_rtc.web.app import create_app
from tests import media
from tests.golden.recording import Row, save

SECONDS = 3.0
rows: list[Row] = []


def keep() -> None:
    """Every Track writes down what it is handed."""
    before = Track.packet

    def write_down(self: Track, packet: MediaPacket) -> None:
        kind = "video" if self._name.startswith("video") else "audio"
        row = (packet.ssrc, packet.sequence, packet.timestamp, packet.marker, packet.payload, packet.arrival_ms)
        rows.append((kind, *row))
        before(self, packet)

    Track.packet = write_down  # type: ignore[method-assign]


def cut() -> list[Row]:
    """SECONDS from the last keyframe on that has so much behind it, times from zero."""
    end = rows[-1][6] - SECONDS * 1000
    start = max(row[6] for row in rows if row[0] == "video" and row[6] < end and _is_key(row[5]))
    kept = [row for row in rows if start <= row[6] <= start + SECONDS * 1000]
    return [(*row[:6], round(row[6] - kept[0][6], 2)) for row in kept]


def _is_key(payload: bytes) -> bool:
    """Start of a frame (S bit, partition 0) whose VP8 header says keyframe (P bit 0)."""
    return bool(payload) and payload[0] & 0x17 == 0x10 and not VpxPayloadDescriptor.parse(payload)[1][0] & 1


async def chromium(base: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        video, audio = Path(folder) / "c.y4m", Path(folder) / "m.wav"
        media.write_y4m(video, media.talking_frames(640, 480), 30)
        media.write_wav(audio, media.vowels(8.0))
        options = {
            "url": base + "/",
            "chromium": shutil.which("chromium"),
            "video": str(video),
            "audio": str(audio),
            "seconds": 4,
        }
        script = str(Path(__file__).parents[1] / "browser" / "drive.mjs")
        process = await asyncio.create_subprocess_exec(
            "node", script, json.dumps(options), stdout=asyncio.subprocess.DEVNULL
        )
        await process.wait()


async def main() -> None:
    keep()
    bot = Bot()
    await bot.start()
    runner = web.AppRunner(create_app(bot), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    await chromium(base)
    print(save("chromium", cut()))
    rows.clear()
    async with call(base, media.talking_clip(640, 480)) as one:
        await one.consent()
        await asyncio.sleep(SECONDS + 1)
    print(save("aiortc", cut()))
    await runner.cleanup()
    await bot.close()


if __name__ == "__main__":
    asyncio.run(main())
