"""All clips of a corpus as windows: read by several processes, each once; what was read is kept."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import re
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hoovik_inference.emotion.reference.windows import AUDIO, FACE, Windows
from hoovik_inference.evaluation.pictures import UnreadableError
from hoovik_inference.face.task import TaskLandmarker
from hoovik_inference.face.vector import face_vector
from hoovik_inference.task_file import file_sha256
from hoovik_inference.training.emotion.clip import Hear, Look, Steps, steps_of
from hoovik_inference.training.emotion.corpus import Clip
from hoovik_inference.training.progress import Progress
from hoovik_inference.types import SEQ_LEN, Floats, Image
from hoovik_inference.voice.large.wav2vec2 import Wav2Vec2Encoder

_WEIGHTS = re.compile(r".*\.(safetensors|bin|json)")


@dataclass(frozen=True, slots=True)
class Tools:
    """What looks and listens."""

    task: Path | None
    "MediaPipe's face_landmarker.task; None where there is no film."
    voice: Path | None
    "Folder of a wav2vec2; None where there is no sound."
    device: str = "cpu"
    "Where wav2vec2 runs: cpu or cuda."

    def made_by(self) -> str:
        """The same for the same files only, so that vectors of others are not taken for theirs."""
        parts = [] if self.task is None else [file_sha256(self.task)]
        if self.voice is not None:
            files = sorted(file for file in self.voice.iterdir() if _WEIGHTS.fullmatch(file.name))
            parts += [f"{file.name} {file_sha256(file)}" for file in files]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Extracted:
    """Clips that were read, a window each."""

    clips: tuple[Clip, ...]
    "N."
    windows: Windows
    "N."
    skipped: tuple[tuple[str, str], ...]
    "Names of clips that were not, and why."


def extract(
    clips: Sequence[Clip], tools: Tools, work: Path, *, processes: int, progress: Progress
) -> Extracted:  # fmt: skip
    """Read all clips that were not read before.

    Args:
        clips: Of a corpus.
        tools: What reads them.
        work: Where what was read is kept, an npz a clip.
        processes: That read at once.
        progress: Told after each clip.

    Raises:
        ValueError: A tool cannot be loaded, a process died, or no clip can be read.
        OSError: A file cannot be written.
    """
    folder = work / f"clips-{tools.made_by()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    kept = {clip.name: _kept(folder, clip) for clip in clips}
    wanted = [clip for clip in clips if kept[clip.name] is None]
    skipped: dict[str, str] = {}
    done = len(clips) - len(wanted)
    progress("reading clips", done, len(clips), f"{done} were read before" if done else "")
    if wanted:
        for clip, said in _read_all(wanted, tools, folder, processes):
            done += 1
            if said is None:
                kept[clip.name] = _kept(folder, clip)
            else:
                skipped[clip.name] = said
            progress("reading clips", done, len(clips), f"{len(skipped)} skipped" if skipped else "")
    there = [(clip, steps) for clip in clips if (steps := kept[clip.name]) is not None]
    if not there:
        raise ValueError(f"none of {len(clips)} clips can be read; the first: {next(iter(skipped.values()))}")
    return Extracted(
        tuple(clip for clip, _ in there),
        _windows([clip.flag for clip, _ in there], [steps for _, steps in there]),
        tuple(sorted(skipped.items())),
    )


def _read_all(
    clips: Sequence[Clip], tools: Tools, folder: Path, processes: int
) -> Iterator[tuple[Clip, str | None]]:  # fmt: skip
    """Each clip once it was read, with what is wrong with it."""
    context = multiprocessing.get_context("spawn")  # a fork would copy threads' locks
    pool = ProcessPoolExecutor(min(processes, len(clips)), context, _start, (tools,))
    try:
        begun: dict[Future[str | None], Clip] = {pool.submit(_read, clip, folder): clip for clip in clips}
        for future in as_completed(begun):
            yield begun[future], future.result()
    except BrokenProcessPool as exc:
        raise ValueError(
            "a process that reads clips died or could not load its models (it said why, above); what was read is "
            "kept: try again with the same work folder"
        ) from exc
    finally:
        pool.shutdown(cancel_futures=True)  # else all the other clips are read first


_look: Look | None = None
_hear: Hear | None = None


def _start(tools: Tools) -> None:
    """Load the tools in a process of its own, which ends when the one that started it does."""
    global _look, _hear
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of Ctrl-C the parent decides
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_follow, args=(parent.join,), daemon=True).start()
    _look, _hear = loaded(tools)


def _follow(ended: Callable[[], None]) -> None:
    ended()
    os._exit(1)


def loaded(tools: Tools) -> tuple[Look, Hear]:
    """What reads pictures and sound with `tools`, on one thread.

    Raises:
        ValueError: A file is none of its kind.
        FileNotFoundError: A file is not there.
        ModuleNotFoundError: torch or transformers is not installed.
    """

    def look(image: Image) -> Floats | None:
        if landmarker is None:
            raise ValueError("a film is to be looked at without a face_landmarker.task")
        one = landmarker.find(image)
        return None if one is None else face_vector(one.landmarks, one.blendshapes, one.matrix)

    def hear(cuts: Sequence[Floats]) -> list[Floats]:
        if encoder is None:
            raise ValueError("a sound is to be heard without a wav2vec2")
        return [one.embedding for one in encoder.encode(cuts) if one.embedding is not None]

    landmarker = None if tools.task is None else TaskLandmarker(tools.task)
    encoder = None
    if tools.voice is not None:
        import torch

        torch.set_num_threads(1)
        device: Literal["cpu", "cuda"] = "cuda" if tools.device == "cuda" else "cpu"
        encoder = Wav2Vec2Encoder(tools.voice, device=device, precision="float32")
    return look, hear


def _read(clip: Clip, folder: Path) -> str | None:
    assert _look is not None and _hear is not None
    try:
        steps = steps_of(clip, _look, _hear)
    except UnreadableError as exc:
        return str(exc)
    _keep(folder, clip, steps)
    return None


def _keep(folder: Path, clip: Clip, steps: Steps) -> None:
    arrays: dict[str, NDArray[Any]] = {"stamp": np.array(_stamp(clip))}
    for name, one in (("face", steps.face), ("audio", steps.audio)):
        if one is not None:
            arrays[name], arrays[f"{name}_mask"] = one
    part = folder / f"{clip.name}.part.npz"
    np.savez(part, **arrays)
    part.replace(folder / f"{clip.name}.npz")


def _kept(folder: Path, clip: Clip) -> Steps | None:
    """What was read of the same files; None where nothing was."""
    file = folder / f"{clip.name}.npz"
    try:
        with np.load(file, allow_pickle=False) as held:
            if str(held["stamp"]) != _stamp(clip):
                return None
            return Steps(*((held[name], held[f"{name}_mask"]) if name in held else None for name in ("face", "audio")))
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        return None  # not there, or not whole: it is read again


def _stamp(clip: Clip) -> str:
    """Of the files as they are: a changed one is read again."""
    stats = [(file.name, file.stat()) for file in clip.files]
    return " ".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)


def _windows(flags: Sequence[int], all_steps: Sequence[Steps]) -> Windows:
    face, face_mask = _stacked([one.face for one in all_steps], FACE)
    audio, audio_mask = _stacked([one.audio for one in all_steps], AUDIO)
    return Windows(face, audio, face_mask, audio_mask, np.array(flags, np.int64))


def _stacked(found: Sequence[tuple[Floats, Floats] | None], usual: int) -> tuple[Floats, Floats]:
    """(N, 10, D) and (N, 10); `usual` is D where there is none at all."""
    size = next((one[0].shape[1] for one in found if one is not None), usual)
    values, masks = np.zeros((len(found), SEQ_LEN, size), np.float32), np.zeros((len(found), SEQ_LEN), np.float32)
    for number, one in enumerate(found):
        if one is not None:
            values[number], masks[number] = one[0] * one[1][:, None], one[1]
    return values, masks
