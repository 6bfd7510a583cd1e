"""What is shipped."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hoovik_rtc.web.page import FOLDER

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not (FOLDER / "index.html").is_file(), reason="needs the built page: make page")
def test_the_wheel_carries_the_page_the_schemas_and_all_packages(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "hoovik_rtc/models/index.json",
        "hoovik_rtc/web/page/index.html",
        "hoovik_rtc/web/stats.css",
        "hoovik_rtc/web/stats.js",
        "hoovik_rtc/wire/schema/avatar_frame.json",
        "hoovik_signaling/room.py",
        "hoovik_inference/types.py",
        "hoovik_avatar/animator.py",
        "hoovik_rtc/py.typed",
    ):
        assert wanted in names
    assert any(name.startswith("hoovik_rtc/web/page/assets/") and name.endswith(".glb") for name in names)
    assert not [name for name in names if "node_modules" in name or name.startswith("tests/")]
