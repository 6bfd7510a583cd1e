"""Chromium as a participant behind a relay."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import media
from tests.network.relay import Relay

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = (
    "needs Chromium (apt-get install -y chromium), node (apt-get install -y nodejs npm) and playwright-core (make page)"
)


def there() -> bool:
    """Whether a browser can be driven here."""
    return (
        CHROMIUM is not None and bool(shutil.which("node")) and (ROOT / "static/node_modules/playwright-core").is_dir()
    )


@dataclass
class Browser:
    """What a browser says of itself, once it is closed."""

    report: dict[str, Any] = field(default_factory=dict)

    def outbound(self, kind: str) -> dict[str, Any]:
        """Its statistics (outbound-rtp) of one kind."""
        found: dict[str, Any] = next(one for one in self.report["stats"] if one["kind"] == kind)
        return found


@contextlib.asynccontextmanager
async def browsing(service: str, relay: Relay, folder: Path, *, speaks: bool = True) -> AsyncIterator[Browser]:
    """A page with camera and microphone that has joined and agreed; without `speaks`, to one that says no welcome."""
    video, audio = folder / "camera.y4m", folder / "microphone.wav"
    if not video.is_file():
        media.write_y4m(video, media.talking_frames(640, 480, 30), 30)
        media.write_wav(audio, media.vowels(8.0))
    browser = Browser()
    async with relay.front(service, {"/": (HERE / "chromium.html").read_text(encoding="utf-8")}) as front:
        options = {
            "url": front + ("/" if speaks else "/?agreed"),
            "chromium": CHROMIUM,
            "video": str(video),
            "audio": str(audio),
        }
        process = await asyncio.create_subprocess_exec(
            "node",
            str(HERE / "chromium.mjs"),
            json.dumps(options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            ready = await asyncio.wait_for(process.stdout.readline(), 60)
            if not ready:
                raise RuntimeError("the browser did not join; see what it wrote to stderr")
            yield browser
        finally:
            process.stdin.close()
            said = await asyncio.wait_for(process.stdout.read(), 30)
            await process.wait()
            if said.strip():
                browser.report = json.loads(said.splitlines()[-1])
