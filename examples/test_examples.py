"""Every example runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from examples import call_over_whip, join_a_room, mount_in_your_app, use_as_library
from hoovik_rtc.bot import Bot
from hoovik_rtc.config import BotConfig, Config
from hoovik_rtc.web.app import create_app
from tests import media


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Four seconds of the test face."""
    file = tmp_path / "talk.webm"
    media.write_webm(file, media.talking_clip(640, 480))
    return file


async def test_use_as_library(film: Path) -> None:
    came = await use_as_library.main(film, 3.5)
    assert came["joined"] == came["left"] == 1
    assert came["avatar_frame"] > 30
    assert came["emotion_update"] > 10


async def test_mount_in_your_app_and_call_over_whip(film: Path) -> None:
    runner = web.AppRunner(mount_in_your_app.build(), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}/calls"
    counts = await call_over_whip.main(base, film, 3.5)
    await runner.cleanup()
    assert counts["avatar_frame"] > 30


async def test_join_a_room() -> None:
    hall = Bot(Config(bot=BotConfig(in_rooms=False)))
    await hall.start()
    runner = web.AppRunner(create_app(hall), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await join_a_room.main(f"ws://127.0.0.1:{runner.addresses[0][1]}/ws/rooms/lobby", 0.2)
    await runner.cleanup()
    await hall.close()
