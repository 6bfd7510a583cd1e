"""Real Chromium against the real service as a process: what it needs, and how it is driven."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hoovik_rtc.web.page import FOLDER
from tests import media

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

NEEDS = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install -y chromium"),
    pytest.mark.skipif(shutil.which("node") is None, reason="needs node: apt-get install -y nodejs npm"),
    pytest.mark.skipif(not (FOLDER / "index.html").is_file(), reason="needs the built page: make page"),
    pytest.mark.skipif(
        not (ROOT / "static/node_modules/playwright-core").is_dir(), reason="needs playwright-core: make page"
    ),
]


def command(port: int) -> list[str]:
    """How the service is started."""
    return [sys.executable, "-m", "hoovik_rtc", "serve", "--port", str(port)]


@dataclass(frozen=True, slots=True)
class Service:
    """A running `hoovik-rtc serve`."""

    base: str
    "Its address, without a slash at the end."
    process: subprocess.Popen[str]
    "May be killed by the test."

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.base.rpartition(":")[2])


@contextmanager
def serving(environ: dict[str, str] | None = None) -> Iterator[Service]:
    """`hoovik-rtc serve` as a process; SIGTERM must end it with code 0 within 10 s, unless the test killed it."""
    environ = os.environ | (environ or {})
    process = subprocess.Popen(command(0), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ)
    assert process.stdout is not None
    try:
        base = ""
        for line in process.stdout:
            found = re.search(r"http://\S+", line)
            base = found.group(0) if found else base
            if line.startswith("Ready"):
                break
        assert base, "the service must print its address"
        yield Service(base, process)
    finally:
        killed = process.poll() is not None
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        process.stdout.close()
        code = process.wait(10)
    assert code == 0 or killed


def drive(script: str, service: Service, folder: Path, **more: Any) -> dict[str, Any]:
    """Run a script beside this file, with a camera and a microphone, and return what it saw (SCREENSHOTS: a folder)."""
    video, audio = folder / "camera.y4m", folder / "microphone.wav"
    media.write_y4m(video, media.talking_frames(640, 480, 30), 30)
    media.write_wav(audio, media.vowels(8.0))
    shot = os.environ.get("SCREENSHOTS")
    options = {
        "url": service.base + "/",
        "pid": service.process.pid,
        "chromium": CHROMIUM,
        "video": str(video),
        "audio": str(audio),
        "shot": shot and str(Path(shot).resolve() / "page"),
        **more,
    }
    path = str(Path(__file__).parent / script)
    done = subprocess.run(["node", path, json.dumps(options)], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-3000:]
    seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return seen
