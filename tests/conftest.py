"""What tests share: a service in process, media that is free to use, and the material of ../shared where it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from hoovik_rtc.bot import Bot
from hoovik_rtc.config import Config
from hoovik_rtc.pipeline.engine import Engine
from hoovik_rtc.testing import Clip, encode
from hoovik_rtc.web.app import create_app

SHARED = Path(__file__).resolve().parents[2] / "shared"


@dataclass(frozen=True)
class Service:
    """A service that runs in this process."""

    base: str
    bot: Bot


Serve = Callable[..., AbstractAsyncContextManager[Service]]


@asynccontextmanager
async def _serve(config: Config | None = None, engine: Engine | None = None) -> AsyncIterator[Service]:
    bot = Bot(config, engine)
    await bot.start()
    runner = web.AppRunner(create_app(bot), shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield Service(f"http://127.0.0.1:{port}", bot)
    finally:
        await runner.cleanup()
        await bot.close()


@pytest.fixture
def serve() -> Serve:
    """Start a service: `async with serve(config, engine) as service`."""
    return _serve


@pytest.fixture(scope="session")
def moving_clip() -> Clip:
    """Pictures without a face and a tone: for tests where only the way of the data matters."""
    x = np.arange(320)
    frames = [
        np.repeat((((x + n * 6) % 256).astype(np.uint8))[None, :, None], 240, axis=0).repeat(3, axis=2)
        for n in range(60)
    ]
    tone = (0.2 * np.sin(2 * np.pi * 220 * np.arange(96_000) / 48_000)).astype(np.float32)
    return encode(frames, 30, tone)


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """The folder of real clips; skips where it is not there."""
    folder = SHARED / "media"
    if not folder.is_dir():
        pytest.skip("needs ../shared/media (real faces and voices, not part of this repository)")
    return folder
