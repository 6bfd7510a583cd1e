"""Windows of faces: labelled pictures, each seen for a second in a call, clean and spoiled in known ways."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.lite.rows import FACE
from hoovik_inference.evaluation.eyes import Eyes, Landmarks, Spoiler
from hoovik_inference.training.lite import spoil
from hoovik_inference.training.progress import Progress
from hoovik_inference.types import SEQ_LEN, Floats, Image

CLEAN = "clean"
SPOILED: dict[str, tuple[Spoiler | None, Landmarks | None]] = {
    "landmarks at half size": (None, spoil.collapsed),
    "blurred 8 px": (lambda frames, _: spoil.blurred(frames, 8.0), None),
    "darkened to 10 %": (lambda frames, _: spoil.dark(frames, 0.1), None),
    "20 % of macroblocks lost": (lambda frames, rng: spoil.damaged(frames, 0.2, rng), None),
    "frozen 1 s": (lambda frames, _: spoil.frozen(frames), None),
}
"What detectors of unusual windows are to find."
DEGRADED: dict[str, tuple[Spoiler | None, Landmarks | None]] = {
    "dark (30 %)": (lambda frames, _: spoil.dark(frames, 0.3), None),
    "blurred 3 px": (lambda frames, _: spoil.blurred(frames, 3.0), None),
    "5 % of macroblocks lost": (lambda frames, rng: spoil.damaged(frames, 0.05, rng), None),
}
"What an engine has to cope with."
MIXED = "mixed"
"Degraded by chance, to train on."
_KINDS = {CLEAN: (None, None), **SPOILED, **DEGRADED}
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Looks:
    """Windows of n pictures."""

    rows: Floats
    "(n, SEQ_LEN, FACE); nan where no face was found: in all steps where it was not at the end."

    @property
    def found(self) -> NDArray[np.bool_]:
        """(n,)."""
        there: NDArray[np.bool_] = ~np.isnan(self.rows[:, -1, 0])
        return there


def looks(images: NDArray[np.uint8], kind: str, work: Path, *, seed: int, processes: int, progress: Progress) -> Looks:
    """Windows of (n, h, w) grey pictures, made once and kept in `work`.

    Args:
        images: One face each.
        kind: CLEAN, MIXED, or a key of SPOILED or DEGRADED.
        work: Where they are kept.
        seed: How the face moves, noise, and what is lost come from it.
        processes: How many work at once; the result does not depend on it.
        progress: Told after each batch.
    """
    about = hashlib.sha256(images.tobytes() + f"{kind} {seed} {FACE}".encode()).hexdigest()[:16]
    file = work / f"looks-{about}.npz"
    if file.exists():
        with np.load(file, allow_pickle=False) as held:
            return Looks(held["rows"])
    out = np.full((len(images), SEQ_LEN, FACE), np.nan, np.float32)
    batches = [range(start, min(start + _AT_ONCE, len(images))) for start in range(0, len(images), _AT_ONCE)]
    jobs = [([images[index] for index in batch], kind, seed, batch.start) for batch in batches]
    for batch, rows in zip(batches, _made(jobs, processes), strict=True):
        out[batch.start : batch.stop] = rows
        progress(f"looking at faces, {kind}", batch.stop, len(images), "")
    work.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.npz")
    np.savez(part, rows=out)
    part.replace(file)
    return Looks(out)


_Job = tuple[Sequence[Image], str, int, int]
_eyes: Eyes | None = None


def _made(jobs: Sequence[_Job], processes: int) -> Iterator[Floats]:
    if processes < 2:
        _start()
        yield from map(_look, jobs)
        return
    context = multiprocessing.get_context("spawn")  # MediaPipe's threads don't survive a fork
    with ProcessPoolExecutor(processes, context, _start) as pool:
        yield from pool.map(_look, jobs)


def _start() -> None:
    global _eyes
    cv2.setNumThreads(1)
    _eyes = Eyes()


def _look(job: _Job) -> Floats:
    assert _eyes is not None
    images, kind, seed, first = job
    out = np.full((len(images), SEQ_LEN, FACE), np.nan, np.float32)
    for index, image in enumerate(images):
        rng = np.random.default_rng((seed, first + index))
        spoiler, landmarks = (_mixed(rng), None) if kind == MIXED else _KINDS[kind]
        found = _eyes.window(image, rng, spoiler, landmarks)
        if found is not None:
            out[index] = found
    return out


def _mixed(rng: np.random.Generator) -> Spoiler:
    """One or two things that are wrong, a little or much."""
    light = float(rng.uniform(0.15, 1.0)) if rng.random() < 0.5 else 1.0
    sigma = float(rng.uniform(0.5, 5.0)) if rng.random() < 0.5 else 0.0
    share = float(rng.uniform(0.0, 0.12)) if rng.random() < 0.3 else 0.0

    def worse(frames: Sequence[Image], rng: np.random.Generator) -> Sequence[Image]:
        frames = spoil.dark(frames, light) if light < 1.0 else frames
        frames = spoil.blurred(frames, sigma) if sigma else frames
        return spoil.damaged(frames, share, rng) if share else frames

    return worse
