"""The services that are compared: how each is started, watched and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

READY_S = 60.0
ROOM_FOR_ALL = {
    "HOOVIK_AUDIENCE__AVATAR_FRAME": "self",
    "HOOVIK_AUDIENCE__EMOTION_UPDATE": "self",
    "HOOVIK_LIMITS__PARTICIPANTS": "64",
}
"Nobody receives what is said about others, and only load decides who is let in."


class BenchError(Exception):
    """The benchmark cannot go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Design:
    """One of the designs that are compared."""

    key: str
    "In files and flags."
    title: str
    "In tables and plots."
    module: str
    "What is started with `python -m`."
    arguments: tuple[str, ...]
    kind: str
    "How the load speaks to it: webrtc or upload."
    fps: float
    "Pictures a second that it is to look at."
    allowance_ms: float = 0.0
    "By how much it may miss the latency target of --capacity, see capacity.py."
    ready_s: float = READY_S
    "How long it may take to start."


def path_of(name: str, upload_fps: float = 5.0) -> Design:
    """A design by its name."""
    if name == "us":
        return Design("us", "hoovik_rtc", "hoovik_rtc", ("serve",), "webrtc", 30.0)
    if name == "aiortc":
        return Design("aiortc", "aiortc track.recv()", "tests.bench.aiortc_path", (), "webrtc", 30.0, 1000 / 30)
    if name == "upload":
        title = f"upload, {upload_fps:g} fps"
        return Design(f"upload{upload_fps:g}", title, "tests.bench.upload_path", (), "upload", upload_fps)
    raise BenchError(f"There is no path {name!r}; expected us, aiortc, upload or floor.")


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs in a process of its own."""

    base: str
    process: subprocess.Popen[bytes]
    log: Path
    start_to_ready_s: float

    def check(self) -> None:
        """Say so where it has died.

        Raises:
            BenchError: with the end of its log.
        """
        code = self.process.poll()
        if code is not None:
            raise BenchError(f"The service ended with code {code}. The end of {self.log}:\n{tail(self.log)}")


@contextlib.contextmanager
def running(path: Design, port: int, out: Path) -> Iterator[Service]:
    """Start a service and wait until it is ready; ends it afterwards.

    Raises:
        BenchError: the port is taken, or the service died or did not become ready.
    """
    port = port or free_port()
    check_free(port)
    log = out / f"{path.key}.log"
    command = [sys.executable, "-m", path.module, *path.arguments, "--port", str(port)]
    with log.open("wb") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env=os.environ | ROOM_FOR_ALL)
        try:
            base = f"http://127.0.0.1:{port}"
            _wait_ready(Service(base, process, log, 0.0), path.ready_s)
            yield Service(base, process, log, round(time.perf_counter() - started, 2))
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and SIGKILL where that does not help within 10 s."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) or "(the log is empty)"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def check_free(port: int) -> None:
    """Find out whether a port can be listened on.

    Raises:
        BenchError: it is taken.
    """
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError as exc:
            raise BenchError(f"Port {port} is taken ({exc.strerror}). Choose another --port, or 0 for any.") from exc


def _wait_ready(service: Service, ready_s: float) -> None:
    until = time.perf_counter() + ready_s
    while time.perf_counter() < until:
        service.check()
        try:
            with urllib.request.urlopen(f"{service.base}/ready", timeout=2) as response:
                if response.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.02)
    raise BenchError(f"The service was not ready after {ready_s:g} s. The end of {service.log}:\n{tail(service.log)}")
