"""The mesh over many single pictures, on all cores."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import zipfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.face.models import FaceModels
from hoovik_inference.face.stills import FRAMINGS, find
from hoovik_inference.training.progress import Progress, unheard
from hoovik_inference.types import Floats, Image

LANDMARKS = 478
_AT_ONCE = 64
_log = logging.getLogger(__name__)

_models: FaceModels | None = None  # one for each process of the pool, which ends with it


def landmarks_of(
    images: NDArray[np.uint8] | Sequence[Image],
    *,
    processes: int,
    progress: Progress = unheard,
) -> Floats:
    """(n, 478, 3) normalised landmarks of one face in each picture, nan where none was found.

    Args:
        images: n pictures, (H, W) grey or (H, W, 3) RGB, uint8.
        processes: How many work at once; the result does not depend on it.
        progress: Told after each batch.
    """
    out = np.full((len(images), LANDMARKS, 3), np.nan, np.float32)
    batches = [range(start, min(start + _AT_ONCE, len(images))) for start in range(0, len(images), _AT_ONCE)]
    parts = ([images[index] for index in batch] for batch in batches)
    with contextlib.ExitStack() as stack:
        if processes > 1:
            context = multiprocessing.get_context("spawn")  # MediaPipe's threads don't survive a fork
            found = stack.enter_context(ProcessPoolExecutor(processes, context, _start)).map(_find, parts)
        else:
            models = FaceModels()
            stack.callback(models.close)
            found = (_found(models, part) for part in parts)
        for batch, landmarks in zip(batches, found, strict=True):
            out[batch.start : batch.stop] = landmarks
            progress("finding faces", batch.stop, len(images), "")
    return out


def made_by() -> str:
    """What finds landmarks here: with another mesh, another OpenCV or other framings they lie elsewhere."""
    return f"mediapipe {version('mediapipe')}, OpenCV {cv2.__version__}, {FRAMINGS}"


def kept_landmarks(
    images: NDArray[np.uint8] | Sequence[Image],
    file: Path,
    *,
    processes: int,
    progress: Progress = unheard,
) -> Floats:
    """As `landmarks_of`, found once and kept in `file`, an npz that says what made them.

    What something else made, or cannot be read, is found anew; that is said through `logging`.
    """
    if file.exists():
        landmarks = _kept(file, len(images))
        if landmarks is not None:
            return landmarks
    landmarks = landmarks_of(images, processes=processes, progress=progress)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.npz")
    np.savez(part, landmarks=landmarks, made_by=np.array(made_by()))
    part.replace(file)
    return landmarks


def _kept(file: Path, count: int) -> Floats | None:
    """(count, 478, 3) as this very version would find them; None, and a word about why, where they are not."""
    try:
        with np.load(file, allow_pickle=False) as held:
            by, landmarks = str(held["made_by"]), held["landmarks"]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as exc:
        _log.warning("%s holds no landmarks with what made them (%s): they are found anew", file, exc)
        return None
    if by != made_by():
        _log.warning("%s was made by %s; here is %s: faces are found anew", file, by, made_by())
        return None
    if landmarks.shape != (count, LANDMARKS, 3):
        _log.warning(
            "%s holds %s values; expected %s: faces are found anew", file, landmarks.shape, (count, LANDMARKS, 3)
        )
        return None
    found: Floats = landmarks.astype(np.float32, copy=False)
    return found


def rgb(image: Image) -> Image:
    """(H, W, 3) of a grey or coloured picture."""
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


def _start() -> None:
    global _models
    cv2.setNumThreads(1)
    _models = FaceModels()


def _find(images: list[Image]) -> Floats:
    assert _models is not None
    return _found(_models, images)


def _found(models: FaceModels, images: list[Image]) -> Floats:
    out = np.full((len(images), LANDMARKS, 3), np.nan, np.float32)
    for index, image in enumerate(images):
        landmarks = find(models, rgb(image))
        if landmarks is not None:
            out[index] = landmarks
    return out
