"""The thread pools of a bot: face 2, audio 2 and inference 1, as the reference has them, and one that decodes video.

On two cores one face and one voice are worked on at a time. Measured there with six participants: a second one makes
nothing faster, since the cores are taken, and the threads wait for each other's interpreter lock: 131 % of a core
instead of 109, and 17 ms instead of 12 from a frame's last packet to its message (p95). A model that keeps its thread
for long without end does not keep the others waiting: after a while the second thread goes on beside it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from hoovik_rtc import clock

FACE_THREADS = 2
AUDIO_THREADS = 2
INFERENCE_THREADS = 1
"One on purpose: it batches the windows of all participants into one call."
DECODE_THREADS = 1
"Video is decoded apart: behind a slow face model decoders would lose their way, and ask for keyframes, all at once."
PATIENCE_MS = 30.0
"A job that takes longer than this is not computing on our cores alone: another may begin beside it."


def at_once(threads: int, cores: float) -> int:
    """How many jobs of a pool run at a time on a machine of so many cores."""
    return min(threads, max(1, int(cores) - 1))


class Turns:
    """Lets so many jobs run at a time; one that takes too long no longer counts."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._begun: list[float] = []
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn; on a worker."""
        with self._changed:
            while (wait_ms := self._wait_ms(now := clock.now_ms())) > 0:
                self._changed.wait(wait_ms / 1000)
            self._begun.append(now)
        try:
            yield
        finally:
            with self._changed:
                self._begun.remove(now)
                self._changed.notify()

    def _wait_ms(self, now_ms: float) -> float:
        """0 where there is a turn, else how long at most until one of those that run does not count any more."""
        counted = [begun for begun in self._begun if now_ms - begun < PATIENCE_MS]
        return 0.0 if len(counted) < self._jobs else min(counted) + PATIENCE_MS - now_ms


class Workers:
    """The pools. Each stage has at most one job in one, so their queues are bounded by the number of participants."""

    def __init__(self, cores: float) -> None:
        self.decode = ThreadPoolExecutor(DECODE_THREADS, "decode")
        self.face = ThreadPoolExecutor(FACE_THREADS, "face")
        self.audio = ThreadPoolExecutor(AUDIO_THREADS, "audio")
        self.inference = ThreadPoolExecutor(INFERENCE_THREADS, "inference")
        self.faces = Turns(at_once(FACE_THREADS, cores))
        self.voices = Turns(at_once(AUDIO_THREADS, cores))

    def close(self) -> None:
        """Drop what waits and let what runs finish."""
        for pool in (self.decode, self.face, self.audio, self.inference):
            pool.shutdown(wait=True, cancel_futures=True)
