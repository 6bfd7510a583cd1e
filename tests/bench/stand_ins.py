"""Models of the reference's size with random weights, in folders, for a service: what they cost does not depend on
what they have learned. A bundle with 3,150 rounds of trees, and a wav2vec2 of 12 layers, 1,024 wide."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from tests.bench.service import BenchError
from tests.conftest import SHARED

TASK = SHARED / "models" / "face_landmarker.task"


def config(folder: Path, task: Path = TASK) -> Path:
    """A config of the service that serves them; what is not in `folder` yet is made (half a minute, 1.4 GB).

    Raises:
        BenchError: MediaPipe's file for faces is not there, or a package of the extra `models`.
    """
    if not task.is_file():
        raise BenchError(f"There is no {task}, whose face vectors a bundle takes; leave out --ages.")
    try:
        bundle, voices = _bundle(folder / "bundle"), _voices(folder / "wav2vec2")
    except ModuleNotFoundError as exc:
        raise BenchError(f"--ages needs {exc.name}: pip install 'hoovik-rtc[models]'.") from exc
    file = folder / "config.toml"
    lines = ("[emotion]", f'model = "{bundle}"', "[voice]", 'engine = "wav2vec2"', f'model = "{voices}"')
    file.write_text("\n".join((*lines, "[face]", f'task = "{task}"', "")))
    return file


def _bundle(folder: Path) -> Path:
    if not folder.is_dir():
        from hoovik_inference.emotion.reference import save
        from tests.bench.reference import booster, stand_in

        save(dataclasses.replace(stand_in()[0], boosted=bytes(booster().save_raw("ubj"))), folder)
    return folder.resolve()


def _voices(folder: Path) -> Path:
    if not folder.is_dir():
        from tests.bench.encoders import SHAPE
        from tests.unit.inference import tiny_models

        part = folder.with_name(f"{folder.name}.part")  # whole, or not there
        shutil.rmtree(part, ignore_errors=True)
        tiny_models.wav2vec2(part, config=SHAPE)
        part.rename(folder)
    return folder.resolve()
