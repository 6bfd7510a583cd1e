"""MediaPipe's `face_landmarker.task` as a file: whether it is one. Loads no models, so that configurations can ask."""

from __future__ import annotations

import hashlib
import logging
import zipfile
import zlib
from pathlib import Path

SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
"Of the file that the reference engine and our own head's training use."
PARTS = frozenset({
    "face_detector.tflite",
    "face_landmarks_detector.tflite",
    "face_blendshapes.tflite",
    "geometry_pipeline_metadata_landmarks.binarypb",
})  # fmt: skip
"What it holds, at least."

_EXPECTED = "expected MediaPipe's face_landmarker.task, with blendshapes"
_log = logging.getLogger(__name__)


def check_parts(path: Path) -> None:
    """Refuse what is no face landmarker with blendshapes, or is damaged: takes a few milliseconds.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is something else, breaks off, is damaged or cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; {_EXPECTED}")
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError(
                f"{path} is no task file, or only a part of one ({path.stat().st_size} bytes); {_EXPECTED}"
            )
        with zipfile.ZipFile(path) as archive:
            missing = sorted(PARTS - set(archive.namelist()))
            damaged = None if missing else archive.testzip()
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as exc:
        raise ValueError(f"{path} cannot be read: {exc}; {_EXPECTED}") from exc
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}; {_EXPECTED}")
    if damaged is not None:
        raise ValueError(f"{path} is damaged, in {damaged}; {_EXPECTED}")


def check_task(path: Path) -> None:
    """As `check_parts`; warn, through `logging`, about another one than SHA256.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is something else.
    """
    check_parts(path)
    found = file_sha256(path)
    if found != SHA256:
        _log.warning("another face landmarker than the one that was tested", extra={"sha256": found, "tested": SHA256})


def file_sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
