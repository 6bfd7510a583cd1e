"""Where the tests find MediaPipe's task file, which is not part of this repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[4] / "shared" / "models" / "face_landmarker.task"


def task_file() -> Path:
    """face_landmarker.task; skips where it is not there."""
    path = Path(os.environ.get("HOOVIK_FACE__TASK", SHARED))
    if not path.is_file():
        pytest.skip("needs face_landmarker.task: name it in HOOVIK_FACE__TASK (MediaPipe, Apache-2.0)")
    return path
