"""A reader over many single pictures, on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from hoovik_inference.evaluation.pictures import Source, UnreadableError, load
from hoovik_inference.types import EMOTIONS, Floats, Image

_AT_ONCE = 16
"Pictures that a thread takes at a time."


class PictureReader(Protocol):
    """Reads single pictures that have nothing to do with each other. Calls must not overlap, from whatever thread."""

    name: str
    "Name and version of what reads."

    def read(self, image: Image) -> Floats | None:
        """(7,) probabilities in the order of EMOTIONS for `image` (H, W, 3) RGB; None where no face is found."""
        ...

    def close(self) -> None:
        """Release it; no call comes after."""
        ...


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read from n pictures."""

    probabilities: Floats
    "(n, 7) in the order of EMOTIONS; nan where no face was found."
    unreadable: tuple[str, ...]
    "What is wrong with each file that is no picture; in its row there is no face."
    model: str
    "Name of the reader."


_Batch = tuple[Floats, tuple[str, ...]]


def readings(
    sources: Sequence[Source],
    make: Callable[[], PictureReader],
    *,
    threads: int = 1,
    advance: Callable[[int], None] = lambda count: None,
) -> Readings:
    """Read all pictures.

    Threads are enough: most of a reading is native code, which lets the others run.

    Args:
        sources: n >= 1 pictures, or their files.
        make: Makes a reader, one for each thread.
        threads: How many work at once. The result does not depend on it.
        advance: Told how many more pictures are done, now and then, on the calling thread.
    """
    parts = [sources[start : start + _AT_ONCE] for start in range(0, len(sources), _AT_ONCE)]
    idle: SimpleQueue[PictureReader] = SimpleQueue()
    readers = [make() for _ in range(min(threads, len(parts)))]
    for reader in readers:
        idle.put(reader)

    def read(part: Sequence[Source]) -> _Batch:
        reader = idle.get()
        try:
            return _read(reader, part)
        finally:
            idle.put(reader)

    done: list[_Batch] = []
    try:
        with _one_thread_each(), ThreadPoolExecutor(len(readers), "pictures") as pool:
            try:
                for part, batch in zip(parts, pool.map(read, parts), strict=True):
                    done.append(batch)
                    advance(len(part))
            except BaseException:
                pool.shutdown(cancel_futures=True)  # else all the other pictures are read first
                raise
    finally:
        for reader in readers:
            reader.close()
    return Readings(
        probabilities=np.concatenate([batch[0] for batch in done]),
        unreadable=tuple(words for batch in done for words in batch[1]),
        model=readers[0].name,
    )


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Libraries start no threads of their own: there is one for each core already."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        cv2.setNumThreads(before)


def _read(reader: PictureReader, part: Sequence[Source]) -> _Batch:
    out = np.full((len(part), len(EMOTIONS)), np.nan, np.float32)
    unreadable = []
    for index, source in enumerate(part):
        try:
            image = load(source)
        except UnreadableError as exc:
            unreadable.append(str(exc))
            continue
        found = reader.read(image)
        if found is not None:
            out[index] = found
    return out, tuple(unreadable)
