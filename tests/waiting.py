"""Waiting for something that another task or process brings about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], bool], timeout: float = 10.0) -> None:
    """Poll until `true()`; TimeoutError after `timeout` seconds."""

    async def poll() -> None:
        while not true():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(poll(), timeout)
