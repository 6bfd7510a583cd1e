"""`hoovik-rtc features`: the reference's 326 numbers of each picture in a folder, as one npz."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape

from hoovik_inference.evaluation import UnreadableError
from hoovik_inference.evaluation.pictures import SUFFIXES, load
from hoovik_inference.face.models import Shared
from hoovik_inference.face.task import TaskLandmarker, shared_task
from hoovik_inference.face.vector import SIZE, face_vector
from hoovik_inference.types import Floats
from hoovik_rtc.errors import InferenceError
from hoovik_rtc.evaluate import report
from hoovik_rtc.npz import check_output, write
from hoovik_rtc.pipeline.cores import available

MOST_THREADS = 8
"More than so many wait for the interpreter's lock."


def features(task_file: Path, data: Path, out: Path) -> None:
    """Find a face in each picture, as the reference does: anew each time, of several the first.

    Args:
        task_file: MediaPipe's face_landmarker.task.
        data: A folder of pictures, however deep they lie in it. They are upright by their EXIF and of their own size.
        out: The npz that is written: `name` (N,) below `data`, sorted; `found` (N,); `face` (N, 326), zeros where none
            was found.

    Raises:
        UsageError: `out` cannot be written to.
        InferenceError: There are no pictures or no task file, or `out` cannot be written.
    """
    check_output(out)
    files = _pictures(data)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        task = shared_task(task_file)
    except (FileNotFoundError, ValueError) as exc:
        raise InferenceError(f"--task-file: {exc}") from exc
    face, found, unreadable = np.zeros((len(files), SIZE), np.float32), np.zeros(len(files), bool), []
    threads = max(1, min(MOST_THREADS, len(files), math.floor(available())))
    try:
        with report.bar(errors) as bar, ThreadPoolExecutor(threads, "pictures") as pool:
            shown = bar.add_task(escape(data.resolve().name), total=len(files))
            try:
                for index, read in enumerate(pool.map(lambda file: _read(task, file), files)):
                    if isinstance(read, str):
                        unreadable.append(read)
                    elif read is not None:
                        face[index], found[index] = read, True
                    bar.advance(shown)
            except BaseException:
                pool.shutdown(cancel_futures=True)  # else all the other pictures are read first
                raise
    except ValueError as exc:  # what MediaPipe says of a file that is none
        raise InferenceError(f"--task-file: {exc}") from exc
    finally:
        task.close()
    report.show_unreadable(errors, unreadable)
    write(out, {"name": np.array([file.relative_to(data).as_posix() for file in files]), "found": found, "face": face})
    console = Console(highlight=False, soft_wrap=True)
    missed = len(files) - int(found.sum()) - len(unreadable)
    console.print(f"{len(files)} pictures: {int(found.sum())} faces, {missed} without, {len(unreadable)} unreadable")
    console.print(escape(f"written: {out}"))


def _pictures(data: Path) -> list[Path]:
    if not data.is_dir():
        what = "is no folder" if data.exists() else "does not exist"
        raise InferenceError(f"{data} {what}; expected a folder of pictures")

    def refuse(error: OSError) -> None:
        raise InferenceError(f"{error.filename} cannot be read: {error.strerror}") from error

    found = (Path(above, name) for above, _, names in os.walk(data, onerror=refuse) for name in names)
    files = sorted(file for file in found if file.suffix.lower() in SUFFIXES and not file.name.startswith("."))
    if not files:
        raise InferenceError(f"{data} has no pictures; expected files such as .jpg or .png, at any depth")
    return files


def _read(task: Shared[TaskLandmarker], file: Path) -> Floats | str | None:
    """The numbers of a picture's face, None where there is none, or what is wrong with the file."""
    try:
        image = load(file, longest=None)
    except UnreadableError as exc:
        return str(exc)
    with task.lent() as landmarker:
        one = landmarker.find(image)
    return None if one is None else face_vector(one.landmarks, one.blendshapes, one.matrix)
