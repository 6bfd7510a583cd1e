"""A person opens the page, agrees, and sees an avatar move with their face and voice: real Chromium, real service."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hoovik_rtc.web.page import FOLDER
from tests import media

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install -y chromium"),
    pytest.mark.skipif(shutil.which("node") is None, reason="needs node: apt-get install -y nodejs npm"),
    pytest.mark.skipif(not (FOLDER / "index.html").is_file(), reason="needs the built page: make page"),
    pytest.mark.skipif(
        not (ROOT / "static/node_modules/playwright-core").is_dir(), reason="needs playwright-core: make page"
    ),
]


@pytest.fixture
def service() -> Iterator[str]:
    """`hoovik-rtc serve` as a process; SIGTERM must end it with code 0 within 10 s."""
    command = [sys.executable, "-m", "hoovik_rtc", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    base = ""
    for line in process.stdout:
        found = re.search(r"http://\S+", line)
        base = found.group(0) if found else base
        if line.startswith("Ready"):
            break
    assert base, "the service must print its address"
    yield base
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    process.stdout.close()
    assert process.wait(10) == 0


def drive(service: str, folder: Path, **more: Any) -> dict[str, Any]:
    video, audio = folder / "camera.y4m", folder / "microphone.wav"
    media.write_y4m(video, media.talking_frames(640, 480, 30), 30)
    media.write_wav(audio, media.vowels(8.0))
    shot = os.environ.get("SCREENSHOTS")
    options = {
        "url": service + "/",
        "chromium": CHROMIUM,
        "video": str(video),
        "audio": str(audio),
        "seconds": 9,
        "shot": shot and str(Path(shot).resolve() / "page"),
        **more,
    }
    script = str(Path(__file__).parent / "drive.mjs")
    done = subprocess.run(["node", script, json.dumps(options)], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-3000:]
    seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return seen


def test_a_person_agrees_and_the_avatar_moves_with_face_and_voice(service: str, tmp_path: Path) -> None:
    seen = drive(service, tmp_path)
    assert not seen["states"]["signBeforeConsent"]
    assert seen["states"]["framesBeforeConsent"] == 0
    assert re.search("face", seen["states"]["consentText"], re.IGNORECASE)
    peaks, lowest = seen["peaks"], seen["lowest"]
    assert peaks["jawOpen"] > 0.25 and lowest["jawOpen"] < 0.1
    assert peaks["mouthSmileLeft"] > 0.25 and peaks["mouthSmileRight"] > 0.25
    assert lowest["mouthSmileLeft"] < 0.15
    assert seen["emotionUpdates"] > 40
    assert seen["avatarFrames"] > 120
    assert seen["emotions"], "an emotion must be shown"
    assert seen["modality"] == "both"
    assert seen["framesAfterStop"] == 0
    assert seen["errors"] == []
    assert seen["console"] == []
