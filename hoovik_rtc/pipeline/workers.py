"""The thread pools of a bot: face 2, audio 2 and inference 1, as the reference has them, and one that decodes video."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Protocol

FACE_THREADS = 2
AUDIO_THREADS = 2
INFERENCE_THREADS = 1
"One on purpose: it batches the windows of all participants into one call."
DECODE_THREADS = 1
"Video is decoded apart: behind a slow face model decoders would lose their way, and ask for keyframes, all at once."


class Pools(Protocol):
    """Where eyes and ears work."""

    @property
    def decode(self) -> Executor:
        """Decodes video."""
        ...

    @property
    def face(self) -> Executor:
        """Looks at pictures."""
        ...

    @property
    def expression(self) -> Executor:
        """Reads expressions, where nothing else waits."""
        ...

    @property
    def audio(self) -> Executor:
        """Decodes sound and listens to it."""
        ...


class Workers:
    """The pools. Each stage has at most one job in one, so their queues are bounded by the number of participants."""

    def __init__(self) -> None:
        self.decode = ThreadPoolExecutor(DECODE_THREADS, "decode")
        self.face = ThreadPoolExecutor(FACE_THREADS, "face")
        self.audio = ThreadPoolExecutor(AUDIO_THREADS, "audio")
        self.inference = self.expression = ThreadPoolExecutor(INFERENCE_THREADS, "inference")

    def close(self) -> None:
        """Drop what waits and let what runs finish."""
        for pool in (self.decode, self.face, self.audio, self.inference):
            pool.shutdown(wait=True, cancel_futures=True)
