"""`hoovik-rtc` as a process: serving, stopping, refusing."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import aiohttp
import pytest

from hoovik_inference.task_file import PARTS
from hoovik_rtc.testing import Clip, call


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "hoovik_rtc", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, exc.read().decode()


def test_serve_prints_its_address_becomes_ready_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('[bot]\nname = "Usher"\n')
    process = start("serve", "--port", "0", "--config", str(config))
    assert process.stdout is not None
    base, said = "", []
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"http://\S+", line):
            base = found.group(0)
            assert get(base + "/health")[0] in (200, 503)
        if line.startswith("Ready"):
            break
    assert base, said
    assert get(base + "/ready")[0] == 200
    assert json.loads(get(base + "/stats/json")[1])["ready"] is True
    assert get(base + "/")[0] in (200, 404)
    assert get(base + "/assets/../../__init__.py")[0] == 404
    process.send_signal(signal.SIGTERM)
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait(10) == 0
    assert "Traceback" not in "".join(said) + rest


async def test_sigterm_in_the_middle_of_calls_ends_within_10_s_with_code_0(moving_clip: Clip) -> None:
    process = start("serve", "--port", "0")
    assert process.stdout is not None
    said = ""
    while "Ready" not in said:
        said += process.stdout.readline()
    found = re.search(r"http://\S+", said)
    assert found is not None
    base = found.group(0)
    async with call(base, moving_clip) as one, call(base, moving_clip) as two, aiohttp.ClientSession() as http:
        room = await http.ws_connect(f"{base}/ws/rooms/r")
        events = await http.ws_connect(f"{base}/v1/sessions/{one.location.rsplit('/', 1)[1]}/events")
        for each in (one, two):
            await each.consent()
        await two.wait_for("emotion_update", 3)
        process.send_signal(signal.SIGTERM)
        loop = asyncio.get_running_loop()
        assert await asyncio.wait_for(loop.run_in_executor(None, process.wait), 10) == 0
        assert "Traceback" not in process.stdout.read()
        process.stdout.close()
        await room.close()
        await events.close()
        one.location = two.location = ""


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "hoovik_rtc", *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_a_port_in_use_a_wrong_file_and_a_wrong_command_are_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = run("serve", "--port", str(taken.getsockname()[1]))
    assert code == 1 and "Choose another" in said and "Traceback" not in said
    wrong = tmp_path / "c.toml"
    wrong.write_text("prot = 1")
    code, said = run("serve", "--config", str(wrong))
    assert code == 1 and "prot" in said and "Traceback" not in said
    assert run("dance")[0] == 2
    assert run("--version")[1].strip() == "0.1.0"


@pytest.mark.parametrize("analysis", ["process", "threads"])
def test_a_face_task_that_is_none_is_said_in_one_line(tmp_path: Path, analysis: str) -> None:
    text, hollow = tmp_path / "text.task", tmp_path / "hollow.task"
    text.write_text("no archive")
    with zipfile.ZipFile(hollow, "w") as archive:
        for name in PARTS:
            archive.writestr(name, b"no network")
    config = tmp_path / "c.toml"
    for file, why in ((text, "is no task file"), (hollow, "MediaPipe cannot load")):
        config.write_text(f'analysis = "{analysis}"\n[face]\ntask = "{file}"\n')
        code, said = run("serve", "--port", "0", "--config", str(config))
        assert code == 1, said
        assert "Traceback" not in said and "Ready" not in said
        (line,) = [line for line in said.splitlines() if line.startswith("hoovik-rtc:")]
        assert line.startswith("hoovik-rtc: face.task: ") and why in line and file.name in line


def test_doctor_checks_the_machine() -> None:
    code, said = run("doctor")
    assert code == 0, said
    for name in ("libGL.so.1", "mediapipe", "VP8 decoder", "Opus decoder", "page"):
        assert name in said


def test_a_missing_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    from hoovik_rtc import doctor

    monkeypatch.setattr(doctor, "_LIBRARIES", {"x": ("libnosuch.so.9", "libnosuch9", "nobody")})
    (finding,) = doctor.missing_libraries()
    assert not finding.ok
    assert finding.fix.endswith("apt-get install -y libnosuch9")
